"""Samples by patient: views, controls, what tells them apart, and lots that seed and step decide."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.training.regions.lots import Lots
from overread.training.regions.samples import RegionSamples, joined


def test_a_subset_shares_its_images_with_the_whole(training: RegionSamples) -> None:
    some = training.subset({3, 5})
    assert some.patients.tolist() == [3, 3, 3, 5, 5, 5]
    assert np.shares_memory(some.images[0], training.images)
    assert np.array_equal(some.stored([1, 4]), training.images[[10, 16]])


def test_sets_with_facts_and_without_are_not_joined(training: RegionSamples) -> None:
    facts = np.zeros((len(training), 2), dtype=np.float32)
    both = dataclasses.replace(training, facts=facts)
    assert len(joined([both, both.subset({0})])) == len(training) + 3
    with pytest.raises(ValueError, match="all with facts or all without"):
        joined([training, both])


def test_a_patient_of_two_classes_is_refused_in_words(training: RegionSamples) -> None:
    labels = training.labels.copy()
    labels[0] = 1
    with pytest.raises(InputError, match="patient 0 has regions of two classes"):
        dataclasses.replace(training, labels=labels).patient_labels()


def test_a_control_keeps_the_classes_and_tells_nothing_of_them(training: RegionSamples) -> None:
    control = training.shuffled(7)
    true, dealt = training.patient_labels(), control.patient_labels()
    assert sorted(dealt.values()) == sorted(true.values())
    of_rimmed = [dealt[p] for p, label in true.items() if label == 1]
    assert sum(of_rimmed) == len(of_rimmed) // 2


def test_other_pixels_labels_or_planes_are_other_data(training: RegionSamples) -> None:
    images = training.images.copy()
    images[0, 0, 0, 0] += 1
    others = [
        dataclasses.replace(training, images=images),
        dataclasses.replace(training, planes=(0,)),
        training.shuffled(1),
        training.subset(range(39)),
    ]
    assert len({training.identity(), *(other.identity() for other in others)}) == 5
    assert training.identity() == training.take(np.arange(len(training))).identity()


@pytest.mark.parametrize("sampling", ["balanced", "patients", "slices"])
def test_lots_depend_on_seed_and_step_alone(training: RegionSamples, sampling: str) -> None:
    lots, again = (Lots(training, 8, sampling, 3) for _ in range(2))
    lots.at(0)
    assert np.array_equal(lots.at(9), again.at(9))
    assert not np.array_equal(lots.at(9), lots.at(10))


def test_balanced_lots_hold_as_many_of_a_rare_class(training: RegionSamples) -> None:
    rare = training.subset([*range(0, 40, 2), 1, 3])
    for step in range(5):
        assert np.bincount(rare.labels[Lots(rare, 8, "balanced", 1).at(step)]).tolist() == [4, 4]


def test_no_patient_comes_twice_in_a_batch_before_all_have_come(training: RegionSamples) -> None:
    lots = Lots(training, 16, "patients", 1)
    assert all(len(set(training.patients[lots.at(step)])) == 16 for step in range(10))


def test_rounds_bring_every_slice_once(training: RegionSamples) -> None:
    lots = Lots(training, 16, "slices", 1)
    drawn = np.concatenate([lots.at(step) for step in range(15)])  # 240 lots of 120 samples
    assert sorted(drawn[:120]) == sorted(drawn[120:]) == list(range(120))
