"""Keeping systems back, without a window: which volumes, until when, what is saved and what is told."""

import pytest

from overread.core.reading import Mark, Reader, Reading
from overread.core.study import FileCounts, Scan, Series, Study
from overread.study.second_read import SecondReadStore
from overread.viewing.key_images import KeyImages
from overread.viewing.measure import MM
from overread.viewing.second_reading import ALONE, FINISHED, REVEAL, VERDICTS
from overread.viewing.session import Result, Session


def _scan(*volumes):
    series = tuple(Series(f"1.{n}", "MR", n, None, (v,)) for n, v in enumerate(volumes))
    return Scan((), FileCounts(), (Study("1", None, None, series),), ())


def _result(*scores):
    marks = tuple(Mark(f"C{n}", (0.0, 0.0, 30.0 + 3 * n), s, peak_slice=n) for n, s in enumerate(scores, start=1))
    reader = Reader("system", "x", bundle_digest="b")
    return Result(Reading("r", "now", reader, {}, (), "marks" if marks else "none", 0.1, marks), None, "x")


@pytest.fixture
def session(volume):
    """Two volumes of one study, the first shown, read alone first."""
    made = Session()
    made.second.set_unaided_first(True)
    made.set_scan(_scan(volume(id="first"), volume(id="second")))
    made.show(made.find("first")[2])
    return made


def test_results_of_every_volume_are_kept_back_until_that_volume_is_read(session):
    session.set_result("first", _result(0.9))
    session.set_result("second", _result(0.8))
    assert session.findings.reading is None
    assert session.second.has_waiting_result
    session.second.done_alone()
    assert session.findings.reading is not None
    session.show(session.find("second")[2])
    assert session.findings.reading is None


def test_own_marks_are_seen_on_other_series_where_the_slices_meet(volume):
    session = Session()
    session.set_scan(_scan(*(volume(id=name, frame_of_reference=frame)
                             for name, frame in (("t1", "1.9"), ("t2", "1.9"), ("other", "8.8")))))  # fmt: skip
    session.show(session.find("t1")[2])
    session.second.mark_at(2, tuple(float(v) for v in session.find("t1")[2].affine.to_mm((2, 4, 5))))
    seen = {}
    for name in ("t1", "t2", "other"):
        session.show(session.find(name)[2])
        for k in (2, 6):
            session.layout.active.go_to(k)
            seen[name, k] = [(m.label, m.row, m.column, m.is_own) for m in session.second.drawn_marks()]
    assert seen["t1", 2] == [("M1", 4, 5, True)]
    assert seen["t2", 2] == [("M1", 4, 5, False)]
    assert seen["t2", 6] == []
    assert seen["other", 2] == []
    session.show(session.find("t2")[2])
    session.layout.active.go_to(2)
    session.second.mark_at(2, (0.0, 0.0, 36.0))
    assert [m.label for m in session.second.drawn_marks()] == ["M1", "M1 T1 hepatobiliary"]
    session.show(session.find("other")[2])
    assert not any(m.is_here for m in session.second.drawn_marks())


def test_what_was_marked_after_the_reveal_is_not_seen_on_a_series_that_is_still_read_alone(volume):
    session = Session()
    session.second.set_unaided_first(True)
    session.set_scan(_scan(*(volume(id=name, frame_of_reference="1.9") for name in ("t1", "t2"))))
    first, sister = (session.find(name)[2] for name in ("t1", "t2"))
    session.show(first)
    session.second.mark_at(2, tuple(float(v) for v in first.affine.to_mm((2, 4, 5))))
    session.set_result("t1", _result(0.9))
    session.second.done_alone()
    session.second.mark_at(3, tuple(float(v) for v in first.affine.to_mm((3, 6, 6))))
    session.regions.put(2, (0.0, 0.0, 36.0), 12.0, "detector")
    session.regions.put(2, (0.0, 0.0, 36.0), 12.0, new=True)
    session.show(sister)
    session.layout.active.go_to(2)
    assert session.is_withheld("t2")
    assert [m.number for m in session.second.drawn_marks()] == [1]
    assert [lesion.source for lesion in session.regions.lesions] == ["circle"]
    session.second.done_alone()
    assert [m.number for m in session.second.drawn_marks()] == [1, 2]
    assert len(session.regions.lesions) == 2


def test_steps_follow_the_reader(session):
    second = session.second
    assert second.step == ALONE
    second.done_alone()
    assert second.step == REVEAL
    session.set_result("first", _result(0.9, 0.4))
    assert second.step == VERDICTS
    assert second.counts() == (2, 2)
    session.findings.select(1)
    second.judge("accept")
    assert second.counts() == (1, 2)
    second.finish()
    assert second.step == FINISHED
    second.judge("dismiss")
    assert second.verdict_of(session.findings.candidate(1)).call == "accept"


