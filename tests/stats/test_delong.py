"""DeLong's variance and paired test against pROC, against a double loop, and on the edge."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.stats.delong import area_interval, delong, paired_test, unpaired_test

pytestmark = pytest.mark.light

HEALTHY, DISEASED = [1, 1, 2, 3, 3, 4], [2, 3, 3, 4, 5, 5]
few = st.lists(st.integers(0, 4), min_size=2, max_size=12)


def _slow_areas(diseased: np.ndarray, healthy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong 1988 written out: every pair, every placement value, every covariance by its sum."""
    readers, m, n = diseased.shape[0], diseased.shape[1], healthy.shape[1]
    psi = np.zeros((readers, m, n))
    for r in range(readers):
        for i in range(m):
            for j in range(n):
                psi[r, i, j] = 1.0 if diseased[r, i] > healthy[r, j] else 0.5 * (diseased[r, i] == healthy[r, j])
    areas = psi.mean(axis=(1, 2))
    covariance = np.zeros((readers, readers))
    for r in range(readers):
        for s in range(readers):
            s10 = sum((psi[r, i].mean() - areas[r]) * (psi[s, i].mean() - areas[s]) for i in range(m)) / (m - 1)
            s01 = sum((psi[r, :, j].mean() - areas[r]) * (psi[s, :, j].mean() - areas[s]) for j in range(n)) / (n - 1)
            covariance[r, s] = s10 / m + s01 / n
    return areas, covariance


def test_area_variance_and_interval_are_those_of_proc() -> None:
    # pROC 1.18.0: roc(truth, rating, direction = '<'); var(r); ci.auc(r)
    areas = delong(DISEASED, HEALTHY)
    assert areas.values[0] == pytest.approx(0.777777777777778, abs=1e-12)
    assert areas.covariance[0, 0] == pytest.approx(0.0182098765432099, abs=1e-12)
    low, high = area_interval(float(areas.values[0]), float(areas.covariance[0, 0]))
    assert low == pytest.approx(0.513292445725763, abs=1e-9)
    assert high == 1.0


@given(few, few, st.randoms(use_true_random=False))
def test_ranks_give_what_pairs_give(diseased: list[int], healthy: list[int], random: object) -> None:
    shuffled = [random.sample(values, len(values)) for values in (diseased, healthy)]  # type: ignore[attr-defined]
    two = [np.array([values, other], dtype=float) for values, other in zip((diseased, healthy), shuffled, strict=True)]
    fast, (areas, covariance) = delong(*two), _slow_areas(*two)
    np.testing.assert_allclose(fast.values, areas, atol=1e-12)
    np.testing.assert_allclose(fast.covariance, covariance, atol=1e-12)


def test_a_perfect_reader_has_no_variance_and_an_empty_class_no_area() -> None:
    perfect = delong([3, 4], [1, 2])
    assert (perfect.values[0], perfect.covariance[0, 0]) == (1.0, 0.0)
    assert np.isnan(delong([], [1, 2]).values[0])
    assert np.isnan(delong([1], [2, 3]).covariance[0, 0])
    assert all(math.isnan(v) for v in area_interval(1.0, math.nan))


def test_classes_that_are_parted_wholly_give_no_interval_of_no_width() -> None:
    areas = delong([3.0, 4.0, 5.0], [0.0, 1.0])
    assert areas.values[0] == 1
    assert all(math.isnan(v) for v in area_interval(1.0, float(areas.covariance[0, 0])))


def test_equal_readers_do_not_differ_and_have_no_p() -> None:
    test = paired_test([DISEASED, DISEASED], [HEALTHY, HEALTHY])
    assert test.difference == 0
    assert math.isnan(test.p)


@pytest.mark.shared
def test_paired_test_is_that_of_proc_for_every_reader_of_a_published_study(shared_data: Path) -> None:
    stats = shared_data.parent / "stats"
    study = json.loads((stats / "datasets" / "vandyke_roc.json").read_text())
    reference = json.loads((stats / "reference" / "vandyke_roc.json").read_text())["entries"]
    truth = {case["id"]: case["truth"] for case in study["cases"]}
    ratings = {(m, r, c): x for m, r, c, x in study["readings"]["rows"]}
    for reader in study["readers"]:
        (entry,) = [e for e in reference if e["name"] == f"delong_paired_reader_{reader}" and e["program"] == "pROC"]
        parts = [
            [[ratings[m, reader, c] for c in truth if truth[c] == label] for m in study["modalities"]]
            for label in (1, 0)
        ]
        test = paired_test(*parts)
        expected = entry["result"]
        assert test.first == pytest.approx(expected["auc1"], abs=1e-9)
        assert test.second == pytest.approx(expected["auc2"], abs=1e-9)
        assert abs(test.z) == pytest.approx(abs(expected["Z"]), abs=1e-9)
        assert test.p == pytest.approx(expected["p"], abs=1e-9)
        assert sorted(map(abs, test.interval)) == pytest.approx(sorted(map(abs, expected["diff_ci"])), abs=1e-9)


def test_areas_on_different_cases_are_compared_with_their_own_variances() -> None:
    rng = np.random.default_rng(12)
    first = (rng.normal(size=30) + 1, rng.normal(size=40))
    second = (rng.normal(size=50) + 0.5, rng.normal(size=20))
    there, back = unpaired_test(first, second), unpaired_test(second, first)
    variance = sum(float(delong(*pair).covariance[0, 0]) for pair in (first, second))
    assert there.error == pytest.approx(math.sqrt(variance))
    assert back.t == pytest.approx(-there.t)
    assert 69 - 1e-9 <= there.df <= 138 + 1e-9
    normal = math.erfc(abs(there.t) / math.sqrt(2))
    assert normal < there.p < normal * 1.1


def test_a_perfect_area_has_an_interval_only_by_convention() -> None:
    assert all(math.isnan(limit) for limit in area_interval(1.0, 0.0))
    assert area_interval(1.0, 0.0, convention="proc") == (1.0, 1.0)
