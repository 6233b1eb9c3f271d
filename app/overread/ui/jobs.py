"""Work off the window's thread: a plain function with a ``Progress`` goes in, calls on the window's thread
come out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from overread.core.errors import Cancelled, OverreadError
from overread.core.progress import Progress, Stage

logger = logging.getLogger(__name__)
_STAGE_EVERY_S = 0.04


def _nothing(_value: Any = None) -> None:
    return


class Job(QObject):
    """One run of ``function(progress)`` in a thread of its own.

    Parameters
    ----------
    name
        What is done, for the log and the error dialog, as in "Opening the folder".
    function
        Runs in the thread. It knows no Qt; it passes parts of its result on with ``send``.
    on_done, on_error, on_cancelled, on_stage, on_part
        Called on the window's thread. Exactly one of the first three ends the job.
    """

    _event = Signal(str, object)

    def __init__(self, name: str, function: Callable[[Progress], Any], *, parent: QObject | None = None,
                 on_done: Callable[[Any], None] = _nothing,
                 on_error: Callable[[OverreadError], None] = _nothing,
                 on_cancelled: Callable[[], None] = _nothing, on_stage: Callable[[Stage], None] = _nothing,
                 on_part: Callable[[Any], None] = _nothing) -> None:
        super().__init__(parent)
        self.name = name
        self._function = function
        self._callbacks: dict[str, Callable[[Any], None]] = {
            "done": on_done, "error": on_error, "cancelled": lambda _: on_cancelled(), "stage": on_stage,
            "part": on_part,
        }
        self._cancelled = threading.Event()
        self._is_over = False
        self._muted = False
        self._event.connect(self._receive, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=f"job: {name}", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether its end has not been told yet."""
        return not self._is_over

    def start(self) -> Job:
        """Start the thread."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the function to stop; ``on_cancelled`` follows."""
        self._cancelled.set()

    def drop(self) -> None:
        """Ask it to stop and hear nothing more of it."""
        self._muted = True
        self._is_over = True
        self._cancelled.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the thread to end; whether it did."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def send(self, part: Any) -> None:
        """Pass something on to ``on_part`` from inside the function."""
        self._tell("part", part)

    def _run(self) -> None:
        started = time.monotonic()
        kind, value = self._outcome()
        logger.info("%s: %s after %.2f s", self.name, kind, time.monotonic() - started)
        self._tell(kind, value)

    def _outcome(self) -> tuple[str, Any]:
        try:
            return "done", self._function(_JobProgress(self))
        except Cancelled:
            return "cancelled", None
        except OverreadError as problem:
            return "error", problem
        except Exception as fault:
            logger.exception("%s failed", self.name)
            return "error", unexpected(self.name, fault)

    def _tell(self, kind: str, value: Any) -> None:
        try:
            self._event.emit(kind, value)
        except RuntimeError:  # the window is gone, and this object with it
            logger.info("%s: nobody listens any more", self.name)

    @Slot(str, object)
    def _receive(self, kind: str, value: Any) -> None:
        is_end = kind in ("done", "error", "cancelled")
        if is_end:
            self.deleteLater()
        if self._muted:
            return
        if is_end:
            self._is_over = True
            if kind == "done" and self._cancelled.is_set():
                kind, value = "cancelled", None
        self._callbacks[kind](value)


class Unexpected(OverreadError):
    """A fault of the program: its details are in the log file."""


def unexpected(name: str, fault: BaseException) -> Unexpected:
    """The error shown for a fault nobody foresaw."""
    return Unexpected(f"{name} did not work", f"the program has a fault here ({type(fault).__name__})",
                      "Details are in the log file; please report it. What is on the screen is unharmed")


class _JobProgress(Progress):
    """Passes on the newest stage, at most 25 a second, and the wish to stop."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._last_name = ""
        self._last_s = 0.0

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        now = time.monotonic()
        if name == self._last_name and done != total and now - self._last_s < _STAGE_EVERY_S:
            return
        self._last_name, self._last_s = name, now
        self._job._tell("stage", Stage(name, done, total))

    def cancelled(self) -> bool:
        return self._job._cancelled.is_set()
