"""The document of an analysis: what is in it, for whom, by which method, and what is told in place of a number."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tests.stats.random_studies import study, with_choices
from tests.study.analysis.made_studies import write_study

from overread.core.errors import InputError
from overread.core.places import resources
from overread.core.reader_data import ReaderData
from overread.io.reader_files import read_reader_data
from overread.stats.delong import paired_test
from overread.stats.merit.figures import figure_cells
from overread.stats.merit.roc import roc_auc
from overread.study.analysis import Plan, Question, analyse, short_text
from overread.study.analysis.case_columns import read_background

KINDS = ("roc", "lroc", "froc", "categorical")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A study of each kind."""
    top = tmp_path_factory.mktemp("studies")
    return {kind: write_study(top / kind, kind) for kind in KINDS}


def _document(path: Path, **asked: Any) -> dict[str, Any]:
    document = analyse(read_reader_data(path), Question(draws=200, **asked), read_background(path))
    _check(document)
    return document


def _check(document: dict[str, Any]) -> None:
    schema = json.loads((resources() / "schemas" / "analysis.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    json.dumps(document, allow_nan=False)


def _table(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = next(t for t in document["tables"] if t["name"] == name)
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def _tests(document: dict[str, Any], **wanted: object) -> list[dict[str, Any]]:
    return [row for row in document["tests"] if all(row[key] == value for key, value in wanted.items())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("standalone", "convention"),
    [("", "own"), ("system", "own"), ("system", "rjafroc"), ("", "mrmcaov"), ("", "imrmc")],
)
def test_every_kind_of_study_gives_a_valid_document(
    folders: dict[str, Path], kind: str, standalone: str, convention: str
) -> None:
    cut = {"roc": 50.0, "lroc": 50.0, "froc": 0.5, "categorical": None}[kind]
    document = _document(folders[kind], standalone=standalone, convention=convention, cut=cut)
    assert document["dataset"]["paradigm"] == kind
    assert document["figures"]
    assert all(row["method"] for row in document["tests"])
    assert {"setting": "convention", "value": convention} in _table(document, "settings")
    assert set(document["software"]) == {"overread", "numpy", "scipy"}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("roc", ["roc-auc", "accuracy", "macro-f1"]),
        ("lroc", ["lroc-auc", "lroc-pcl@0.2", "inferred-roc-auc", "accuracy", "macro-f1"]),
        ("froc", ["wafroc-auc", "afroc-auc", "inferred-roc-auc"]),
        ("categorical", ["accuracy", "macro-f1"]),
    ],
)
def test_figures_that_go_with_a_study_are_taken_where_none_is_named(
    folders: dict[str, Path], kind: str, names: list[str]
) -> None:
    document = _document(folders[kind], standalone="system")
    assert list(dict.fromkeys(row["name"] for row in document["figures"])) == names


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_is_given_the_same_figures_and_tests_as_the_whole_document(
    folders: dict[str, Path], kind: str
) -> None:
    data, question = read_reader_data(folders[kind]), Question(standalone="system", draws=200)
    whole, brief = analyse(data, question), analyse(data, question, is_whole=False)
    _check(brief)
    assert brief["tests"] == whole["tests"]
    assert brief["figures"] == [row for row in whole["figures"] if row["subset"] is None]
    assert short_text(brief) == short_text(whole)


def test_without_a_healthy_case_false_marks_of_all_cases_count() -> None:
    document = analyse(study(1, "froc", healthy=0, diseased=9), Question())
    assert {row["name"] for row in document["figures"]} == {"wafroc1-auc", "afroc1-auc"}
    assert all(row["value"] is not None for row in document["figures"])


def test_reader_rows_are_the_figures_of_readers_and_the_mean_is_theirs() -> None:
    data = study(2, healthy=12, diseased=12, readers=3)
    document = analyse(data, Question())
    cells = figure_cells(data, "roc-auc")
    for i, condition in enumerate(data.conditions):
        rows = {row["reader"]: row for row in document["figures"] if row["condition"] == condition}
        own = [rows[name]["value"] for name in data.readers]
        assert own == pytest.approx(list(cells.values[i]))
        assert rows[None]["value"] == pytest.approx(np.mean(own))
        assert rows[None]["method"] == "Obuchowski-Rockette, RRRC, jackknife"
        assert all(row["n"] == 24 for row in rows.values())


def test_random_readers_and_cases_come_first_and_fixed_cases_only_when_asked_for() -> None:
    data = study(3, healthy=12, diseased=12, readers=3)
    usual, asked = analyse(data, Question()), analyse(data, Question(generalise=("rrfc",)))
    assert [row["generalises_to"] for row in usual["tests"]][:1] == ["rrrc"]
    assert {row["generalises_to"] for row in usual["tests"]} == {"rrrc", "frrc"}
    assert asked["tests"][0]["generalises_to"] == "rrrc"
    assert {row["generalises_to"] for row in asked["tests"]} == {"rrrc", "rrfc"}
    assert any("rrfc" in text and "not the result" in text for text in asked["warnings"])
    assert not any("rrfc" in text for text in usual["warnings"])


def test_one_reader_with_delongs_covariance_has_delongs_test() -> None:
    data = study(4, healthy=20, diseased=20, readers=1, levels=9)
    document = analyse(data, Question(covariance="delong"))
    first, second = (data.ratings[i, 0] for i in (0, 1))
    ill = data.is_diseased
    expected = paired_test([first[ill], second[ill]], [first[~ill], second[~ill]])
    (row,) = _tests(document, contrast="c0 - c1")
    assert (row["method"], row["covariance"], row["generalises_to"]) == ("delong", "delong", "frrc")
    assert row["p"] == pytest.approx(expected.p, abs=1e-12)


def test_missing_readings_are_compared_by_u_statistics() -> None:
    data = study(5, healthy=14, diseased=14, readers=4, missing=0.1)
    document = analyse(data, Question())
    assert {row["method"] for row in document["tests"]} == {"ustat"}
    assert document["dataset"]["crossed"] is False


def test_a_negative_variance_is_told_as_not_available_with_its_reason() -> None:
    found = None
    for seed in range(60):
        document = analyse(study(seed, healthy=4, diseased=4, readers=2, missing=0.15), Question())
        found = next((r for r in document["tests"] if "below 0" in r.get("note", "")), None)
        if found:
            break
    assert found is not None
    assert found["p"] is None
    assert found["ci"] is None
    assert any("below 0" in text and found["contrast"] in text for text in document["warnings"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_system_alone_is_compared_by_one_sample_and_two_treatments_with_one_p(
    folders: dict[str, Path], kind: str
) -> None:
    document = _document(folders[kind], standalone="system")
    rows = [row for row in document["tests"] if row["method"] == "standalone"]
    names = {row["name"] for row in document["figures"]}
    for name in names:
        for condition in ("unaided", "aided"):
            contrast = f"readers - system, {condition}"
            (one,) = [r for r in rows if r["figure"] == name and r["contrast"] == f"{contrast} (1T-RRRC)"]
            two = [r for r in rows if r["figure"] == name and r["contrast"] == f"{contrast} (2T-RRRC)"]
            assert two
            assert all(r["p"] == pytest.approx(one["p"], abs=1e-9) for r in two)
            assert not any(r.get("note") for r in (one, *two))
    assert not any(row["generalises_to"] == "rrfc" for row in rows)


def test_a_system_is_no_reader_of_the_comparison_of_conditions(folders: dict[str, Path]) -> None:
    data = read_reader_data(folders["roc"])
    document = _document(folders["roc"], standalone="system", figures=("roc-auc",))
    without = analyse(data.take(readers=[0, 1, 2]), Question(figures=("roc-auc",)))
    assert _tests(document, method="or") == without["tests"]


def test_a_reader_without_a_row_under_one_condition_did_not_read_there(folders: dict[str, Path]) -> None:
    document = _document(folders["lroc"], standalone="system", figures=("lroc-auc",))
    rows = [row for row in document["figures"] if row["reader"] == "system" and row["subset"] is None]
    assert [row["condition"] for row in rows] == ["unaided"]
    assert any("system has no row under aided" in text for text in document["warnings"])
    assert document["dataset"]["crossed"] is True


def test_figures_of_the_subsets_are_those_of_their_cases_alone(folders: dict[str, Path]) -> None:
    data = read_reader_data(folders["roc"])
    document = _document(folders["roc"], figures=("roc-auc",), standalone="system")
    here = np.asarray(data.subsets) == "south"
    rows = [
        r for r in document["figures"] if r["subset"] == "south" and r["reader"] == "r2" and r["condition"] == "aided"
    ]
    ratings = data.ratings[1, 1]
    assert rows[0]["value"] == pytest.approx(
        roc_auc(ratings[here & data.is_diseased], ratings[here & ~data.is_diseased])
    )
    alone = _document(folders["roc"], figures=("roc-auc",), standalone="system", subsets=("south",))
    assert alone["dataset"]["cases"] == int(here.sum())
    again = [r for r in alone["figures"] if r["reader"] == "r2" and r["condition"] == "aided"]
    assert again[0]["value"] == rows[0]["value"]


def test_tables_of_a_study_with_everything_are_there(folders: dict[str, Path]) -> None:
    names = {
        t["name"] for t in _document(folders["lroc"], standalone="system", cut=50.0, plan=Plan(5, (60, 120)))["tables"]
    }
    assert names == {
        "settings", "confusion", "calls", "yes-or-no", "best-points", "localised", "mcnemar", "kappa", "fleiss",
        "cochran", "consultations", "retention", "times", "times-compared", "times-agreement", "baseline", "power",
    }  # fmt: skip
    froc = {t["name"] for t in _document(folders["froc"], standalone="system")["tables"]}
    assert {"found-by", "consultations", "times-compared", "baseline"} <= froc


def test_confusion_counts_every_reading_once_and_gives_the_accuracy(folders: dict[str, Path]) -> None:
    document = _document(folders["categorical"], standalone="system")
    rows = [r for r in _table(document, "confusion") if r["reader"] == "r1" and r["condition"] == "aided"]
    assert sum(r["cases"] for r in rows) == 48
    right = sum(r[f"called {r['truth']}"] for r in rows)
    (accuracy,) = [
        r for r in document["figures"]
        if (r["name"], r["reader"], r["condition"], r["subset"]) == ("accuracy", "r1", "aided", None)
    ]  # fmt: skip
    assert accuracy["value"] == pytest.approx(right / 48)


def test_lesions_found_by_one_and_missed_by_the_other_add_up_with_their_sizes(folders: dict[str, Path]) -> None:
    rows = [
        r for r in _table(_document(folders["froc"], standalone="system"), "found-by") if r["first"] == "r1, unaided"
    ]
    lesions = 24 + 6
    assert sum(r["lesions"] for r in rows) == lesions
    sizes = [10 + k for k in range(24) for _ in range(1 + (k % 4 == 0))]
    assert sum(r["lesions"] * (r["mean size (mm)"] or 0) for r in rows) == pytest.approx(sum(sizes))


def test_probabilities_are_calibrated_and_ratings_are_not(folders: dict[str, Path]) -> None:
    data = study(6, healthy=20, diseased=20, readers=1)
    said = replace(data, ratings=np.random.default_rng(1).random(data.ratings.shape))
    assert any(t["name"] == "calibration" for t in analyse(said, Question())["tables"])
    assert not any(t["name"] == "calibration" for t in analyse(data, Question())["tables"])


def test_more_than_two_pairs_of_conditions_are_corrected_for_their_number() -> None:
    document = analyse(study(7, healthy=15, diseased=15, readers=3, conditions=3), Question())
    rows = _table(document, "corrected")
    assert len(rows) == 6
    assert all(r["p after Holm"] >= r["p"] for r in rows)


def test_bootstrap_is_the_same_with_one_seed_and_another_with_another() -> None:
    data = study(8, healthy=10, diseased=10)

    def errors(seed: int) -> list[float]:
        question = Question(covariance="bootstrap", seed=seed, draws=100)
        return [row["se"] for row in analyse(data, question)["figures"]]

    assert errors(1) == errors(1)
    assert errors(1) != errors(2)


def test_more_cases_give_more_power() -> None:
    document = analyse(study(9, healthy=20, diseased=20, readers=4), Question(plan=Plan(6, (50, 200, 800))))
    rows = [r for r in _table(document, "power") if r["generalises to"] == "frrc"]
    powers = [r["power"] for r in rows]
    assert powers == sorted(powers)
    assert powers[0] < powers[-1]


def _roc() -> ReaderData:
    return study(10, healthy=8, diseased=8, readers=3)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"figures": ("wafroc-auc",)}, "a study of kind ROC does not have it"),
        ({"figures": ("nonsense",)}, "there is no such figure"),
        ({"standalone": "nobody"}, "there are r0, r1, r2"),
        ({"conditions": ("c0", "c9")}, "there are c0, c1"),
        ({"subsets": ("north",)}, "there is none"),
        ({"figures": ("sensitivity@3",), "covariance": "delong"}, "no mean over pairs"),
        ({"figures": ("sensitivity@3",), "method": "ustat"}, "they are for roc-auc"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as refusal:
        analyse(_roc(), Question(**asked))
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "asked",
    [{"level": 1.0}, {"fpf": 1.5}, {"draws": 3}, {"seed": -1}, {"method": "dbm", "covariance": "delong"}],
)
def test_questions_without_an_answer_are_refused_when_they_are_put(asked: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Question(**asked)


def test_nobody_is_left_when_the_only_reader_is_the_system() -> None:
    with pytest.raises(InputError, match="nobody beside it read"):
        analyse(study(11, readers=1), Question(standalone="r0"))


def test_a_figure_of_ratings_is_refused_where_only_classes_were_called(folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="rated nothing"):
        analyse(read_reader_data(folders["categorical"]), Question(figures=("roc-auc",)))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("paradigm", ["roc", "lroc", "froc"])
def test_small_studies_with_holes_ties_and_calls_never_break_it(seed: int, paradigm: Any) -> None:
    data = study(seed, paradigm, healthy=3, diseased=3, missing=0.3 if seed % 2 else 0.0, readers=1 + seed % 3)
    data = with_choices(data, seed)
    _check(analyse(data, Question(draws=100, cut=2.0, standalone="r0" if seed % 3 == 2 else "", plan=Plan(3, (20,)))))
