"""Planning from pilot components, against RJafroc and against its own definitions."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.reference_pack import Entry, agree, entries, leaves, load, needs_pack

from overread.core.errors import InputError
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.covariance import cell_covariance
from overread.stats.mrmc.dbm import dbm
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.power import (
    Need,
    Pilot,
    Power,
    cases_for_readers,
    mrmc_power,
    power_table,
    pseudovalue_power,
    readers_for_cases,
    standalone_power,
)
from overread.stats.mrmc.rows import Generalisation
from overread.stats.mrmc.standalone import standalone, standalone_components

pytestmark = pytest.mark.light
LEFT_OUT = {"froc_sample_size_dataset04": "the search-model fit; its effect scale is compared in test_search_model"}
DATASETS = {"dataset02": "vandyke_roc", "dataset03": "franken_roc"}
VANDYKE = Pilot(114, 0.00020040252, 0.00080228827, 0.00034661371, 0.00034407483, 0.00023902837)


def pilot_of(call: str) -> tuple[Pilot, float]:
    """Components and observed effect of the dataset that a call names."""
    if "dataset=NULL" in call:
        return VANDYKE, math.nan
    data = load(DATASETS[re.findall(r"dataset0\d", call)[0]])
    cells = figure_cells(data, "roc-auc")
    covariance = cell_covariance(cells, data)
    ours = obuchowski_rockette("roc-auc", cells.values, covariance, data.conditions, data.readers, convention="rjafroc")
    return Pilot.of(ours.components, covariance.count), ours.differences[0].difference


def power_tree(entry: Entry) -> Any:
    call = entry.call
    pilot, observed = pilot_of(call)
    to: Generalisation = re.findall(r"RRRC|FRRC|RRFC", call)[0].lower()
    if call.startswith("SsPowerTable"):
        return {f"powerTable{to.upper()}": _printed(power_table(pilot, 0.06, generalises_to=to))}
    number = {name: float(value) for name, value in re.findall(r"\b(J|K|effectSize)=([\d.]+)", call)}
    effect = number.get("effectSize", observed)
    if call.startswith("SsSampleSize"):
        need = cases_for_readers(pilot, effect, int(number["J"]), to)
        row = {f"K{to.upper()}": need.cases, f"power{to.upper()}": need.power}
        return need.cases if to == "rrfc" else {"1": row}
    make = pseudovalue_power if "HB2004" in call else mrmc_power
    found = make(pilot, effect, int(number["J"]), int(number["K"]), to)
    name, word = to.upper(), "chsq" if math.isinf(found.df) else "f"
    return {
        "1": {
            f"power{name}": found.power,
            f"ncp{name}": found.noncentrality,
            f"df2{name}": found.df,
            f"{word}{name}": found.critical,
        }
    }


def _printed(table: Sequence[Need]) -> dict[str, Any]:
    """The table as RJafroc prints it: every row twice, up to the first with fewer than 20 cases."""
    rows = []
    for need in table:
        words = ">2000" if need.cases is None else "<20" if need.cases < 20 else str(need.cases)
        power = f"{round(need.power, 3):g}" if words.isdigit() else None
        rows += [{"numReaders": str(need.readers), "numCases": words, "power": power}] * 2
        if words == "<20":
            break
    return {str(n + 1): row for n, row in enumerate(rows)}


@pytest.mark.shared
@needs_pack
def test_every_number_that_rjafroc_planned_with_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    counted, wrong = 0, []
    owned = [entry for entry in entries("power") if entry.name not in LEFT_OUT]
    for entry in owned:
        tree = power_tree(entry)
        for path, theirs in leaves(entry.result):
            ours = tree
            for step in path:
                ours = ours[step]
            counted += 1
            # noncentral distributions are sums that programs end at different places
            if not agree(
                None if ours is None else float(ours), theirs, 1e-6 if any("power" in step for step in path) else 1e-9
            ):
                wrong.append((entry.name, path, ours, theirs))
    with capsys.disabled():
        print(f"\npower: {counted} numbers of {len(owned)} runs compared; left out: {LEFT_OUT}")  # noqa: T201
    assert wrong == []
    assert counted == sum(1 for entry in owned for _ in leaves(entry.result))


@pytest.mark.shared
@needs_pack
@pytest.mark.parametrize("dataset", ["dataset02", "dataset03"])
def test_table_of_readers_and_cases_is_the_one_rjafroc_prints(dataset: str) -> None:
    entry = next(entry for entry in entries("power") if entry.name == f"power_table_{dataset}_RRRC")
    assert power_tree(entry) == entry.result


@pytest.mark.shared
@needs_pack
def test_pseudovalues_give_the_same_pilot_where_cov2_exceeds_cov3() -> None:
    data = load("vandyke_roc")
    cells = figure_cells(data, "roc-auc")
    parts = dbm(cells, data.conditions, data.readers).components
    pilot, _ = pilot_of("dataset02")
    count = pilot.cases
    assert parts["var_tr"] == pytest.approx(pilot.var_tr, rel=1e-9)
    assert parts["var_error"] / count == pytest.approx(pilot.variance - pilot.cov1 - pilot.cov2 + pilot.cov3, rel=1e-9)
    assert parts["var_tc"] / count == pytest.approx(pilot.cov2 - pilot.cov3, rel=1e-9)


@pytest.mark.shared
@needs_pack
def test_power_against_a_system_starts_from_the_statistic_that_was_observed() -> None:
    data = load("cad_lroc")
    cells = figure_cells(data, "inferred-roc-auc")
    covariance = cell_covariance(cells, data)
    readers = [(0, n) for n in range(1, 10)]
    row = standalone(cells.name, cells.values, covariance, (0, 0), readers).difference
    pilot = Pilot.of(standalone_components(cells.values, covariance, (0, 0), readers), covariance.count)
    found = standalone_power(pilot, row.difference, 9, covariance.count)
    assert pilot.var_tr > 0
    assert found.noncentrality == pytest.approx(row.statistic**2, rel=1e-9)
    assert found.df == pytest.approx(row.df[0], rel=1e-9)


effects = st.floats(0.01, 0.2)
kinds = st.sampled_from(["rrrc", "frrc", "rrfc"])


@settings(deadline=None)
@given(effects, st.integers(2, 30), st.integers(20, 1500), kinds, st.booleans())
def test_a_larger_effect_more_readers_and_but_for_rrrc_more_cases_never_lower_the_power(
    effect: float, readers: int, cases: int, to: Generalisation, is_standalone: bool
) -> None:
    make = standalone_power if is_standalone else mrmc_power
    power = make(VANDYKE, effect, readers, cases, to).power
    assert 0.05 - 1e-9 <= power <= 1 + 1e-12
    if to != "rrrc":
        # with few readers at random, more cases also leave fewer degrees of freedom
        assert make(VANDYKE, effect, readers, cases + 50, to).power >= power - 1e-9
    assert make(VANDYKE, effect * 1.2, readers, cases, to).power >= power - 1e-9
    if readers > 2:
        assert make(VANDYKE, effect, readers + 1, cases, to).power >= power - 1e-9


@settings(deadline=None)
@given(effects, st.integers(3, 12), kinds)
def test_fewest_cases_reach_the_target_and_one_less_does_not(effect: float, readers: int, to: Generalisation) -> None:
    need = cases_for_readers(VANDYKE, effect, readers, to)
    if need.cases is None:
        assert mrmc_power(VANDYKE, effect, readers, 2000, to).power <= 0.8
        return
    assert mrmc_power(VANDYKE, effect, readers, need.cases, to).power > 0.8
    if need.cases > 2:
        assert mrmc_power(VANDYKE, effect, readers, need.cases - 1, to).power <= 0.8
    least = readers_for_cases(VANDYKE, effect, need.cases, to)
    assert least is not None
    assert least <= readers


def test_power_of_large_effects_is_the_same_averaged_as_summed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pilot = Pilot(100, 0.01, 0.001, 0.0, 0.0, 0.0)
    summed = [mrmc_power(pilot, 0.5 + n / 5, 3, 100).power for n in range(5)]
    monkeypatch.setattr("overread.stats.mrmc.power.FAR", 0.0)
    averaged = [mrmc_power(pilot, 0.5 + n / 5, 3, 100).power for n in range(5)]
    assert min(summed) < 0.99
    assert summed == pytest.approx(averaged, abs=1e-6)


def test_a_negative_component_of_readers_counts_as_none() -> None:
    flat = Pilot(100, 0.0, 0.001, 0.0004, 0.0003, 0.0002)
    below = Pilot(100, -0.002, 0.001, 0.0004, 0.0003, 0.0002)
    assert mrmc_power(below, 0.05, 5, 100) == mrmc_power(flat, 0.05, 5, 100)


def test_fixed_readers_follow_a_normal_distribution_with_the_variance_of_the_difference() -> None:
    variance = 2 / 5 * (0.001 - 0.0004 + 4 * (0.0003 - 0.0002)) * 100 / 150
    shift, edge = 0.05 / math.sqrt(variance), 1.959963984540054
    expected = 1 - 0.5 * (math.erf((edge - shift) / math.sqrt(2)) - math.erf((-edge - shift) / math.sqrt(2)))
    found = mrmc_power(Pilot(100, 0.5, 0.001, 0.0004, 0.0003, 0.0002), 0.05, 5, 150, "frrc")
    assert found.power == pytest.approx(expected, abs=1e-12)
    assert isinstance(found, Power)
    assert np.isinf(found.df)


def test_a_pilot_of_one_reader_is_refused_with_a_reason() -> None:
    with pytest.raises(InputError, match="two readers or more"):
        Pilot.of({"var_tr": math.nan, "variance": 1.0, "cov1": 0.0, "cov2": 0.0, "cov3": 0.0}, 50)
    with pytest.raises(InputError, match="one reader was asked for"):
        mrmc_power(VANDYKE, 0.05, 1, 100, "rrrc")
