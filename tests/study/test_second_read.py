"""The second read of one volume: what it lets through, what it seals, what it lists as changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from overread.core.errors import InputError, StudyError
from overread.core.places import resources
from overread.core.reading import Input, Reader, Reading
from overread.study.second_read import RATING_WORDS, STAGES, SecondRead

MakeReading = Callable[..., Reading]


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads((resources() / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(document)


def whole_way(second_read: SecondRead, reading: Reading) -> Reading:
    """Two own marks alone, one withdrawn and one added after the reveal, three verdicts."""
    second_read.add_mark((1, 2, 3), 0, 5, ((0, 0, 0), (3, 4, 0)), "rim")
    second_read.add_mark((90, 2, 3), 7, 2)
    second_read.done_alone()
    second_read.reveal(reading)
    second_read.withdraw_mark(2)
    second_read.add_mark((-50, 0, 9), 9, 4)
    for n, call in enumerate(("accept", "dismiss", "unsure"), 1):
        second_read.set_verdict(reading.reader, f"C{n}", call)
    return second_read.finish(0.5)


def test_nothing_of_a_system_joins_before_reading_alone_is_done(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    with pytest.raises(StudyError, match="Done alone"):
        second_read.reveal(make_reading())
    with pytest.raises(StudyError, match="Done alone"):
        second_read.finish()
    assert (second_read.stage, second_read.systems, second_read.candidates()) == (STAGES[0], (), ())


def test_alone_reading_is_a_sealed_reading_of_a_person(second_read: SecondRead) -> None:
    second_read.add_mark((1, 2, 3), 11, 4, ((0, 0, 0), (3, 4, 0)), "  rim \n")
    second_read.withdraw_mark(second_read.add_mark((9, 9, 9), 3).number)
    reading = second_read.done_alone()
    schema("reading").validate(reading.to_json())
    assert (reading.reader.kind, reading.result, reading.rating) == ("person", "marks", 4.0)
    assert [(m.id, m.score, m.extent_mm, m.peak_slice, m.note) for m in reading.marks] == [("M1", 4.0, 5.0, 11, "rim")]
    assert reading.scale == {"low": 1.0, "high": 5.0, "words": [RATING_WORDS[n] for n in range(1, 6)]}
    assert reading.previous_seal is None
    assert reading == second_read.sealed[0]


def test_nothing_marked_alone_is_an_answer(second_read: SecondRead) -> None:
    reading = second_read.done_alone()
    assert (reading.result, reading.rating, reading.marks) == ("none", None, ())


def test_final_reading_holds_own_marks_and_accepted_candidates_alone(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    final = whole_way(second_read, make_reading())
    schema("reading").validate(final.to_json())
    assert [(m.id, m.score, m.verdict) for m in final.marks] == [
        ("M1", 5.0, None), ("M3", 4.0, None), ("hbp-detection:C1", None, "accept"),
    ]  # fmt: skip
    assert final.rating == 5.0
    accepted = {"mark": "hbp-detection:C1", "bundle_digest": "ab" * 32, "score": 0.9, "activation_extent_mm": 21.5}
    assert final.parameters is not None
    assert final.parameters["accepted"] == [accepted]
    assert final.inputs[0].pixels_sha256 == "cd" * 32


def test_seals_form_a_chain_from_alone_through_every_finish(second_read: SecondRead, make_reading: MakeReading) -> None:
    whole_way(second_read, make_reading())
    second_read.reopen()
    second_read.finish()
    documents = [r.to_json() for r in second_read.sealed]
    assert len(documents) == 3
    assert [d["previous_seal"] for d in documents] == [None, documents[0]["seal"], documents[1]["seal"]]


def test_change_list_says_what_the_reveal_changed(second_read: SecondRead, make_reading: MakeReading) -> None:
    whole_way(second_read, make_reading())
    assert [(c.kind, c.slice) for c in second_read.change_list()] == [
        ("withdrawn", 7), ("added", 9), ("accepted", 0), ("dismissed", 4), ("unsure", 8),
    ]  # fmt: skip
    words = [c.words for c in second_read.change_list()]
    assert words[0] == "Own mark M2 on slice 8, made alone, withdrawn."
    assert words[1] == "Own mark M3 added on slice 10, rated 4 (probably HCC)."
    assert words[3] == "Candidate C2 of hbp-detection on slice 5 dismissed."


def test_accepting_where_one_marked_oneself_says_so(second_read: SecondRead, make_reading: MakeReading) -> None:
    second_read.add_mark((0, -16, 3), 0)
    second_read.done_alone()
    second_read.reveal(make_reading())
    second_read.set_verdict(make_reading().reader, "C1", "accept")
    (change,) = second_read.change_list()
    assert change.words.endswith(f"accepted, {math.dist((0, -16, 3), (0, -20, 0)):.0f} mm from own mark M1.")


def test_mark_read_alone_keeps_its_place_but_may_be_rated_anew(second_read: SecondRead) -> None:
    second_read.add_mark((1, 2, 3), 4, 3)
    second_read.done_alone()
    with pytest.raises(StudyError, match="sealed there"):
        second_read.change_mark(1, centre_mm=(9, 9, 9))
    second_read.change_mark(1, rating=5)
    assert [c.words for c in second_read.change_list()] == [
        "Own mark M1 on slice 5: rating 3 (undecided) is now 5 (definitely HCC)."
    ]
    final = second_read.finish()
    assert (final.marks[0].score, final.marks[0].verdict) == (5.0, "edited")
    assert second_read.sealed[0].marks[0].score == 3.0


def test_a_key_image_is_no_change_of_a_finding(second_read: SecondRead) -> None:
    second_read.add_mark((1, 2, 3), 4)
    second_read.done_alone()
    assert second_read.change_mark(1, key_image=True).key_image
    assert second_read.change_list() == ()
    assert second_read.finish().marks[0].verdict is None


def test_shown_from_the_start_is_written_into_the_record_and_the_reading(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    second_read.skip_alone()
    second_read.reveal(make_reading())
    final = second_read.finish()
    assert second_read.shown_from_start
    assert final.parameters is not None
    assert final.parameters["second_read"] == "shown from the start"
    assert any("from the start" in m.text for m in final.messages)
    assert (final.previous_seal, final.times["alone_done_at"], final.times["alone_s"]) == (None, None, None)


def test_a_withdrawn_mark_stays_in_the_record_and_can_be_restored(second_read: SecondRead) -> None:
    second_read.add_mark((1, 2, 3), 4)
    second_read.withdraw_mark(1)
    assert (second_read.marks, len(second_read.all_marks)) == ((), 1)
    second_read.restore_mark(1)
    assert [m.number for m in second_read.marks] == [1]
    second_read.withdraw_mark(1)
    assert second_read.add_mark((1, 2, 3), 4).number == 2


def test_length_follows_from_the_ends(second_read: SecondRead) -> None:
    second_read.add_mark((1, 2, 3), 4)
    assert second_read.change_mark(1, ends_mm=((0, 0, 0), (6, 8, 0))).length_mm == 10.0
    assert second_read.change_mark(1, ends_mm=None).length_mm is None


@pytest.mark.parametrize(
    "wrong", [{"rating": 0}, {"rating": 6}, {"rating": True}, {"centre_mm": (1, 2, math.nan)}, {"centre_mm": (1, 2)}]
)
def test_values_that_make_no_sense_are_refused_and_leave_no_event(
    second_read: SecondRead, wrong: dict[str, Any]
) -> None:
    with pytest.raises(StudyError):
        second_read.add_mark(**{"centre_mm": (1, 2, 3), "slice": 4, **wrong})
    assert second_read.events == ()


def test_finished_is_closed_until_reopened(second_read: SecondRead, make_reading: MakeReading) -> None:
    reading = make_reading()
    whole_way(second_read, reading)
    for act in (
        lambda: second_read.add_mark((1, 2, 3), 4), lambda: second_read.withdraw_mark(1),
        lambda: second_read.set_verdict(reading.reader, "C1", None), second_read.finish, second_read.done_alone,
    ):  # fmt: skip
        with pytest.raises(StudyError):
            act()
    second_read.reopen()
    assert second_read.set_verdict(reading.reader, "C1", "dismiss").call == "dismiss"


def test_open_candidates_are_those_at_the_point_without_verdict(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    reading = make_reading()
    second_read.done_alone()
    second_read.reveal(reading)
    assert [m.id for _, m in second_read.open_candidates(0.5)] == ["C1", "C2"]
    second_read.set_verdict(reading.reader, "C1", "unsure")
    second_read.set_verdict(reading.reader, "C2", None, "later")
    assert [m.id for _, m in second_read.open_candidates(0.5)] == ["C2"]
    assert [m.id for _, m in second_read.open_candidates()] == ["C2", "C3"]
    assert second_read.finish(0.5).messages[0].text == "1 candidate is without a verdict."


def test_note_of_a_verdict_stays_until_it_is_emptied(second_read: SecondRead, make_reading: MakeReading) -> None:
    reader = make_reading().reader
    second_read.skip_alone()
    second_read.reveal(make_reading())
    second_read.set_verdict(reader, "C1", "accept", "washout")
    assert second_read.set_verdict(reader, "C1", "dismiss").note == "washout"
    assert second_read.set_verdict(reader, "C1", "dismiss", "").note is None


def test_same_reading_again_changes_nothing(second_read: SecondRead, make_reading: MakeReading) -> None:
    whole_way(second_read, make_reading())
    before = second_read.to_json()
    second_read.reveal(make_reading())
    second_read.reveal(make_reading(scores=(0.9002, 0.6, 0.2999), shift=0.01))
    assert second_read.to_json() == before
    second_read.reveal(make_reading(scores=(0.95, 0.6, 0.3)))
    assert second_read.stage == "revealed"


def test_second_system_later_reopens_what_was_finished(second_read: SecondRead, make_reading: MakeReading) -> None:
    whole_way(second_read, make_reading())
    second_read.reveal(make_reading(system="other", bundle="ee" * 32))
    assert second_read.stage == "revealed"
    assert [s.id for s in second_read.systems] == ["hbp-detection", "other"]
    assert second_read.verdict_of(make_reading().reader, "C1") is not None


def test_verdicts_stay_with_candidates_that_come_back_in_their_place(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    reader = make_reading().reader
    second_read.skip_alone()
    second_read.reveal(make_reading())
    second_read.set_verdict(reader, "C1", "accept")
    second_read.set_verdict(reader, "C3", "dismiss")
    second_read.reveal(make_reading(scores=(0.91, 0.6), shift=0.4))
    assert second_read.verdict_of(reader, "C1") is not None
    assert second_read.verdict_of(reader, "C3") is None
    second_read.reveal(make_reading(scores=(0.91, 0.6), shift=25.0))
    assert second_read.verdicts == ()


@pytest.mark.parametrize("kind", ["person", "volume"])
def test_a_reading_that_does_not_belong_here_is_refused(
    second_read: SecondRead, make_reading: MakeReading, kind: str
) -> None:
    second_read.skip_alone()
    other = make_reading(volume="ffffffffffff")
    wrong = other if kind == "volume" else SecondRead("0123456789ab").done_alone()
    with pytest.raises(StudyError, match="did not join"):
        second_read.reveal(wrong)


def test_a_verdict_on_nothing_is_refused(second_read: SecondRead, make_reading: MakeReading) -> None:
    second_read.skip_alone()
    second_read.reveal(make_reading())
    with pytest.raises(StudyError, match="no such candidate"):
        second_read.set_verdict(make_reading().reader, "C99", "accept")
    with pytest.raises(StudyError, match="no such candidate"):
        second_read.set_verdict(Reader("system", "hbp-detection", bundle_digest="00" * 32), "C1", "accept")
    with pytest.raises(StudyError, match="no such verdict"):
        second_read.set_verdict(make_reading().reader, "C1", "edited")


def test_time_counts_from_event_to_event_but_not_while_it_lay_closed(
    second_read: SecondRead, make_reading: MakeReading, clock: Any
) -> None:
    second_read.note_opened()
    clock.wait(60)
    second_read.add_mark((1, 2, 3), 4)
    clock.wait(86_400)
    again = SecondRead.from_json(second_read.to_json(), clock)
    again.note_opened()
    clock.wait(30)
    assert again.done_alone().times["alone_s"] == 90.0
    clock.wait(5)
    again.reveal(make_reading())
    clock.wait(15)
    times = again.finish().times
    assert (times["alone_s"], times["aided_s"], times["total_s"]) == (90.0, 20.0, 110.0)


def test_a_clock_set_back_is_said_and_gives_no_negative_time(second_read: SecondRead, clock: Any) -> None:
    second_read.add_mark((1, 2, 3), 4)
    clock.wait(-3600)
    second_read.change_mark(1, rating=2)
    clock.wait(10)
    reading = second_read.done_alone()
    assert reading.times["alone_s"] == 10.0
    assert any("set back" in m.text for m in reading.messages)


def test_listeners_hear_what_changed(second_read: SecondRead, make_reading: MakeReading) -> None:
    heard: list[str] = []
    second_read.listeners.append(heard.append)
    whole_way(second_read, make_reading())
    assert heard == ["marks", "marks", "stage", "verdicts", "marks", "marks", *["verdicts"] * 3, "stage"]


def test_setting_what_is_set_leaves_no_event(second_read: SecondRead, make_reading: MakeReading) -> None:
    second_read.add_mark((1, 2, 3), 4, 3)
    second_read.done_alone()
    second_read.reveal(make_reading())
    second_read.set_verdict(make_reading().reader, "C1", "accept")
    count = len(second_read.events)
    second_read.change_mark(1, rating=3)
    second_read.set_verdict(make_reading().reader, "C1", "accept")
    assert len(second_read.events) == count


def test_record_is_valid_against_its_schema_and_comes_back_equal(
    second_read: SecondRead, make_reading: MakeReading, clock: Any
) -> None:
    second_read.inputs = (Input("0123456789ab", "t1-hbp", None, (30, 320, 320)),)
    whole_way(second_read, make_reading())
    second_read.note_opened()
    document = json.loads(json.dumps(second_read.to_json()))
    schema("second-read").validate(document)
    again = SecondRead.from_json(document, clock)
    assert again.to_json() == second_read.to_json()
    assert (again.all_marks, again.verdicts, again.sealed, again.readings, again.change_list()) == (
        second_read.all_marks, second_read.verdicts, second_read.sealed, second_read.readings,
        second_read.change_list(),
    )  # fmt: skip


def _break_seal(document: dict[str, Any]) -> None:
    sealed = next(e for e in document["events"] if e["kind"] == "alone-done")
    sealed["reading"]["marks"][0]["score"] = 1.0


def _break_order(document: dict[str, Any]) -> None:
    del document["events"][0]


def _break_schema(document: dict[str, Any]) -> None:
    document["schema"] = "overread.second-read/2"


def _break_event(document: dict[str, Any]) -> None:
    document["events"][0]["kind"] = "never heard of"


@pytest.mark.parametrize(
    ("damage", "why"),
    [(_break_seal, "changed after it was sealed"), (_break_order, "missing or damaged"),
     (_break_schema, "no document of schema"), (_break_event, "missing or damaged")],
)  # fmt: skip
def test_a_damaged_record_is_refused_in_a_sentence(
    second_read: SecondRead, make_reading: MakeReading, damage: Callable[[dict[str, Any]], None], why: str
) -> None:
    whole_way(second_read, make_reading())
    document = json.loads(json.dumps(second_read.to_json()))
    damage(document)
    with pytest.raises(InputError, match=why):
        SecondRead.from_json(document)


def test_time_does_not_count_while_another_series_is_shown_or_after_the_end(
    second_read: SecondRead, make_reading: MakeReading, clock: Any
) -> None:
    second_read.note_opened()
    clock.wait(20)
    second_read.note_closed()
    clock.wait(3000)
    second_read.note_opened()
    clock.wait(10)
    assert second_read.done_alone().times["alone_s"] == 30.0
    second_read.reveal(make_reading())
    second_read.finish()
    clock.wait(600)
    second_read.note_closed()
    clock.wait(600)
    second_read.note_opened()
    second_read.reopen()
    clock.wait(5)
    assert second_read.finish().times["total_s"] == 35.0


def test_mark_withdrawn_alone_and_restored_after_the_reveal_is_one_made_after(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    second_read.add_mark((1, 2, 3), 4, 5)
    second_read.withdraw_mark(1)
    second_read.done_alone()
    second_read.reveal(make_reading())
    assert second_read.change_list() == ()
    second_read.restore_mark(1)
    assert [c.kind for c in second_read.change_list()] == ["added"]
    assert second_read.marks[0].added == "after"
    assert second_read.change_mark(1, centre_mm=(4, 5, 6)).centre_mm == (4.0, 5.0, 6.0)


def test_a_persons_reading_has_no_operating_point_of_the_systems_scale(
    second_read: SecondRead, make_reading: MakeReading
) -> None:
    final = whole_way(second_read, make_reading())
    assert final.operating_point is None
    assert final.parameters is not None
    assert final.parameters["looked_through_from"] == 0.5


@pytest.mark.parametrize(("kind", "key", "value"), [("mark-added", "rating", 9), ("verdict", "call", "nonsense")])
def test_a_record_with_what_nobody_can_say_is_refused(
    second_read: SecondRead, make_reading: MakeReading, kind: str, key: str, value: Any
) -> None:
    whole_way(second_read, make_reading())
    document = json.loads(json.dumps(second_read.to_json()))
    next(e for e in document["events"] if e["kind"] == kind)[key] = value
    with pytest.raises(InputError, match="cannot be used"):
        SecondRead.from_json(document)
