"""Whatever the reader does in whatever order: nothing is lost, nothing is shown too early, the record comes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from overread.core.errors import StudyError
from overread.core.reading import Mark, Reader, Reading
from overread.study.second_read import STAGES, OwnMark, SecondRead

VOLUME = "0123456789ab"
SYSTEMS = (Reader("system", "one", bundle_digest="aa" * 32), Reader("system", "two", bundle_digest=None))
POINTS = st.tuples(*[st.floats(-300, 300, width=32)] * 3)
NUMBERS = st.integers(1, 6)


def system_reading(reader: Reader, scores: list[float], shift: float) -> Reading:
    marks = tuple(Mark(f"C{n + 1}", (n + shift, 0.0, 0.0), s, None, VOLUME, n, (n,)) for n, s in enumerate(scores))
    return Reading("r", "2026-01-01", reader, {"id": "c"}, (), "marks" if marks else "none", 0.5, marks)


class AnyOrder(RuleBasedStateMachine):
    """A reader who presses everything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.second_read = SecondRead(VOLUME, clock=lambda: self.now)
        self.events_before: tuple[Any, ...] = ()
        self.told: list[str] = []
        self.second_read.listeners.append(self.told.append)
        self.was_revealed = False

    def attempt(self, act: Any, *arguments: Any, **named: Any) -> None:
        """Do it, or be refused in a sentence without a trace."""
        before = self.second_read.to_json()
        try:
            act(*arguments, **named)
        except StudyError:
            assert self.second_read.to_json() == before

    @rule(seconds=st.integers(-5, 600))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(
        centre=POINTS,
        k=st.integers(0, 30),
        rating=st.none() | st.integers(0, 6),
        ends=st.none() | st.tuples(POINTS, POINTS),
    )
    def add(self, centre: Any, k: int, rating: int | None, ends: Any) -> None:
        self.attempt(self.second_read.add_mark, centre, k, rating, ends)

    @rule(number=NUMBERS, rating=st.none() | st.integers(1, 5), note=st.none() | st.text(max_size=5))
    def change(self, number: int, rating: int | None, note: str | None) -> None:
        self.attempt(self.second_read.change_mark, number, rating=rating, note=note)

    @rule(number=NUMBERS, centre=POINTS)
    def move(self, number: int, centre: Any) -> None:
        self.attempt(self.second_read.change_mark, number, centre_mm=centre)

    @rule(number=NUMBERS)
    def withdraw(self, number: int) -> None:
        self.attempt(self.second_read.withdraw_mark, number)

    @rule(number=NUMBERS)
    def restore(self, number: int) -> None:
        self.attempt(self.second_read.restore_mark, number)

    @rule(act=st.sampled_from(["done_alone", "skip_alone", "finish", "reopen", "note_opened"]))
    def press(self, act: str) -> None:
        self.attempt(getattr(self.second_read, act))

    @rule(
        system=st.sampled_from(SYSTEMS), scores=st.lists(st.floats(0, 1), max_size=4), shift=st.sampled_from([0.0, 9.0])
    )
    def reveal(self, system: Reader, scores: list[float], shift: float) -> None:
        self.attempt(self.second_read.reveal, system_reading(system, scores, shift))

    @rule(
        system=st.sampled_from(SYSTEMS), n=st.integers(1, 4), note=st.none() | st.text(max_size=3),
        call=st.none() | st.sampled_from(["accept", "dismiss", "unsure", "nonsense"]),
    )  # fmt: skip
    def judge(self, system: Reader, n: int, call: str | None, note: str | None) -> None:
        self.attempt(self.second_read.set_verdict, system, f"C{n}", call, note)

    @rule(system=st.sampled_from(SYSTEMS), call=st.sampled_from(["accept", "dismiss", "unsure"]))
    def go_the_usual_way(self, system: Reader, call: str) -> None:
        """So that chance does not have to find every step by itself."""
        self.attempt(self.second_read.done_alone)
        self.attempt(self.second_read.reveal, system_reading(system, [0.9, 0.4], 0.0))
        self.attempt(self.second_read.set_verdict, system, "C1", call)
        self.attempt(self.second_read.finish)

    @rule()
    def close_and_open(self) -> None:
        kept = json.loads(json.dumps(self.second_read.to_json()))
        self.second_read = SecondRead.from_json(kept, lambda: self.now)

    @invariant()
    def events_are_only_added(self) -> None:
        events = self.second_read.events
        assert events[: len(self.events_before)] == self.events_before
        assert [e["n"] for e in events] == list(range(1, len(events) + 1))
        self.events_before = tuple(json.loads(json.dumps(events)))

    @invariant()
    def nothing_of_a_system_is_there_before_the_reveal(self) -> None:
        now = self.second_read
        assert now.stage in STAGES
        assert not self.was_revealed or now.is_revealed
        self.was_revealed = now.is_revealed
        if not now.is_revealed:
            assert (now.systems, now.candidates(), now.verdicts, now.sealed, now.change_list()) == ((), (), (), (), ())

    @invariant()
    def seals_form_a_chain(self) -> None:
        documents = [r.to_json() for r in self.second_read.sealed]
        assert [d["previous_seal"] for d in documents] == [None, *[d["seal"] for d in documents[:-1]]][: len(documents)]
        assert all(r.reader.kind == "person" for r in self.second_read.sealed)

    @invariant()
    def the_last_seal_says_what_stands(self) -> None:
        now = self.second_read
        if now.stage != "finished":
            return
        accepted = {f"{v.system}:{v.mark_id}" for v in now.verdicts if v.call == "accept"}
        assert {m.id for m in now.sealed[-1].marks} == {f"M{m.number}" for m in now.marks} | accepted

    @invariant()
    def the_record_comes_back_equal(self) -> None:
        now = self.second_read
        again = SecondRead.from_json(json.loads(json.dumps(now.to_json())))
        assert again.to_json() == now.to_json()
        assert (again.stage, again.all_marks, again.verdicts, again.change_list()) == (
            now.stage, now.all_marks, now.verdicts, now.change_list(),
        )  # fmt: skip
        assert all(isinstance(m, OwnMark) for m in again.all_marks)


AnyOrder.TestCase.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
