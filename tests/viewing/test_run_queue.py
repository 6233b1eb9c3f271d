"""The queue of runs without a window: order, states, what is said of each."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from overread.core.progress import Stage
from overread.core.reading import Mark, Message, Reader, Reading
from overread.core.roles import Role
from overread.core.study import Volume
from overread.systems import ReadRequest
from overread.viewing.run_queue import CANCELLED, DONE, FAILED, REFUSED, RUNNING, STOPPING, WAITING, RunQueue


@pytest.fixture
def request_on(volume):
    return lambda name: ReadRequest("hbp-detection", (("t1-hbp", volume(id=name)),))


def _reading(result="none", marks=(), messages=()):
    return Reading("r", "now", Reader("system", "x"), {}, (), result, 0.1, tuple(marks), messages=tuple(messages))


def test_first_run_starts_and_the_others_wait_in_order(request_on):
    queue = RunQueue()
    runs = [queue.add(request_on(name), name) for name in "abc"]
    assert queue.start_next().number == runs[0].number
    assert queue.start_next() is None
    assert [run.title for run in queue.waiting] == ["b", "c"]
    assert queue.get(runs[2].number).state_words(0.0, ahead=queue.ahead_of(runs[2])) == "Waiting, 2 before it"


def test_same_system_on_the_same_series_is_queued_once_until_it_ended(request_on):
    queue = RunQueue()
    first = queue.add(request_on("a"), "a")
    assert queue.add(request_on("a"), "a") is None
    queue.cancel(first.number)
    assert queue.add(request_on("a"), "a") is not None


def test_running_line_tells_stage_count_and_remaining_time(request_on):
    queue = RunQueue()
    run = queue.add(request_on("a"), "a")
    queue.start_next()
    assert queue.get(run.number).state_words(0.0) == "Starting…"
    queue.set_stage(run.number, Stage("reading slices", 0, 100), 10.0)
    queue.set_stage(run.number, Stage("reading slices", 25, 100), 20.0)
    assert queue.get(run.number).state_words(20.0) == "Reading slices   25 of 100   about 30 s left"


def test_a_new_stage_starts_its_own_clock(request_on):
    queue = RunQueue()
    run = queue.add(request_on("a"), "a")
    queue.start_next()
    queue.set_stage(run.number, Stage("decoding", 1, 1), 3.0)
    queue.set_stage(run.number, Stage("network", 1, 10), 8.0)
    assert queue.get(run.number).stage_began_s == 8.0


@pytest.mark.parametrize(("marks", "words"), [
    ((), "Done: no candidate down to its floor."),
    ((Mark("a", (0, 0, 0), 0.5),), "Done: 1 candidate down to its floor."),
])
def test_ended_run_tells_how_many_candidates_it_keeps(request_on, marks, words):
    queue = RunQueue()
    run = queue.add(request_on("a"), "a")
    queue.start_next()
    queue.finish(run.number, _reading("marks" if marks else "none", marks), "Done.")
    assert queue.get(run.number).state == DONE
    assert queue.get(run.number).state_words(0.0) == words


def test_series_that_is_still_read_alone_does_not_tell_how_much_was_found(request_on):
    queue = RunQueue()
    run = queue.add(request_on("a"), "a")
    later = "shown once you have read it alone."
    assert queue.words_for("a", withheld=True).endswith(later)
    queue.start_next()
    assert queue.words_for("a", withheld=True).endswith(later)
    assert queue.words_for("a").endswith("listed here.")
    queue.finish(run.number, _reading("marks", [Mark("a", (0, 0, 0), 0.5)]), "Done.")
    words = queue.get(run.number).state_words(0.0, withheld=True)
    assert words == "Done; shown when you have read it alone."
    assert "alone" in queue.words_for("a", withheld=True)


def test_refused_failed_and_cancelled_each_have_their_sentence(request_on):
    queue = RunQueue()
    refused, failed, cancelled = (queue.add(request_on(name), name) for name in "abc")
    queue.start_next()
    queue.finish(refused.number, _reading("refused", messages=[Message("refusal", "It is CT, not MR.")]), "x")
    queue.start_next()
    queue.fail(failed.number, "The reading broke off: no memory. Try again.")
    queue.cancel(cancelled.number)
    assert [(r.state, r.words) for r in queue.runs] == [
        (REFUSED, "It is CT, not MR."), (FAILED, "The reading broke off: no memory. Try again."),
        (CANCELLED, "Cancelled. Nothing was kept.")]
    assert queue.words_for("b") == ("The run on this series did not finish. The reading broke off: no memory. "
                                    "Try again.")
    assert queue.words_for("c") == "The run on this series was cancelled. Nothing was kept."
    assert queue.words_for("never asked for") == ""


def test_cancel_all_starts_none_of_those_that_waited(request_on):
    queue = RunQueue()
    for name in "abc":
        queue.add(request_on(name), name)
    queue.start_next()
    started = []
    queue.listeners.append(lambda _what: started.append(queue.start_next()))
    queue.cancel_all()
    assert [run.state for run in queue.runs] == [STOPPING, CANCELLED, CANCELLED]
    assert started.count(None) == len(started)


def test_clearing_takes_only_ended_runs(request_on):
    queue = RunQueue()
    first, _second = (queue.add(request_on(name), name) for name in "ab")
    queue.cancel(first.number)
    queue.clear_ended()
    assert [run.title for run in queue.runs] == ["b"]
    with pytest.raises(KeyError):
        queue.get(first.number)


class QueueMachine(RuleBasedStateMachine):
    """Any order of wishes and endings."""

    def __init__(self):
        super().__init__()
        self.queue = RunQueue()
        self.ended = {}

    @rule(name=st.sampled_from("abcd"))
    def ask(self, name):
        volume = Volume(name, "stack", (0, 4, 4), None, "oblique", (), Role(None))
        self.queue.add(ReadRequest("hbp-detection", (("t1-hbp", volume),)), name)

    @rule()
    def start(self):
        self.queue.start_next()

    @rule(how=st.sampled_from(("finish", "fail", "drop")))
    def end(self, how):
        running = self.queue.running
        if running is not None:
            args = {"finish": (_reading(), "Done."), "fail": ("It broke.",), "drop": ()}[how]
            getattr(self.queue, how)(running.number, *args)

    @rule(at=st.integers(0, 5))
    def cancel(self, at):
        if at < len(self.queue.runs):
            self.queue.cancel(self.queue.runs[at].number)

    @rule()
    def cancel_all(self):
        self.queue.cancel_all()

    @invariant()
    def at_most_one_is_under_way_and_what_ended_stays_as_it_ended(self):
        states = [run.state for run in self.queue.runs]
        assert sum(state in (RUNNING, STOPPING) for state in states) <= 1
        for run in self.queue.runs:
            if run.number in self.ended:
                assert run == self.ended[run.number]
            if not run.is_open:
                assert run.words
                self.ended[run.number] = run
        keys = [run.volume_id for run in self.queue.runs if run.is_open]
        assert len(keys) == len(set(keys))
        assert [r.number for r in self.queue.waiting] == sorted(r.number for r in self.queue.waiting)
        assert all(r.state == WAITING for r in self.queue.waiting)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
