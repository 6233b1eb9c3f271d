"""Roles, phases and times of a study's volumes: what a single volume cannot know about itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from overread.core.errors import DecodeError
from overread.core.study import Volume
from overread.io.frames import Frame, is_mosaic
from overread.io.grouping import is_localiser
from overread.io.pixels import read_slice
from overread.io.role_words import ADC, DWI
from overread.io.roles import Clues, guess_role
from overread.io.series import Member, SeriesVolumes, is_odd_scout
from overread.io.times import contrast_start

SHORTEST_DYNAMIC_S = 5.0
"""[A] Trigger times that lie closer together are those of the beating heart."""
_B_IN_WORDS = re.compile(r"(?<![a-z])b[\s_=-]{0,3}(\d{1,4}(?:[\s_,/-]+b?=?\d{2,4}(?![\da-z]))*)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_NAMES = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName", "ImageComments")


def with_roles(series: Sequence[SeriesVolumes], looks_at_pixels: bool = True) -> list[tuple[Volume, ...]]:
    """Volumes of each series of one study with role, phase, time and b-value filled in.

    ``looks_at_pixels``: whether a few slices of 8-bit volumes are decoded to tell masks from images.
    """
    members = [member for one in series for member in one.members]
    moments = _moments(members)
    phases = _dynamic_groups(members, moments)
    before_agent = _before_agent(members, moments)
    diffusion = {id(m): b for one in series for m, b in zip(one.members, _b_values(one.members), strict=True)}
    result = []
    for one in series:
        volumes = []
        for member in one.members:
            phase, count, after = phases.get(id(member), (None, None, None))
            clues = _clues(member, one.members, diffusion[id(member)], phase, count, after)
            clues = replace(clues, agent_follows=id(member) in before_agent,
                            after_contrast_s=_after_contrast(member, moments[id(member)]))
            if looks_at_pixels and _is_binary(member.volume):
                clues = replace(clues, is_binary=True)
            volumes.append(replace(member.volume, role=guess_role(clues), phase=phase, acquired_s=after,
                                   b_value=diffusion[id(member)]))
        result.append(tuple(volumes))
    return result


def _b_values(members: Sequence[Member]) -> list[float | None]:
    """b-values, where the series is about diffusion: scanners write 0 into other series too."""
    values = [_b_value(m.frames) for m in members]
    if any(v for v in values):
        return values
    if all(v is None for v in values):
        return [_named_b(m.frames[0], len(members) == 1) for m in members]
    return [v if _says_diffusion(m.frames[0]) else None for v, m in zip(values, members, strict=True)]


def _b_value(frames: Sequence[Frame]) -> float | None:
    found = {f.get("DiffusionBValue") for f in frames}
    value = found.pop() if len(found) == 1 else None
    return float(value) if isinstance(value, int | float) else None


def _named_b(frame: Frame, is_alone: bool) -> float | None:
    """The only b-value in the comments or, for a series of one volume, in the names of a diffusion image."""
    names = [str(frame.get(k)) for k in ("SeriesDescription", "ProtocolName") if frame.get(k)]
    types = " ".join(frame.get("ImageType") or ())
    if "ADC" in types or any(ADC.pattern.search(n) for n in names) or not any(DWI.pattern.search(n) for n in names):
        return None
    comment = str(frame.get("ImageComments") or "")
    for text in (comment, *(names if is_alone else ())):
        stated = {int(number) for part in _B_IN_WORDS.findall(text) for number in _NUMBER.findall(part)}
        if len(stated) == 1:
            return float(stated.pop())
    return None


def _says_diffusion(frame: Frame) -> bool:
    return "DIFFUSION" in (frame.get("ImageType") or ()) or frame.get("DiffusionDirectionality") in (
        "DIRECTIONAL", "ISOTROPIC", "BMATRIX") or str(frame.get("SequenceName")).startswith(("ep_b", "*ep_b"))


def _moments(members: Sequence[Member]) -> dict[int, float | None]:
    """When each volume began: where the phases of one acquisition share its time, their trigger times part them."""
    found = {id(m): m.moment_s for m in members}
    groups: dict[Hashable, list[Member]] = defaultdict(list)
    for member in members:
        if found[id(member)] is not None and member.volume.kind != "image":
            groups[(_protocol(member), round(found[id(member)] or 0.0, 2))].append(member)
    for group in groups.values():
        triggers = [m.frames[0].get("TriggerTime") for m in group]
        offsets = [t / 1000 for t in triggers if isinstance(t, int | float) and t >= 0]
        is_dynamic = len(set(offsets)) == len(group) > 1 and SHORTEST_DYNAMIC_S <= max(offsets) - min(offsets) <= 7200
        for member, offset in zip(group, offsets, strict=False) if is_dynamic else ():
            found[id(member)] = (found[id(member)] or 0.0) + offset
    return found


def _before_agent(members: Sequence[Member], moments: dict[int, float | None]) -> set[int]:
    """Volumes without a contrast agent that are followed by volumes of the same protocol with one."""
    last: dict[Hashable, float] = {}
    for member in members:
        moment = moments[id(member)]
        if moment is not None and member.frames[0].get("ContrastBolusAgent"):
            key = _protocol(member)
            last[key] = max(last.get(key, moment), moment)
    return {id(m) for m in members if not m.frames[0].get("ContrastBolusAgent")
            and (moment := moments[id(m)]) is not None and moment < last.get(_protocol(m), moment)}


def _after_contrast(member: Member, moment: float | None) -> float | None:
    """Seconds since the injection, None where it is unknown or cannot be right."""
    start = contrast_start(member.frames[0])
    after = moment - start if start is not None and moment is not None else None
    return after if after is not None and -3600 < after < 14_400 else None


def _dynamic_groups(members: Sequence[Member], moments: dict[int, float | None]) -> dict[int, tuple[int, int, float]]:
    """Phase (from 1), number of phases and seconds after the first, for volumes that repeat one protocol in time."""
    groups: dict[Hashable, list[tuple[float, Member]]] = defaultdict(list)
    for member in members:
        moment = moments[id(member)]
        if moment is not None and member.volume.kind != "image" and not is_localiser(member.frames[0]):
            groups[_protocol(member)].append((moment, member))
    found: dict[int, tuple[int, int, float]] = {}
    for group in groups.values():
        order = sorted({round(m, 2) for m, _ in group})
        if len(order) < 2 or len(order) < len(group):
            continue
        for moment, member in group:
            place = order.index(round(moment, 2)) + 1
            found[id(member)] = (place, len(order), round(moment - min(m for m, _ in group), 2))
    return found


def _protocol(member: Member) -> Hashable:
    """What stays the same from phase to phase."""
    first, volume = member.frames[0], member.volume
    numbers = tuple(_rounded(first.get(k)) for k in ("EchoTime", "EffectiveEchoTime", "RepetitionTime", "FlipAngle",
                                                     "InversionTime", "SliceThickness", "DiffusionBValue", "KVP"))
    spacing = None if first.pixel_spacing is None else tuple(round(s, 2) for s in first.pixel_spacing)
    return (volume.modality, volume.orientation, volume.shape[1:], spacing, numbers,
            tuple(first.get("ImageType") or ()), tuple(first.get("FrameType") or ()), first.get("GEComplexPart"),
            first.get("ConvolutionKernel"), volume.frame_of_reference, first.get("DiffusionGradientOrientation"),
            first.get("SequenceName"))


def _rounded(value: object) -> float | None:
    return round(float(value), 1) if isinstance(value, int | float) else None


def _clues(member: Member, siblings: Sequence[Member], b_value: float | None, phase: int | None, phases: int | None,
           after_first_s: float | None) -> Clues:
    first, volume = member.frames[0], member.volume
    names = tuple((k, str(first.get(k))) for k in _NAMES if first.get(k))
    types = [t.upper() for t in (*(first.get("ImageType") or ()), *(first.get("FrameType") or ()))]
    echo_time = first.get("EffectiveEchoTime")
    return Clues(
        modality=volume.modality, names=names, image_type=tuple(types),
        scanning_sequence=tuple(first.get("ScanningSequence") or ()),
        echo_time_ms=_positive(echo_time if echo_time is not None else first.get("EchoTime")),
        repetition_time_ms=_positive(first.get("RepetitionTime")), echo_train=first.get("EchoTrainLength"),
        b_value=b_value, contrast_agent=first.get("ContrastBolusAgent"), phase=phase, phases=phases,
        after_first_s=after_first_s, scan_options=_scan_options(first),
        field_t=_positive(first.get("MagneticFieldStrength")),
        slices=volume.frames, is_mosaic=is_mosaic(first.header),
        is_odd_scout=is_odd_scout(member, siblings))


def _scan_options(frame: Frame) -> tuple[str, ...]:
    """Scan options; enhanced objects say in an attribute of its own that fat is suppressed (PS3.3 C.8.13.4)."""
    options = tuple(str(o) for o in frame.get("ScanOptions") or ())
    return (*options, "FS") if frame.get("SpectrallySelectedSuppression") in ("FAT", "FAT_AND_WATER") else options


def _positive(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _is_binary(volume: Volume) -> bool:
    """Whether an 8-bit CT or MR volume holds nothing but two values: looked up in a few of its slices."""
    if volume.dtype != "uint8" or volume.modality not in ("CT", "MR") or volume.kind == "image":
        return False
    seen: set[int] = set()
    for k in sorted({int(volume.frames * share) for share in (1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6)}):
        try:
            seen.update(int(v) for v in np.unique(read_slice(volume, k)))
        except DecodeError:
            return False
        if len(seen) > 2:
            return False
    return seen in ({0, 1}, {0, 255})
