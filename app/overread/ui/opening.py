"""From paths to pictures: the scan, the pixels of what is shown, the thumbnails; each in a background job."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from overread import io
from overread.core.errors import OverreadError
from overread.core.progress import Progress, Stage
from overread.core.study import Pixels, Scan, Volume
from overread.ui.browse.thumbnails import thumbnail
from overread.ui.jobs import Job
from overread.viewing.hanging import Hanging
from overread.viewing.session import Session, first_to_show
from overread.viewing.viewport import Viewport

_SCAN_EVERY_S = 0.2
_EXCHANGE_EVERY_S = 2.0
"""While a scan goes on, a series that grows is read anew at most so often."""
_KEPT_BYTES = 1 << 30
"""Pixels of series looked at before that stay in memory."""


class Opening(QObject):
    """Opens paths and shows volumes. Emits what the panels draw, and errors."""

    scan_changed = Signal(object, bool)
    scan_stage = Signal(object)
    picture = Signal(str, object)
    failed = Signal(object)

    def __init__(self, session: Session, roles: tuple[str, ...], parent: QObject | None = None,
                 hang_on_open: Callable[[], bool] = lambda: False) -> None:
        super().__init__(parent)
        self._session, self._roles, self._hang_on_open = session, roles, hang_on_open
        self._scan_job: Job | None = None
        self._pixel_job: Job | None = None
        self._reading: str | None = None
        self._failed: set[str] = set()
        self._picture_job: Job | None = None
        self._no_picture: set[str] = set()
        self._has_picture: set[str] = set()
        self._kept: OrderedDict[str, Pixels] = OrderedDict()
        self._was_touched = False
        self._is_painted = False
        self._shown_s = 0.0

    @property
    def is_scanning(self) -> bool:
        """Whether paths are being read."""
        return self._scan_job is not None and self._scan_job.is_running

    @property
    def is_busy(self) -> bool:
        """Whether anything is being read: paths, pixels, thumbnails."""
        jobs = (self._scan_job, self._pixel_job, self._picture_job)
        return any(job is not None and job.is_running for job in jobs)

    def open(self, paths: list[str | Path]) -> None:
        """Forget what is open and read these paths."""
        self._drop()
        self._kept.clear()
        self._failed.clear()
        self._no_picture, self._has_picture = set(), set()
        self._was_touched = self._is_painted = False
        self._session.clear()
        self.scan_changed.emit(None, True)

        def scan(progress: Progress) -> Scan:
            return io.scan(paths, progress, on_update=_thinned(job.send, _SCAN_EVERY_S))

        job = Job("Opening the folder", scan, parent=self, on_part=self._partial, on_done=self._scanned,
                  on_error=self._scan_failed, on_cancelled=self._scan_stopped, on_stage=self.scan_stage.emit)
        self._scan_job = job.start()

    def stop_scan(self) -> None:
        """Stop reading the paths; what was found stays."""
        if self._scan_job is not None:
            self._scan_job.cancel()

    def touch(self) -> None:
        """The person has begun to look: nothing is exchanged on the screen by itself any more."""
        self._was_touched = True

    def choose(self, volume_id: str) -> None:
        """Show the volume that the person chose."""
        self.touch()
        found = self._session.find(volume_id)
        if found is not None:
            self.show(found[2])

    def show(self, volume: Volume, viewport: Viewport | None = None) -> None:
        """Show a volume, in the active viewport unless another is named, and read its pixels."""
        self._shown_s = time.monotonic()
        self._failed.discard(volume.id)
        self._session.show(volume, viewport)
        self._read_next()

    def hang(self, hanging: Hanging) -> None:
        """Lay out the phases of a study. The one that is shown stays active, as it is, where it is among them."""
        session, layout = self._session, self._session.layout
        shown = layout.active.volume.id if layout.active.volume is not None else None
        at = next((n for n, volume in enumerate(hanging.volumes) if volume.id == shown), 0)
        layout.arrange(hanging.rows, hanging.columns, hanging.cells, at)
        for viewport, volume in zip(layout.viewports, hanging.volumes, strict=True):
            if viewport.volume is None or viewport.volume.id != volume.id:
                session.show(volume, viewport)
        self._failed.clear()
        self._read_next()

    def fill(self) -> None:
        """Show the next series of the study in the empty viewports."""
        for viewport, volume in self._session.for_empty_views():
            self._session.show(volume, viewport)
        self._read_next()

    def _read_next(self) -> None:
        """Read what a view waits for, the active one first, one series at a time: two would take turns."""
        self._give_kept()
        wanted = self._next_volume()
        if self._pixel_job is not None and self._pixel_job.is_running:
            if wanted is not None and self._reading == wanted.id:
                return
            self._pixel_job.drop()
        self._pixel_job, self._reading = None, None
        if wanted is not None:
            self._read(wanted)

    def _next_volume(self) -> Volume | None:
        """The volume of the active view if it lacks pixels, else what is being read now, else that of the next."""
        layout = self._session.layout
        lacking = [v.volume for v in (layout.active, *layout.viewports) if v.volume is not None and v.pixels is None
                   and v.volume.id not in self._failed]  # fmt: skip
        active = layout.active.volume
        if lacking and active is not None and lacking[0].id == active.id:
            return lacking[0]
        return next((v for v in lacking if v.id == self._reading), next(iter(lacking), None))

    def _give_kept(self) -> None:
        for viewport in self._session.layout.viewports:
            if viewport.volume is not None and viewport.pixels is None and viewport.volume.id in self._kept:
                self._kept.move_to_end(viewport.volume.id)
                viewport.set_pixels(self._kept[viewport.volume.id])

    def _showing(self, volume_id: str) -> list[Viewport]:
        """The views that show a volume and wait for its pixels."""
        return [v for v in self._session.layout.viewports
                if v.volume is not None and v.volume.id == volume_id and v.pixels is None]  # fmt: skip

    def _read(self, volume: Volume) -> None:
        """Read the pixels of a volume, the slice that is shown first."""
        here = next((v.slice for v in self._showing(volume.id)), volume.frames // 2)
        order = sorted(range(volume.frames), key=lambda k: abs(k - here))
        feed = _SliceFeed()

        def read(progress: Progress) -> Pixels:
            return io.read_pixels(volume, progress, order, lambda k, stored: feed.put(k, stored, job.send))

        def take(_part: object) -> None:
            slices = feed.take()
            for viewport in self._showing(volume.id):
                for k, stored in slices:
                    viewport.set_early_slice(k, stored)

        job = Job("Reading the images", read, parent=self, on_part=take,
                  on_done=lambda pixels: self._have_pixels(volume, pixels),
                  on_error=lambda error: self._pixels_failed(volume, error))  # fmt: skip
        self._reading = volume.id
        self._pixel_job = job.start()

    def painted(self) -> None:
        """The first image is on the screen: thumbnails may follow."""
        if not self._is_painted:
            self._is_painted = True
            self._fill_pictures()

    def close(self) -> None:
        """Stop everything; wait until the processes of a scan have ended."""
        jobs = [job for job in (self._scan_job, self._pixel_job, self._picture_job) if job is not None]
        self._drop()
        for job in jobs:
            job.wait(3.0)

    def _drop(self) -> None:
        for job in (self._scan_job, self._pixel_job, self._picture_job):
            if job is not None:
                job.drop()

    def _partial(self, scan: Scan) -> None:
        self._take(scan, is_running=True)

    def _scanned(self, scan: Scan) -> None:
        self._take(scan, is_running=False)

    def _take(self, scan: Scan, is_running: bool) -> None:
        self._session.set_scan(scan)
        self.scan_changed.emit(scan, is_running)
        shown, best = self._session.layout.active.volume, first_to_show(list(scan.volumes()), self._roles)
        may_change = not self._was_touched and not is_running and self._session.layout.is_single
        if best is not None and (self._session.layout.is_empty or (
                may_change and shown is not None and best.id != shown.id)):
            self.show(best)
        else:
            for viewport in self._session.layout.viewports:
                self._renew(viewport, is_running)
        if may_change and self._hang_on_open() and (hanging := self._session.hanging()) is not None:
            self.hang(hanging)
        self._fill_pictures()

    def _renew(self, viewport: Viewport, is_running: bool) -> None:
        """Take the newer state of a volume that has grown since it was shown."""
        newer = self._session.newest(viewport.volume) if viewport.volume is not None else None
        if newer is not None and newer != viewport.volume and (
                not is_running or time.monotonic() - self._shown_s > _EXCHANGE_EVERY_S):
            self._exchange(newer, viewport)

    def _exchange(self, newer: Volume, viewport: Viewport) -> None:
        """The shown volume has grown while the scan went on: show the same slice of it."""
        shown, k, window = viewport.volume, viewport.slice, viewport.window
        if shown is None or shown.slices == newer.slices:
            viewport.volume = newer
            return
        same = next((n for n, s in enumerate(newer.slices) if k < len(shown.slices) and
                     (s.path, s.frame) == (shown.slices[k].path, shown.slices[k].frame)), newer.frames // 2)
        self.show(newer, viewport)
        viewport.go_to(same if self._was_touched else newer.frames // 2)
        if window is not None and self._was_touched:
            viewport.set_window(window)

    def _scan_failed(self, error: OverreadError) -> None:
        self.scan_changed.emit(self._session.scan, False)
        self.failed.emit(error)

    def _scan_stopped(self) -> None:
        self.scan_changed.emit(self._session.scan, False)

    def _have_pixels(self, volume: Volume, pixels: Pixels) -> None:
        self._kept[volume.id] = pixels
        while len(self._kept) > 1 and sum(p.stored.nbytes for p in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)
        for viewport in self._showing(volume.id):
            viewport.set_pixels(pixels)
        self._read_next()
        self._fill_pictures()

    def _pixels_failed(self, volume: Volume, error: OverreadError) -> None:
        self._failed.add(volume.id)
        for viewport in self._showing(volume.id):
            viewport.fault = f"{error.what}: {error.why}."
            viewport.tell("pixels")
        self.failed.emit(error)
        self._is_painted = True
        self._read_next()
        self._fill_pictures()

    def _fill_pictures(self) -> None:
        """Make the thumbnails that are lacking, one after the other, once the first series is read."""
        others = (self._pixel_job, self._picture_job)
        if not self._is_painted or any(job is not None and job.is_running for job in others):
            return
        done = self._has_picture | self._no_picture
        wanted = [volume for _, _, volume in self._session.places() if volume.id not in done]
        if not wanted:
            return

        def make(progress: Progress) -> None:
            for volume in wanted:
                progress.check()
                try:
                    job.send((volume.id, thumbnail(volume)))
                except OverreadError:  # its row says what is wrong when the series is opened
                    job.send((volume.id, None))

        job = Job("Making thumbnails", make, parent=self, on_part=self._have_picture,
                  on_done=lambda _: self._fill_pictures(), on_error=self.failed.emit)
        self._picture_job = job.start()

    def _have_picture(self, part: tuple[str, NDArray[np.uint8] | None]) -> None:
        volume_id, grey = part
        if grey is None:
            self._no_picture.add(volume_id)
            return
        self._has_picture.add(volume_id)
        self.picture.emit(volume_id, grey)


class _SliceFeed:
    """Slices on their way from the reading thread to the window, many to one event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, NDArray[Any]]] = []

    def put(self, k: int, stored: NDArray[Any], wake: Callable[[Any], None]) -> None:
        """Add a slice; wake the other side unless it is awake."""
        with self._lock:
            is_first = not self._waiting
            self._waiting.append((k, stored))
        if is_first:
            wake(None)

    def take(self) -> list[tuple[int, NDArray[Any]]]:
        """All slices that wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting


def _thinned(send: Callable[[Any], None], every_s: float) -> Callable[[Any], None]:
    """A function that passes on the first value at once, later ones at most so often."""
    last_s = -every_s

    def thin(value: Any) -> None:
        nonlocal last_s
        now = time.monotonic()
        if now - last_s >= every_s:
            last_s = now
            send(value)

    return thin


def stage_words(stage: Stage) -> str:
    """A stage as a short line."""
    count = f" {stage.done:,.0f} of {stage.total:,.0f}" if stage.total else ""
    return stage.name + count
