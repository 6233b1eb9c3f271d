"""pROC's entries of the reference pack: areas, DeLong, partial areas, operating points and power of one reader."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.stats.reference_pack import Entry, agree, entries, leaves, load, needs_pack

from overread.stats.curves import Curve, roc_curve
from overread.stats.delong import Areas, PairedTest, area_interval, delong, paired_test, unpaired_test
from overread.stats.operating_points import (
    RocPoint,
    best_points,
    halfway_below,
    sensitivity_at,
    specificity_at,
)
from overread.stats.partial_auc import mcclish, partial_area
from overread.stats.roc_power import cases_needed, fitted_area_variance, one_area, power, two_areas

pytestmark = [pytest.mark.light, pytest.mark.shared, needs_pack]

LEFT_OUT = {"bootstrap_auc_ci_s100b": "the one bootstrap interval: its random stream cannot be had here"}
DATASETS = ("franken_roc", "vandyke_roc", "handmade_roc_ties", "single_reader_asah")


class _Ratings:
    """Ratings of one reader under one condition."""

    def __init__(self, values: np.ndarray, truth: np.ndarray) -> None:
        self.values, self.truth = values, truth

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        return self.values[self.truth], self.values[~self.truth]

    @property
    def areas(self) -> Areas:
        return delong(*self.parts)

    @property
    def curve(self) -> Curve:
        return roc_curve(self.values, self.truth)

    @property
    def auc(self) -> float:
        return float(self.areas.values[0])

    @property
    def variance(self) -> float:
        return float(self.areas.covariance[0, 0])

    def interval(self, level: float = 0.95) -> list[float]:
        low, high = area_interval(self.auc, self.variance, level, "proc")
        return [low, self.auc, high]

    def points(self) -> dict[str, Any]:
        """From where all are called to where none is, at thresholds between ratings."""
        curve = self.curve
        cuts = [halfway_below(self.values, t) for t in curve.thresholds]
        return {
            "thresholds": cuts[::-1],
            "sens": curve.y[::-1].tolist(),
            "spec": (1 - curve.x[::-1]).tolist(),
        }

    def best(self, **rule: Any) -> dict[str, Any]:
        points = best_points(self.values, self.truth, convention="proc", **rule)
        return {str(n + 1): self._row(point) for n, point in enumerate(points)}

    def _row(self, point: RocPoint) -> dict[str, float]:
        threshold = halfway_below(self.values, point.threshold)
        return {"threshold": threshold, "specificity": point.specificity, "sensitivity": point.sensitivity}


@cache
def _ratings(dataset: str, condition: int, reader: int) -> _Ratings:
    data = load(dataset)
    return _Ratings(data.ratings[condition, reader], data.is_diseased)


def _both(first: _Ratings, second: _Ratings) -> Areas:
    positive, negative = (np.stack(rows) for rows in zip(first.parts, second.parts, strict=True))
    return delong(positive, negative)


def _paired(first: _Ratings, second: _Ratings) -> PairedTest:
    diseased, healthy = zip(first.parts, second.parts, strict=True)
    return paired_test(diseased, healthy)


def _of_multi_reader(entry: Entry, dataset: str) -> Any:
    words = entry.name.split("_")
    reader = int(words[3]) - 1
    first, second = _ratings(dataset, 0, reader), _ratings(dataset, 1, reader)
    if words[:2] == ["delong", "paired"]:
        test, covariance = _paired(first, second), _both(first, second).covariance
        return {
            "auc1": first.auc,
            "auc2": second.auc,
            "var1": first.variance,
            "var2": second.variance,
            "cov12": covariance[0, 1],
            "ci1": first.interval(),
            "ci2": second.interval(),
            "Z": test.z,
            "p": test.p,
            "diff_ci": test.interval,
        }
    if words[:2] == ["delong", "unpaired"]:
        alone = unpaired_test(first.parts, second.parts)
        return {"D": alone.t, "df": alone.df, "p": alone.p}
    one = first if words[-1] == "1" else second
    area = partial_area(one.curve, 0.8, 1.0)
    return one.points() | {
        "auc": one.auc,
        "pauc_spec_1_0.8": area,
        "pauc_spec_1_0.8_McClish": mcclish(area, 0.8, 1.0),
        "pauc_sens_1_0.8": partial_area(one.curve, 0.8, 1.0, "sensitivity"),
        "youden": one.best(),
        "closest": one.best(rule="closest"),
    }


def _of_ties(entry: Entry) -> Any:
    one = _ratings("handmade_roc_ties", 0, 0)
    if entry.name == "perfect_separation":
        one = _Ratings(np.arange(8.0), np.arange(8) >= 4)
    if entry.name == "all_equal_ratings":
        one = _Ratings(np.full(8, 3.0), np.arange(8) >= 4)
    own = {"auc": one.auc, "var": one.variance, "var_delong": one.variance, "ci": one.interval()}
    return own | one.points() | {"youden": one.best()}


def _of_single_reader(entry: Entry) -> Any:
    names = load("single_reader_asah").conditions
    by_name = {name: _ratings("single_reader_asah", i, 0) for i, name in enumerate(names)}
    words = entry.name.split("_")
    if words[0] == "auc":
        return _single(by_name[words[1]])
    if words[0] == "power":
        return _power(entry.name, by_name)
    first, second = (by_name[word] for word in words if word in by_name)
    if words[0] == "cov":
        return float(_both(first, second).covariance[0, 1])
    if words[-1] == "unpaired":
        alone = unpaired_test(first.parts, second.parts)
        return {"statistic": alone.t, "parameter": alone.df, "p": alone.p}
    test = _paired(first, second)
    p = test.p / 2 if words[2] == "onesided" else test.p  # the statistic lies on the side that was asked for
    return {"statistic": test.z, "p": p, "conf_int": test.interval}


def _single(one: _Ratings) -> dict[str, Any]:
    area = partial_area(one.curve, 0.9, 1.0)
    diseased, healthy = (part.size for part in one.parts)
    return one.points() | {
        "auc": one.auc,
        "var_delong": one.variance,
        "var_obuchowski": fitted_area_variance(one.curve, healthy / diseased, "proc") / diseased,
        "ci_delong_95": one.interval(),
        "ci_delong_90": one.interval(0.9),
        "pauc_spec_1_0.9": area,
        "pauc_spec_1_0.9_McClish": mcclish(area, 0.9, 1.0),
        "pauc_sens_1_0.8": partial_area(one.curve, 0.8, 1.0, "sensitivity"),
        "youden": one.best(),
        "closest": one.best(rule="closest"),
        "youden_weights_cost2_prev0.3": one.best(cost=2, prevalence=0.3),
        "sens_at_spec_0.9": {"1": {"sensitivity": sensitivity_at(one.curve, 0.9, interpolate=True)}},
        "spec_at_sens_0.8": {"1": {"specificity": specificity_at(one.curve, 0.8, interpolate=True)}},
    }


def _power(name: str, by_name: dict[str, _Ratings]) -> dict[str, float]:
    if name == "power_one_roc":
        return {"power": power(one_area(0.73, 72 / 41), 41)}
    if name == "power_n_one_roc":
        cases = cases_needed(one_area(0.8), 0.9)
        return {"ncases": cases, "ncontrols": cases}
    first, second = by_name["s100b" if "paired" in name else "ndka"], by_name["wfns"]
    spread = two_areas(_both(first, second), 41, "proc")
    if name == "power_two_roc_paired":
        both = {"auc1": first.auc, "auc2": second.auc}
        return both | {"power": power(spread, 41), "ncases": 41, "ncontrols": 72}
    cases = cases_needed(spread, 0.9)
    return {"power": power(spread, cases), "ncases": cases, "ncontrols": cases * 72 / 41}


def _ours(entry: Entry, dataset: str) -> Any:
    if dataset == "handmade_roc_ties":
        return _of_ties(entry)
    return _of_single_reader(entry) if dataset == "single_reader_asah" else _of_multi_reader(entry, dataset)


def _at(tree: Any, path: tuple[str, ...]) -> float | None:
    for step in path:
        tree = tree[int(step)] if isinstance(tree, list | tuple) else tree[step]
    return None if tree is None else float(tree)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_number_of_proc_is_ours(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    faults, compared, left_out, owned = [], 0, 0, 0
    for entry in entries(dataset):
        if entry.program != "pROC":
            continue
        numbers = list(leaves(entry.result))
        owned += len(numbers)
        if entry.name in LEFT_OUT:
            left_out += len(numbers)
            continue
        tree = _ours(entry, dataset)
        for path, theirs in numbers:
            ours = _at(tree, path)
            compared += 1
            if not agree(ours, theirs, 1e-9):
                faults.append(f"{entry.name} {'.'.join(path)}: {ours} {theirs}")
    with capsys.disabled():
        sys.stdout.write(f"\npROC, {dataset}: {compared} leaves compared, {left_out} left out\n")
    assert not faults, "\n".join(faults)
    assert compared + left_out == owned


def test_as_many_best_thresholds_come_as_proc_prints() -> None:
    for dataset in DATASETS:
        for entry in entries(dataset):
            if entry.program == "pROC" and isinstance(entry.result, dict) and "youden" in entry.result:
                assert _ours(entry, dataset)["youden"].keys() == entry.result["youden"].keys()


def test_the_bootstrap_interval_left_out_is_near_delongs() -> None:
    one = _ratings("single_reader_asah", load("single_reader_asah").conditions.index("s100b"), 0)
    (theirs,) = [e.result for e in entries("single_reader_asah") if e.name == "bootstrap_auc_ci_s100b"]
    assert one.interval() == pytest.approx(theirs, abs=0.01)
