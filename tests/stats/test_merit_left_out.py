"""Figures of merit and their left-out values against definitions and a plain leave-one-out loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.plain_figures import plain_left_out, plain_values
from tests.stats.random_studies import study, with_choices

from overread.core.reader_data import Paradigm
from overread.stats.merit.figures import FIGURES_OF_MERIT, figure_cells

pytestmark = pytest.mark.light

ARGUMENTS = {
    "lroc-auc": ("", "@0.2", "@0.25", "@1"),
    "lroc-pcl": ("@0", "@0.2", "@0.5", "@0.9", "@1"),
    "sensitivity": ("@1", "@2.5"),
    "specificity": ("@0", "@3"),
    "accuracy": ("@2",),
    "f1": ("@2",),
    "sens": ("@0.8", "@0.5", "@1", "@0"),
    "spec": ("@0.8", "@0.75", "@0", "@1"),
    "expected-utility": ("@1", "@0.4"),
}
OF_CLASSES = (
    "sensitivity",
    "specificity",
    "accuracy",
    "f1",
    "macro-f1",
    "sensitivity@HCC",
    "specificity@none",
    "f1@ICC",
)
sizes = st.integers(0, 6)
shares = st.sampled_from([0.0, 0.3])


def _names(paradigm: Paradigm) -> list[str]:
    names = []
    for base, figure in FIGURES_OF_MERIT.items():
        if paradigm in figure.paradigms and base != "macro-f1":
            limits = ("@0.8-1", "@0-1", "@0.5-0.75") if figure.argument == "LO-HI" else ("",)
            names += [base + at for at in ARGUMENTS.get(base, limits)]
    return names


@pytest.mark.parametrize("paradigm", ["roc", "lroc", "froc"])
@settings(deadline=None, max_examples=60)
@given(
    data=st.data(), seed=st.integers(0, 2**32), healthy=sizes, diseased=sizes, levels=st.integers(1, 6), missing=shares
)
def test_every_figure_and_every_left_out_value_is_that_of_a_plain_loop(
    paradigm: Paradigm, data: st.DataObject, seed: int, healthy: int, diseased: int, levels: int, missing: float
) -> None:
    name = data.draw(st.sampled_from(_names(paradigm)))
    unmarked = data.draw(shares)
    made = study(seed, paradigm, healthy, diseased, 2, 1, levels, missing, unmarked)
    for convention in ("own", "rjafroc") if name.startswith("lroc") else ("own", "mrmcaov"):
        _compare(made, name, convention)


@pytest.mark.parametrize("paradigm", ["roc", "lroc", "froc"])
def test_each_figure_by_name_is_that_of_a_plain_loop(paradigm: Paradigm) -> None:
    data = study(11, paradigm, 6, 5, 2, 1, missing=0.1)
    for name in _names(paradigm):
        _compare(data, name, "own")


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32), healthy=sizes, diseased=sizes, missing=shares, classes=st.integers(2, 4))
def test_figures_of_chosen_classes_are_those_of_a_plain_loop(
    seed: int, healthy: int, diseased: int, missing: float, classes: int
) -> None:
    data = with_choices(study(seed, "roc", healthy, diseased, 2, 1, missing=missing), seed, classes)
    names = data.choices.names  # type: ignore[union-attr]
    for name in OF_CLASSES:
        if "@" not in name or name.partition("@")[2] in names:
            _compare(data, name, "own")


def test_a_larger_study_agrees_too() -> None:
    for paradigm, name in (("roc", "roc-auc"), ("lroc", "lroc-auc"), ("froc", "wafroc1-auc"), ("froc", "froc-auc")):
        data = study(7, paradigm, 40, 30, levels=12, missing=0.1)  # type: ignore[arg-type]
        _compare(data, name, "own")


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), missing=shares)
def test_a_figure_is_the_mean_of_its_placements_on_either_side(seed: int, missing: float) -> None:
    kinds: tuple[tuple[Paradigm, str], ...] = (
        ("roc", "roc-auc"),
        ("froc", "inferred-roc-auc"),
        ("froc", "wafroc-auc"),
        ("lroc", "lroc-auc"),
    )
    for paradigm, name in kinds:
        data = study(seed, paradigm, missing=missing)
        cells = figure_cells(data, name)
        assert cells.placements is not None
        read = data.was_read
        for i, j in np.argwhere(~np.isnan(cells.values)):
            sides = (cells.placements.diseased, data.is_diseased), (cells.placements.healthy, ~data.is_diseased)
            for placed, side in sides:
                assert np.array_equal(np.isnan(placed[i, j]), ~read[i, j, side])
                assert np.nanmean(placed[i, j]) == pytest.approx(cells.values[i, j], abs=1e-12)


def _compare(data: object, name: str, convention: str) -> None:
    cells = figure_cells(data, name, convention)  # type: ignore[arg-type]
    told = f"{name} by {convention}"
    plain = plain_values(data, name, convention)  # type: ignore[arg-type]
    np.testing.assert_allclose(cells.values, plain, atol=1e-11, rtol=0, err_msg=told)
    every = np.arange(len(data.cases))  # type: ignore[attr-defined]
    if every.size == 0:
        return
    loop = plain_left_out(data, name, every, convention)  # type: ignore[arg-type]
    np.testing.assert_allclose(cells.left_out, loop[..., cells.cases], atol=1e-11, rtol=0, err_msg=told)
    others = np.setdiff1d(every, cells.cases)
    unchanged = np.broadcast_to(plain[..., None], loop.shape)[..., others]
    kept = ~np.isnan(loop[..., others])
    np.testing.assert_allclose(loop[..., others][kept], unchanged[kept], atol=1e-12, rtol=0, err_msg=told)
