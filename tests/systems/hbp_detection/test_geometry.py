"""Candidates lie where the lesion is, however the volume is stored.

A stub network whose activation is a known voxel: a bright ball in an otherwise dark volume lights up the cell over
it. From DICOM files on disk to the candidate's centre in mm, the whole way of the system but for the weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.io import read_pixels, scan, uid_from, write_mr_series
from overread.systems.hbp_detection.prepare import prepare
from overread.systems.hbp_detection.system import CELL_PX, interpret, map_affine, read_slice_image

MANIFEST = {"findings": {"floor": 0.5, "most": 50}}
LESION_MM = np.array([-41.0, -12.0, 57.0])
RADIUS_MM = 9.0
ATTRIBUTES = {"manufacturer": "Overread", "series_description": "HBP 20MIN"}


class StubEngine:
    """Activation of a cell is the share of its pixels that are as bright as the ball."""

    name, precision, device = "stub", "float32", "cpu"

    def run(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        bright = np.clip((image[0] - 0.95) / 0.05, 0, 1)
        cells = bright.reshape(20, CELL_PX, 20, CELL_PX).mean(axis=(1, 3))
        maps = np.stack([np.zeros_like(cells), 20 * cells])
        return np.array([0.0, 3.0 if cells.max() > 0.1 else -3.0], np.float32), maps


def _matrix(arrangement: str) -> NDArray[np.float64]:
    step = {"anisotropic": (1.6, 0.9)}.get(arrangement, (1.2, 1.2))
    matrix = np.diag([step[0], step[1], 3.0, 1.0])
    matrix[:3, 3] = -150, -130, 3
    if arrangement == "reversed slices":
        matrix[2] = 0, 0, -3, 3 + 3 * 39
    elif arrangement == "flipped rows":
        matrix[1] = 0, -1.2, 0, -130 + 1.2 * 219
    elif arrangement == "flipped columns":
        matrix[0] = -1.2, 0, 0, -150 + 1.2 * 255
    elif arrangement == "turned":
        matrix[:2, :2] = [[0, 1.2], [1.2, 0]]
        matrix[2] = 0, 0, -3, 3 + 3 * 39
    elif arrangement == "oblique":
        a = np.radians(12)
        turn = np.eye(4)
        turn[:3, :3] = [[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]
        matrix = turn @ matrix
    return matrix


@pytest.mark.parametrize("enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize(
    "arrangement", ["upright", "reversed slices", "flipped rows", "flipped columns", "turned", "oblique", "anisotropic"]
)
def test_the_candidate_lies_within_half_a_cell_of_the_known_place(
    tmp_path: Path, arrangement: str, enhanced: bool
) -> None:
    affine = Affine(_matrix(arrangement))
    shape = (40, 220, 256)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    inside = np.linalg.norm(affine.to_mm(index) - LESION_MM, axis=-1) <= RADIUS_MM
    assert inside.any()
    tissue = np.random.default_rng(0).integers(100, 300, shape)
    stored = np.where(inside, 600, tissue).astype(np.uint16)
    write_mr_series(
        tmp_path / "s",
        stored=stored,
        slope=1.0,
        intercept=0.0,
        affine=affine,
        attributes=ATTRIBUTES,
        study_uid=uid_from("study"),
        series_uid=uid_from(arrangement),
        frame_of_reference_uid=uid_from("frame"),
        enhanced=enhanced,
    )
    (volume,) = scan([tmp_path / "s"]).volumes()
    assert volume.kind == "volume"
    grid = volume.grid
    assert grid is not None
    pixels = read_pixels(volume)
    preparation = prepare(grid, pixels)
    pairs = [read_slice_image(StubEngine(), preparation.image(pixels.slice_values(k))) for k in range(40)]
    heatmap = Heatmap(
        np.stack([m for _, m in pairs]).astype(np.float16), map_affine(preparation.affine, (0.0, 0.0)), volume.id, 1.0
    )
    found = interpret(np.array([s for s, _ in pairs]), heatmap, volume.id, MANIFEST)
    assert len(found["marks"]) == 1
    centre = np.array(found["marks"][0].centre_mm)
    cell_mm = heatmap.affine.spacing_mm
    off = np.abs(heatmap.affine.to_index(centre) - heatmap.affine.to_index(LESION_MM))
    assert off[1] <= 0.5, f"{off[1] * cell_mm[1]:.1f} mm off along rows"
    assert off[2] <= 0.5, f"{off[2] * cell_mm[2]:.1f} mm off along columns"
    assert off[0] <= RADIUS_MM / 3 + 0.5
    on_volume = heatmap.on_grid(grid)
    assert on_volume.shape == shape
    hottest = np.unravel_index(int(on_volume.argmax()), shape)
    assert np.linalg.norm(grid.affine.to_mm(hottest) - centre) <= np.linalg.norm([RADIUS_MM, *cell_mm[1:]])


def test_a_measured_offset_moves_the_place_by_as_many_pixels() -> None:
    image_affine = Affine(np.diag([1.5, 1.5, 3.0, 1.0]))
    moved = map_affine(image_affine, (4.0, -2.0)).to_mm((0, 0, 0)) - map_affine(image_affine, (0.0, 0.0)).to_mm(
        (0, 0, 0)
    )
    assert moved == pytest.approx([-3.0, 6.0, 0.0])
