"""Which frames belong together: by geometry first, then by what tells repeated positions apart.

A series UID says little: one series may hold several orientations, phases, echoes and b-values, and a localiser.
Frames are told apart by size, direction and spacing; where positions still repeat, by the first attributes that
explain the repeats; and where nothing explains them, by their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overread.io.frames import Frame
from overread.io.headers import FileHeader

SAME_DIRECTION = 0.01
"""Largest difference of a direction cosine within one stack: about half a degree."""
SAME_PLACE_MM = 0.01
MOST_PARTS_PER_REPEAT = 2
MOST_PLACES = 0.6
"""Share of a group's places that each part of a clean split holds."""

Key = Callable[[Frame], Hashable]


@dataclass(frozen=True, slots=True)
class Group:
    """Frames of one volume-to-be and the keywords that told them from others of their series."""

    frames: tuple[Frame, ...]
    split_by: tuple[str, ...] = ()
    is_guess: bool = False


def group_frames(frames: Sequence[Frame]) -> list[Group]:
    """Part the placed frames of one series into volumes-to-be.

    Parameters
    ----------
    frames
        Frames with position and directions.

    Returns
    -------
    list of Group
        Every frame is in exactly one group. The order does not depend on the order of the input.
    """
    ordered = sorted(frames, key=lambda f: (f.identity, f.header.path))
    groups = [Group(tuple(ordered))]
    for keywords, key in _GEOMETRY:
        groups = [part for group in groups for part in _parted(group, keywords, key)]
    groups = [part for group in groups for part in _parted_by_direction(group)]
    return [part for group in groups for part in _told_apart(group)]


def coordinates(frames: Sequence[Frame]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Coordinate of each frame along the common normal (row direction x column direction), mm."""
    positions = np.array([f.position for f in frames], dtype=np.float64)
    return np.asarray(positions @ normal_of(frames[0]))


def normal_of(frame: Frame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Unit normal of a placed frame."""
    pair = np.array(frame.directions, dtype=np.float64).reshape(2, 3)
    normal = np.cross(pair[0], pair[1])
    return np.asarray(normal / np.linalg.norm(normal))


def places(frames: Sequence[Frame]) -> list[int]:
    """Number of the place of each frame: frames at one coordinate share a number; numbers rise along the normal."""
    along = coordinates(frames)
    order = np.argsort(along, kind="stable")
    steps = np.diff(along[order]) > SAME_PLACE_MM
    numbers = np.empty(len(frames), dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(steps)])
    return [int(n) for n in numbers]


def is_localiser(frame: Frame) -> bool:
    """Whether the image type says so."""
    return "LOCALIZER" in (frame.get("ImageType") or ())


def likeness(header: FileHeader, frame: Frame) -> int | None:
    """How many telling attributes a file shares with a frame; None when it cannot belong to the frame's volume."""
    if (header.values.get("Rows"), header.values.get("Columns")) != (frame.rows, frame.columns):
        return None
    other = Frame(header, 0, frame.rows, frame.columns, None, None, frame.pixel_spacing, 1.0, 0.0)
    keys = [key for keyword, key in _TELLING if keyword != "ImagePositionPatient"]
    shared = sum(key(other) == key(frame) for key in keys)
    directions = header.get("ImageOrientationPatient", 0)
    if directions is None or frame.directions is None or len(directions) != 6:
        return shared
    is_parallel = float(np.abs(np.array(directions) - np.array(frame.directions)).max()) <= SAME_DIRECTION
    return shared if is_parallel else None


def _spacing(frame: Frame) -> Hashable:
    return None if frame.pixel_spacing is None else tuple(round(s, 3) for s in frame.pixel_spacing)


def _pixel_format(frame: Frame) -> Hashable:
    values = frame.header.values
    return values.get("BitsAllocated"), values.get("PixelRepresentation") or 0, values.get("SamplesPerPixel") or 1


_GEOMETRY: tuple[tuple[tuple[str, ...], Key], ...] = (
    (("Modality",), lambda f: f.get("Modality")),
    (("Rows", "Columns"), lambda f: (f.rows, f.columns)),
    (("BitsAllocated", "PixelRepresentation", "SamplesPerPixel"), _pixel_format),
    (("PixelSpacing",), _spacing),
    (("ImageType",), is_localiser),
)


