"""Readings of several systems beside each other: letters, what is seen, whose table and map, and the second read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.reading import Input, Mark, Reader, Reading, SliceScore
from overread.core.roles import Role
from overread.core.study import FileCounts, Scan, Series, Study, Volume
from overread.viewing.class_words import NOT_MEASURED, card_of, map_words
from overread.viewing.evidence import Evidence, MeasuredSet
from overread.viewing.operating import Point
from overread.viewing.results import Result, reader_name
from overread.viewing.session import Session

FRAME = "1.2.3"


@pytest.fixture
def series(volume: Callable[..., Volume]) -> dict[str, Volume]:
    """T2 with slices of 6 mm, T1 and HBP with slices of 3 mm, one frame of reference; T1 begins 6 mm higher."""
    def made(name: str, role: str, step: float, count: int, start: float = 0.0) -> Volume:
        matrix = np.diag([1.0, 1.0, step, 1.0])
        matrix[2, 3] = start
        return volume(id=name, role=Role(role, 0.9), shape=(count, 40, 40), affine=Affine(matrix),
                      frame_of_reference=FRAME)  # fmt: skip

    return {
        "t2": made("t2", "t2", 6.0, 6), "t1": made("t1", "t1-pre", 3.0, 12, 6.0), "hbp": made("hbp", "t1-hbp", 3.0, 12),
    }  # fmt: skip


@pytest.fixture
def session(series: dict[str, Volume]) -> Session:
    made = Session()
    study = Study("1.9", None, None, (Series(None, "MR", 1, None, tuple(series.values())),))
    made.set_scan(Scan((), FileCounts(), (study,), ()))
    made.show(series["t2"])
    return made


def _classes(series: dict[str, Volume], name: str = "multiphase-characterisation", score: float = 0.7) -> Result:
    """A reading of T2 and T1 with a mark on T2's slice 3, 18 mm up."""
    t2, t1 = series["t2"], series["t1"]
    mark = Mark("R1", (20.0, 20.0, 18.0), score, 20.0, t2.id, 3, (3,), "hcc", {"hcc": 0.7})
    reading = Reading(
        "r", "now", Reader("system", name), {},
        (Input(t2.id, "t2", None, t2.shape), Input(t1.id, "t1-pre", None, t1.shape)),
        "classes", 0.7, (mark,), (SliceScore(t2.id, 3, 0.7),), classes={"hcc": 0.7, "icc": 0.3}, category="hcc",
    )  # fmt: skip
    heatmap = Heatmap(np.ones((6, 4, 4), np.float16), t2.affine, t2.id, 1.0)  # type: ignore[arg-type]
    return Result(reading, heatmap, name, volumes=(t2.id, t1.id))


def _hbp(series: dict[str, Volume], *scores: float) -> Result:
    marks = tuple(
        Mark(f"m{n}", (10.0, 10.0, 18.0), s, 20.0, series["hbp"].id, 6, (6,)) for n, s in enumerate(scores)
    )
    reading = Reading("h", "now", Reader("system", "hbp-detection"), {}, (), "marks", 0.9, marks)
    return Result(reading, None, "hbp-detection", (Point("default", 0.5),))


def test_a_reading_of_several_series_is_found_from_each(session: Session, series: dict[str, Volume]) -> None:
    made = _classes(series)
    session.set_result("t2", made)
    assert session.has_result("t2")
    assert session.has_result("t1")
    assert not session.has_result("hbp")
    assert session.findings.reading is made.reading
    session.show(series["t1"])
    assert session.findings.reading is made.reading


def test_marks_lie_on_the_slices_of_the_series_that_is_looked_at(session: Session, series: dict[str, Volume]) -> None:
    session.set_result("t2", _classes(series))
    assert session.findings.all_candidates()[0].mark.peak_slice == 3
    session.show(series["t1"])
    assert session.findings.all_candidates()[0].mark.peak_slice == 4  # 18 mm up, the first slice at 6 mm
    session.layout.active.go_to_mark(session.findings.all_candidates()[0].mark)
    assert session.layout.active.slice == 4
    assert len(session.found_in(session.layout.active)) == 1


def test_the_map_lies_only_over_the_series_whose_slices_it_counts(session: Session, series: dict[str, Volume]) -> None:
    session.set_result("t2", _classes(series))
    assert session.layout.active.overlay.heatmap is not None
    session.show(series["t1"])
    assert session.layout.active.overlay.heatmap is None
    assert session.findings.slice_scores() == {}


