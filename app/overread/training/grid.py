"""A grid: one recipe trained several times with a few keys changed, and a table over all rows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import InputError
from overread.core.progress import SILENT, PartProgress, Progress
from overread.io import write_json
from overread.training.data import Data
from overread.training.drawn import DrawnPatient
from overread.training.grid_table import write_table
from overread.training.hardware import Hardware
from overread.training.recipe import Recipe, as_much_work, laid_over, load_document, recipe_of

ROWS_FOLDER = "rows"
HELD_OUT_CROPS, HELD_OUT_SLICES = 600, 240
"""Held-out images that a fold is judged on."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Patients to train on and to judge on; ``identity`` tells them from others."""

    training: Sequence[DrawnPatient]
    validation: Sequence[DrawnPatient]
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One training of a grid; ``paper`` is what the paper prints for it, empty where it prints nothing.

    ``data``: patients of its own, as a fold has them.
    """

    name: str
    recipe: Recipe
    paper: str = ""
    data: Sides | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows to train on the same data. ``crops`` and ``slices`` are held-out images that each row is judged on."""

    title: str
    rows: tuple[Row, ...]
    crops: int
    slices: int
    are_folds: bool = False

    def __post_init__(self) -> None:
        if not self.rows or len({row.name for row in self.rows}) < len(self.rows):
            raise ValueError("a grid needs rows of different names")
        if len({row.recipe.data for row in self.rows}) > 1 or len({row.recipe.kind for row in self.rows}) > 1:
            raise ValueError("the rows of a grid share their data")

    @property
    def recipe(self) -> Recipe:
        """The first row's: kind and data are those of all."""
        return self.rows[0].recipe


def load_grid(name_or_path: str) -> Grid:
    """A shipped grid by its name, or one from a TOML file.

    Raises
    ------
    InputError
        There is none, or it is damaged or incomplete.
    """
    document = load_document(name_or_path)
    return grid_of(document, Path(name_or_path).name)


def grid_of(document: Mapping[str, Any], name: str) -> Grid:
    """The grid that a document holds: its own tables with each row's laid over them.

    A row's ``same_work_as`` names another row, whose cost in multiplications sets its number of steps.
    """
    plain = {key: value for key, value in document.items() if key not in ("grid", "same_work_as")}
    try:
        table = document["grid"]
        rows: dict[str, Row] = {}
        for entry in table["rows"]:
            own = {key: entry[key] for key in ("network", "loop") if key in entry}
            unknown = set(entry) - {"name", "paper", "network", "loop", "same_work_as"}
            if unknown:
                raise ValueError(f"unknown key {', '.join(sorted(unknown))} in a row")
            recipe = recipe_of(laid_over(plain, own), name)
            if "same_work_as" in entry:
                recipe = as_much_work(recipe, rows[entry["same_work_as"]].recipe)
            rows[entry["name"]] = Row(entry["name"], recipe, str(entry.get("paper", "")))
        if len(rows) < len(table["rows"]):
            raise ValueError("two rows have one name")
        return Grid(str(table["title"]), tuple(rows.values()), int(table["crops"]), int(table["slices"]))
    except (KeyError, TypeError, ValueError) as problem:
        why = f"{problem.args[0]} is missing" if isinstance(problem, KeyError) else str(problem)
        raise InputError(f"The grid {name} cannot be used", why, "Compare it with a shipped one") from problem


def folds_of(recipe: Recipe, data: Data, count: int, only: int | None = None) -> Grid:
    """A grid whose rows are the folds of one recipe, or one fold of them (numbered from 1).

    Raises
    ------
    InputError
        There is no such fold, or too few patients for so many.
    """
    sides = data.folds(count, recipe.loop.seed)
    if only is not None and not 1 <= only <= count:
        raise InputError(f"There is no fold {only}", f"there are folds 1 to {count}", "Choose one with --fold")
    rows = [
        Row(f"fold {n + 1} of {count}", recipe, data=Sides(*side, f"{data.identity}/{n}/{count}"))
        for n, side in enumerate(sides)
        if only is None or n == only - 1
    ]
    crops = HELD_OUT_CROPS if recipe.loop.whole_from > 0 else 0
    title = f"{recipe.system}, {recipe.variant}: {count} folds by patient"
    return Grid(title, tuple(rows), crops, HELD_OUT_SLICES, are_folds=True)


