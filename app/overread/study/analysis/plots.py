"""Figures of an analysis, each as SVG and PNG: operating curves, differences, confidence, calibration, times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overread.core.reader_data import ReaderData
from overread.io import write_atomically
from overread.study.analysis.plotted_curves import draw_calibration, draw_curves, draw_retention
from overread.study.analysis.plotted_differences import draw_differences
from overread.study.analysis.plotted_times import draw_times

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200


def write_plots(folder: Path, document: Mapping[str, Any], data: ReaderData) -> list[Path]:
    """Draw what the document allows and write it; returns the files.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    return [path for name, figure in draw_plots(document, data).items() for path in _save(figure, folder, name)]


def draw_plots(document: Mapping[str, Any], data: ReaderData) -> dict[str, Figure]:
    """The figures by name: a figure a kind of curve, differences, retention, calibration, times."""
    return {
        **draw_curves(document),
        **draw_differences(document),
        **draw_retention(document),
        **draw_calibration(document),
        **draw_times(document, data),
    }


def _save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """SVG and PNG, without a date and with names that do not change, so that the same analysis makes the same files."""
    from matplotlib import rc_context

    def vector(beside: Path) -> None:
        with rc_context({"svg.hashsalt": name}):
            figure.savefig(beside, metadata={"Date": None})

    paths = [folder / f"{name}.svg", folder / f"{name}.png"]
    write_atomically(paths[0], vector)
    write_atomically(paths[1], lambda beside: figure.savefig(beside, dpi=DPI))
    return paths