def _image_type(frame: Frame) -> Hashable:
    """Image type without what differs from slice to slice; GE tells the complex part in a private element."""
    kind = frame.get("FrameType") or frame.get("ImageType") or ()
    return tuple(kind), frame.get("ComplexImageComponent"), frame.get("GEComplexPart")


def _rounded(keyword: str, digits: int) -> Key:
    def key(frame: Frame) -> Hashable:
        value = frame.get(keyword)
        return round(value, digits) if isinstance(value, int | float) else None
    return key


def _plain(keyword: str) -> Key:
    return lambda frame: frame.get(keyword)


def _echo_time(frame: Frame) -> Hashable:
    value = frame.get("EffectiveEchoTime")
    if value is None:
        value = frame.get("EchoTime")
    return round(value, 2) if isinstance(value, int | float) else None


def _direction(frame: Frame) -> Hashable:
    value = frame.get("DiffusionGradientOrientation")
    return None if value is None else tuple(round(x, 3) + 0.0 for x in value)


def _in_plane(frame: Frame) -> Hashable:
    assert frame.position is not None
    assert frame.directions is not None
    pair = np.array(frame.directions).reshape(2, 3)
    return tuple(round(float(x) / 2) for x in pair @ np.array(frame.position))


_TELLING: tuple[tuple[str, Key], ...] = (
    ("ImageType", _image_type),
    ("EchoTime", _echo_time),
    ("EchoNumbers", _plain("EchoNumbers")),
    ("DiffusionBValue", _rounded("DiffusionBValue", 0)),
    ("DiffusionDirectionality", _plain("DiffusionDirectionality")),
    ("DiffusionGradientOrientation", _direction),
    ("TemporalPositionIdentifier", _plain("TemporalPositionIdentifier")),
    ("TemporalPositionIndex", _plain("TemporalPositionIndex")),
    ("TemporalPositionTimeOffset", _rounded("TemporalPositionTimeOffset", 3)),
    ("AcquisitionNumber", _plain("AcquisitionNumber")),
    ("FrameAcquisitionNumber", _plain("FrameAcquisitionNumber")),
    ("TriggerTime", _rounded("TriggerTime", 1)),
    ("NominalCardiacTriggerDelayTime", _rounded("NominalCardiacTriggerDelayTime", 1)),
    ("InversionTime", _rounded("InversionTime", 1)),
    ("FlipAngle", _rounded("FlipAngle", 1)),
    ("RepetitionTime", _rounded("RepetitionTime", 1)),
    ("SeriesDescription", _plain("SeriesDescription")),
    ("ConvolutionKernel", _plain("ConvolutionKernel")),
    ("KVP", _plain("KVP")),
    ("SliceThickness", _rounded("SliceThickness", 2)),
    ("StackID", _plain("StackID")),
    ("ImagePositionPatient", _in_plane),
    ("SeriesNumber", _plain("SeriesNumber")),
    ("FrameOfReferenceUID", _plain("FrameOfReferenceUID")),
    ("ContrastBolusAgent", _plain("ContrastBolusAgent")),
    ("AcquisitionDateTime", _plain("AcquisitionDateTime")),
    ("AcquisitionTime", _plain("AcquisitionTime")),
    ("FrameAcquisitionDateTime", _plain("FrameAcquisitionDateTime")),
    ("SeriesTime", _plain("SeriesTime")),
    ("ContentTime", _plain("ContentTime")),
    ("SOPClassUID", _plain("SOPClassUID")),
    ("TransferSyntaxUID", lambda f: f.header.syntax),
)
"""What may tell frames at one place apart, in the order in which it is tried."""
_ORDERING = ("TemporalPositionTimeOffset", "AcquisitionDateTime", "FrameAcquisitionDateTime", "AcquisitionTime",
             "TriggerTime", "InstanceNumber", "ContentTime", "InstanceCreationTime")
"""What may put frames at one place in order where no value is shared by a whole volume."""


def _parted(group: Group, keywords: Iterable[str], key: Key) -> list[Group]:
    parts: dict[Hashable, list[Frame]] = defaultdict(list)
    for frame in group.frames:
        parts[key(frame)].append(frame)
    if len(parts) == 1:
        return [group]
    names = (*group.split_by, *(k for k in keywords if k not in group.split_by))
    return [Group(tuple(part), names) for part in parts.values()]


