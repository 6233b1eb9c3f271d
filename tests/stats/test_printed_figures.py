"""Printed figures against whole numbers: the three readers of stats/CONFIDENCE.md."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats import multiclass
from overread.stats.agreement import pair_counts
from overread.stats.printed_figures import Consistency, PrintedClass, check_printed, prints_as

pytestmark = pytest.mark.light

TOTALS = {"hcc": 207, "icc": 83, "metastasis": 110}
A = (("0.84", "0.90", "0.86"), ("0.63", "0.79", "0.52"), ("0.60", "0.92", "0.66"))
B = (("0.77", "0.89", "0.82"), ("0.73", "0.67", "0.49"), ("0.39", "0.97", "0.53"))
C = (("0.55", "0.63", "0.58"), ("0.50", "0.61", "0.34"), ("0.36", "0.96", "0.50"))


def _check(figures: tuple[tuple[str, str, str], ...], accuracy: str, macro_f1: str) -> Consistency:
    classes = [PrintedClass(name, cases, *each) for (name, cases), each in zip(TOTALS.items(), figures, strict=True)]
    return check_printed(classes, accuracy, macro_f1)


@pytest.mark.parametrize(
    ("figures", "accuracy", "macro_f1", "tables", "margins"),
    [(A, "0.73", "0.68", 27, 2), (B, "0.66", "0.61", 80, 8)],
)
def test_readers_a_and_b_can_be_counts(
    figures: tuple[tuple[str, str, str], ...], accuracy: str, macro_f1: str, tables: int, margins: int
) -> None:
    result = _check(figures, accuracy, macro_f1)
    assert result.faults == ()
    assert (result.tables, len(result.margins)) == (tables, margins)


def test_of_reader_c_one_figure_and_nothing_else_cannot_be() -> None:
    result = _check(C, "0.49", "0.47")
    assert len(result.faults) == 1
    assert "0.50 is not k/83" in result.faults[0]
    assert [m.true_positives for m in result.margins] == [(113, 42, 40)]
    assert result.tables == 12


def test_the_mean_f1_of_the_text_is_named_beside() -> None:
    result = _check(C, "0.49", "0.49")
    assert ["0.50 is not k/83" in result.faults[0], "macro F1 0.49" in result.faults[1]] == [True, True]
    assert len(result.faults) == 2


def test_an_accuracy_that_is_no_share_is_named() -> None:
    classes = [PrintedClass("a", 2, "0.50", "0.50", "0.50"), PrintedClass("b", 2, "0.50", "0.50", "0.50")]
    assert check_printed(classes, "0.50", "0.50").faults == ()
    assert "0.60 is not k/4" in check_printed(classes, "0.60", "0.50").faults[0]


def test_a_print_between_two_may_come_from_either_side() -> None:
    assert prints_as(0.865, "0.86")
    assert prints_as(0.865, "0.87")
    assert not prints_as(0.8651, "0.86")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=6, max_size=40))
def test_what_was_counted_and_printed_is_never_doubted(cases: list[tuple[int, int]]) -> None:
    truth, calls = (list(column) for column in zip(*cases, strict=True))
    if len(set(truth)) < 3:
        return
    table = pair_counts(truth, calls, 3)
    counts = multiclass.confusion(truth, calls, 3)
    shares = zip(multiclass.sensitivity(counts), multiclass.specificity(counts), multiclass.f1(counts), strict=True)
    classes = [PrintedClass(str(k), int(table[k].sum()), *(f"{v:.2f}" for v in each)) for k, each in enumerate(shares)]
    result = check_printed(classes, f"{multiclass.accuracy(counts):.2f}", f"{multiclass.macro_f1(counts):.2f}")
    assert result.faults == ()
    assert tuple(int(v) for v in table.diagonal()) in {m.true_positives for m in result.margins}
