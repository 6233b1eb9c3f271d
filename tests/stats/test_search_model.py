"""The search model's areas against simulated readers, and its effect scale against RJafroc."""

from __future__ import annotations

import numpy as np
import pytest
from tests.stats.reference_pack import entries, needs_pack

from overread.core.errors import InputError
from overread.stats.merit.roc import roc_auc
from overread.stats.mrmc.search_model import SearchModel, froc_effect_scale, search_areas

pytestmark = pytest.mark.light
LESIONS = (0.69, 0.2, 0.11)


@pytest.mark.shared
@needs_pack
def test_effect_scale_of_a_fitted_reader_is_rjafrocs() -> None:
    (found,) = [entry.result for entry in entries("power") if entry.name == "froc_sample_size_dataset04"]
    scale, fit = froc_effect_scale(SearchModel(found["mu"], found["lambda"], found["nu"]), LESIONS)
    # that program integrates with a tolerance of its own
    assert scale == pytest.approx(found["scaleFactor"], rel=1e-6)
    assert fit == pytest.approx(found["R2"], rel=1e-8)


@pytest.mark.parametrize("model", [SearchModel(1.5, 0.8, 0.6), SearchModel(2.5, 2.0, 0.8)])
def test_areas_are_those_of_readers_who_search_by_the_model(model: SearchModel) -> None:
    rng = np.random.default_rng(5)
    count = 20_000
    false = [np.append(rng.normal(size=n), -np.inf).max() for n in rng.poisson(model.noise_marks, 2 * count)]
    healthy, beside = np.array(false[:count]), np.array(false[count:])
    number = rng.choice((1, 2, 3), count, p=LESIONS)
    owner = np.repeat(np.arange(count), number)
    marked = rng.random(owner.size) < model.found
    ratings = np.where(marked, rng.normal(size=owner.size) + model.mu, -np.inf)
    highest = beside.copy()
    np.maximum.at(highest, owner, ratings)
    ordered = np.sort(healthy)
    sides = (np.searchsorted(ordered, ratings, side=side) for side in ("left", "right"))
    above = sum(sides) / (2 * count)
    roc, wafroc = search_areas(model, LESIONS)
    assert roc == pytest.approx(roc_auc(highest, healthy), abs=0.01)
    assert wafroc == pytest.approx(float((above / number[owner]).sum() / count), abs=0.01)


def test_lesions_that_stand_out_more_leave_the_reader_what_is_intrinsic() -> None:
    model = SearchModel(2.0, 1.5, 0.7)
    there = model.moved(0.5)
    assert there.mu * there.noise_marks == pytest.approx(model.mu * model.noise_marks)
    assert there.found > model.found
    assert there.moved(-0.5).found == pytest.approx(model.found)


def test_numbers_that_are_no_reader_are_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        SearchModel(2.0, 1.0, 1.0)
    with pytest.raises(InputError, match="do not add to 1"):
        search_areas(SearchModel(2.0, 1.0, 0.5), (0.5, 0.2))
