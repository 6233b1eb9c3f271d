"""The text on the image, the value under the cursor, and the names of volumes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from overread.core.research_use import RESEARCH_USE
from overread.core.study import Series, Volume
from overread.viewing.turn import position_words
from overread.viewing.viewport import Viewport

_PARTS = re.compile(r"(?<=   )|(?<=, )|(?<=\. )|(?<=  (?=[A-Z]))")
"""Where corner text may be broken: after wide gaps, commas and sentences."""
_PLANE_AXIS = {"axial": 2, "coronal": 1, "sagittal": 0}
ROLE_WORDS = {
    "t1-pre": "T1 pre-contrast", "t1-arterial": "T1 arterial", "t1-portal": "T1 portal venous",
    "t1-delayed": "T1 delayed", "t1-transitional": "T1 transitional", "t1-hbp": "T1 hepatobiliary",
    "t1-in": "T1 in phase", "t1-opposed": "T1 opposed phase", "t1-subtraction": "T1 subtraction", "t2": "T2",
    "t2-fs": "T2 fat-suppressed", "dwi": "diffusion", "adc": "ADC", "ct-pre": "CT pre-contrast",
    "ct-arterial": "CT arterial", "ct-portal": "CT portal venous", "ct-delayed": "CT delayed",
    "localiser": "localiser", "mask": "mask",
}


@dataclass(frozen=True, slots=True)
class CornerText:
    """Lines at the four corners of the image."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


def corner_text(viewport: Viewport, cursor: tuple[int, int] | None = None, layer: str = "", *,
                blinded: bool = False, small: bool = False) -> CornerText:
    """What stands on the image now.

    Parameters
    ----------
    cursor
        Shown (row, column) under the cursor, None when it is elsewhere.
    layer
        The system whose map lies over the image, as it is to be named.
    blinded
        For a picture that is given away: nothing that comes as text or date from the file, whatever it says; the
        rest always, so that the picture can be understood.
    small
        For a view among several with little room: what tells the views apart, the window and where one is.
    """
    volume = viewport.volume
    if volume is None or (viewport.text == "none" and not blinded):
        return CornerText()
    window = viewport.window.words() if viewport.window is not None else ""
    count = f"Slice {viewport.slice + 1} of {volume.frames}"
    if viewport.text == "few" and not blinded:
        return CornerText(bottom_left=(window,), bottom_right=(count,))
    below = [cursor_words(viewport, cursor), zoom_words(viewport.zoom), window]
    if viewport.inverted:
        below.insert(1, "inverted")
    beside = [layer, thickness_words(volume), slice_position(viewport), count]
    top = [viewport.title, role_words(volume), ", ".join(apart_words(volume)), date_words(viewport.date)]
    if blinded:
        top = [role_words(volume) or (volume.modality if volume.modality in ("CT", "MR") else "")]
    use = (RESEARCH_USE,) if blinded else ()
    if small:
        top = top[:1] if blinded else [role_words(volume) or viewport.title]
        below = [below[0], window.split(" (")[0]]
        beside = [layer, slice_position(viewport), f"{viewport.slice + 1} / {volume.frames}"]
    return CornerText(use, tuple(filter(None, top)), tuple(filter(None, below)), tuple(filter(None, beside)))


def wrapped(lines: Sequence[str], room: float, width_of: Callable[[str], float]) -> list[str]:
    """Lines no wider than ``room`` where that can be: broken between parts, never inside one.

    Parameters
    ----------
    width_of
        Width of a text, in the unit of ``room``.
    """
    found = []
    for words in lines:
        now = ""
        for part in _PARTS.split(words):
            if now and width_of((now + part).rstrip(" ,")) > room:
                found.append(now.rstrip(" ,"))
                now = part.lstrip()
            else:
                now += part
        found.append(now.rstrip(" ,"))
    return found


def cursor_words(viewport: Viewport, cursor: tuple[int, int] | None) -> str:
    """The value under the cursor with its unit, and where that is: ``HU 54   L 12.0  P 30.5  S 34.5``."""
    value = viewport.value_at(*cursor) if cursor is not None else None
    if cursor is None or value is None:
        return ""
    point = viewport.patient_point(*cursor)
    place = "" if point is None else "   " + "  ".join(position_words(point, axis) for axis in range(3))
    return value_words(value, viewport.units, viewport.volume.modality if viewport.volume else None) + place


def value_words(value: float, units: str | None, modality: str | None) -> str:
    """A value as text: HU on CT, ``signal`` on MR, whose numbers have no unit."""
    number = f"{value:.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"
    if units and modality != "MR":
        return f"{units} {number}"
    if units and units not in ("US", "HU"):
        return f"{number} {units}"
    return f"signal {number}" if modality == "MR" else f"value {number}"


def zoom_words(zoom: float) -> str:
    """The enlargement over the whole slice."""
    return "Zoom: whole slice" if zoom == 1 else f"Zoom {zoom:.2g} ×"


def slice_position(viewport: Viewport) -> str:
    """Where the present slice lies across its plane: ``S 34.5 mm``; empty for oblique stacks and without
    position."""
    volume = viewport.volume
    if volume is None or volume.affine is None or volume.orientation not in _PLANE_AXIS:
        return ""
    rows, columns = viewport.shown_shape()
    point = viewport.patient_point((rows - 1) / 2, (columns - 1) / 2)
    return "" if point is None else position_words(point, _PLANE_AXIS[volume.orientation]) + " mm"


def thickness_words(volume: Volume) -> str:
    """Thickness of a slice, and the distance between slices where that differs."""
    spacing = volume.spacing_mm[0] if volume.spacing_mm is not None and volume.frames > 1 else None
    thickness = volume.slice_thickness_mm
    if thickness is None:
        return f"every {round(spacing, 2):g} mm" if spacing is not None else ""
    words = f"{thickness:g} mm thick"
    if spacing is not None and abs(spacing - thickness) > 0.01:
        words += f", every {round(spacing, 2):g} mm"
    return words


def volume_title(series: Series, volume: Volume) -> str:
    """Name of a volume as shown: number and description of its series."""
    text = volume.description or series.description or "no description"
    return f"{series.number}  {text}" if series.number is not None else text


def series_words(series: Series) -> str:
    """Name of a series in pictures that are given away: its number alone."""
    return f"Series {series.number}" if series.number is not None else "Series"


def apart_words(volume: Volume) -> tuple[str, ...]:
    """What tells a volume from others of its series, without what its role says already."""
    said = role_words(volume)
    return tuple(words for words in volume.told_apart if not said.endswith(words))


def role_words(volume: Volume) -> str:
    """The role in words, with a question mark while it is a guess; empty when nothing is known."""
    name = volume.role.name
    if name is None or name == "other":
        return ""
    words = ROLE_WORDS.get(name, name)
    if volume.b_value is not None:
        words += f" b {volume.b_value:.0f}"
    return words if volume.role.is_sure else words + "?"


def size_words(volume: Volume) -> str:
    """How many slices of what kind: ``124 × 1.25 mm``, ``124 slices``, ``1 image``."""
    if volume.frames == 1:
        return "1 image"
    spacing = volume.spacing_mm
    if volume.kind == "volume" and spacing is not None:
        return f"{volume.frames} × {round(spacing[0], 2):g} mm"
    return f"{volume.frames} slices"


def date_words(date: str | None) -> str:
    """A DICOM date as ``2026-01-02``; anything else as it is."""
    if date and len(date) == 8 and date.isdigit():
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return date or ""