def test_systems_are_told_apart_by_letter_and_rank(session: Session, series: dict[str, Volume]) -> None:
    session.set_result("t2", _classes(series))
    session.layout.active.go_to(3)
    assert [(f.letter, f.rank) for f in session.found_in(session.layout.active)] == [("", 0)]
    session.set_result("t2", _classes(series, "noncontrast-triage t2-dwi"))
    session.set_result("hbp", _hbp(series, 0.9))
    found = session.found_in(session.layout.active)
    assert [(f.letter, f.rank, f.is_of_panel) for f in found] == [("A", 0, False), ("B", 1, True), ("C", 2, False)]


def test_a_candidate_below_its_own_operating_point_is_not_drawn(session: Session, series: dict[str, Volume]) -> None:
    session.set_result("t2", _classes(series))
    session.set_result("hbp", _hbp(series, 0.9, 0.3))
    session.layout.active.go_to(3)
    assert [f.candidate.mark.id for f in session.found_in(session.layout.active) if f.letter == "B"] == ["m0"]


def test_a_hidden_system_has_neither_marks_nor_a_map(session: Session, series: dict[str, Volume]) -> None:
    session.set_result("t2", _classes(series))
    session.set_result("hbp", _hbp(series, 0.9))
    session.layout.active.go_to(3)
    session.show_layer("multiphase-characterisation", False)
    assert [f.letter for f in session.found_in(session.layout.active)] == ["B"]
    assert session.layout.active.overlay.heatmap is None
    assert [layer.is_shown for layer in session.layers()] == [False, True]
    session.show_layer("multiphase-characterisation", True)
    assert session.layout.active.overlay.heatmap is not None


def test_stepping_turns_table_and_map_to_the_next_system(session: Session, series: dict[str, Volume]) -> None:
    first, second = _classes(series), _classes(series, "noncontrast-triage t2", 0.4)
    session.set_result("t2", first)
    session.set_result("t2", second)
    assert session.panel_result is not None
    assert session.panel_result.system == second.system
    session.step_reading(1)
    assert session.findings.system == first.system
    assert session.layout.active.overlay.heatmap is first.heatmap
    session.step_reading(-1)
    assert session.findings.system == second.system


def test_nothing_of_any_system_is_seen_while_a_series_is_read_alone(
    session: Session, series: dict[str, Volume]
) -> None:
    session.second.set_unaided_first(True)
    session.set_result("t2", _classes(series))
    session.set_result("t2", _classes(series, "noncontrast-triage t2"))
    session.set_result("hbp", _hbp(series, 0.9))
    session.layout.active.go_to(3)
    assert session.layers() == []
    assert session.found_in(session.layout.active) == []
    assert session.findings.reading is None
    assert session.panel_result is None
    assert session.layout.active.overlay.heatmap is None
    session.second.done_alone()
    assert [layer.letter for layer in session.layers()] == ["A", "B"]  # the third read HBP alone, not revealed yet
    assert session.panel_result is not None


def test_what_is_revealed_joins_the_record_for_every_system_that_is_seen(
    session: Session, series: dict[str, Volume]
) -> None:
    session.second.set_unaided_first(True)
    session.set_result("t2", _classes(series))
    session.set_result("t2", _classes(series, "noncontrast-triage t2", 0.4))
    session.second.done_alone()
    record = session.second.record
    assert record is not None
    assert {reader.id for reader in record.systems} == {"multiphase-characterisation", "noncontrast-triage t2"}


def test_variants_are_named_where_a_paper_has_several() -> None:
    assert reader_name("mvi-prediction", "image") == "mvi-prediction image"
    assert reader_name("hbp-detection", "small") == "hbp-detection"


def test_card_names_call_both_rules_and_what_was_measured(series: dict[str, Volume]) -> None:
    made = _classes(series)
    assert made.reading is not None
    told = {"rule": "sum", "any_slice": "malignant", "malignant_slices": 1, "slices": 4}
    reading = Reading(**{**{n: getattr(made.reading, n) for n in made.reading.__slots__}, "parameters": told,
                         "facts": {"given": {"sex": "male"}, "imputed": {"age_y": 55.0, "hcv": 0.1}}})  # fmt: skip
    measured = MeasuredSet("internal, 60 patients", (("accuracy", 0.71, (0.59, 0.81)),))
    card = card_of(Result(reading, None, "noncontrast-triage t2", evidence=Evidence((measured,))))
    assert card is not None
    assert card.call == "Called: HCC"
    assert [(bar.words, bar.value, bar.is_called) for bar in card.bars] == [("HCC", 0.7, True), ("ICC", 0.3, False)]
    assert card.rules == ("Sum over 4 slices: HCC.", "Any slice: malignant (1 of 4 slices malignant).")
    assert card.facts == "Not given, the training mean stood for it: Age, HCV."
    assert card.meaning == ("On internal, 60 patients: accuracy 0.71 (0.59–0.81)",)


