"""Where the cells of the shipped network look, and that the manifest says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overread.systems import find_bundle
from overread.systems.hbp_detection.network import CELL_PX, Kim11, load_weights
from overread.training.drawn import DrawOrder, draw_all, load_drawn
from overread.training.receptive_field import INNER, inner_cells, measure_offset
from overread.training.recipe import FIRST_VALIDATION_SEED, load_recipe
from overread.training.train import OFFSET_CELLS, OFFSET_PATIENTS, WHOLE_SERIES


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
    orders = [
        DrawOrder(recipe.kind, FIRST_VALIDATION_SEED + n, "internal", recipe.data.validation_normals, WHOLE_SERIES)
        for n in range(OFFSET_PATIENTS)
    ]
    patients = [load_drawn(folder) for folder in draw_all(orders, tmp_path, 2)]
    images = np.stack([p.images[len(p.indices) // 2] for p in patients])
    rng = np.random.default_rng(recipe.loop.seed)
    offset, spread = measure_offset(network.eval(), images, inner_cells(len(images), OFFSET_CELLS, rng))
    placing = bundle.manifest["placing"]
    assert placing["offset_cells"] >= 50
    # kernels are stored as float16, which moves single gradients a little: a tenth of a pixel is a hundredth of a cell
    assert offset == pytest.approx(placing["offset_px"], abs=0.1)
    assert spread == pytest.approx(placing["offset_sd_px"], abs=0.1)
    assert np.abs(offset).max() < CELL_PX / 2, "more than half a cell off: the padding does not alternate any more"
