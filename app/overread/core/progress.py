"""How long work tells where it stands and learns that it should stop. Knows no thread and no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overread.core.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the work stands: the name of the stage, and how much of it is done.

    ``total`` is None while nobody can know it.
    """

    name: str
    done: float
    total: float | None

    @property
    def fraction(self) -> float | None:
        """Share of this stage that is done, 0 to 1, or None while unknown."""
        if self.total is None or self.total <= 0:
            return None
        return min(1.0, self.done / self.total)


class Progress:
    """What a long function reports to and asks. This one listens to nobody and never stops the work."""

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        """Tell that ``done`` of ``total`` steps of the stage ``name`` are finished."""

    def cancelled(self) -> bool:
        """Whether the person asked to stop."""
        return False

    def check(self) -> None:
        """Leave the work at once if the person asked to stop.

        Raises
        ------
        Cancelled
        """
        if self.cancelled():
            raise Cancelled

    def step(self, name: str, done: float, total: float | None = None) -> None:
        """Report and check in one: what a loop calls once per turn."""
        self.report(name, done, total)
        self.check()


class CallbackProgress(Progress):
    """Passes every report to a function and asks another whether to stop."""

    def __init__(self, on_stage: Callable[[Stage], None], is_cancelled: Callable[[], bool] | None = None) -> None:
        self._on_stage = on_stage
        self._is_cancelled = is_cancelled

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        self._on_stage(Stage(name, done, total))

    def cancelled(self) -> bool:
        return self._is_cancelled is not None and self._is_cancelled()


class PartProgress(Progress):
    """Progress of one of several equal parts, told as progress of the whole under one name.

    Parameters
    ----------
    whole
        Told the parts that are done, out of ``count``, and asked whether to stop.
    name
        Of the stage; whatever the part itself calls its work.
    done, count
        Parts finished before this one, and parts in all.
    """

    def __init__(self, whole: Progress, name: str, done: int, count: int) -> None:
        self._whole, self._name, self._done, self._count = whole, name, done, count

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        self._whole.report(self._name, self._done + (done / total if total else 0.0), self._count)

    def cancelled(self) -> bool:
        return self._whole.cancelled()


SILENT = Progress()
