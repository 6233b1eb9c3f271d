"""From a group of frames to a volume: order, affine, and what is odd about it.

References: DICOM PS3.3 C.7.6.2.1.1 (position and orientation of a slice).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import GeometryError
from overread.core.geometry import Affine, affine_from_dicom, orientation_of
from overread.core.roles import Role
from overread.core.study import FrameRef, Volume, VolumeWarning
from overread.io.distinction import distinction
from overread.io.frames import Frame, is_mosaic
from overread.io.grouping import SAME_PLACE_MM, Group, coordinates, normal_of

EVEN_SHARE, EVEN_MM, EVEN_MOST = 0.02, 0.06, 0.1
"""Slices are evenly spaced when their distances differ by at most 2 % of the step, or when they lie within 0.06 mm
(at most a tenth of the step) of even places: positions are often rounded to a tenth of a millimetre."""
DRIFT_SHARE = 0.25
"""How far, in steps, small differences may add up."""
TILT_DEGREES = 0.3
NO_ROLE = Role(None)


@dataclass(frozen=True, slots=True)
class Gaps:
    """How the slices of a stack follow each other along their normal, mm."""

    step: float
    is_even: bool
    missing: tuple[tuple[int, int], ...]
    """(slice before, how many are missing) for each hole that is a whole number of steps wide."""
    is_uneven: bool


def volume_from_group(group: Group) -> Volume:
    """Order the frames along their normal and describe them as one volume, its role still open."""
    along = coordinates(group.frames)
    order = sorted(range(len(group.frames)), key=lambda n: (along[n], group.frames[n].identity))
    frames = [group.frames[n] for n in order]
    warnings: list[VolumeWarning] = []
    gaps = _gaps(along[order], _thickness(frames))
    affine, is_straight = _affine(frames, gaps, warnings)
    is_regular = affine is not None and gaps.is_even and is_straight and _has_step(frames)
    warnings += _gap_warnings(frames, along[order], gaps, is_straight)
    warnings += _other_warnings(group, frames)
    volume = _described(frames, "volume" if is_regular else "stack", affine, warnings)
    orientation = orientation_of(normal_of(frames[0]))
    told_apart = distinction(group.split_by, frames[0], orientation)
    return replace(volume, split_by=group.split_by, told_apart=told_apart, orientation=orientation)


def image_volume(frames: Sequence[Frame], split_by: tuple[str, ...] = ()) -> Volume:
    """Pictures without a place in the patient, in the order given."""
    text = ("This is one picture of many slices side by side; it is shown as it is" if is_mosaic(frames[0].header)
            else "This picture has no position in the patient: nothing can be measured across pictures")
    return replace(_described(frames, "image", None, [VolumeWarning("no-position", text)]), split_by=split_by)


def _described(frames: Sequence[Frame], kind: str, affine: Affine | None,
               warnings: Sequence[VolumeWarning]) -> Volume:
    first = frames[0]
    headers = {f.header.path: f.header for f in frames}
    syntaxes = {h.syntax for h in headers.values()}
    frame_of_reference = first.get("FrameOfReferenceUID")
    return Volume(
        id=_identity(frames, affine), kind=kind, shape=(len(frames), first.rows, first.columns), affine=affine,
        orientation="unknown", slices=tuple(_reference(f) for f in frames), role=NO_ROLE,
        modality=first.get("Modality"), description=first.get("SeriesDescription") or first.get("ProtocolName"),
        frame_of_reference=frame_of_reference, file_count=len(headers), warnings=tuple(warnings),
        units=_units(first), dtype=dtype_name(first),
        transfer_syntax=first.header.syntax if len(syntaxes) == 1 else None, window=_window(frames),
        slice_thickness_mm=_thickness(frames), size_bytes=sum(h.size for h in headers.values()))


def _reference(frame: Frame) -> FrameRef:
    return FrameRef(frame.header.path, frame.index, frame.slope, frame.intercept, frame.position)


def _identity(frames: Sequence[Frame], affine: Affine | None) -> str:
    """Twelve hexadecimal digits from UIDs and geometry: the same wherever and in whatever order the files lie."""
    parts = [str(frames[0].get("StudyInstanceUID")), str(frames[0].get("SeriesInstanceUID")),
             f"{frames[0].rows}x{frames[0].columns}", *sorted(f.identity for f in frames)]
    if affine is not None:
        parts.append(",".join(f"{x + 0.0:.3f}" for x in np.round(affine.matrix, 3).ravel()))
    return digest_id(*parts)


def digest_id(*parts: str) -> str:
    """Twelve hexadecimal digits of what identifies a volume."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:12]


