"""mvi-prediction on somebody's CT with somebody's tumour masks: it reads them, and looks where the masks are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.systems.mvi_prediction.conftest import write_bundle

from overread.core.errors import InputError
from overread.core.study import Volume
from overread.io import read_pixels, scan
from overread.io.regions import read_region
from overread.systems import ReadRequest, read

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def case(shared_data: Path) -> tuple[Path, Volume]:
    """IRCADb 17: the folder, and its CT without its masks."""
    folder = shared_data / "liver-ct-ircadb-17"
    (volume,) = scan([folder / "PATIENT_DICOM"]).volumes()
    return folder, volume


@pytest.mark.parametrize("name", ["livertumor1", "livertumor2"])
def test_a_tumour_s_mask_is_a_region_and_every_square_covers_it(
    name: str, case: tuple[Path, Volume], tmp_path: Path
) -> None:
    folder, volume = case
    grid = volume.grid
    assert grid is not None
    region = read_region(folder / "MASKS_DICOM" / name, grid)
    (drawn,) = scan([folder / "MASKS_DICOM" / name]).volumes()
    mask = read_pixels(drawn).stored > 0
    request = ReadRequest(
        "mvi-prediction",
        (("ct-arterial", volume),),
        engine="torch",
        device="cpu",
        bundle_folder=str(write_bundle(tmp_path / "bundle", "image")),
        use_cache=False,
        region=region,
    )
    outcome = read(request)
    reading = outcome.reading
    assert reading.result == "classes"
    assert any("role ct-arterial was given" in m.text for m in reading.messages)
    assert [m.peak_slice for m in reading.marks] == np.flatnonzero(mask.any(axis=(1, 2))).tolist()
    for mark in reading.marks:
        assert mark.peak_slice is not None
        places = grid.affine.to_mm(np.argwhere(mask[mark.peak_slice][None]) + np.array([mark.peak_slice, 0, 0]))
        circle = next(c for c in region.lesions[0].circles if c.centre_mm == mark.centre_mm)
        away = np.linalg.norm(places[:, :2] - np.array(mark.centre_mm[:2]), axis=1)
        assert away.max() <= circle.radius_mm - 10 + 1e-6
    assert outcome.heatmap is not None
    k = reading.marks[len(reading.marks) // 2].peak_slice
    assert k is not None
    warm = np.argwhere(outcome.heatmap.on_slice(grid, k) > 0)
    inside = np.argwhere(mask[k])
    middle = inside.mean(axis=0)
    assert np.linalg.norm((warm.mean(axis=0) - middle) * grid.affine.spacing_mm[1]) < 40


def test_the_liver_among_tumours_is_refused_as_an_organ(case: tuple[Path, Volume]) -> None:
    folder, volume = case
    assert volume.grid is not None
    with pytest.raises(InputError, match="1861 mL, which is an organ"):
        read_region(folder / "MASKS_DICOM", volume.grid)
