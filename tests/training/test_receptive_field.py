"""Where the cells of the shipped network look, and that the manifest says so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from overread.engines.weights import load_weights
from overread.phantom import POSITIVE_MM2, VERSION
from overread.systems import find_bundle
from overread.systems.hbp_detection.network import CELL_PX, Kim11
from overread.systems.hbp_detection.system import build_engine
from overread.training.bundle_writer import read_validation
from overread.training.data import WHOLE_SERIES
from overread.training.drawn import DrawnPatient, DrawOrder, draw, load_drawn
from overread.training.drawn_folders import draw_all
from overread.training.receptive_field import INNER, hottest_cells, measure_offset
from overread.training.recipe import FIRST_VALIDATION_SEED, load_recipe
from overread.training.train import OFFSET_PATIENTS, firing_cells


def test_inner_cells_have_their_whole_field_inside_the_image() -> None:
    reach = (109 - 1) / 2  # pixels from the centre of the field (PARAMS A4)
    for cell in (INNER[0], INNER[1] - 1):
        centre = CELL_PX * cell + (CELL_PX - 1) / 2
        assert centre - reach >= 0
        assert centre + reach <= 319


@pytest.mark.slow
def test_the_manifest_states_where_the_shipped_networks_cells_look(tmp_path: Path) -> None:
    """The same measurement once more, from the shipped weights and freshly drawn validation phantoms."""
    bundle, recipe = find_bundle("hbp-detection"), load_recipe("hbp-detection-small")
    network = Kim11(bundle.manifest["network"]["layout"], bundle.manifest["network"]["pooling"])
    load_weights(network, bundle.weights_path, bundle.folder.name)
    data = recipe.data
    orders = [
        DrawOrder(
            recipe.kind,
            FIRST_VALIDATION_SEED + n,
            data.sites[n % len(data.sites)],
            data.validation_normals,
            WHOLE_SERIES,
        )
        for n in range(OFFSET_PATIENTS)
    ]
    patients = [load_drawn(folder) for folder in draw_all(orders, draw, tmp_path, 2)]
    parts = [part for part in map(_positive_part, patients) if len(part.images)]
    raw = read_validation(build_engine(bundle, "cpu", "auto"), parts)
    images, cells = firing_cells(raw)
    offset, spread = measure_offset(network.eval(), images, cells)
    placing = bundle.manifest["placing"]
    assert placing["receptive_field_cells"] >= 50
    assert len(cells) >= 50
    if bundle.manifest["bundle"].get("digital_liver", "1") == VERSION:
        # kernels are stored as float16, which moves single gradients a little: a tenth of a pixel is 1/160 of a cell
        assert offset == pytest.approx(placing["receptive_field_px"], abs=0.1)
        assert spread == pytest.approx(placing["receptive_field_sd_px"], abs=0.1)
    else:  # measured on phantoms of another version: other lesions fire other cells
        assert offset == pytest.approx(placing["receptive_field_px"], abs=max(placing["receptive_field_sd_px"]))
    assert np.abs(offset).max() < CELL_PX / 2, "the padding does not alternate any more"
    medians = placing["hot_spot_median_mm"]
    used = "receptive_field" if placing["offset_px"] == placing["receptive_field_px"] else "none"
    assert medians[used] == min(medians.values())
    assert bundle.manifest["evaluation"]["validation"]["hot_spot_mm"]["median"] == medians[used]


def _positive_part(patient: DrawnPatient) -> DrawnPatient:
    """The patient's positive slices alone."""
    positive = patient.lesion_areas_mm2() >= POSITIVE_MM2
    return dataclasses.replace(patient, images=patient.images[positive], labels=patient.labels[positive])


def test_the_hottest_inner_cells_of_the_hottest_maps_are_taken() -> None:
    maps = np.zeros((3, 20, 20), np.float32)
    maps[0, 0, 0], maps[0, 6, 7] = 9, 2  # the border does not count: its field leaves the image
    maps[1, 10, 12] = 5
    maps[2, 5, 14] = 1
    assert hottest_cells(maps, 2) == [(1, 10, 12), (0, 6, 7)]
