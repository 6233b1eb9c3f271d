"""Drawn patients of mvi-prediction: the same each time, cut by the code that reads, circled as a person does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overread.core.circles import circles_of_mask
from overread.core.geometry import Affine, Grid
from overread.core.region import Circle
from overread.phantom import FIRST_LESION, draw_patient
from overread.systems.mvi_prediction.factors import scale_of
from overread.systems.mvi_prediction.prepare import Preparation
from overread.training.mvi.drawn import SQUARES, DrawnPatient, DrawOrder, draw, load_drawn
from overread.training.mvi.samples import highest, samples_of

SEED = 100_002
EXACT = DrawOrder(SEED, "internal", 2, by_hand=False)
BY_HAND = DrawOrder(SEED, "internal", 2, by_hand=True)


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> tuple[DrawnPatient, DrawnPatient]:
    """Two slices of one patient, circled by mask and by hand."""
    folder = tmp_path_factory.mktemp("drawn")
    for order in (EXACT, BY_HAND):
        draw(order, folder / order.folder)
    return load_drawn(folder / EXACT.folder), load_drawn(folder / BY_HAND.folder)


def test_what_is_kept_gives_the_very_image_that_a_reading_cuts(patients: tuple[DrawnPatient, DrawnPatient]) -> None:
    kept, _ = patients
    patient = draw_patient("ct-mvi", SEED, "internal", roles=("ct-arterial",))
    k = round(float(patient.affine.to_index([kept.circles[0].centre_mm])[0, 0]))
    rendered = patient.render([k])
    mask = np.zeros(patient.shape, dtype=bool)
    mask[k] = rendered.labels[0] == FIRST_LESION
    grid = Grid(patient.shape, patient.affine)
    ((_, circle),) = circles_of_mask(mask, grid)
    assert circle == kept.circles[0]
    for preparation in (Preparation(), Preparation(margin=1.0, size=160), Preparation(margin=0.5, size=96)):
        whole = preparation.image(preparation.grey(rendered.values[0]), grid, circle)[0]
        assert (kept.images(preparation)[0] == np.rint(255 * whole).astype(np.uint8)).all()


def test_a_circle_by_hand_lies_within_3_mm_and_goes_8_to_12_mm_beyond(
    patients: tuple[DrawnPatient, DrawnPatient],
) -> None:
    exact, by_hand = patients
    for one, other in zip(exact.circles, by_hand.circles, strict=True):
        assert np.abs(np.subtract(one.centre_mm, other.centre_mm)).max() <= 3
        assert 8 <= other.radius_mm - (one.radius_mm - 10) <= 12
        assert one != other


def test_an_order_drawn_again_gives_the_same_bytes(patients: tuple[DrawnPatient, DrawnPatient], tmp_path: Path) -> None:
    for name in ("a", "b"):
        draw(BY_HAND, tmp_path / name)
    assert (tmp_path / "a" / SQUARES).read_bytes() == (tmp_path / "b" / SQUARES).read_bytes()
    again = load_drawn(tmp_path / "a")
    assert again.circles == patients[1].circles
    assert again.facts == patients[1].facts


def test_the_middle_of_the_whole_box_is_the_square_of_the_margin(patients: tuple[DrawnPatient, DrawnPatient]) -> None:
    exact, _ = patients
    whole = exact.images(Preparation(margin=1.0, size=160))[0].astype(float)
    inner = exact.images(Preparation(margin=0.8, size=128))[0].astype(float)
    assert np.abs(whole[16:144, 16:144] - inner).max() <= 1


def made_up(count: int, is_positive: bool, rng: np.random.Generator) -> DrawnPatient:
    """A patient of noise."""
    grid = Grid((1, 40, 40), Affine(np.diag([1.0, 1.0, 5.0, 1.0])))
    squares = tuple(rng.integers(0, 255, (40, 40)).astype(np.uint8) for _ in range(count))
    from overread.core.facts import Facts

    facts = Facts("male", float(rng.integers(40, 80)), 25.0, 12.0, "A", True, False)
    circles = (Circle((20.0, 20.0, 0.0), 15.0),) * count
    return DrawnPatient("p", "internal", is_positive, facts, {}, squares, (grid,) * count, circles)


def test_samples_are_all_circled_slices_with_the_facts_of_their_patient() -> None:
    rng = np.random.default_rng(2)
    patients = [made_up(3, True, rng), made_up(2, False, rng)]
    scale = scale_of([p.facts for p in patients])
    samples = samples_of(patients, Preparation(size=32), scale, first_number=7)
    assert samples.patients.tolist() == [7, 7, 7, 8, 8]
    assert samples.labels.tolist() == [1, 1, 1, 0, 0]
    assert samples.planes == (0, 0, 0)
    assert samples.shape == (1, 32, 32)
    assert samples.facts is not None
    assert (samples.facts[0] == samples.facts[2]).all()
    assert highest(np.array([0.2, 0.7, 0.1, 0.4, 0.3]), samples).tolist() == [0.7, 0.4]