def run_grid(
    grid: Grid,
    shared: Sides | None,
    out: Path,
    work: Path,
    resume: bool = False,
    hardware: Hardware | None = None,
    progress: Progress = SILENT,
) -> Path:
    """Train and judge every row, then write the table; a row that is done is not trained again on ``resume``.

    Parameters
    ----------
    shared
        The patients of the rows that have none of their own.
    out
        Gets ``table.csv``, ``table.md`` and one JSON a row; the table is written anew after each row.
    work
        Gets a checkpoint a row.

    Returns
    -------
    Path
        ``table.md``.
    """
    done: list[tuple[Row, dict[str, Any]]] = []
    for number, row in enumerate(grid.rows):
        part = PartProgress(progress, "Training the rows", number, len(grid.rows))
        part.report(row.name, 0, 1)
        path = out / ROWS_FOLDER / f"{row_file_name(row.name)}.json"
        sides = row.data or shared
        assert sides is not None
        found = kept_row(path, row.recipe.digest(sides.identity)) if resume else None
        if found is None:
            found = _train_row(grid, row, sides, work, resume, hardware or Hardware(), part)
            write_json(path, found)
        done.append((row, found))
        table = write_table(out, grid.title, done, with_mean=grid.are_folds)
    return table


def as_controls(grid: Grid) -> Grid:
    """The same grid with labels given to other slices."""
    rows = [
        dataclasses.replace(
            row,
            recipe=dataclasses.replace(row.recipe, loop=dataclasses.replace(row.recipe.loop, shuffled_labels=True)),
        )
        for row in grid.rows
    ]
    return dataclasses.replace(grid, title=f"{grid.title}, shuffled labels", rows=tuple(rows))


def _train_row(
    grid: Grid,
    row: Row,
    sides: Sides,
    work: Path,
    resume: bool,
    hardware: Hardware,
    progress: Progress,
) -> dict[str, Any]:
    from overread.training.curves import draw_curves
    from overread.training.held_out import judge_crops, judge_wholes
    from overread.training.loop import Sitting, fit

    stem = row_file_name(row.name)
    curves = work / f"{stem}-curves.csv"
    sitting = Sitting(work / f"{stem}.safetensors", resume, hardware, sides.identity, curves=curves)
    network, history = fit(row.recipe, sides.training, sides.validation, sitting, progress)
    draw_curves(work / f"{stem}-curves.png", history, f"{grid.title}: {row.name}")
    result: dict[str, Any] = {
        "row": row.name,
        "recipe": row.recipe.digest(sides.identity),
        "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "crops": history.crops_seen,
        "whole_slices": history.wholes_seen,
        "steps": len(history.losses),
        "cpu_s": round(history.cpu_s, 1),
        "wall_s": round(history.wall_s, 1),
        "last_loss": round(sum(history.losses[-20:]) / len(history.losses[-20:]), 4),
    }
    if grid.crops:
        result["crop"] = judge_crops(network, row.recipe, sides.training, sides.validation, grid.crops)
    if grid.slices:
        result["slice"] = judge_wholes(network, row.recipe, sides.training, sides.validation, grid.slices)
    return result


def kept_row(path: Path, digest: str) -> dict[str, Any] | None:
    """The result of a row that is done, or None where there is none or another recipe or other data made it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_same = isinstance(found, dict) and found.get("recipe") == digest
    return found if is_same else None


def row_file_name(row: str) -> str:
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in row.lower())
