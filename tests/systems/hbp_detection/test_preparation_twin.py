"""Preparation against a computation that shares nothing with it: SimpleITK decodes and places, Pillow enlarges,
running sums give area means, percentiles come from a sorted list. Real series and phantoms of five sites.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image

from overread.core.study import Volume
from overread.evaluation.phantom_folder import SERIES_FOLDER, CaseOrder, case_folder, make_case_folder
from overread.io import read_pixels, scan
from overread.systems.hbp_detection.prepare import SIZE, prepare
from overread.systems.intensities import BODY_SHARE

REAL = (
    "liver-mr-survey-fodicom-abd1",
    "liver-ct-ircadb-17",
    "abdomen-mr-mouse-dash-vtk",
    "mr-knee-orthanc",
    "mr-fieldmap-ge-dcmqa",
)
SITES = (
    ("internal", 801_501),
    ("external-1", 801_502),
    ("external-2", 801_503),
    ("external-3", 801_504),
    ("stress", 801_505),
)
RIM = 3
"""Output pixels at the image's edge are left out: beyond the last sample the kernels may differ."""
TOLERANCE = 2e-3
"""Single precision in ours, and percentiles between two neighbouring grey values."""


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_a_real_series_is_prepared_as_by_other_means(name: str, shared_data: Path) -> None:
    volumes = [v for v in scan([shared_data / name]).volumes() if v.grid is not None and v.role.name != "mask"]
    assert volumes
    _compare(volumes[0])


@pytest.mark.slow
@pytest.mark.parametrize(("site", "seed"), SITES)
def test_a_phantom_is_prepared_as_by_other_means(site: str, seed: int, tmp_path: Path) -> None:
    order = CaseOrder("hbp", seed, site, 0.5)
    make_case_folder(order, tmp_path)
    (volume,) = scan([case_folder(tmp_path, order) / SERIES_FOLDER]).volumes()
    _compare(volume)


def _compare(volume: Volume) -> None:
    assert volume.grid is not None
    pixels = read_pixels(volume)
    ours = prepare(volume.grid, pixels)
    slices = [_decoded(volume, k) for k in range(volume.frames)]
    low, high = _limits([values for values, _ in slices])
    assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-5, abs=1e-3)
    for k in {0, volume.frames // 3, volume.frames // 2, volume.frames - 1}:
        theirs, inside = _image(*slices[k], low, high)
        mine = ours.image(pixels.slice_values(k))
        assert np.abs(mine - theirs)[inside].max() < TOLERANCE
        assert inside.mean() > 0.3
        assert mine.std() > 0


def _decoded(volume: Volume, k: int) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """Values of a slice, and direction and spacing as the other library reads them."""
    image = sitk.ReadImage(str(volume.slices[k].path))
    assert image.GetSize()[2] == 1
    values = sitk.GetArrayFromImage(image)[0].astype(np.float64)
    return values, (*image.GetDirection(), *image.GetSpacing()[:2])


def _limits(slices: list[NDArray[np.float64]]) -> tuple[float, float]:
    sample = sorted(float(v) for values in slices for v in values[::4, ::4].ravel())
    dark, bright = _percentile(sample, 0.5), _percentile(sample, 99.0)
    body = [v for v in sample if v > dark + BODY_SHARE * (bright - dark)]
    return _percentile(body, 1.0), _percentile(body, 99.5)


def _percentile(ordered: list[float], percent: float) -> float:
    at = percent / 100 * (len(ordered) - 1)
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def _image(
    values: NDArray[np.float64], geometry: tuple[float, ...], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The network's image by other means, and where it is to be compared."""
    direction, (step_x, step_y) = np.array(geometry[:9]).reshape(3, 3), geometry[9:]
    upright = np.clip((values - low) / (high - low), 0, 1)
    along_columns, along_rows = direction[:, 0], direction[:, 1]
    if abs(along_columns[0]) < abs(along_rows[0]):
        upright, (along_columns, along_rows), (step_x, step_y) = (
            upright.T,
            (along_rows, along_columns),
            (step_y, step_x),
        )
    upright = upright[:, ::-1] if along_columns[0] < 0 else upright
    upright = upright[::-1] if along_rows[1] < 0 else upright
    side = max(upright.shape[0] * step_y, upright.shape[1] * step_x)
    columns = _resampled(upright, side, step_x)
    both = _resampled(columns.T, side, step_y).T
    filled = np.zeros((SIZE, SIZE), dtype=bool)
    rows_mm, columns_mm = upright.shape[0] * step_y, upright.shape[1] * step_x
    top, left = (math.ceil((side - mm) / 2 / side * SIZE) + RIM for mm in (rows_mm, columns_mm))
    filled[top : SIZE - top, left : SIZE - left] = True
    return both, filled


def _resampled(lines: NDArray[np.float64], side_mm: float, step_mm: float) -> NDArray[np.float64]:
    """Every row of ``lines`` on SIZE pixels over a centred ``side_mm``."""
    count = lines.shape[1]
    start, width = (count - side_mm / step_mm) / 2, side_mm / step_mm / SIZE
    if width > 1:
        running = np.concatenate([np.zeros((len(lines), 1)), np.cumsum(lines, axis=1)], axis=1)
        edges = np.clip(start + width * np.arange(SIZE + 1), 0, count)
        sums = np.stack([np.interp(edges, np.arange(count + 1), line) for line in running])
        covered = np.diff(edges)
        return np.diff(sums, axis=1) / np.where(covered > 0, covered, 1)
    margin = math.ceil(max(0.0, -start)) + 4
    padded = np.pad(lines, ((0, 0), (margin, margin)), mode="edge")
    picture = Image.fromarray(padded.astype(np.float32), mode="F")
    box = (start + margin, 0, start + margin + width * SIZE, len(lines))
    return np.asarray(picture.resize((SIZE, len(lines)), Image.Resampling.BICUBIC, box=box), dtype=np.float64)
