"""What batches are made of: twins where the lesion was, the network's own errors, pasted lesions, in their shares."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from overread.phantom import FIRST_LESION, LABELS
from overread.training.drawn import DrawnPatient
from overread.training.paste import paste_elsewhere
from overread.training.sampling import Place, Sampler

CROP, WIDE = 96, 144


def _sampler(patients: list[DrawnPatient], negatives: dict[str, float], paste_share: float = 0.0) -> Sampler:
    sampler = Sampler(patients, negatives, paste_share)
    sampler.begin_step(1, 0)
    return sampler


def test_half_of_the_crops_hold_a_lesion_and_the_others_none(patients: list[DrawnPatient]) -> None:
    batch = _sampler(patients, {"anywhere": 1.0}).crops(40, CROP)
    assert batch.images.shape == (40, WIDE, WIDE)
    has_lesion = batch.lesions.reshape(40, -1).any(axis=1)
    assert has_lesion[::2].all()
    assert not has_lesion[1::2].any()
    assert len(batch.patients) == 40


def test_a_twin_crop_is_cut_where_the_lesion_was_from_the_slice_without_it(patients: list[DrawnPatient]) -> None:
    sampler = _sampler(patients, {"twins": 1.0})
    for _ in range(60):
        patient, k, row, column = sampler._negative()
        original = patient.twin_of[k]
        assert original >= 0
        assert patient.labels[original][row, column] >= FIRST_LESION
        assert patient.labels[k][row, column] == LABELS["liver"]


def test_hard_places_are_cut_at_their_pixel(patients: list[DrawnPatient]) -> None:
    sampler = _sampler(patients, {"hard": 1.0})
    sampler.hard_places = [Place(3, 40, 200), Place(5, 8, 312)]
    found = {(row, column) for _, _, row, column in (sampler._negative() for _ in range(50))}
    assert found == {(40, 200), (8, 312)}
    patient, k = sampler.negative[3]
    assert any(p is patient and n == k for p, n, *_ in (sampler._negative() for _ in range(50)))


def test_kinds_of_negatives_come_in_the_shares_asked_for(patients: list[DrawnPatient]) -> None:
    sampler = _sampler(patients, {"liver": 2.0, "twins": 1.0, "hard": 1.0})
    sampler.hard_places = [Place(0, 1, 2)]
    drawn = [sampler._negative() for _ in range(2000)]
    hard = sum((row, column) == (1, 2) for *_, row, column in drawn) / 2000
    # liver crops may fall on twins too, but never outside the liver
    in_liver = sum(p.labels[k][row, column] == LABELS["liver"] for p, k, row, column in drawn) / 2000
    assert hard == pytest.approx(0.25, abs=0.04)  # four standard errors of 2,000 draws
    assert in_liver == pytest.approx(0.75, abs=0.04)


def test_where_there_is_none_of_a_kind_crops_come_from_anywhere(held_out: list[DrawnPatient]) -> None:
    sampler = _sampler(held_out, {"twins": 0.5, "hard": 0.5})
    places = [(row, column) for _, _, row, column in (sampler._negative() for _ in range(300))]
    assert len(set(places)) > 250
    assert min(row for row, _ in places) < 32
    assert max(column for _, column in places) >= 288


def test_a_step_draws_the_same_whatever_was_drawn_before(patients: list[DrawnPatient]) -> None:
    one, other = _sampler(patients, {"liver": 1.0}), _sampler(patients, {"liver": 1.0})
    one.crops(10, CROP)
    for sampler in (one, other):
        sampler.begin_step(7, 3)
    assert np.array_equal(one.crops(6, CROP).images, other.crops(6, CROP).images)


def test_slivers_are_neither_positive_nor_negative(patients: list[DrawnPatient]) -> None:
    labels = np.array(patients[5].labels)
    labels[0, 150, 100:110] = FIRST_LESION  # 10 pixels of 1.44 mm2
    sampler = _sampler([dataclasses.replace(patients[5], labels=labels)], {"anywhere": 1.0})
    assert not sampler.positive
    assert all(k != 0 for _, k in sampler.negative)


def test_a_pasted_lesion_lies_in_the_liver_and_keeps_its_shape_and_contrast(patients: list[DrawnPatient]) -> None:
    image, labels = patients[0].images[1], patients[0].labels[1]
    found = paste_elsewhere(image, labels, np.random.default_rng(2))
    assert found is not None
    changed, marked = found
    old, new = labels >= FIRST_LESION, (marked >= FIRST_LESION) & (labels < FIRST_LESION)
    assert np.array_equal(marked[old], labels[old])
    assert new.sum() == pytest.approx(old.sum(), abs=0.06 * old.sum())
    assert (labels[new] == LABELS["liver"]).mean() >= 0.95
    assert changed[new].mean() == pytest.approx(image[old].mean(), abs=3)
    far = ~np.isin(marked, range(FIRST_LESION, 256))
    assert (changed[far] != image[far]).sum() < old.sum()  # but for its soft edge nothing else changes
    assert np.array_equal(image, patients[0].images[1]), "the patient's own slice was changed"


def test_no_lesion_is_pasted_where_there_is_no_liver_or_no_lesion(patients: list[DrawnPatient]) -> None:
    rng = np.random.default_rng(0)
    assert paste_elsewhere(patients[5].images[0], patients[5].labels[0], rng) is None
    labels = np.zeros((320, 320), np.uint8)
    labels[100:120, 100:120] = FIRST_LESION
    assert paste_elsewhere(np.zeros((320, 320), np.uint8), labels, rng) is None


def test_the_share_of_pasted_positives_is_the_recipes(patients: list[DrawnPatient]) -> None:
    batch = _sampler(patients, {"anywhere": 1.0}, paste_share=0.5).wholes(400)
    areas = batch.lesions[::2].reshape(200, -1).sum(axis=1)
    one = np.median(areas[areas < 600])
    assert (areas > 1.5 * one).mean() == pytest.approx(0.5, abs=0.14)  # four standard errors of 200 draws
