"""Rows of a baseline table against R and scipy."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from overread.stats.baseline import CHI_SQUARE, FISHER, category_row, compare_counts, number_row

pytestmark = pytest.mark.light


def test_a_number_by_group_has_median_quartiles_mean_and_deviation() -> None:
    row = number_row("age", {"MVI+": [50, 60, 70, 80, np.nan], "MVI-": [40, 42]})
    cell = row.cells["MVI+"]
    assert (cell.known, cell.missing) == (4, 1)
    assert (cell.median, cell.lower_quartile, cell.upper_quartile) == (65, 57.5, 72.5)
    assert (cell.mean, cell.deviation) == (65, pytest.approx(np.std([50, 60, 70, 80], ddof=1)))
    assert row.cells["MVI-"].median == 41


def test_kruskal_wallis_with_ties_is_that_of_r() -> None:
    # R 4.2.2 kruskal.test, stats/reference/tables_r.json, kruskal_ties
    row = number_row("rating", {"a": [1, 2, 2, 3, 3], "b": [2, 3, 3, 4], "c": [4, 4, 5, 5, 5, 3]})
    assert row.test.statistic == pytest.approx(8.71641414141413, abs=1e-10)
    assert row.test.p == pytest.approx(0.0128013189460228, abs=1e-10)


def test_numbers_that_cannot_be_compared_say_so() -> None:
    same = number_row("age", {"a": [5, 5], "b": [5, 5]})
    assert math.isnan(same.test.p)
    assert "equal" in same.test.note
    alone = number_row("age", {"a": [5, 6], "b": [np.nan]})
    assert "fewer than two groups" in alone.test.note
    assert alone.cells["b"].known == 0
    assert math.isnan(alone.cells["b"].median)


def test_a_category_by_group_is_counted_and_the_unknown_are_told() -> None:
    row = category_row("Child-Pugh", {"MVI+": ["A", "A", "B", None], "MVI-": ["A", "B", "B"]}, levels=["A", "B", "C"])
    assert row.levels == ("A", "B", "C")
    assert row.counts["MVI+"] == {"A": 2, "B": 1, "C": 0}
    assert (row.known["MVI+"], row.missing["MVI+"]) == (3, 1)
    assert row.share("MVI-", "B") == pytest.approx(2 / 3)
    assert row.test.method == FISHER  # nobody is C: two by two, and small


def test_small_expected_counts_of_two_by_two_go_to_fisher() -> None:
    # R 4.2.2 fisher.test of tables_r.json fisher_a; expected counts from 2.6
    test = compare_counts([[8, 2], [1, 5]])
    assert test.method == FISHER
    assert test.p == pytest.approx(0.034965034965035, abs=1e-12)


def test_large_expected_counts_go_to_chi_square_without_correction() -> None:
    # R 4.2.2 chisq.test(correct = FALSE), chi2_2x2_d_plain and chi2_a
    test = compare_counts([[45, 55], [60, 40]])
    assert (test.method, test.note) == (CHI_SQUARE, "")
    assert test.statistic == pytest.approx(4.51127819548872, abs=1e-10)
    assert test.p == pytest.approx(0.0336720688563458, abs=1e-10)
    assert compare_counts([[20, 15, 30], [25, 20, 10]]).p == pytest.approx(0.00522267657460436, abs=1e-10)


def test_a_larger_table_with_small_expected_counts_is_called_rough() -> None:
    test = compare_counts([[3, 1, 0], [0, 4, 2], [1, 1, 5]])
    assert test.method == CHI_SQUARE
    assert "rough" in test.note
    assert test.p == pytest.approx(0.0164045762584413, abs=1e-10)


def test_groups_that_are_all_alike_have_nothing_to_compare() -> None:
    row = category_row("sex", {"a": ["male", "male"], "b": ["male"]})
    assert math.isnan(row.test.p)
    assert row.test.note == "nothing to compare"
    nobody = category_row("sex", {"a": [None], "b": []})
    assert nobody.levels == ()
    assert math.isnan(nobody.test.p)


def test_a_value_outside_the_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        category_row("Child-Pugh", {"a": ["D"]}, levels=["A", "B", "C"])


def test_the_order_of_patients_decides_nothing() -> None:
    ages = {"a": [61.0, 55.0, 70.0, 42.0], "b": [50.0, 66.0, 38.0]}
    turned = {group: values[::-1] for group, values in ages.items()}
    assert number_row("age", ages) == number_row("age", turned)


@pytest.mark.shared
def test_every_table_of_the_pack_has_the_p_of_its_reference(shared_data: Path) -> None:
    stats = shared_data.parent / "stats"
    tables = json.loads((stats / "datasets" / "tables.json").read_text())
    entries = {
        e["name"]: e["result"] for e in json.loads((stats / "reference" / "tables_r.json").read_text())["entries"]
    }
    for name, table in {**tables["tables2x2"]}.items():
        test = compare_counts(table)
        key = f"fisher_{name}" if test.method == FISHER else f"chi2_2x2_{name}_plain"
        assert test.p == pytest.approx(entries[key]["p"], abs=1e-10)
    for name, table in tables["tablesRxC"].items():
        assert compare_counts(table).p == pytest.approx(entries[f"chi2_{name}"]["p"], abs=1e-10)
