"""Rows of systems of classes against figures counted by hand or printed by the papers."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from tests.evaluation.classes.conftest import class_answer, class_case

from overread.core.reading import Mark, Reader, Reading
from overread.evaluation.classes.answers import Answers, class_rows, patient_answers, region_answers
from overread.evaluation.classes.case import SYSTEM, ClassCase, ClassLesion
from overread.evaluation.classes.measuring import answer_of
from overread.evaluation.classes.multiphase import LARGEST_SCORE, WITH_REGION, class_metrics, lroc_of, multiphase_rows
from overread.evaluation.classes.mvi import EXACT_ODDS, THREE_SEEN, THREE_SIGNS, ceiling_share_rows, mvi_rows
from overread.evaluation.classes.published import PUBLISHED
from overread.evaluation.classes.triage import ANY_SLICE_RULE, SUM_RULE, endless_ratio_notes, triage_rows
from overread.evaluation.classes.trivial import DIAMETER, MAJORITY, OF_REGIONS, majority_rows, measure_rows
from overread.evaluation.rows import BOOTSTRAP, Heading, Patients, Row, find_row
from overread.stats.merit.lroc import lroc_auc
from overread.stats.multiclass import NO_CALL

THREE = ("hcc", "icc", "metastasis")
TRIAGE = ("benign", "primary", "metastasis")
MVI = ("mvi-", "mvi+")


def _people(cases: Sequence[ClassCase]) -> Patients:
    return Patients([case.patient for case in cases], 1)


def _value(rows: Sequence[Row], metric: str, **wanted: object) -> float:
    row = find_row(rows, metric=metric, **{"level": "patient", "subset": "all", **wanted})
    assert row is not None, metric
    return float(row["value"])


def test_the_counts_of_reader_a_give_what_the_paper_printed_of_him() -> None:
    table = np.array([[173, 28, 6], [13, 52, 18], [7, 37, 66]])  # stats/CONFIDENCE.md
    truth = np.repeat(np.repeat(np.arange(3), 3), table.ravel())
    calls = np.repeat(np.tile(np.arange(3), 3), table.ravel())
    people = Patients([str(n) for n in range(400)], 1)
    answers = Answers(truth, calls, np.full((400, 3), np.nan), people.of_case, np.full(400, np.nan))
    rows = class_rows(Heading("patient", "A"), answers, THREE, people)
    printed = {e["metric"]: e["value"] for e in PUBLISHED["multiphase-characterisation"] if "logist A" in e["reader"]}
    for metric in ("accuracy", "macro-f1", *(f"{m}-{k}" for k in THREE for m in ("sensitivity", "specificity", "f1"))):
        # F1 of HCC is .865 and printed .86
        assert abs(_value(rows, metric) - printed[metric]) <= 0.0051, metric
    assert find_row(rows, metric="ece") is None  # nobody has scores


def test_a_case_without_a_region_is_a_miss_and_has_no_calibration() -> None:
    certain = {"hcc": 1.0, "icc": 0.0, "metastasis": 0.0}
    cases = [class_case("a", "hcc", class_answer(certain)), class_case("b", "hcc", class_answer(None))]
    cases.append(class_case("c", "icc", class_answer({"hcc": 0.0, "icc": 1.0, "metastasis": 0.0})))
    people = _people(cases)
    answers = patient_answers(cases, THREE, people)
    rows = class_rows(Heading("patient", "x"), answers, THREE, people)
    assert answers.calls.tolist() == [0, NO_CALL, 1]
    assert _value(rows, "accuracy") == pytest.approx(2 / 3, abs=1e-4)
    assert _value(rows, "sensitivity-hcc") == 0.5
    assert _value(rows, "specificity-icc") == 1.0
    assert _value(rows, "f1-hcc") == pytest.approx(2 / 3, abs=1e-4)
    # hcc rated 1 and nothing, icc rated 0: one pair right, one wrong
    assert _value(rows, "roc-auc-hcc") == 0.5
    ece = find_row(rows, metric="ece")
    assert ece is not None
    assert (ece["value"], ece["n"]["cases"]) == (0.0, 2)


def test_only_regions_on_a_lesion_are_counted_as_regions_and_each_has_its_cases_class() -> None:
    vector = {"hcc": 0.2, "icc": 0.7, "metastasis": 0.1}
    answer = class_answer(vector, regions=[(0.9, "hit"), (0.8, "false"), (0.7, "repeat")])
    cases = [class_case("a", "icc", answer), class_case("b", "hcc", class_answer(None))]
    regions = region_answers(cases, THREE, _people(cases))
    assert regions.truth.tolist() == [1, 1]
    assert regions.calls.tolist() == [1, 1]
    assert regions.patient.tolist() == [0, 0]


def _rated(name: str, label: str, hcc: float | None, first: str = "hit") -> ClassCase:
    vector = None if hcc is None else {"hcc": hcc, "icc": 1 - hcc, "metastasis": 0.0}
    return class_case(name, label, class_answer(vector, regions=[(0.9, first), (0.5, "hit")], confidence=0.8))


def test_lroc_counts_a_case_that_was_never_localised_as_a_miss() -> None:
    cases = [_rated("a", "hcc", 0.9), _rated("b", "hcc", 0.6, "false"), _rated("c", "hcc", None)]
    cases += [_rated("d", "icc", 0.7), _rated("e", "icc", 0.2), _rated("f", "metastasis", None)]
    rows, _, notes = multiphase_rows("x", cases, THREE, _people(cases))
    # pairs with the three others: a wins all three, b loses to d and wins two, c wins none
    assert _value(rows, "lroc-auc-hcc") == pytest.approx(5 / 9, abs=1e-4)
    assert _value(rows, "lroc-auc-hcc-strict") == pytest.approx(3 / 9, abs=1e-4)
    # no threshold up to 20 % false alarms is passed by one of three others
    assert _value(rows, "sensitivity-hcc-at-80-specificity") == pytest.approx(1 / 3, abs=1e-4)
    answers = patient_answers(cases, THREE, _people(cases))
    curve = lroc_of(cases, answers, 0, is_strict=True)
    assert curve.y[-1] == pytest.approx(1 / 3)
    assert lroc_auc(curve) == pytest.approx(3 / 9)
    (note,) = [note for note in notes if "Not localised: 2 of 6 cases (hcc 1, metastasis 1)" in note]
    assert "charged to no other" in note
    assert "not in the calibration" in note


def test_lesions_found_and_false_regions_are_counted_by_the_rule_of_hits() -> None:
    vector = {"hcc": 0.6, "icc": 0.2, "metastasis": 0.2}
    two = (ClassLesion("L1", 12.0, "hcc"), ClassLesion("L2", 40.0, "hcc"))
    answer = class_answer(vector, regions=[(0.9, "hit"), (0.8, "repeat"), (0.7, "false")])
    cases = [class_case("a", "hcc", answer, lesions=two), class_case("b", "icc", class_answer(None))]
    rows, _, _ = multiphase_rows("x", cases, THREE, _people(cases))
    found = find_row(rows, "Clopper", level="lesion", metric="sensitivity", subset="all")
    assert found is not None
    assert (found["n"]["lesions"], found["n"]["right"]) == (3, 1)
    assert _value(rows, "sensitivity", level="lesion", subset="lesion up to 2 cm") == 1.0
    assert _value(rows, "false-regions-per-case", level="lesion") == 0.5
    assert _value(rows, "regions-per-case", level="lesion") == 1.5


@pytest.mark.parametrize(("turn", "helps", "words"), [(1, True, "helps"), (-1, False, "misleads"), (0, False, "not")])
def test_confidence_is_said_to_help_only_when_the_interval_excludes_nothing_gained(
    turn: int, helps: bool, words: str
) -> None:
    rng = np.random.default_rng(2)
    cases = []
    for n in range(60):
        sure = float(rng.random())
        is_right = sure > 0.35 if turn >= 0 else sure < 0.65
        if turn == 0:
            is_right = rng.random() < 0.65
        called = "hcc" if is_right else "icc"
        vector = {name: 0.8 if name == called else 0.1 for name in THREE}
        cases.append(class_case(f"c{n}", "hcc", class_answer(vector, confidence=sure)))
    rows, found, notes = multiphase_rows("x", cases, THREE, _people(cases))
    assert found is helps
    assert any(words in note for note in notes)
    gained = find_row(rows, reader="x", subset=WITH_REGION, metric="accuracy-at-70-retained-minus-all")
    assert gained is not None
    assert (gained["ci"][0] > 0) is helps
    assert gained["n"] == {"kept": 42, "cases": 60}
    assert find_row(rows, reader=LARGEST_SCORE, metric="accuracy-at-70-retained") is not None


def test_the_any_slice_rule_gives_the_papers_row_with_both_intervals() -> None:
    cases = []
    for n in range(104 + 110):
        label = "primary" if n < 104 else "benign"
        is_called = n < 102 or n >= 104 + 77
        vector = {"benign": 0.3 if label == "primary" else 0.6, "primary": 0.4, "metastasis": 0.0}
        vector["metastasis"] = 1 - sum(vector.values())
        answer = class_answer(vector, any_slice="malignant" if is_called else "benign")
        cases.append(class_case(f"c{n}", label, answer))
    rows = triage_rows("x", cases, TRIAGE, _people(cases))
    at = {"point": ANY_SLICE_RULE, "level": "patient", "subset": "all"}
    sensitivity = find_row(rows, "Clopper", metric="sensitivity-malignant", **at)
    specificity = find_row(rows, "Clopper", metric="specificity-malignant", **at)
    assert sensitivity is not None
    assert specificity is not None
    assert [round(100 * v, 1) for v in (sensitivity["value"], *sensitivity["ci"])] == [98.1, 93.2, 99.8]
    assert [round(100 * v, 1) for v in (specificity["value"], *specificity["ci"])] == [70.0, 60.5, 78.4]
    ratio = find_row(rows, "ratio", metric="dlr-positive", **at)
    assert ratio is not None
    assert [round(v, 2) for v in (ratio["value"], *ratio["ci"])] == [3.27, 2.36, 4.61]
    log = find_row(rows, "log", metric="dlr-negative", **at)
    assert log is not None
    assert log["ci"][0] < log["value"] < log["ci"][1]
    by_sum = find_row(rows, metric="sensitivity-malignant", point=SUM_RULE)
    assert by_sum is not None
    assert by_sum["value"] == 1.0  # every primary's largest class is primary
    assert _value(rows, "roc-auc-malignant") == 1.0


def test_a_benign_case_without_a_region_is_not_called_benign() -> None:
    vector = {"benign": 0.8, "primary": 0.1, "metastasis": 0.1}
    cases = [class_case("a", "benign", class_answer(vector, any_slice="benign")),
             class_case("b", "benign", class_answer(None)),
             class_case("c", "primary", class_answer(vector, any_slice="benign"))]  # fmt: skip
    rows = triage_rows("x", cases, TRIAGE, _people(cases))
    for rule in (SUM_RULE, ANY_SLICE_RULE):
        assert _value(rows, "specificity-malignant", point=rule) == 0.5
        assert _value(rows, "sensitivity-malignant", point=rule) == 0.0


def _mvi(name: str, label: str, rating: float | None, signs: tuple[bool, bool, bool], **more: object) -> ClassCase:
    lesion = ClassLesion(
        "L1", 30.0, "hcc", True, dict(zip(("artery", "halo", "difference"), signs, strict=True)), ("halo",)
    )
    vector = None if rating is None else {"mvi-": 1 - rating, "mvi+": rating}
    answer = class_answer(vector, rating=rating, slice_scores=() if rating is None else (rating, 0.1))
    return class_case(name, label, answer, lesions=(lesion,), **more)


def test_mvi_is_counted_at_its_fixed_threshold_beside_the_three_signs() -> None:
    cases = [
        _mvi("a", "mvi+", 0.9, (True, False, False)),
        _mvi("b", "mvi+", 0.4, (True, True, False)),
        _mvi("c", "mvi-", 0.6, (False, False, False)),
        _mvi("d", "mvi-", None, (True, False, True)),
    ]
    rows = mvi_rows("x", cases, MVI, {"default": 0.5}, _people(cases))
    assert [_value(rows, m, reader="x", point="default") for m in ("sensitivity", "specificity", "accuracy")] == [
        0.5, 0.0, 0.25,
    ]  # fmt: skip
    # pairs: a over c, a over d, b under c, b over d
    assert _value(rows, "roc-auc", reader="x") == 0.75
    assert _value(rows, "sensitivity", reader=THREE_SIGNS) == 0.5
    assert _value(rows, "sensitivity", reader=THREE_SEEN) == 1.0  # the halo of b is hidden
    assert _value(rows, "specificity", reader=THREE_SIGNS) == 1.0
    assert _value(rows, "specificity", reader="x", level="slice", point="default") == 0.5
    assert find_row(rows, reader=EXACT_ODDS) is None  # no facts are known


def test_the_ceilings_grow_with_what_is_looked_at() -> None:
    cases = [_mvi("a", "mvi+", 0.9, (True, False, False)), _mvi("b", "mvi-", 0.1, (False, True, True))]
    rows = mvi_rows("x", cases, MVI, {}, _people(cases))
    seen = "ceiling, every sign seen: "
    areas = [
        _value(rows, "roc-auc", reader=seen + what)
        for what in ("signs alone", "image (signs and diameter)", "image and facts")
    ]
    hidden = _value(rows, "roc-auc", reader="ceiling, signs as far as the image shows them: image (signs and diameter)")
    assert areas == sorted(areas)
    assert 0.7 < areas[0] < 0.78  # PHANTOM 6.3: .738
    assert hidden <= areas[1]
    others = [case for case in cases if case.is_phantom is False]
    assert not any(
        r["reader"].startswith("ceiling")
        for r in mvi_rows("x", others or [_real(c) for c in cases], MVI, {}, _people(cases))
    )


def _real(case: ClassCase) -> ClassCase:
    return class_case(case.case, case.label, case.answers[SYSTEM], is_phantom=False)


def test_trivial_readers_know_only_size_count_and_the_commonest_class() -> None:
    vector = {"hcc": 1.0, "icc": 0.0, "metastasis": 0.0}
    sizes = {"a": ("hcc", 50.0), "b": ("hcc", 20.0), "c": ("icc", 30.0)}
    cases = [
        class_case(name, label, class_answer(vector), lesions=(ClassLesion("L1", size),))
        for name, (label, size) in sizes.items()
    ]
    people = _people(cases)
    truth = np.array([True, True, False])
    rows = measure_rows(OF_REGIONS, cases, {"roc-auc-hcc": truth}, people)
    assert _value(rows, "roc-auc-hcc", reader=DIAMETER) == 0.5
    commonest = majority_rows(cases, THREE, people)
    assert _value(commonest, "accuracy", reader=MAJORITY) == pytest.approx(2 / 3, abs=1e-4)
    # F1 of hcc is 2*2/(2*2+1) and of icc 0; the class that neither came nor was called is left out
    assert _value(commonest, "macro-f1", reader=MAJORITY) == pytest.approx(0.4, abs=1e-4)
    assert find_row(commonest, BOOTSTRAP, metric="macro-f1") is not None


def test_leaving_out_a_class_that_is_never_called_rightly_does_not_raise_the_mean_f1() -> None:
    vectors = {name: {other: float(other == name) for other in THREE} for name in THREE}
    cases = [
        class_case(f"{label}{n}", label, class_answer(vectors[call], confidence=sure))
        for label, call, sure in (("hcc", "hcc", 0.9), ("icc", "icc", 0.8), ("metastasis", "hcc", 0.1))
        for n in range(5)
    ]
    people = _people(cases)
    of = class_metrics(patient_answers(cases, THREE, people), 3)["macro-f1"]
    assert of(np.arange(10)) == pytest.approx(2 / 3)  # all right, but for a class that is not there any more


@pytest.mark.slow
def test_confidence_that_raises_accuracy_but_not_the_mean_f1_is_not_said_to_help() -> None:
    vectors = {name: {other: float(other == name) for other in THREE} for name in THREE}
    rng = np.random.default_rng(4)
    cases = []
    for n in range(90):
        label = THREE[n % 3]
        is_right = label == "hcc" or bool(rng.random() < 0.3)
        sure = 0.5 + rng.random() / 2 if label == "hcc" else rng.random()
        call = label if is_right else THREE[(n + 1) % 3]
        cases.append(class_case(f"c{n}", label, class_answer(vectors[call], confidence=float(sure))))
    rows, helps, notes = multiphase_rows("x", cases, THREE, _people(cases))
    gains = {
        metric: find_row(rows, reader="x", subset=WITH_REGION, metric=f"{metric}-at-70-retained-minus-all")
        for metric in ("accuracy", "macro-f1")
    }
    assert gains["accuracy"] is not None
    assert gains["accuracy"]["ci"][0] > 0
    assert gains["macro-f1"] is not None
    assert gains["macro-f1"]["ci"][0] <= 0
    assert helps is False
    assert any("not shown to help" in note for note in notes)


def test_the_papers_lroc_of_the_surest_stands_beside_ours_of_the_surest() -> None:
    sure = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.1}
    cases = [_rated("a", "hcc", 0.9), _rated("b", "icc", 0.2), _rated("c", "hcc", 0.6), _rated("d", "icc", 0.95)]
    cases = [
        class_case(c.case, c.label, class_answer(c.answers[SYSTEM].classes, confidence=sure[c.case])) for c in cases
    ]
    rows, _, _ = multiphase_rows("x", cases, THREE, _people(cases))
    printed = {e["metric"]: e["value"] for e in PUBLISHED["multiphase-characterisation"] if e["reader"] == "system"}
    assert (printed["lroc-auc-hcc"], printed["lroc-auc-hcc-at-70-retained"]) == (0.89, 0.91)
    assert printed["sensitivity-hcc-at-80-specificity-at-70-retained"] == 0.92
    assert _value(rows, "lroc-auc-hcc", reader="x") == 0.5
    row = find_row(rows, reader="x", metric="lroc-auc-hcc-at-70-retained")
    assert row is not None
    assert (row["value"], row["n"]) == (1.0, {"kept": 3, "cases": 4, "positive": 2})  # without d, the least sure
    assert _value(rows, "sensitivity-hcc-at-80-specificity-at-70-retained", reader="x") == 1.0


def test_a_machine_that_sees_the_patient_as_one_has_no_row_of_slices() -> None:
    reader, classes = Reader("system", "mvi-prediction"), {"mvi-": 0.3, "mvi+": 0.7}
    marks = tuple(Mark(f"M{n}", (0.0, 0.0, 5.0 * n), 0.7, classes=classes) for n in range(3))
    reading = Reading("a", "2026-11-21T00:00:00+00:00", reader, {"id": "a"}, (), "classes", None, marks=marks)
    truth = SimpleNamespace(counted=SimpleNamespace(lesions=()))
    answer = answer_of(reading, truth)  # type: ignore[arg-type]
    assert answer.slice_scores == ()
    cases = [class_case("a", "mvi+", answer), class_case("b", "mvi-", answer)]
    rows = mvi_rows("x", cases, MVI, {"default": 0.5}, _people(cases))
    assert not [row for row in rows if row["level"] == "slice"]


@pytest.mark.parametrize(
    ("variant", "column"),
    [
        ("image", "image (signs and diameter)"),
        ("svm-factors", "facts with the diameter"),
        ("svm-both", "image and facts"),
    ],
)
def test_the_share_of_the_ceiling_is_of_what_the_variant_looks_at(variant: str, column: str) -> None:
    cases = [_mvi("a", "mvi+", 0.9, (True, False, False)), _mvi("b", "mvi-", 0.6, (False, True, True))]
    cases += [_mvi("c", "mvi+", 0.5, (True, False, False)), _mvi("d", "mvi-", 0.1, (False, True, True))]
    rows = mvi_rows("x", cases, MVI, {}, _people(cases))
    best = _value(rows, "roc-auc", reader=f"ceiling, every sign seen: {column}")
    (share,) = [row for row in ceiling_share_rows(rows, "x", variant) if row["subset"] == "all"]
    assert share["metric"] == "share-of-ceiling"
    assert share["value"] == pytest.approx((0.75 - 0.5) / (best - 0.5), abs=1e-4)
    assert share["ci"][0] is None or share["ci"][0] < share["value"] < share["ci"][1]


def test_an_infinite_likelihood_ratio_is_named() -> None:
    vectors = [{"benign": 0.9, "primary": 0.1, "metastasis": 0.0}, {"benign": 0.1, "primary": 0.9, "metastasis": 0.0}]
    cases = [
        class_case(f"c{n}", ("benign", "primary")[n % 2], class_answer(vectors[n % 2], any_slice="malignant"))
        for n in range(4)
    ]
    notes = endless_ratio_notes(triage_rows("x", cases, TRIAGE, _people(cases)))
    assert [note for note in notes if note.startswith("DLR+ of all by the sum rule is infinite")]
    assert not any("any-slice" in note for note in notes)
