"""Drives the queue of runs: one at a time in the worker process, the results into the session."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from overread.core.errors import OverreadError
from overread.core.progress import Progress, Stage
from overread.engines.worker import Worker
from overread.systems import Bundle, Outcome, ReadRequest, find_bundle
from overread.ui.jobs import Job
from overread.ui.settings import Settings
from overread.viewing.evidence import evidence_of
from overread.viewing.operating import floor_of, points_of
from overread.viewing.readable import run_title
from overread.viewing.results import Result, reader_name
from overread.viewing.run_queue import RUNNING, STOPPING, Run
from overread.viewing.session import Session

READ, WARM_UP = "overread.systems:read", "overread.systems:warm_up"
_DEVICE_NAMES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}
DEVICE_LINE = "overread.engines.devices:device_line"


class Running(QObject):
    """Starts what waits, stops what shall stop.

    ``finished`` comes after every end with its sentence, ``failed`` with an error that nobody has been told of yet,
    ``device`` with the words about what computes here.
    """

    finished = Signal(str)
    failed = Signal(object)
    device = Signal(str)

    def __init__(self, session: Session, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._settings = session, settings
        self._queue = session.queue
        self._worker = Worker()
        self._job: Job | None = None
        self._warm: Job | None = None
        self._is_closed = False
        self._queue.listeners.append(self._queue_changed)

    @property
    def is_running(self) -> bool:
        """Whether a run is under way or waits."""
        return self._queue.is_busy

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker while it lives."""
        return self._worker.pid

    def warm_up(self) -> None:
        """Start the worker process, so that it is there when it is asked; called once an image stands."""
        if self._warm is None:
            self._warm = Job("Starting the worker", self._prepare, parent=self, on_done=self.device.emit,
                             on_error=self.failed.emit).start()

    def run(self, request: ReadRequest) -> bool:
        """Put a run into the queue; it starts at once if nothing else runs. False if it is in there already."""
        title = run_title(self._session, request)
        wish = replace(request, device=self._settings.device, engine=self._settings.engine)
        return self._queue.add(wish, title) is not None

    def cancel(self) -> None:
        """Stop the run that is under way; ``finished`` follows within a second, and the next one starts."""
        running = self._queue.running
        if running is not None:
            self._queue.cancel(running.number)

    def device_line(self, wish: str, progress: Progress) -> str:
        """What a wished device comes to here, in a sentence; waits for the run that is under way."""
        return str(self._worker.call(DEVICE_LINE, wish, progress=progress))

    def close(self) -> None:
        """Stop everything and end the worker process."""
        self._is_closed = True
        for job in (self._job, self._warm):
            if job is not None:
                job.drop()
        self._worker.close()
        for job in (self._warm, self._job):
            if job is not None:
                job.wait(2.0)

    def _prepare(self, progress: Progress) -> str:
        self._worker.call(WARM_UP, progress=progress)
        return self.device_line(self._settings.device, progress)

    def _queue_changed(self, what: str) -> None:
        if what != "runs" or self._is_closed:
            return
        running = self._queue.running
        if running is None:
            run = self._queue.start_next()  # tells again, with this run under way
            if run is not None:
                self._start(run)
        elif running.state == STOPPING and self._job is not None:
            self._job.cancel()

    def _start(self, run: Run) -> None:
        def read(progress: Progress) -> tuple[Outcome, Bundle]:
            bundle = find_bundle(run.request.system, run.request.variant)
            return self._worker.call(READ, run.request, progress=progress), bundle

        self._job = Job("The run", read, parent=self, on_stage=lambda stage: self._stage(run.number, stage),
                        on_error=lambda error: self._failed(run.number, error),
                        on_cancelled=lambda: self._dropped(run.number),
                        on_done=lambda result: self._done(run, *result)).start()

    def _stage(self, number: int, stage: Stage) -> None:
        if self._queue.get(number).state == RUNNING:
            self._queue.set_stage(number, stage, time.monotonic())

    def _dropped(self, number: int) -> None:
        self._queue.drop(number)
        self.finished.emit("Cancelled. Nothing was kept.")

    def _failed(self, number: int, error: OverreadError) -> None:
        """The row in the queue keeps the sentence; a dialog would stand in the way of runs that still wait."""
        is_last = not self._queue.waiting
        self._queue.fail(number, str(error))
        self.finished.emit("The run did not finish.")
        if is_last:
            self.failed.emit(error)

    def _done(self, run: Run, outcome: Outcome, bundle: Bundle) -> None:
        reading = outcome.reading
        result = Result(reading, outcome.heatmap, reader_name(run.request.system, bundle.variant), points_of(bundle),
                        bundle.caution, floor_of(bundle), outcome.notes, run.volume_ids, evidence_of(bundle))
        self._session.set_result(run.volume_id, result)
        words = "Refused by its gate." if reading.result == "refused" else _ending_words(outcome)
        self._queue.finish(run.number, reading, words)
        if outcome.device_words:
            self.device.emit(outcome.device_words)
        self.finished.emit(words)


def _ending_words(outcome: Outcome) -> str:
    seconds, device = outcome.reading.times.get("total"), outcome.reading.reader.device
    took = f" in {seconds:.1f} s" if isinstance(seconds, float) else ""
    return f"Done{took}" + (f" on the {_DEVICE_NAMES.get(device, device)}." if device else ".")
