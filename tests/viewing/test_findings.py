"""Candidates, operating points and the words about them."""

import pytest

from overread.core.reading import Mark, Message, Reader, Reading, SliceScore
from overread.viewing.findings import Findings, slice_ranges
from overread.viewing.operating import Point

POINTS = (Point("default", 0.5), Point("high-sensitivity", 0.2), Point("high-precision", 0.8))


def _reading(marks, result="marks", messages=()):
    return Reading("r", "2026-01-01", Reader("system", "hbp-detection"), {}, (), result, 0.9,
                   marks=tuple(marks),
                   slices=(SliceScore("v", 0, 0.1), SliceScore("v", 1, 0.9)), messages=tuple(messages))


@pytest.fixture
def findings():
    made = Findings()
    marks = [Mark("a", (0, 0, 0), 0.3, 12.0, "v", 4, (3, 4)),
             Mark("b", (0, 0, 0), 0.9, 31.4, "v", 40, (40, 41, 42, 45)),
             Mark("c", (0, 0, 0), 0.6, 20.0, "v", 10, (10,))]
    made.show(_reading(marks), system="hbp-detection", points=POINTS)
    return made


def test_candidates_are_numbered_by_score(findings):
    assert [(c.number, c.mark.id) for c in findings.all_candidates()] == [(1, "b"), (2, "c"), (3, "a")]


def test_operating_point_hides_and_never_renumbers(findings):
    assert [c.number for c in findings.candidates()] == [1, 2]
    findings.set_point("high-sensitivity")
    assert [c.number for c in findings.candidates()] == [1, 2, 3]
    findings.set_point("high-precision")
    assert [c.number for c in findings.candidates()] == [1]


def test_points_are_offered_from_sensitive_to_precise(findings):
    assert [p.name for p in findings.points] == ["high-sensitivity", "default", "high-precision"]


def test_hidden_candidate_is_no_longer_chosen(findings):
    findings.select(2)
    findings.set_point("high-precision")
    assert findings.selected is None


def test_stepping_goes_round(findings):
    chosen = []
    for _ in range(3):
        findings.step(1)
        chosen.append(findings.selected)
    findings.step(-1)
    assert (chosen, findings.selected) == ([1, 2, 1], 2)


def test_choosing_the_same_candidate_again_tells_again(findings):
    told = []
    findings.listeners.append(told.append)
    findings.select(1)
    findings.select(1)
    assert told == ["selected", "selected"]


def test_slices_are_counted_from_one_with_runs_joined(findings):
    assert findings.candidate(1).slices_words == "41–43, 46"
    assert slice_ranges(()) == "–"


def test_candidate_is_drawn_near_its_peak_only(findings):
    assert [k for k in range(60) if findings.candidate(1).is_near(k)] == [40, 41, 42]


def test_summary_says_what_is_marked_and_what_is_hidden(findings):
    assert findings.summary() == "hbp-detection marks 2 places at the point “default”. 1 below it is hidden."


@pytest.mark.parametrize("result", ["none", "marks"])
def test_summary_never_says_cancer_or_normal(result):
    findings = Findings()
    marks = [Mark("a", (0, 0, 0), 0.1)] if result == "marks" else []
    findings.show(_reading(marks, result), system="hbp-detection", points=POINTS)
    words = findings.summary().lower()
    assert "marks nothing" in words
    assert "misses" in words
    assert not any(banned in words for banned in ("cancer", "normal", "no finding", "probability"))


def test_refusal_is_told_in_the_gates_words():
    findings = Findings()
    findings.show(_reading((), "refused", [Message("refusal", "It is CT, not MR.")]), system="hbp-detection",
                  points=POINTS)
    assert findings.summary() == "It is CT, not MR."
