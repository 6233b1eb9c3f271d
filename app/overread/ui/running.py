"""Runs of a system in the worker process, one at a time, and their results in the session."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal

from overread.core.errors import OverreadError
from overread.core.progress import Progress
from overread.engines.worker import Worker
from overread.systems import SYSTEMS, Bundle, OperatingInfo, Outcome, ReadRequest, find_bundle
from overread.ui.jobs import Job
from overread.viewing.findings import Point
from overread.viewing.session import Result, Session

READ, WARM_UP = "overread.systems:read", "overread.systems:warm_up"


class Running(QObject):
    """The run. ``finished`` comes after every end, with a sentence for the panel."""

    started = Signal(str)
    stage = Signal(object)
    finished = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._worker = Worker()
        self._job: Job | None = None
        self._warm: Job | None = None

    @property
    def is_running(self) -> bool:
        """Whether a run is under way."""
        return self._job is not None and self._job.is_running

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker while it lives."""
        return self._worker.pid

    def warm_up(self) -> None:
        """Start the worker process, so that it is there when it is asked; called once an image stands."""
        if self._warm is None:
            self._warm = Job("Starting the worker", lambda progress: self._worker.call(WARM_UP, progress=progress),
                             parent=self, on_error=self.failed.emit).start()

    def run(self, request: ReadRequest) -> None:
        """Start a run, unless one is under way."""
        if self.is_running:
            return
        volume_id = request.volumes[0][1].id

        def read(progress: Progress) -> tuple[Outcome, Bundle]:
            bundle = find_bundle(request.system, request.variant)
            return self._worker.call(READ, request, progress=progress), bundle

        self._job = Job("The run", read, parent=self, on_stage=self.stage.emit, on_error=self._failed,
                        on_cancelled=lambda: self.finished.emit("Cancelled. Nothing was kept."),
                        on_done=lambda result: self._done(request.system, volume_id, *result))
        self._job.start()
        self.started.emit(volume_id)

    def cancel(self) -> None:
        """Stop the run; ``finished`` follows within a second."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Stop the run and end the worker process."""
        if self._job is not None:
            self._job.drop()
        if self._warm is not None:
            self._warm.drop()
        self._worker.close()
        if self._warm is not None:
            self._warm.wait(2.0)
        if self._job is not None:
            self._job.wait(2.0)

    def _failed(self, error: OverreadError) -> None:
        self.finished.emit("The run did not finish.")
        self.failed.emit(error)

    def _done(self, system_id: str, volume_id: str, outcome: Outcome, bundle: Bundle) -> None:
        points = tuple(Point(name, info.threshold, meaning(info)) for name, info in bundle.operating.items())
        result = Result(outcome.reading, outcome.heatmap, SYSTEMS[system_id].id, points, bundle.caution)
        self._session.set_result(volume_id, result)
        if outcome.reading.result == "refused":
            self.finished.emit("Refused by its gate.")
            return
        seconds = outcome.reading.times.get("total")
        took = f" in {seconds:.1f} s" if isinstance(seconds, float) else ""
        device = outcome.reading.reader.device
        self.finished.emit(f"Done{took}" + (f" on {device}." if device else "."))


def meaning(info: OperatingInfo) -> str:
    """What an operating point meant on the set it was chosen on, in a sentence."""
    sensitivity, specificity = (_interval(v) for v in (info.slice_sensitivity, info.slice_specificity))
    words = f"On {info.chosen_on}: slice sensitivity {sensitivity}, slice specificity {specificity}"
    return words + (f"; {info.marks_per_case:.1f} marks a case." if math.isfinite(info.marks_per_case) else ".")


def _interval(value: tuple[float, float, float]) -> str:
    if not all(math.isfinite(v) for v in value):
        return "not measured"
    return f"{value[0] * 100:.0f} % ({value[1] * 100:.0f}–{value[2] * 100:.0f})"