def dtype_name(frame: Frame) -> str:
    """Type of the pixels once decoded, as ``overread.io.pixels`` makes it."""
    values = frame.header.values
    if (values.get("SamplesPerPixel") or 1) > 1 or "PALETTE" in str(values.get("PhotometricInterpretation")):
        return "uint8"
    bits = max(8, int(values["BitsAllocated"]))
    return f"{'int' if values.get('PixelRepresentation') == 1 else 'uint'}{bits}"


def _units(frame: Frame) -> str | None:
    """HU for CT pictures that carry a rescale, else unknown (PS3.3 C.8.2.1)."""
    if frame.get("Modality") != "CT" or frame.get("RescaleIntercept") is None:
        return None
    return "HU" if frame.get("RescaleType") in (None, "HU") and "LOCALIZER" not in (
        frame.get("ImageType") or ()) else None


def _window(frames: Sequence[Frame]) -> tuple[float, float] | None:
    """The first stated window (centre, width), mirrored for pictures that are inverted when read."""
    middle = frames[len(frames) // 2]
    centre, width = middle.get("WindowCenter"), middle.get("WindowWidth")
    if centre is None or width is None or width <= 0:
        return None
    if middle.header.values.get("PhotometricInterpretation") == "MONOCHROME1":
        bits = int(middle.header.values.get("BitsStored") or middle.header.values["BitsAllocated"])
        top = -1 if middle.header.values.get("PixelRepresentation") == 1 else 2**bits - 1
        centre = middle.slope * top + 2 * middle.intercept - centre
    return float(centre), float(width)


def _thickness(frames: Sequence[Frame]) -> float | None:
    value = frames[0].get("SliceThickness")
    return float(value) if isinstance(value, int | float) and 0 < value < 1000 else None


def _has_step(frames: Sequence[Frame]) -> bool:
    return len(frames) > 1 or _single_step(frames[0]) is not None


def _single_step(frame: Frame) -> float | None:
    """How thick a lone slice is."""
    thickness, spacing = _thickness([frame]), frame.get("SpacingBetweenSlices")
    if thickness is None and isinstance(spacing, int | float) and 0 < spacing < 1000:
        return float(spacing)
    return thickness


def _gaps(along: NDArray[np.float64], thickness: float | None) -> Gaps:
    if len(along) < 2:
        return Gaps(step=thickness or 1.0, is_even=True, missing=(), is_uneven=False)
    gaps = np.diff(along)
    mean = float((along[-1] - along[0]) / len(gaps))
    if _is_even(along, mean):
        return Gaps(mean, is_even=True, missing=(), is_uneven=False)
    usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])
    step = max(float(np.mean(gaps[np.abs(gaps - usual) <= _tolerance(usual)])), SAME_PLACE_MM)
    times = np.rint(gaps / step)
    is_whole = (times >= 1) & (np.abs(gaps - times * step) <= _tolerance(step) * np.maximum(times, 1))
    if bool(np.all(is_whole)):
        holes = tuple((int(n), int(times[n]) - 1) for n in np.flatnonzero(times > 1))
        return Gaps(step, is_even=False, missing=holes, is_uneven=not holes)
    return Gaps(step, is_even=False, missing=(), is_uneven=True)


def _is_even(along: NDArray[np.float64], mean: float) -> bool:
    number = np.arange(len(along))
    off = along - along.mean() - mean * (number - number.mean())
    farthest = float(np.abs(off).max())
    spread = float(np.abs(np.diff(along) - mean).max())
    is_close = spread <= EVEN_SHARE * mean and farthest <= DRIFT_SHARE * mean
    return is_close or farthest <= min(EVEN_MM, EVEN_MOST * mean)


def _tolerance(step: float) -> float:
    return max(EVEN_SHARE * step, min(EVEN_MM, EVEN_MOST * step))


