"""Roles, phases and times of a study's volumes: what a single volume cannot know about itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from overread.core.errors import DecodeError
from overread.core.study import Volume
from overread.io.frames import Frame, is_mosaic
from overread.io.grouping import is_localiser
from overread.io.pixels import read_slice
from overread.io.roles import Clues, guess_role
from overread.io.series import Member, SeriesVolumes, is_odd_scout
from overread.io.times import contrast_start

_NAMES = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName", "ImageComments")


def with_roles(series: Sequence[SeriesVolumes], looks_at_pixels: bool = True) -> list[tuple[Volume, ...]]:
    """Volumes of each series of one study with role, phase, time and b-value filled in.

    ``looks_at_pixels``: whether a few slices of 8-bit volumes are decoded to tell masks from images.
    """
    members = [member for one in series for member in one.members]
    phases = _dynamic_groups(members)
    diffusion = {id(m): b for one in series for m, b in zip(one.members, _b_values(one.members), strict=True)}
    result = []
    for one in series:
        volumes = []
        for member in one.members:
            phase, count, after = phases.get(id(member), (None, None, None))
            clues = _clues(member, one.members, diffusion[id(member)], phase, count, after)
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
    return [v if _says_diffusion(m.frames[0]) else None for v, m in zip(values, members, strict=True)]


def _b_value(frames: Sequence[Frame]) -> float | None:
    found = {f.get("DiffusionBValue") for f in frames}
    value = found.pop() if len(found) == 1 else None
    return float(value) if isinstance(value, int | float) else None


def _says_diffusion(frame: Frame) -> bool:
    return "DIFFUSION" in (frame.get("ImageType") or ()) or frame.get("DiffusionDirectionality") in (
        "DIRECTIONAL", "ISOTROPIC", "BMATRIX") or str(frame.get("SequenceName")).startswith(("ep_b", "*ep_b"))


def _dynamic_groups(members: Sequence[Member]) -> dict[int, tuple[int, int, float]]:
    """Phase (from 1), number of phases and seconds after the first, for volumes that repeat one protocol in time."""
    groups: dict[Hashable, list[tuple[float, Member]]] = defaultdict(list)
    for member in members:
        moment = member.moment_s
        if moment is not None and member.volume.kind != "image" and not is_localiser(member.frames[0]):
            groups[_protocol(member)].append((moment, member))
    found: dict[int, tuple[int, int, float]] = {}
    for group in groups.values():
        moments = sorted({round(m, 2) for m, _ in group})
        if len(moments) < 2 or len(moments) < len(group):
            continue
        for moment, member in group:
            place = moments.index(round(moment, 2)) + 1
            found[id(member)] = (place, len(moments), round(moment - min(m for m, _ in group), 2))
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
    start, moment = contrast_start(first), member.moment_s
    after_contrast = moment - start if start is not None and moment is not None else None
    names = tuple((k, str(first.get(k))) for k in _NAMES if first.get(k))
    types = [t.upper() for t in (*(first.get("ImageType") or ()), *(first.get("FrameType") or ()))]
    echo_time = first.get("EffectiveEchoTime")
    return Clues(
        modality=volume.modality, names=names, image_type=tuple(types),
        scanning_sequence=tuple(first.get("ScanningSequence") or ()),
        echo_time_ms=_positive(echo_time if echo_time is not None else first.get("EchoTime")),
        repetition_time_ms=_positive(first.get("RepetitionTime")), echo_train=first.get("EchoTrainLength"),
        b_value=b_value, contrast_agent=first.get("ContrastBolusAgent"), phase=phase, phases=phases,
        after_first_s=after_first_s,
        after_contrast_s=after_contrast if after_contrast is not None and -3600 < after_contrast < 14_400 else None,
        slices=volume.frames, is_mosaic=is_mosaic(first.header),
        is_odd_scout=is_odd_scout(member, siblings))


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
