"""Marks as JSON: circles and diameters that a person drew, as lesions on the slices of a grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from overread.core.circles import smallest_circle
from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.region import LEAST_RADIUS_MM, MASK_MARGIN_MM, Circle, LesionRegion, Region

MOST_MARKS = 10_000
LARGEST_RADIUS_MM = 500.0
_OFF_SLICES = 1.0
"""A mark may lie this far beside the slice it names, in slices; farther it was drawn on other images."""


def regions_of_marks(document: Mapping[str, Any], grid: Grid, what: str) -> list[LesionRegion]:
    """The lesions of ``{"marks": [...]}``, or of the region of a reading (``{"lesions": [...]}``).

    Parameters
    ----------
    grid
        Of the volume that will be read: every circle is laid on one of its slices.
    what
        Begins the sentence when something is wrong: ``marks.json cannot be used as a region``.

    Raises
    ------
    InputError
        A part is missing or wrong, or lies outside the grid; the mark is named.
    """
    if isinstance(document.get("lesions"), list):
        return [_inside(lesion, grid, what) for lesion in Region.from_json(document).lesions]
    marks = document.get("marks")
    if not isinstance(marks, list) or not marks:
        raise InputError(what, "it has no list of marks", "See overread read --help for its form")
    if len(marks) > MOST_MARKS:
        raise InputError(what, f"it has {len(marks):,} marks", "Leave out those that are not needed")
    placed = []
    for number, mark in enumerate(marks, start=1):
        try:
            placed.append(_placed(mark, grid))
        except (KeyError, TypeError, ValueError, OverflowError) as problem:
            why = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
            raise InputError(what, f"mark {number}: {why}", "Correct it; see overread read --help") from problem
    return [_lesion_of(marks_of_one, what) for marks_of_one in _by_lesion(placed, grid)]


_Placed = tuple[int, Circle, float | None, str | None, str]
"""Slice, circle, margin (None: not said, so that it is 10 mm), name of the lesion, source."""


def _placed(mark: Any, grid: Grid) -> _Placed:
    if not isinstance(mark, Mapping):
        raise TypeError("it is no object")
    name = mark.get("lesion")
    if name is not None and not isinstance(name, str | int):
        raise TypeError("its lesion is no name")
    if "recist" in mark:
        centre, radius = _of_diameters(mark["recist"], grid)
        margin: float | None = MASK_MARGIN_MM
        source = "recist"
        radius += MASK_MARGIN_MM
    else:
        centre, radius = _point(mark["centre_mm"]), _number(mark["radius_mm"], "radius_mm")
        said = mark.get("margin_mm")
        margin = None if said is None else _number(said, "margin_mm", least=0.0)
        source = "circle"
    if not 0 < radius <= LARGEST_RADIUS_MM or (margin or 0.0) > radius:
        raise ValueError(f"its radius of {radius:g} mm and margin of {margin or 0.0:g} mm make no circle")
    k, circle = _on_slice(centre, radius, grid, mark.get("slice"))
    return k, circle, margin, None if name is None else str(name), source


def _of_diameters(points: Any, grid: Grid) -> tuple[tuple[float, float, float], float]:
    """Centre and radius, without a margin, of the smallest circle through the ends of one diameter or of two."""
    if not isinstance(points, list) or len(points) not in (2, 4):
        raise TypeError("its recist holds not two or four points")
    places = np.array([_point(point) for point in points])
    index = grid.affine.to_index(places)
    if np.ptp(index[:, 0]) > _OFF_SLICES:
        raise ValueError("its points lie on different slices")
    steps = np.array(grid.affine.spacing_mm[1:])
    centre, radius = smallest_circle(index[:, 1:] * steps)
    if radius <= 0:
        raise ValueError("its points are one")
    x, y, z = grid.affine.to_mm((float(index[:, 0].mean()), *(centre / steps).tolist())).tolist()
    return (x, y, z), radius


def _on_slice(centre: tuple[float, float, float], radius: float, grid: Grid, said: Any) -> tuple[int, Circle]:
    k, row, column = grid.affine.to_index([centre])[0].tolist()
    if not grid.contains(centre):
        raise ValueError("its centre lies outside this volume")
    if said is None:
        said = min(max(round(k), 0), grid.shape[0] - 1)
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < grid.shape[0]:
        raise ValueError(f"this volume has no slice {said!r} (they count from 0 to {grid.shape[0] - 1})")
    if abs(k - said) > _OFF_SLICES:
        raise ValueError(f"its centre lies {abs(k - said) * grid.affine.spacing_mm[0]:.0f} mm beside its slice {said}")
    x, y, z = grid.affine.to_mm((said, row, column)).tolist()
    return said, Circle((x, y, z), radius)


def _by_lesion(placed: Sequence[_Placed], grid: Grid) -> Iterable[list[_Placed]]:
    """Marks of one lesion together: those of one name, and unnamed ones that lie over each other on next slices."""
    groups: list[list[_Placed]] = []
    for mark in sorted(placed, key=lambda m: m[0]):
        home = next((group for group in groups if _is_of(mark, group, grid)), None)
        if home is None:
            groups.append([mark])
        else:
            home.append(mark)
    return groups


def _is_of(mark: _Placed, group: Sequence[_Placed], grid: Grid) -> bool:
    if mark[3] is not None or group[0][3] is not None:
        return mark[3] == group[0][3]
    k, circle = mark[:2]
    for other_k, other, *_ in group:
        if k - other_k == 1:
            index = grid.affine.to_index([circle.centre_mm, other.centre_mm])
            away = np.linalg.norm((index[0] - index[1])[1:] * grid.affine.spacing_mm[1:])
            if away < max(circle.radius_mm, other.radius_mm):
                return True
    return False


def _lesion_of(marks: Sequence[_Placed], what: str) -> LesionRegion:
    """One lesion with one margin, that of its largest circle; of several on one slice the largest lesion counts.

    The size of a circle says nothing of its margin: where none is said it is 10 mm, also on the small first and last
    slices. A lesion all of whose circles are smaller than that cannot have been drawn so, and is asked about.
    """
    best: dict[int, _Placed] = {}
    for mark in marks:
        if mark[0] not in best or _edge(mark) > _edge(best[mark[0]]):
            best[mark[0]] = mark
    largest = max(best.values(), key=_edge)
    name = largest[3] or f"slice {largest[0] + 1}"
    if largest[2] is None and _edge(largest) < LEAST_RADIUS_MM:
        why = f"a circle of {largest[1].radius_mm:g} mm cannot reach 10 mm beyond the edge of {name}"
        raise InputError(what, why, "Say with margin_mm how far its circles go beyond the edge, 0 for not at all")
    margin = _margin(largest)
    circles = (_at_margin(best[k], margin) for k in sorted(best))
    return LesionRegion(name, tuple(circles), largest[4], margin)


def _margin(mark: _Placed) -> float:
    return MASK_MARGIN_MM if mark[2] is None else mark[2]


def _edge(mark: _Placed) -> float:
    """Radius of the lesion itself."""
    return mark[1].radius_mm - _margin(mark)


def _at_margin(mark: _Placed, margin_mm: float) -> Circle:
    return LesionRegion(mark[4], (mark[1],), mark[4], _margin(mark)).at_margin(margin_mm).circles[0]


def _inside(lesion: LesionRegion, grid: Grid, what: str) -> LesionRegion:
    """A lesion of a reading's region on this grid."""
    try:
        circles = dict(_on_slice(c.centre_mm, c.radius_mm, grid, None) for c in lesion.circles)
    except ValueError as problem:
        raise InputError(what, f"lesion {lesion.id}: {problem}", "Give the region of this study") from problem
    return LesionRegion(lesion.id, tuple(circles[k] for k in sorted(circles)), lesion.source, lesion.margin_mm)


def _point(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise TypeError("a point is not three numbers")
    x, y, z = (_number(v, "a coordinate", least=-math.inf) for v in value)
    return x, y, z


def _number(value: Any, name: str, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise TypeError(f"{name} is {str(value)[:40]!r}, not a number" + ("" if least == -math.inf else " from 0"))
    return float(value)