def _affine(frames: Sequence[Frame], gaps: Gaps, warnings: list[VolumeWarning]) -> tuple[Affine | None, bool]:
    """Affine of the stack (None where the pixel spacing is unknown) and whether the slices lie on one line."""
    first = frames[0]
    assert first.position is not None
    assert first.directions is not None
    normal = normal_of(first)
    positions = np.array([f.position for f in frames], dtype=np.float64)
    step = normal * (gaps.step if len(frames) > 1 else _single_step(first) or 1.0)
    is_straight = True
    if len(frames) > 1:
        run = positions[-1] - positions[0]
        height = float(run @ normal)
        aside = run - height * normal
        if np.linalg.norm(aside) > max(0.2, np.tan(np.radians(TILT_DEGREES)) * height) and height > 0:
            step = run / height * gaps.step
            warnings.append(_tilt_warning(first, float(np.degrees(np.arctan2(np.linalg.norm(aside), height)))))
        elif height > 0 and gaps.is_even:
            step = run / (len(frames) - 1)
        heights = (positions - positions[0]) @ normal
        line = positions[0] + np.outer(heights / height, run) if height > 0 else positions
        pixel = min(first.pixel_spacing or (1.0, 1.0))
        is_straight = float(np.linalg.norm(positions - line, axis=1).max()) <= max(0.1, 0.25 * pixel)
    if first.pixel_spacing is None:
        warnings.append(VolumeWarning("no-position", "The distance between pixels is not stated: nothing can be "
                                                     "measured here", (first.header.path,)))
        return None, is_straight
    try:
        return affine_from_dicom(first.position, first.directions, first.pixel_spacing, step), is_straight
    except GeometryError:
        return None, is_straight


def _tilt_warning(first: Frame, degrees: float) -> VolumeWarning:
    what = "The gantry was tilted" if first.get("Modality") == "CT" else "The slices are shifted against each other"
    return VolumeWarning("gantry-tilt", f"{what} by {degrees:.1f} degrees: the stack is sheared, and measured as such")


def _gap_warnings(frames: Sequence[Frame], along: NDArray[np.float64], gaps: Gaps,
                  is_straight: bool) -> list[VolumeWarning]:
    """Holes, uneven distances, slices that jump sideways, a lone slice."""
    found: list[VolumeWarning] = []
    if len(frames) == 1:
        text = "This is a single slice" + ("" if _has_step(frames) else "; its thickness is not stated")
        return [VolumeWarning("single-slice", text, (frames[0].header.path,))]
    if gaps.missing:
        files = tuple(frames[n + side].header.path for n, _ in gaps.missing for side in (0, 1))
        found.append(VolumeWarning("missing-slices", _missing_text(along, gaps), tuple(dict.fromkeys(files))))
    if gaps.is_uneven:
        widths = np.diff(along)
        worst = int(np.argmax(np.abs(widths - gaps.step)))
        text = (f"The distances between slices differ: {widths.min():.2f} to {widths.max():.2f} mm, most of them "
                f"{gaps.step:.2f} mm; the oddest is between slices {worst + 1} and {worst + 2}")
        found.append(VolumeWarning("uneven-spacing", text, (frames[worst].header.path,
                                                            frames[worst + 1].header.path)))
    if not is_straight:
        found.append(VolumeWarning("uneven-spacing", "Some slices jump sideways: they form no regular grid"))
    return found


def _missing_text(along: NDArray[np.float64], gaps: Gaps) -> str:
    """One sentence that names how many slices are missing, between which, and where."""
    total = sum(count for _, count in gaps.missing)
    holes = []
    for before, count in gaps.missing[:8]:
        first, last = along[before] + gaps.step, along[before + 1] - gaps.step
        where = f"{first:.1f} mm" if count == 1 else f"{first:.1f} to {last:.1f} mm"
        holes.append(f"{count} between slices {before + 1} and {before + 2} ({where} along the normal)")
    more = "" if len(gaps.missing) <= 8 else f" and {len(gaps.missing) - 8} more holes"
    return f"{total} slice{'s are' if total > 1 else ' is'} missing: {', '.join(holes)}{more}"


def _other_warnings(group: Group, frames: Sequence[Frame]) -> list[VolumeWarning]:
    found: list[VolumeWarning] = []
    if group.is_guess:
        found.append(VolumeWarning(
            "duplicate-position", "Positions repeat in this series and nothing but the order of the pictures tells "
            "them apart: which slices belong together is a guess"))
    if frames[0].get("Modality") != "PT" and len({_scaling(f) for f in frames}) > 1:
        found.append(VolumeWarning(
            "inconsistent-rescale", "The scaling of values differs from slice to slice; each slice is scaled by its own"
            ))
    if len({f.get("FrameOfReferenceUID") for f in frames}) > 1:
        found.append(VolumeWarning(
            "mixed-frame-of-reference", "The slices state different frames of reference; they are taken as one stack "
            "because they fit together"))
    return found


def _scaling(frame: Frame) -> Any:
    return round(frame.slope, 9), round(frame.intercept, 6)
