"""Which volume of a study hangs where: the phases of a liver study in time order, other contrasts beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from overread.core.study import Volume
from overread.viewing.layout import Cell

CT_PHASES = (("ct-pre",), ("ct-arterial",), ("ct-portal",), ("ct-delayed",))
MR_PHASES = (("t1-pre",), ("t1-arterial",), ("t1-portal",), ("t1-transitional", "t1-delayed"), ("t1-hbp",))
MR_DUAL = (("t1-in",), ("t1-opposed",))
"""In place of the phases where a study has none."""
MR_BESIDE = (("t2-fs", "t2"), ("dwi",))
"""Each entry is one view: any of its roles, the surest first."""
_THICKEST_MM = 5.0
"""Slices that the liver is read on are no thicker (LI-RADS v2018 technical recommendations)."""
_NEVER = ("localiser", "mask")
_EIGHT_BITS = ("uint8", "int8", "bool")


@dataclass(frozen=True, slots=True)
class Hanging:
    """A grid of cells and the volume for each."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]
    volumes: tuple[Volume, ...]


def hang(volumes: Iterable[Volume]) -> Hanging | None:
    """The hanging of a liver study; None where no volume has a phase or contrast that belongs in it.

    CT hangs its phases row by row in time order. MR hangs the phases of T1 in time order in the left columns, T2 and
    diffusion in the right one. What is missing leaves no hole: the last view of a short row is wider, the only view of
    a column taller.

    References
    ----------
    LI-RADS v2018 technical recommendations, for the phases that a CT or MR of the liver has.
    """
    found = tuple(volumes)
    if any(volume.modality == "CT" for volume in found):
        phases = _chosen(found, CT_PHASES)
        if phases:
            return _hung(phases, ())
    phases, beside = _chosen(found, MR_PHASES), _chosen(found, MR_BESIDE)
    phases = phases or _chosen(found, MR_DUAL)
    if not phases:
        phases, beside = beside, []
    return _hung(phases, beside) if phases else None


def to_fill(volumes: Iterable[Volume], shown: Sequence[str], count: int) -> list[Volume]:
    """Volumes for ``count`` empty views, in order: what hangs, then the rest of the study; none twice, none shown.

    Parameters
    ----------
    shown
        Ids of the volumes that are shown already.
    """
    found = tuple(volumes)
    hanging = hang(found)
    first = hanging.volumes if hanging is not None else ()
    rest = [v for v in found if v not in first and v.role.name not in _NEVER and v.dtype not in _EIGHT_BITS]
    return [volume for volume in (*first, *rest) if volume.id not in shown][:count]


def _chosen(volumes: Sequence[Volume], wanted: Sequence[tuple[str, ...]]) -> list[Volume]:
    """One volume for each view that there is one for."""
    found = []
    for roles in wanted:
        fitting = [volume for volume in volumes if volume.role.name in roles]
        if fitting:
            found.append(max(fitting, key=_fitness))
    return found


def _fitness(volume: Volume) -> tuple[bool, bool, bool, float, float, float, int]:
    """Larger is better: axial and regular, surely of its role, not thick, highest b-value, finest."""
    thickness = volume.spacing_mm[0] if volume.spacing_mm is not None else _THICKEST_MM + 1
    return (volume.orientation == "axial" and volume.kind == "volume", volume.role.is_sure,
            thickness <= _THICKEST_MM, volume.b_value or 0.0, volume.role.confidence, -thickness,
            volume.frames)  # fmt: skip


def _hung(phases: Sequence[Volume], beside: Sequence[Volume]) -> Hanging:
    """Phases row by row on the left, what hangs beside them in one column on the right."""
    columns = 1 if len(phases) == 1 or (beside and len(phases) == 2) else 2
    filled = -(-len(phases) // columns)
    rows = math.lcm(filled, max(len(beside), 1))
    cells = [*_left(len(phases), rows // filled, columns), *_right(len(beside), rows, columns)]
    return Hanging(rows, columns + bool(beside), tuple(cells), (*phases, *beside))


def _left(count: int, tall: int, columns: int) -> list[Cell]:
    """Two columns at most: a liver is wider than high, and in more columns its pictures would be small."""
    cells = []
    for n in range(count):
        row, column = divmod(n, columns)
        wide = columns - column if n == count - 1 else 1
        cells.append(Cell(row * tall, column, tall, wide))
    return cells


def _right(count: int, rows: int, column: int) -> list[Cell]:
    tall = rows // count if count else 1
    return [Cell(n * tall, column, tall, 1) for n in range(count)]
