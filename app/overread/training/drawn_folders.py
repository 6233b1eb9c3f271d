"""Folders of drawn patients, one for each order, drawn where they are not there yet; and their arrays on disk.

Drawing is the slow half of many a training, so what is drawn stays: a training that is begun again goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.io import write_atomically

ABOUT = "about.json"
"""What is known of a patient. It is written last, so that a folder with it is whole."""


class Order(Protocol):
    """One patient to draw."""

    @property
    def folder(self) -> str:
        """Name of its folder: another order is another folder."""
        ...


AnyOrder = TypeVar("AnyOrder", bound=Order)


def draw_all(
    orders: Sequence[AnyOrder],
    draw: Callable[[AnyOrder, Path], None],
    folder: Path,
    jobs: int,
    progress: Progress = SILENT,
) -> list[Path]:
    """Draw what is not yet there.

    Parameters
    ----------
    draw
        Draws an order into a folder, what is about it last. It is called in processes of their own: a function of a
        module, not one made on the spot.

    Returns
    -------
    list of Path
        The patients' folders in the order of ``orders``.

    Raises
    ------
    StorageError, Cancelled
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / order.folder for order in orders]
    missing = [(order, target) for order, target in zip(orders, targets, strict=True) if not (target / ABOUT).exists()]
    if missing:
        run_in_processes(draw, missing, jobs, "Drawing phantoms", progress)
    return targets


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name as one compressed npz.

    Raises
    ------
    StorageError
        The disk is full, and the like.
    """

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    write_atomically(path, write)
