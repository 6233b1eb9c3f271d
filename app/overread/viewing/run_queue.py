"""Runs of systems in the order they were asked for: what waits, what reads now, how each one ended.

Plain state: it starts nothing. Whoever drives it takes ``next_waiting``, tells how the run goes, and hears from its
listeners what a person wants cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from overread.core.progress import Stage
from overread.core.reading import Reading
from overread.systems import ReadRequest
from overread.viewing.remaining import remaining_s, remaining_words
from overread.viewing.state import State

WAITING, RUNNING, STOPPING = "waiting", "running", "stopping"
DONE, REFUSED, FAILED, CANCELLED = "done", "refused", "failed", "cancelled"
_OPEN = (WAITING, RUNNING, STOPPING)
_IN_PLACE_OF_A_READING = {
    WAITING: "A run on this series waits in the queue.\nWhat the system marks will be listed here.",
    RUNNING: "A system is reading this series.\nWhat it marks will be listed here.",
    STOPPING: "The run on this series is being stopped.",
    FAILED: "The run on this series did not finish. {why}",
    CANCELLED: "The run on this series was cancelled. Nothing was kept.",
}
_ROW_WORDS = {
    WAITING: "waits for a system",
    RUNNING: "being read by a system",
    STOPPING: "run is being stopped",
    REFUSED: "refused by the gate of a system",
    FAILED: "run did not finish",
}
_KEPT_BACK = "A system has read this series.\nWhat it found is shown once you have read it alone."
_SHOWN_LATER = {
    WAITING: "A run on this series waits in the queue.\nWhat the system finds is shown once you have read it alone.",
    RUNNING: "A system is reading this series.\nWhat it finds is shown once you have read it alone.",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run, asked for or finished.

    Parameters
    ----------
    title
        The series, as its row in the tree is called.
    words
        How it ended, in a sentence; empty before.
    stage, stage_began_s
        Where it stands, and the clock of the driver when this stage began.
    candidates
        How many candidates it keeps, down to its floor; None before it is done.
    """

    number: int
    request: ReadRequest
    title: str
    state: str = WAITING
    words: str = ""
    stage: Stage | None = None
    stage_began_s: float = 0.0
    candidates: int | None = None

    @property
    def volume_id(self) -> str:
        """The volume that it reads, the first of several."""
        return self.request.volumes[0][1].id

    @property
    def volume_ids(self) -> tuple[str, ...]:
        """Every volume that it reads."""
        return tuple(volume.id for _, volume in self.request.volumes)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in _OPEN

    @property
    def fraction(self) -> float | None:
        """Share of its present stage that is done; None while nobody knows."""
        return self.stage.fraction if self.stage is not None else None

    def state_words(self, now_s: float, *, withheld: bool = False, ahead: int = 0) -> str:
        """Its state as a short line.

        Parameters
        ----------
        now_s
            The driver's clock now, for the remaining time.
        withheld
            The reader still reads this series alone: how it ended is told, what was found is not.
        ahead
            Runs that go before it.
        """
        if self.state == WAITING:
            return f"Waiting, {ahead} before it" if ahead else "Waiting, next"
        if self.state == STOPPING:
            return "Stopping…"
        if self.state == RUNNING:
            return self._running_words(now_s)
        if self.state == DONE and not withheld:
            return f"{self.words.rstrip('.')}: {self._count_words()}."
        return "Done; shown when you have read it alone." if self.state == DONE else self.words

    def row_words(self) -> str:
        """Its state in the few words that a row of the tree has room for; empty where the result says more."""
        if self.state == RUNNING and self.fraction is not None:
            return f"being read by a system, {self.fraction:.0%}"
        return _ROW_WORDS.get(self.state, "")

    def _running_words(self, now_s: float) -> str:
        if self.stage is None:
            return "Starting…"
        count = f"{self.stage.done:.0f} of {self.stage.total:.0f}" if self.stage.total else ""
        left = remaining_words(remaining_s(now_s - self.stage_began_s, self.fraction))
        name = self.stage.name[:1].upper() + self.stage.name[1:]
        return "   ".join(filter(None, (name, count, left)))

    def _count_words(self) -> str:
        if not self.candidates:
            return "no candidate down to its floor"
        return f"{self.candidates} candidate{'s' if self.candidates != 1 else ''} down to its floor"


