"""The volumes of one series: frames grouped, ordered, warned about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from overread.core.study import SetAside, Volume, VolumeWarning
from overread.io.codecs import KNOWN
from overread.io.frames import Frame, Unusable, frames_of, is_mosaic
from overread.io.grouping import group_frames, is_localiser, likeness
from overread.io.headers import FileHeader
from overread.io.stacks import image_volume, volume_from_group
from overread.io.times import moment

_STACKED_WITHOUT_PLACE = frozenset(("CT", "MR", "PT"))


@dataclass(frozen=True, slots=True)
class Member:
    """A volume with the frames it was made of, in the order of its slices."""

    volume: Volume
    frames: tuple[Frame, ...]

    @property
    def moment_s(self) -> float | None:
        """When its acquisition began."""
        return moment(self.frames)


@dataclass(slots=True)
class SeriesVolumes:
    """Volumes of one series in the order in which they were acquired, and what had to be left out."""

    members: list[Member] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


def volumes_of_series(headers: Sequence[FileHeader], collisions: AbstractSet[str] = frozenset()) -> SeriesVolumes:
    """Volumes of the image files of one series.

    Parameters
    ----------
    headers
        Image files of the series, without duplicates.
    collisions
        Paths whose UID another file with other content has too.
    """
    placed: list[Frame] = []
    placeless: list[Frame] = []
    unusable: list[Unusable] = []
    for header in headers:
        frames, left_out = frames_of(header)
        for frame in frames:
            (placed if frame.position is not None else placeless).append(frame)
        if left_out is not None:
            unusable.append(left_out)
    members = [*_stacked(placed), *_pictures(placeless)]
    members = [_warned(member, collisions) for member in members]
    members = _with_series_warnings(members)
    members = _with_truncations(members, unusable)
    members.sort(key=_in_order)
    aside = [SetAside(u.header.path, u.reason, u.frames) for u in unusable]
    return SeriesVolumes(members, aside)


def _stacked(frames: Sequence[Frame]) -> list[Member]:
    members = []
    for group in group_frames(frames) if frames else ():
        volume = volume_from_group(group)
        by_slice = {(f.header.path, f.index): f for f in group.frames}
        members.append(Member(volume, tuple(by_slice[s.path, s.frame] for s in volume.slices)))
    return members


def _pictures(frames: Sequence[Frame]) -> list[Member]:
    """Frames without a place: those of one file together; slices of CT and MR without positions by their number."""
    by_file: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_file[frame.header.path].append(frame)
    loose: dict[Hashable, list[Frame]] = defaultdict(list)
    members = []
    for path in sorted(by_file):
        group = by_file[path]
        first = group[0]
        can_be_stacked = (len(group) == 1 and first.get("Modality") in _STACKED_WITHOUT_PLACE
                          and not is_mosaic(first.header) and isinstance(first.get("InstanceNumber"), int))
        if can_be_stacked:
            loose[_format(first)].append(first)
        else:
            members.append(_picture(group))
    for group in loose.values():
        numbers = [f.get("InstanceNumber") for f in group]
        if len(set(numbers)) == len(numbers) > 1:
            members.append(_picture(sorted(group, key=lambda f: f.get("InstanceNumber")), ("Rows", "Columns")
                                    if len(loose) > 1 else ()))
        else:
            members += [_picture([frame]) for frame in group]
    return members


def _picture(frames: Sequence[Frame], split_by: tuple[str, ...] = ()) -> Member:
    return Member(image_volume(frames, split_by), tuple(frames))


def _format(frame: Frame) -> Hashable:
    values = frame.header.values
    return (frame.rows, frame.columns, values.get("BitsAllocated"), values.get("PixelRepresentation"),
            values.get("SamplesPerPixel"), values.get("PhotometricInterpretation"), frame.get("Modality"))


def _warned(member: Member, collisions: AbstractSet[str]) -> Member:
    """Warnings that come from the files of a volume."""
    headers = {f.header.path: f.header for f in member.frames}
    found: list[VolumeWarning] = []
    unknown = {h.syntax for h in headers.values() if h.syntax not in KNOWN}
    if unknown:
        files = tuple(p for p, h in headers.items() if h.syntax in unknown)
        found.append(VolumeWarning("unknown-syntax", "The pixels are stored in a way this program does not know "
                                   f"({', '.join(sorted(str(s)[:64] for s in unknown))})", files))
    same = tuple(sorted(p for p in headers if p in collisions))
    if same:
        found.append(VolumeWarning("uid-collision", f"{_files(len(same))} the UID of another file with other content; "
                                   "both are kept", same))
    return _with_warnings(member, found)


def _files(count: int) -> str:
    return "1 file has" if count == 1 else f"{count} files have"


def _with_warnings(member: Member, found: Sequence[VolumeWarning]) -> Member:
    if not found:
        return member
    return replace(member, volume=replace(member.volume, warnings=(*member.volume.warnings, *found)))


def _with_series_warnings(members: Sequence[Member]) -> list[Member]:
    """Say at each volume that its series also holds pictures of another size or direction; scouts do not count."""
    counted = [m for m in members if m.volume.kind != "image" and not is_localiser(m.frames[0])
               and not is_odd_scout(m, members)]
    found: list[VolumeWarning] = []
    if len({m.volume.shape[1:] for m in counted}) > 1:
        found.append(VolumeWarning("mixed-size", "This series holds pictures of different sizes; each size is a volume "
                                   "of its own"))
    directions = [m for m in counted if "ImageOrientationPatient" in m.volume.split_by]
    if len(directions) > 1:
        found.append(VolumeWarning("mixed-orientation", "This series holds pictures in different directions; each "
                                   "direction is a volume of its own"))
    names = {id(m) for m in counted}
    return [_with_warnings(m, found) if id(m) in names else m for m in members]


def is_odd_scout(member: Member, members: Sequence[Member]) -> bool:
    """Whether this is a lone slice in another direction than a much larger stack of its series."""
    if member.volume.frames > 1 or member.volume.kind == "image":
        return False
    return any(other.volume.frames >= 8 and other.volume.orientation != member.volume.orientation
               for other in members)


def _with_truncations(members: list[Member], unusable: Sequence[Unusable]) -> list[Member]:
    """Tell the volume that a broken-off picture would have belonged to."""
    result = list(members)
    for left_out in unusable:
        if not left_out.is_truncated:
            continue
        own = [n for n, m in enumerate(result) if left_out.header.path in {f.header.path for f in m.frames}]
        chosen = own or _most_alike(result, left_out)
        lost = "1 picture" if left_out.frames == 1 else f"{left_out.frames} pictures"
        text = f"{lost} of this volume cannot be shown: the file breaks off within its pixels"
        for n in chosen:
            result[n] = _with_warnings(result[n], [VolumeWarning("truncated-pixels", text, (left_out.header.path,))])
    return result


def _most_alike(members: Sequence[Member], left_out: Unusable) -> list[int]:
    rated = []
    for n, member in enumerate(members):
        rating = likeness(left_out.header, member.frames[len(member.frames) // 2])
        if rating is not None:
            rated.append((rating, -n))
    return [-max(rated)[1]] if rated else []


def _in_order(member: Member) -> tuple[object, ...]:
    """Scouts and pictures last; else by time of acquisition, phase, echo and b-value (never by order of arrival)."""
    first = member.frames[0]
    moment_s = member.moment_s
    return (member.volume.kind == "image", is_localiser(first), moment_s is None, round(moment_s or 0.0, 2),
            *(_number(first.get(k)) for k in ("AcquisitionNumber", "TemporalPositionIdentifier",
                                              "TemporalPositionIndex", "TriggerTime", "EffectiveEchoTime", "EchoTime",
                                              "DiffusionBValue", "InstanceNumber")),
            str(first.get("FrameType") or first.get("ImageType")), member.volume.id)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else -1.0