def _parted_by_direction(group: Group) -> list[Group]:
    stacks: list[tuple[np.ndarray[Any, np.dtype[np.float64]], list[Frame]]] = []
    for frame in sorted(group.frames, key=lambda f: f.directions or ()):
        directions = np.array(frame.directions)
        for first, members in stacks:
            if float(np.abs(first - directions).max()) <= SAME_DIRECTION:
                members.append(frame)
                break
        else:
            stacks.append((directions, [frame]))
    if len(stacks) == 1:
        return [group]
    return [Group(tuple(members), (*group.split_by, "ImageOrientationPatient")) for _, members in stacks]


def _told_apart(group: Group) -> list[Group]:
    """Split until no position repeats: by the first attribute that explains repeats, then within its parts."""
    repeats = _repeats(group.frames)
    if repeats <= 1:
        return _split_uneven(group)
    for is_good in (_is_clean_split, _is_some_split):
        for keyword, key in _TELLING:
            parts = _parted(group, (keyword,), key)
            if len(parts) > 1 and is_good(group, parts, repeats):
                return [final for part in parts for final in _told_apart(part)]
    return _split_by_order(group)


def _is_clean_split(group: Group, parts: Sequence[Group], repeats: int) -> bool:
    """Whether every part holds fewer repeats and most of the places."""
    if len(parts) > repeats or any(_repeats(part.frames) >= repeats for part in parts):
        return False
    most = MOST_PLACES * len(set(places(group.frames)))
    return all(len(set(places(part.frames))) >= most for part in parts)


def _is_some_split(_group: Group, parts: Sequence[Group], repeats: int) -> bool:
    """Whether a few parts come out, each with fewer repeats."""
    return len(parts) <= MOST_PARTS_PER_REPEAT * repeats and all(_repeats(p.frames) < repeats for p in parts)


def _repeats(frames: Sequence[Frame]) -> int:
    return max(Counter(places(frames)).values())


def _split_by_order(group: Group) -> list[Group]:
    """Give the n-th frame of each place to the n-th volume."""
    numbers = places(group.frames)
    keyword = next((k for k in _ORDERING if _orders(group.frames, numbers, k)), None)
    at: dict[int, list[Frame]] = defaultdict(list)
    for frame, number in zip(group.frames, numbers, strict=True):
        at[number].append(frame)
    ranked: dict[int, list[Frame]] = defaultdict(list)
    for frames in at.values():
        if keyword is not None:
            frames.sort(key=lambda f: (_sortable(f.get(keyword)), f.identity))
        for rank, frame in enumerate(frames):
            ranked[rank].append(frame)
    name = keyword or "SOPInstanceUID"
    is_guess = keyword in (None, "InstanceNumber", "ContentTime", "InstanceCreationTime")
    return [Group(tuple(frames), (*group.split_by, name), is_guess) for frames in ranked.values()]


def _orders(frames: Sequence[Frame], numbers: Sequence[int], keyword: str) -> bool:
    """Whether the values of a keyword differ at every place that holds more than one frame."""
    seen: set[tuple[int, Hashable]] = set()
    for frame, number in zip(frames, numbers, strict=True):
        value = frame.get(keyword)
        if value is None or (number, value) in seen:
            return False
        seen.add((number, value))
    return True


def _sortable(value: Any) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))


def _split_uneven(group: Group) -> list[Group]:
    """Two interleaved or adjoining passes without a common place: part them if that makes each even."""
    if len(group.frames) < 6 or _is_even(group.frames):
        return [group]
    for keyword in ("AcquisitionNumber", "EchoTime", "DiffusionBValue", "StackID"):
        parts = _parted(group, (keyword,), dict(_TELLING)[keyword])
        if 1 < len(parts) <= len(group.frames) // 3 and all(
                len(p.frames) >= 3 and _is_even(p.frames) for p in parts):
            return parts
    return [group]


def _is_even(frames: Sequence[Frame]) -> bool:
    gaps = np.diff(np.sort(coordinates(frames)))
    return bool(np.ptp(gaps) <= max(0.05, 0.04 * float(np.median(gaps))))