class RunQueue(State):
    """The runs of this window, oldest first. Tells ``runs`` (one came, changed its state or went) or ``stage``."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: tuple[Run, ...] = ()
        self._number = 0

    def add(self, request: ReadRequest, title: str) -> Run | None:
        """Put a run at the end. None if the same system already waits for, or reads, the same series."""
        if self.holds(request):
            return None
        self._number += 1
        run = Run(self._number, request, title)
        self.runs = (*self.runs, run)
        self.tell("runs")
        return run

    def holds(self, request: ReadRequest) -> bool:
        """Whether this system waits for, or reads, the same volumes."""
        return any(run.is_open and _same(run.request, request) for run in self.runs)

    def get(self, number: int) -> Run:
        """The run with this number; KeyError when it has gone."""
        for run in self.runs:
            if run.number == number:
                return run
        raise KeyError(number)

    @property
    def running(self) -> Run | None:
        """The run that is under way."""
        return next((run for run in self.runs if run.state in (RUNNING, STOPPING)), None)

    @property
    def waiting(self) -> tuple[Run, ...]:
        """The runs that wait, the next one first."""
        return tuple(run for run in self.runs if run.state == WAITING)

    @property
    def is_busy(self) -> bool:
        """Whether a run is under way or waits."""
        return any(run.is_open for run in self.runs)

    def latest(self, volume_id: str) -> Run | None:
        """The newest run on a volume."""
        return next((run for run in reversed(self.runs) if volume_id in run.volume_ids), None)

    def ahead_of(self, run: Run) -> int:
        """How many open runs go before a waiting one."""
        return sum(other.is_open and other.number < run.number for other in self.runs)

    def words_for(self, volume_id: str, *, withheld: bool = False) -> str:
        """What stands in place of a reading that is not there: why, in a sentence; empty if no run says more."""
        run = self.latest(volume_id)
        if run is None or run.state == REFUSED:
            return ""
        if run.state == DONE:
            return _KEPT_BACK if withheld else ""
        words = _IN_PLACE_OF_A_READING | (_SHOWN_LATER if withheld else {})
        return words[run.state].format(why=run.words)

    # The driver tells

    def start_next(self) -> Run | None:
        """The run to start now, marked as running; None while one is under way or none waits."""
        if self.running is not None or not self.waiting:
            return None
        return self._change(self.waiting[0].number, state=RUNNING)

    def set_stage(self, number: int, stage: Stage, now_s: float) -> None:
        """Take where a run stands."""
        run = self.get(number)
        if run.stage is None or run.stage.name != stage.name:
            run = replace(run, stage_began_s=now_s)
        self._put(replace(run, stage=stage))
        self.tell("stage")

    def finish(self, number: int, reading: Reading, words: str) -> None:
        """A run came to a reading, also when its gate refused."""
        refused = reading.result == "refused"
        why = " ".join(m.text for m in reading.messages if m.level == "refusal")
        self._change(
            number, state=REFUSED if refused else DONE, words=why if refused else words, candidates=len(reading.marks)
        )

    def fail(self, number: int, words: str) -> None:
        """A run broke off with an error."""
        self._change(number, state=FAILED, words=words)

    def drop(self, number: int) -> None:
        """A run was stopped: nothing of it is kept."""
        self._change(number, state=CANCELLED, words="Cancelled. Nothing was kept.")

    # The person wants

    def cancel(self, number: int) -> None:
        """Take a waiting run out, or ask for the running one to stop: its driver then calls ``drop``."""
        state = self.get(number).state
        if state == WAITING:
            self.drop(number)
        elif state == RUNNING:
            self._change(number, state=STOPPING)

    def cancel_all(self) -> None:
        """Cancel everything that has not ended, the waiting ones first so that none of them starts."""
        for run in (*self.waiting, *(r for r in self.runs if r.state == RUNNING)):
            self.cancel(run.number)

    def clear_ended(self) -> None:
        """Take the ended runs off the list; their results stay."""
        self.runs = tuple(run for run in self.runs if run.is_open)
        self.tell("runs")

    def _change(self, number: int, **changes: object) -> Run:
        run = replace(self.get(number), **changes)  # type: ignore[arg-type]
        self._put(run)
        self.tell("runs")
        return run

    def _put(self, run: Run) -> None:
        self.runs = tuple(run if other.number == run.number else other for other in self.runs)


def _same(one: ReadRequest, other: ReadRequest) -> bool:
    return (one.system, one.variant, [(r, v.id) for r, v in one.volumes]) == (
        other.system,
        other.variant,
        [(r, v.id) for r, v in other.volumes],
    )
