"""Where the systems of classes look: the strongest region of each case with its activation map, on one sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.study import Volume
from overread.evaluation.classes.case import SYSTEM, ClassCase
from overread.evaluation.figure_style import FONT_PT, save
from overread.evaluation.measured import file_name
from overread.io import read_slice, write_atomically
from overread.systems import Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIX, SHEET = "-cam.npz", "activation-maps"
SIZE_PX, MOST = 96, 24
WIDER = 1.5
"""A picture shows so much more than the region's square."""
WINDOW = (1.0, 99.0)
SHOWN_FROM = 0.15
"""Weaker activation, as a share of full colour, is not painted."""
_COLUMNS = 6


def keep_picture(outcome: Outcome, volumes: Sequence[tuple[str, Volume]], path: Path) -> None:
    """Write the strongest region of a reading as it is shown: image and activation uint8 [2, 96, 96].

    Nothing is written of a reading without a map or without a region.

    Raises
    ------
    DecodeError
        The slice cannot be decoded.
    """
    heatmap, marks = outcome.heatmap, [m for m in outcome.reading.marks if m.extent_mm is not None]
    if heatmap is None or not marks:
        return
    mark = max(marks, key=lambda m: m.score or 0.0)
    volume = next((v for _, v in volumes if v.id == heatmap.volume), None)
    if volume is None or volume.grid is None:
        return
    k, j, i = volume.grid.affine.to_index(np.array(mark.centre_mm))
    k = int(np.clip(np.rint(k), 0, volume.grid.shape[0] - 1))
    heat = heatmap.on_slice(volume.grid, k) / max(heatmap.scale, 1e-9)
    reach = WIDER * float(mark.extent_mm or 0.0) / 2
    _, step_row, step_column = volume.grid.affine.spacing_mm
    layers = [_crop(layer, (j, i), (reach / step_row, reach / step_column)) for layer in (read_slice(volume, k), heat)]
    low, high = np.percentile(layers[0], WINDOW)
    grey = (layers[0] - low) / max(high - low, 1e-6)
    stored = np.clip(np.rint(255 * np.stack([grey, layers[1]])), 0, 255).astype(np.uint8)

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.savez_compressed(file, picture=stored)

    write_atomically(path, write)


def write_sheet(folder: Path, readings: Path, document: Mapping[str, Any], cases: Sequence[ClassCase]) -> list[Path]:
    """Draw the kept pictures of up to 24 cases, evenly from the list; returns the files, none without pictures.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    there = [(case, path) for case in cases if (path := readings / f"{file_name(case.case)}{SUFFIX}").is_file()]
    if not there:
        return []
    chosen = [there[n] for n in np.unique(np.linspace(0, len(there) - 1, min(MOST, len(there))).astype(int))]
    return save(_draw(document, chosen), folder, SHEET)


def _draw(document: Mapping[str, Any], chosen: Sequence[tuple[ClassCase, Path]]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, max(3, len(chosen)))
    rows = -(-len(chosen) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.85 * rows + 0.7), layout="constrained")
    FigureCanvasAgg(figure)
    bundle, cases = document["bundle"], document["cases_are"]
    words = f"{bundle['system']} {bundle['variant']}\nStrongest region and its activation, {len(chosen)} {cases}"
    figure.suptitle(f"{words}\nBelow each: true class, called class", fontsize=FONT_PT)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, (case, path) in zip(grid.ravel(), chosen, strict=False):
        with np.load(path, allow_pickle=False) as file:
            grey, heat = file["picture"].astype(np.float64) / 255
        axes.imshow(grey, cmap="gray", vmin=0, vmax=1)
        axes.imshow(heat, cmap="inferno", vmin=0, vmax=1, alpha=np.where(heat >= SHOWN_FROM, 0.5, 0.0))
        called = case.answers[SYSTEM].category
        axes.text(
            0.5, -0.03, f"{case.label}\n{called or 'no region'}", transform=axes.transAxes, ha="center", va="top",
            fontsize=FONT_PT, color="black" if called == case.label else "#A33A00",
        )  # fmt: skip
    return figure


def _crop(layer: NDArray[Any], centre: tuple[float, float], reach: tuple[float, float]) -> NDArray[np.float64]:
    """A square round a place, (96, 96), by nearest pixels; beyond the edge the edge goes on."""
    steps = (np.arange(SIZE_PX) + 0.5) / SIZE_PX * 2 - 1
    rows, columns = (
        np.clip(np.rint(middle + steps * half), 0, count - 1).astype(int)
        for middle, half, count in zip(centre, reach, layer.shape, strict=True)
    )
    return np.asarray(layer[np.ix_(rows, columns)], dtype=np.float64)
