"""Two readers on the same cases, counted by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from overread.core.errors import InputError
from overread.core.reading import Input, Mark, OperatingPoint, Reader, Reading, SliceScore
from overread.evaluation.comparison import OtherReader, called_slices, compare_readers, is_called, load_readings
from overread.io import CaseRow, write_json


def _reading(case: str, rating: float | None, marks: int = 0, **more: Any) -> Reading:
    return Reading(
        id=f"r-{case}",
        created="2026-01-01T00:00:00+00:00",
        reader=Reader(more.pop("kind", "person"), "anna"),
        case={"id": case, "study_uid": None, "condition": None},
        inputs=(Input("v", "t1-hbp", None, (4, 8, 8)),),
        result=more.pop("result", "marks" if marks else "none"),
        rating=rating,
        marks=tuple(Mark(f"M{n}", (0.0, 0.0, 0.0), 0.5, slices=(n,)) for n in range(marks)),
        **more,
    )


def test_a_person_calls_by_marking_and_a_system_by_its_operating_point() -> None:
    assert is_called(_reading("a", None, marks=1)) is True
    assert is_called(_reading("a", None)) is False
    assert is_called(_reading("a", 60.0, result="rated")) is None
    assert is_called(_reading("a", 0.4, marks=1, operating_point=OperatingPoint("default", 0.5))) is False


@pytest.mark.parametrize(("rating", "called"), [(1.0, False), (2.0, False), (3.0, True), (5.0, True), (None, True)])
def test_a_person_who_marks_what_is_no_lesion_does_not_call(rating: float | None, called: bool) -> None:
    scale = {"low": 1.0, "high": 5.0, "words": []}
    mark = Mark(id="P1", centre_mm=(0.0, 0.0, 0.0), score=rating)
    assert is_called(dataclasses.replace(_reading("a", rating, marks=1), marks=(mark,), scale=scale)) is called


def test_slices_are_called_by_scores_or_by_marks() -> None:
    assert called_slices(_reading("a", None, marks=2), 4).tolist() == [True, True, False, False]  # type: ignore[union-attr]
    scored = _reading(
        "a",
        0.9,
        slices=tuple(SliceScore("v", k, s) for k, s in enumerate((0.9, 0.1))),
        operating_point=OperatingPoint("default", 0.5),
    )
    assert called_slices(scored, 2).tolist() == [True, False]  # type: ignore[union-attr]
    assert called_slices(scored, 3) is None


def test_calls_and_ratings_of_two_readers(make_measured: Any) -> None:
    cases = [
        make_measured("a", [0.9, 0.1], [1, 0]),  # no lesions are stated: nothing to find, all are healthy
        make_measured("b", [0.2, 0.6], [0, 0]),
        make_measured("c", [0.1, 0.2], [0, 0]),
    ]
    rows = [CaseRow(c.case, c.patient, c.site, "test", Path("nowhere")) for c in cases]
    other = OtherReader("anna", "person", {"a": _reading("a", 1.0, marks=1), "b": _reading("b", 2.0)})
    found = compare_readers(cases, rows, 0.5, other)
    assert (found["cases"], found["cases_not_read"]) == (2, 1)
    # both wrong on a; on b the system calls, the person does not
    table = found["patient_calls"]["specificity"]
    assert (table["both_right"], table["only_system_right"], table["only_other_right"]) == (0, 0, 1)
    assert table["neither_right"] == 1
    assert found["case_ratings"] is None
    # slices: the person's mark on a names slice 0, the positive one
    assert found["slice_calls"]["sensitivity"]["both_right"] == 1
    assert found["slice_calls"]["specificity"]["only_other_right"] == 1


def test_ratings_are_compared_by_the_paired_test(make_measured: Any) -> None:
    cases = [make_measured(f"d{n}", [0.6 + n / 10], [0]) for n in range(3)]
    cases += [make_measured(f"h{n}", [0.5 + n / 10], [0]) for n in range(3)]
    diseased = [make_measured(c.case, c.scores["system"], [0], [(0.0, 9.0)]) for c in cases[:3]]
    rows = [CaseRow(c.case, c.patient, c.site, "test", Path("nowhere")) for c in cases]
    ratings = {c.case: _reading(c.case, float(n), result="rated") for n, c in enumerate(cases)}
    found = compare_readers([*diseased, *cases[3:]], rows, 0.5, OtherReader("anna", "person", ratings))
    assert found["case_ratings"]["other_auc"] == 0.0  # rated 0, 1, 2 against 3, 4, 5
    assert found["case_ratings"]["system_auc"] == pytest.approx(7 / 9, abs=1e-4)
    assert found["patient_calls"] is None  # a rating alone is no call
    assert found["lesions"]["found_by_neither"] == {"n": 3, "mean_mm": 9.0, "sd_mm": 0.0}


def test_somebody_who_read_other_cases_is_refused(make_measured: Any) -> None:
    rows = [CaseRow("a", "p", "s", "test", Path("nowhere"))]
    with pytest.raises(InputError, match="none of these cases"):
        compare_readers([make_measured("a", [0.1], [0])], rows, 0.5, OtherReader("anna", "person", {}))


def test_the_latest_reading_of_a_reader_counts(tmp_path: Path) -> None:
    first, second = _reading("a", 1.0, marks=1), _reading("a", 2.0)
    write_json(tmp_path / "1.json", second.to_json() | {})
    write_json(tmp_path / "0.json", first.to_json())
    write_json(tmp_path / "other.json", {"schema": "something else"})
    (reader,) = load_readings(tmp_path)
    assert (reader.name, reader.kind) == ("anna", "person")
    assert reader.readings["a"].rating == 2.0


@pytest.mark.parametrize("kind", ["gone", "empty", "changed", "no JSON"])
def test_readings_that_cannot_be_used_are_refused_in_words(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "readings"
    if kind != "gone":
        folder.mkdir()
    if kind == "changed":
        write_json(folder / "a.json", _reading("a", 1.0).to_json() | {"rating": 2.0})
    if kind == "no JSON":
        (folder / "a.json").write_text("{")
    words = {"gone": "no such file", "empty": "no file there", "changed": "changed after", "no JSON": "is no JSON"}
    with pytest.raises(InputError, match=words[kind]):
        load_readings(folder)