def test_verdict_given_again_is_taken_back_and_the_note_stays(session):
    second = session.second
    second.done_alone()
    session.set_result("first", _result(0.9))
    session.findings.select(1)
    second.note_candidate("beside the vessel")
    second.judge("unsure")
    second.judge("unsure")
    verdict = second.verdict_of(session.findings.candidate(1))
    assert (verdict.call, verdict.note) == (None, "beside the vessel")


def test_nothing_can_be_judged_while_reading_alone(session):
    session.set_result("first", _result(0.9))
    session.findings.select(1)
    session.second.judge("accept")
    assert not session.second.can_judge
    assert session.second.record.verdicts == ()


def test_switch_off_sets_everything_free_and_on_keeps_back_what_was_not_seen(session):
    session.set_result("first", _result(0.9))
    session.set_result("second", _result(0.8))
    session.second.set_unaided_first(False)
    assert session.findings.reading is not None
    session.second.set_unaided_first(True)
    assert not session.is_withheld("first")
    assert session.is_withheld("second")


def test_result_that_was_seen_before_a_mark_is_in_the_record(session, own_home):
    session.second.set_unaided_first(False)
    session.set_result("first", _result(0.9))
    assert not (own_home / "data" / "second-reads").exists()
    session.second.mark_at(2, (0.0, 0.0, 36.0))
    kept = SecondReadStore().load("first")
    assert kept.shown_from_start
    assert kept.marks[0].added == "after"


def test_volume_without_a_place_cannot_be_marked(volume):
    session = Session()
    session.set_scan(_scan(volume(id="flat", affine=None, kind="image")))
    session.show(session.find("flat")[2])
    assert not session.second.can_mark
    assert session.second.mark_at(0, (1.0, 1.0, 0.0)) is None


def test_one_length_is_the_diameter_of_one_mark_only(session):
    measuring = session.measuring
    measuring.use("length")
    measuring.begin(2, (-4.0, 0.0, 36.0), MM)
    measuring.drag((4.0, 0.0, 36.0))
    measuring.finish()
    first = session.second.mark_at(2, (0.5, 0.0, 36.0))
    assert first.length_mm == 8
    assert first.centre_mm == (0.0, 0.0, 36.0)
    assert session.second.mark_at(2, (1.0, 0.0, 36.0)).length_mm is None


def test_record_that_cannot_be_saved_is_told_and_kept_in_memory(session, own_home):
    told = []
    session.second.on_trouble = told.append
    (own_home / "data").mkdir()
    (own_home / "data" / "second-reads").write_text("in the way")
    session.second.mark_at(2, (0.0, 0.0, 36.0))
    assert len(told) == 1
    assert "cannot be written" in str(told[0])
    assert len(session.second.record.marks) == 1


def test_undo_ends_at_the_reveal(session):
    second = session.second
    second.mark_at(2, (0.0, 0.0, 36.0))
    assert second.can_undo
    second.done_alone()
    assert not second.can_undo


def test_refusal_of_a_gate_is_no_reveal(session):
    from overread.core.reading import Message

    refused = Reading("r", "now", Reader("system", "x"), {}, (), "refused", None, messages=(Message("refusal", "No."),))
    session.second.done_alone()
    session.set_result("first", Result(refused, None, "x"))
    assert session.second.step == REVEAL
    assert not session.second.can_judge


def test_key_images_are_listed_in_the_order_kept_and_foreign_files_are_left_alone(own_home):
    images = KeyImages(SecondReadStore())
    images.show("first")
    images.add(b"png", "mark", 2, 40, "first")
    images.add(b"png", "slice", 0, 3, "first")
    (images.images[0].path.parent / "notes.txt").write_text("mine")
    images.show("first")
    assert [image.words for image in images.images] == ["Mark M2, slice 41", "Slice 4"]
    images.remove(images.images[0])
    assert [image.words for image in images.images] == ["Slice 4"]
    images.add(b"png", "candidate", 1, 7, "second")
    assert [image.words for image in images.images] == ["Slice 4"]
    images.add(b"png", "candidate", 1, 7, "first")
    assert images.images[-1].words == "Candidate 1, slice 8"


def test_a_folder_of_many_series_is_kept_back_in_one_word(volume):
    session = Session()
    session.second.set_unaided_first(True)
    told = []
    session.listeners.append(told.append)
    session.set_scan(_scan(*(volume(id=f"v{n}") for n in range(40))))
    assert all(session.is_withheld(f"v{n}") for n in range(40))
    assert told.count("results") == 1


def test_looking_is_noted_for_the_series_on_the_screen_and_leaves_no_file(session):
    second = session.second
    first = second.record
    session.show(session.find("second")[2])
    session.show(session.find("first")[2])
    assert [event["kind"] for event in first.events] == ["opened", "closed", "opened"]
    assert not first.is_begun
    assert not second.store.folder.exists()
    second.done_alone()
    assert second.store.path_of("first").exists()
    assert not second.store.path_of("second").exists()
