"""Significance tests against slow twins, worked numbers and what must hold of any data."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.reader_data import FalseMarks, Lesions, ReaderData
from overread.stats.delong import delong, paired_test
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.covariance import bootstrap_covariance, cell_covariance, components
from overread.stats.mrmc.dbm import dbm, pseudovalues, three_way
from overread.stats.mrmc.design import find_design
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.resampled import resampled, stratified_draws
from overread.stats.mrmc.rows import TestRow
from overread.stats.mrmc.single import single_reader
from overread.stats.mrmc.standalone import standalone, two_treatments

pytestmark = pytest.mark.light
Floats = NDArray[np.float64]


def drawn(seed: int, shape: tuple[int, int, int] = (2, 3, 30), levels: int = 6) -> ReaderData:
    """A study with ties whose readers see something."""
    rng = np.random.default_rng(seed)
    _i, _j, k = shape
    truth = np.arange(k) % 5 < 2
    signal = rng.normal(size=k) + truth
    noise = rng.normal(size=shape)
    ratings = np.round((signal + noise + 3) / 6 * levels)
    return _study(ratings, truth)


def _study(ratings: Floats, truth: NDArray[np.bool_]) -> ReaderData:
    i, j, k = ratings.shape
    names = (tuple(f"{letter}{n}" for n in range(count)) for letter, count in zip("crk", (i, j, k), strict=True))
    conditions, readers, cases = names
    return ReaderData("roc", conditions, readers, cases, truth, ratings)


def analysed(data: ReaderData, to: str = "rrrc", covariance: str = "jackknife") -> tuple[TestRow, ...]:
    cells = figure_cells(data, "roc-auc")
    found = None if to == "rrfc" else cell_covariance(cells, data, covariance)  # type: ignore[arg-type]
    return obuchowski_rockette(
        "roc-auc",
        cells.values,
        found,
        data.conditions,
        data.readers,
        to,  # type: ignore[arg-type]
    ).rows


def psi(low: Floats, high: Floats) -> Floats:
    return (high[:, None] > low) + 0.5 * (high[:, None] == low)


# covariance -------------------------------------------------------------------------------------------------------


def test_jackknife_is_the_covariance_of_figures_reckoned_anew_without_each_case() -> None:
    data = drawn(1)
    again = []
    for k in range(len(data.cases)):
        keep = np.arange(len(data.cases)) != k
        again.append(figure_cells(_study(data.ratings[:, :, keep], data.is_diseased[keep]), "roc-auc").values.ravel())
    count = len(again)
    expected = np.cov(np.array(again), rowvar=False) * (count - 1) ** 2 / count
    ours = cell_covariance(figure_cells(data, "roc-auc"), data).matrix.reshape(6, 6)
    assert ours == pytest.approx(expected, abs=1e-12)


def test_delong_is_the_covariance_of_the_older_function_of_that_name() -> None:
    data = drawn(2)
    flat = data.ratings.reshape(6, -1)
    ours = cell_covariance(figure_cells(data, "roc-auc"), data, "delong").matrix.reshape(6, 6)
    assert ours == pytest.approx(delong(flat[:, data.is_diseased], flat[:, ~data.is_diseased]).covariance, abs=1e-14)


def loop_covariance(kernels: list[Floats]) -> Floats:
    """Unbiased covariance by four loops over cases; NaN in a kernel: not read."""

    def product_mean(a: Floats, b: Floats) -> tuple[float, float]:
        together, apart, ways = 0.0, [], 0
        for (d, k), (m, n) in product(np.ndindex(*a.shape), np.ndindex(*b.shape)):
            if math.isnan(a[d, k]) or math.isnan(b[m, n]):
                continue
            ways += 1
            together += a[d, k] * b[m, n]
            if d != m and k != n:
                apart.append(a[d, k] * b[m, n])
        return together / ways, float(np.mean(apart))

    matrix = np.empty((len(kernels), len(kernels)))
    for one, two in product(range(len(kernels)), repeat=2):
        whole, squared = product_mean(kernels[one], kernels[two])
        matrix[one, two] = whole - squared
    return matrix


@pytest.mark.parametrize("is_complete", [True, False])
def test_unbiased_covariance_is_that_of_four_loops(is_complete: bool) -> None:
    data = drawn(3, (1, 3, 12))
    if not is_complete:
        ratings = data.ratings.copy()
        ratings[0, 0, [1, 5, 7]] = np.nan
        ratings[0, 1, [2, 5]] = np.nan
        data = _study(ratings, data.is_diseased)
    kernels = []
    for row in data.ratings[0]:
        kernel = psi(row[~data.is_diseased], row[data.is_diseased])
        missing = np.isnan(row[data.is_diseased])[:, None] | np.isnan(row[~data.is_diseased])[None]
        kernels.append(np.where(missing, np.nan, kernel))
    ours = cell_covariance(figure_cells(data, "roc-auc"), data, "unbiased").matrix[0, :, 0]
    assert ours == pytest.approx(loop_covariance(kernels), abs=1e-13)


def froc_study(seed: int) -> ReaderData:
    rng = np.random.default_rng(seed)
    truth = np.arange(24) % 2 == 0
    case = np.repeat(np.flatnonzero(truth), rng.integers(1, 4, truth.sum()))
    weight = 1 / np.bincount(case)[case]
    ids = tuple(str(n) for n in range(len(case)))
    on = np.where(rng.random((2, 2, len(case))) < 0.7, rng.integers(2, 7, (2, 2, len(case))), -np.inf)
    marks = np.array([rng.integers(0, top, 60) for top in (2, 2, 24)])
    false = FalseMarks(marks[0], marks[1], marks[2], rng.integers(1, 5, 60).astype(float))
    ratings = np.full((2, 2, 24), -np.inf)
    np.maximum.at(ratings, (slice(None), slice(None), case), on)
    np.maximum.at(ratings, (false.condition, false.reader, false.case), false.rating)
    cases = tuple(str(n) for n in range(24))
    lesions = Lesions(ids, case, weight)
    return ReaderData("froc", ("a", "b"), ("1", "2"), cases, truth, ratings, None, None, lesions, on, false)


def test_unbiased_covariance_of_weighted_afroc_is_near_delongs() -> None:
    data = froc_study(4)
    cells = figure_cells(data, "wafroc-auc")
    unbiased = cell_covariance(cells, data, "unbiased").matrix
    assert unbiased == pytest.approx(cell_covariance(cells, data, "delong").matrix, abs=6e-4)
    assert np.einsum("ijij->ij", unbiased).min() > 0.001


def test_unbiased_covariance_of_the_lroc_area_is_that_of_four_loops() -> None:
    rng = np.random.default_rng(21)
    truth = np.arange(12) % 2 == 0
    correct, incorrect = (np.where(rng.random((1, 2, 12)) < 0.7, rng.integers(1, 5, (1, 2, 12)), -np.inf) for _ in "ab")
    correct[:, :, ~truth] = -np.inf
    flat = _study(np.maximum(correct, incorrect), truth)
    data = replace(flat, paradigm="lroc", correct=correct, incorrect=incorrect)
    kernels = [
        np.where(right[truth][:, None] == -np.inf, 0.0, psi(rating[~truth], right[truth]))
        for rating, right in zip(data.ratings[0], correct[0], strict=True)
    ]
    ours = cell_covariance(figure_cells(data, "lroc-auc"), data, "unbiased").matrix[0, :, 0]
    assert ours == pytest.approx(loop_covariance(kernels), abs=1e-13)


def test_missing_readings_are_said_in_every_row() -> None:
    ratings = drawn(22).ratings.copy()
    ratings[0, 0, 3] = np.nan
    assert all("readings are missing" in row.note for row in analysed(_study(ratings, drawn(22).is_diseased)))


def test_unbiased_covariance_is_refused_for_a_figure_that_is_no_mean_over_pairs() -> None:
    data = drawn(5)
    with pytest.raises(InputError, match="no unbiased covariance of partial-auc"):
        cell_covariance(figure_cells(data, "partial-auc@0.8-1"), data, "unbiased")
    with pytest.raises(InputError, match="no covariance of sensitivity@3 by DeLong"):
        cell_covariance(figure_cells(data, "sensitivity@3"), data, "delong")


def test_bootstrap_of_a_seed_repeats_itself_and_is_near_the_jackknife() -> None:
    data = drawn(6, (2, 2, 60))

    def figure(study: ReaderData) -> Floats:
        return figure_cells(study, "roc-auc").values

    once, again = (bootstrap_covariance(figure, data, np.random.default_rng(7), 400).matrix for _ in range(2))
    assert (once == again).all()
    jackknife = cell_covariance(figure_cells(data, "roc-auc"), data).matrix
    assert once == pytest.approx(jackknife, rel=0.35, abs=2e-4)


def test_bootstrap_draws_patients_whole_and_keeps_how_many_are_diseased() -> None:
    data = replace(drawn(8, (1, 1, 20)), patients=tuple(f"p{n // 2}" for n in range(20)))
    ill = {name for name, truth in zip(data.patients, data.is_diseased, strict=True) if truth}
    for chosen in stratified_draws(data, np.random.default_rng(1), 20):
        study = resampled(data, chosen)
        counts = {name: study.patients.count(name) for name in study.patients}
        assert all(count % 2 == 0 for count in counts.values())
        assert sum(count for name, count in counts.items() if name in ill) == 2 * len(ill)
        assert (study.ratings == data.ratings[:, :, chosen]).all()


def test_a_case_drawn_twice_brings_its_lesions_and_marks_twice() -> None:
    data = froc_study(9)
    chosen = np.array([0, 0, 1, 2, 3, 3, 3])
    study = resampled(data, chosen)
    assert study.lesions is not None
    assert data.lesions is not None
    assert study.false_marks is not None
    assert data.false_marks is not None
    assert study.lesion_ratings is not None
    assert data.lesion_ratings is not None
    for new, old in enumerate(chosen):
        of_new, of_old = study.lesions.case == new, data.lesions.case == old
        assert (study.lesion_ratings[:, :, of_new] == data.lesion_ratings[:, :, of_old]).all()
        marks = [sorted(m.rating[m.case == k]) for m, k in ((study.false_marks, new), (data.false_marks, old))]
        assert marks[0] == marks[1]


# designs ----------------------------------------------------------------------------------------------------------


def test_designs_are_told_from_what_was_read() -> None:
    shape = (2, 3, 12)
    crossed = np.ones(shape, dtype=bool)
    in_readers, in_conditions, of_condition = (np.zeros(shape, dtype=bool) for _ in range(3))
    for n in range(3):
        in_readers[:, n, n * 4 : n * 4 + 4] = True
    for n in range(2):
        in_conditions[n, :, n * 6 : n * 6 + 6] = True
    of_condition[0, :2] = of_condition[1, 2:] = True
    holed = crossed.copy()
    holed[0, 0, 0] = False
    found = [find_design(read) for read in (crossed, in_readers, in_conditions, of_condition, holed)]
    assert found == ["crossed", "cases in readers", "cases in conditions", "readers in conditions", "incomplete"]


def test_readers_of_one_condition_each_are_compared_with_their_own_spread() -> None:
    data = drawn(10, (2, 6, 40))
    ratings = data.ratings.copy()
    ratings[0, 3:] = ratings[1, :3] = np.nan
    data = _study(ratings, data.is_diseased)
    cells = figure_cells(data, "roc-auc")
    covariance = cell_covariance(cells, data)
    row = obuchowski_rockette("roc-auc", cells.values, covariance, data.conditions, data.readers).overall
    assert covariance.design == "readers in conditions"
    assert row is not None
    groups = cells.values[0, :3], cells.values[1, 3:]
    within = sum(float(((g - g.mean()) ** 2).sum()) for g in groups) / 4
    average = components(covariance)
    denominator = within + 3 * max(average.cov2 - average.cov3, 0)
    between = 3 * float(np.var([g.mean() for g in groups], ddof=1))
    assert row.statistic == pytest.approx(between / denominator)
    assert row.df == pytest.approx((1, denominator**2 / (within**2 / 4)))


# tests ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.sampled_from(["rrrc", "frrc", "rrfc"]))
@settings(max_examples=25, deadline=None)
def test_swapping_two_conditions_turns_every_difference_and_keeps_every_p(seed: int, to: str) -> None:
    data = drawn(seed)
    straight, turned = analysed(data, to), analysed(data.take(conditions=[1, 0]), to)
    assert straight[0].p == pytest.approx(turned[0].p, nan_ok=True, rel=1e-9)
    assert straight[1].difference == pytest.approx(-turned[1].difference, abs=1e-13)
    assert straight[1].ci == pytest.approx(tuple(-limit for limit in reversed(turned[1].ci)), nan_ok=True, abs=1e-12)
    assert straight[1].p == pytest.approx(turned[1].p, nan_ok=True, rel=1e-8)


@given(st.integers(0, 10_000), st.permutations(range(4)), st.sampled_from(["jackknife", "delong", "unbiased"]))
@settings(max_examples=25, deadline=None)
def test_order_of_the_readers_changes_nothing(seed: int, order: list[int], covariance: str) -> None:
    data = drawn(seed, (3, 4, 25))
    for to in ("rrrc", "rrfc"):
        ours, other = analysed(data, to, covariance), analysed(data.take(readers=order), to, covariance)
        for one, two in zip(ours, other, strict=True):
            assert one.p == pytest.approx(two.p, nan_ok=True, rel=1e-7)
            assert one.se == pytest.approx(two.se, nan_ok=True, rel=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_order_of_the_cases_and_a_rising_transform_of_ratings_change_nothing(seed: int) -> None:
    data = drawn(seed)
    order = np.random.default_rng(seed).permutation(len(data.cases))
    moved = _study(np.exp(data.ratings[:, :, order] / 3) - 5, data.is_diseased[order])
    for one, two in zip(analysed(data), analysed(moved), strict=True):
        assert (one.p, one.se) == pytest.approx((two.p, two.se), nan_ok=True, rel=1e-8)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_pseudovalues_give_the_f_and_p_of_obuchowski_and_rockette(seed: int) -> None:
    data = drawn(seed, (3, 4, 25))
    ours = dbm(figure_cells(data, "roc-auc"), data.conditions, data.readers).rows
    for one, two in zip(ours, analysed(data), strict=True):
        assert (one.statistic, one.p) == pytest.approx((two.statistic, two.p), nan_ok=True, rel=1e-7)


def test_three_way_table_adds_up_and_its_pseudovalues_average_to_the_figure() -> None:
    values = pseudovalues(figure_cells(drawn(11), "roc-auc"))
    table = three_way(values)
    parts = [square for name, square in table.items() if name != "Total"]
    assert sum(square.ss for square in parts) == pytest.approx(table["Total"].ss)
    assert sum(square.df for square in parts) == table["Total"].df
    assert values.mean(axis=2) == pytest.approx(figure_cells(drawn(11), "roc-auc").values)


def test_fixed_readers_have_the_jackknife_variance_of_their_mean_difference() -> None:
    data = drawn(12)
    cells = figure_cells(data, "roc-auc")
    apart = (cells.left_out[0] - cells.left_out[1]).mean(axis=0)
    count = len(apart)
    row = obuchowski_rockette(
        "roc-auc", cells.values, cell_covariance(cells, data), data.conditions, data.readers, "frrc"
    ).differences[0]
    assert row.se**2 == pytest.approx(float(apart.var()) * (count - 1))


def test_one_reader_under_two_conditions_has_delongs_test() -> None:
    data = drawn(13, (2, 1, 40))
    cells = figure_cells(data, "roc-auc")
    found = single_reader("roc-auc", cells.values, cell_covariance(cells, data, "delong"), data.conditions, "r0")
    flat = data.ratings[:, 0]
    known = paired_test(flat[:, data.is_diseased], flat[:, ~data.is_diseased])
    row = found.differences[0]
    assert (row.method, row.difference, row.se) == (
        "delong",
        pytest.approx(known.difference),
        pytest.approx(known.error),
    )
    assert row.p == pytest.approx(known.p)
    assert found.overall is not None
    assert found.overall.statistic == pytest.approx(known.z**2)


def test_one_figure_alone_has_an_interval_and_no_test() -> None:
    data = drawn(14, (1, 1, 40))
    cells = figure_cells(data, "roc-auc")
    found = single_reader("roc-auc", cells.values, cell_covariance(cells, data, "delong"), data.conditions, "r0")
    (row,) = found.rows
    assert found.overall is None
    assert math.isnan(row.p)
    assert row.ci[0] < row.difference < row.ci[1]


def test_equal_conditions_are_said_to_vary_in_nothing() -> None:
    ratings = drawn(15).ratings[:1].repeat(2, axis=0)
    data = _study(ratings, drawn(15).is_diseased)
    for to in ("rrrc", "frrc", "rrfc"):
        whole, difference = analysed(data, to)[:2]
        assert math.isnan(whole.p)
        assert math.isnan(difference.p)
        assert whole.note
        assert difference.note
        assert difference.difference == 0


def test_a_negative_variance_is_reported_as_not_available() -> None:
    data = drawn(16)
    cells = figure_cells(data, "roc-auc")
    found = cell_covariance(cells, data)
    upside_down = replace(found, matrix=-found.matrix)
    row = obuchowski_rockette("roc-auc", cells.values, upside_down, data.conditions, data.readers, "frrc").differences[
        0
    ]
    assert math.isnan(row.se)
    assert math.isnan(row.p)
    assert row.note == "the estimate of the variance is negative"
    assert row.as_entry()["p"] is None
    assert row.as_entry()["ci"] is None


def test_readers_at_large_need_two_readers_and_pseudovalues_need_every_reading() -> None:
    one = drawn(17, (2, 1, 20))
    with pytest.raises(InputError, match="one reader read"):
        analysed(one)
    ratings = drawn(17).ratings.copy()
    ratings[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="a reading is missing"):
        dbm(figure_cells(_study(ratings, drawn(17).is_diseased), "roc-auc"), ("a", "b"), ("1", "2", "3"))


# a system against readers -----------------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_system_against_readers_by_one_and_by_two_treatments_agree(seed: int) -> None:
    data = drawn(seed, (1, 5, 30))
    cells = figure_cells(data, "roc-auc")
    found = cell_covariance(cells, data, "delong")
    readers = [(0, n) for n in range(1, 5)]
    one = standalone("roc-auc", cells.values, found, (0, 0), readers).difference
    two = two_treatments("roc-auc", cells.values, found, (0, 0), readers).overall
    assert two is not None
    assert two.statistic == pytest.approx(one.statistic**2, rel=1e-7)
    assert two.p == pytest.approx(one.p, rel=1e-7)


def test_one_reader_against_a_system_is_the_paired_test_of_both() -> None:
    data = drawn(18, (1, 2, 40))
    cells = figure_cells(data, "roc-auc")
    found = cell_covariance(cells, data, "delong")
    row = standalone("roc-auc", cells.values, found, (0, 0), [(0, 1)], "frrc").difference
    flat = data.ratings[0, [1, 0]]
    known = paired_test(flat[:, data.is_diseased], flat[:, ~data.is_diseased])
    assert (row.difference, row.se, row.p) == pytest.approx((known.difference, known.error, known.p))


def test_cases_taken_as_they_are_give_the_t_test_of_the_readers_differences() -> None:
    from scipy.stats import ttest_1samp

    data = drawn(19, (1, 6, 40))
    cells = figure_cells(data, "roc-auc")
    row = standalone("roc-auc", cells.values, None, (0, 0), [(0, n) for n in range(1, 6)], "rrfc").difference
    known = ttest_1samp(cells.values[0, 1:], cells.values[0, 0])
    assert (row.statistic, row.p, row.covariance) == (pytest.approx(known.statistic), pytest.approx(known.pvalue), None)


def test_a_system_may_stand_under_another_condition_than_the_readers() -> None:
    data = drawn(20, (2, 4, 40))
    cells = figure_cells(data, "roc-auc")
    found = cell_covariance(cells, data)
    readers = [(0, n) for n in range(1, 4)]
    there = standalone("roc-auc", cells.values, found, (1, 0), readers).difference
    flat = _study(np.concatenate([data.ratings[1:, :1], data.ratings[:1, 1:]], axis=1), data.is_diseased)
    cells = figure_cells(flat, "roc-auc")
    here = standalone("roc-auc", cells.values, cell_covariance(cells, flat), (0, 0), readers).difference
    assert (there.p, there.se) == pytest.approx((here.p, here.se))