def test_scores_that_nobody_measured_say_so(series: dict[str, Volume]) -> None:
    card = card_of(_classes(series))
    assert card is not None
    assert card.meaning == (NOT_MEASURED,)


def test_no_region_is_never_called_benign() -> None:
    reading = Reading("r", "now", Reader("system", "noncontrast-triage"), {}, (), "no-region", None)
    card = card_of(Result(reading, None, "noncontrast-triage t2"))
    assert card is not None
    assert card.call == "No class"
    assert card.bars == ()
    assert "no answer" in card.rules[0]


def test_a_confidence_is_placed_among_those_of_validation() -> None:
    sureness = tuple((n / 10, n >= 4) for n in range(1, 11))
    evidence = Evidence((), sureness, "validation phantoms")
    assert evidence.cut == pytest.approx(0.4)
    assert evidence.sureness_words(0.5) == (
        "It would be among the 70\N{NO-BREAK SPACE}% surest of 10 validation phantoms; of those kept, 7 of 7 were "
        "called right, of all 7 of 10."
    )
    assert evidence.rank_words(0.5) == "surer than 4 of 10 validation phantoms"
    assert "not among" in evidence.sureness_words(0.35)
    assert "0 of 3" in evidence.sureness_words(0.35)
    assert sum(evidence.histogram()[0]) == 10
    assert Evidence().sureness_words(0.9) == "What such a confidence was worth has not been measured."


def test_a_confidence_that_did_not_help_says_so() -> None:
    backwards = Evidence((), tuple((n / 10, n < 5) for n in range(1, 11)), "validation phantoms")
    words = backwards.sureness_words(0.9)
    assert "1 of 7 were called right, of all 4 of 10." in words
    assert words.endswith("There, surer calls were not more often right.")


def test_a_map_says_what_its_colours_measure() -> None:
    def made(**changes: Any) -> Reading:
        return Reading("r", "now", Reader("system", "x"), {}, (), **({"result": "classes", "rating": 0.5} | changes))

    assert map_words(None) == "activation (logit)"
    assert map_words(made(result="none")) == "activation (logit)"
    triage = made(classes={"benign": 0.3, "primary": 0.7}, category="primary")
    assert map_words(triage) == "Grad-CAM for Primary malignant (no unit)"
    invasion = made(classes={"mvi-": 0.7, "mvi+": 0.3}, category="mvi-")
    assert map_words(invasion) == "Grad-CAM for MVI (no unit)"  # of invasion, whatever is called


def test_corner_names_several_systems_of_one_series_by_their_letters(
    session: Session, series: dict[str, Volume]
) -> None:
    for system in ("one", "two"):
        session.set_result("t2", _classes(series, system))
    session.show(series["hbp"])
    session.layout.active.go_to(6)
    assert session.layer_words(session.layout.active) == "A B   on T2"
    session.show(series["t2"])
    assert session.layer_words(session.layout.active) == "B two"


def test_marks_do_not_cross_into_another_frame_of_reference(session: Session, series: dict[str, Volume]) -> None:
    """T1 was taken after the patient got up: the reading is of both, but its marks lie on T2 alone."""
    apart = replace(series["t1"], frame_of_reference="9.9")
    study = Study("1.9", None, None, (Series(None, "MR", 1, None, (series["t2"], apart)),))
    session.set_scan(Scan((), FileCounts(), (study,), ()))
    session.set_result("t2", _classes(series))
    view = session.layout.active
    view.go_to(3)
    assert session.found_in(view)
    session.show(apart)
    for k in range(apart.frames):
        view.go_to(k)
        assert not session.found_in(view)


def test_a_sister_series_that_is_still_read_alone_keeps_a_reading_back(
    session: Session, series: dict[str, Volume]
) -> None:
    session.second.set_unaided_first(True)
    session.set_result("t2", _classes(series))
    session.layout.active.go_to(3)
    session.second.mark_at(3, (20.0, 20.0, 18.0))
    session.show(series["t1"])
    session.second.done_alone()
    assert not session.layers()
    session.show(series["t2"])
    session.second.done_alone()
    assert session.layers()
    session.show(series["t1"])
    assert session.layers()
