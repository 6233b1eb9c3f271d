"""The record that people and systems share."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from overread.core.places import resources
from overread.core.reading import (
    HeatmapRef,
    Input,
    Mark,
    Message,
    Reader,
    Reading,
    SliceScore,
    canonical_json,
)

pytestmark = pytest.mark.light


def _reading() -> Reading:
    return Reading(
        id="r-1",
        created="2026-11-21T10:00:00+00:00",
        reader=Reader("system", "hbp-detection", "small", "ab" * 32, "torch 2", "float32", "cpu"),
        case={"id": "c1", "study_uid": None, "condition": None},
        inputs=(Input("0123456789ab", "t1-hbp", "cd" * 32, (10, 320, 320)),),
        result="marks",
        rating=0.75,
        marks=(Mark("C1", (1.5, -2.25, 30.0), 0.75, 12.5, "0123456789ab", 4, (3, 4, 5), "hcc"),),
        slices=(SliceScore("0123456789ab", 4, 0.75),),
        times={"total": 3.5},
        heatmap=HeatmapRef("heatmap.npz", "0123456789ab", ((1.0, 0.0), (0.0, 1.0)), "ef" * 32),
    )


def _schema() -> dict[str, object]:
    document: dict[str, object] = json.loads((resources() / "schemas" / "reading.schema.json").read_text())
    return document


def test_a_reading_is_valid_against_the_contract() -> None:
    jsonschema.Draft202012Validator(_schema()).validate(_reading().to_json())


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"created": "2027-01-01T00:00:00+00:00"},
        {"times": {"total": 99.0}},
        {"previous_seal": "0" * 64},
        {"reader": replace(_reading().reader, device="cuda")},
        {"heatmap": replace(_reading().heatmap, file="elsewhere.npz")},  # type: ignore[type-var]
    ],
)
def test_what_was_not_read_or_answered_leaves_the_content_digest_alone(change: dict[str, object]) -> None:
    changed = replace(_reading(), **change)  # type: ignore[arg-type]
    assert changed.to_json()["content_digest"] == _reading().to_json()["content_digest"]
    assert changed.to_json()["seal"] != _reading().to_json()["seal"]


@pytest.mark.parametrize(
    "change",
    [
        {"rating": 0.7500000000000001},
        {"marks": (replace(_reading().marks[0], score=0.7),)},
        {"messages": (Message("info", "seen"),)},
    ],
)
def test_what_was_answered_changes_the_content_digest(change: dict[str, object]) -> None:
    assert replace(_reading(), **change).to_json()["content_digest"] != _reading().to_json()["content_digest"]  # type: ignore[arg-type]


def test_no_marks_and_result_marks_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="0 marks"):
        replace(_reading(), marks=())


def test_a_refusal_says_why() -> None:
    with pytest.raises(ValueError, match="says why"):
        replace(_reading(), result="refused", marks=(), rating=None)


def test_canonical_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"score": float("nan")})
