"""Heatmaps in and out: the coarse map as it is (npz), or laid over the volume's grid (NIfTI)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.core.heatmap import Heatmap
from overread.io.atomic import write_atomically
from overread.io.volume_files import write_volume_nifti

HEATMAP_FILE, HEATMAP_NIFTI = "heatmap.npz", "heatmap.nii.gz"


def write_heatmap(path: Path, heatmap: Heatmap) -> None:
    """Write values (float16), affine (float64), volume id and scale as one npz."""
    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.savez_compressed(file, values=heatmap.values, affine=heatmap.affine.matrix,
                                volume=np.array(heatmap.volume), scale=np.array(heatmap.scale))

    write_atomically(path, write)


def read_heatmap(path: Path) -> Heatmap:
    """Read what ``write_heatmap`` wrote.

    Raises
    ------
    InputError
        The file is missing or is no heatmap.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Heatmap(file["values"].astype(np.float16), Affine(file["affine"]), str(file["volume"]),
                           float(file["scale"]))
    except (OSError, KeyError, ValueError) as problem:
        raise InputError(f"{path.name} cannot be used as a heatmap", "it is missing or damaged",
                         "Let the system read the study again") from problem


def write_heatmap_nifti(path: Path, heatmap: Heatmap, grid: Grid) -> None:
    """Write the map on the volume's grid, float32."""
    write_volume_nifti(path, heatmap.on_grid(grid), grid.affine)
