"""The scan: all files under some paths, read by their headers alone, as studies, series and volumes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import islice
from pathlib import Path

from overread.core.errors import DecodeError, InputError
from overread.core.processes import as_helper
from overread.core.progress import SILENT, Progress
from overread.core.study import Scan, SetAside
from overread.io.apart import can_have_helpers
from overread.io.assembly import assemble
from overread.io.duplicates import Copies, find_copies
from overread.io.headers import IMAGE, OTHER, UNREADABLE, VOLUME_FILE, FileHeader, read_header, read_headers
from overread.io.volume_files import VolumeFile, describe_volume_files
from overread.io.walk import checked_roots, files_under

OnUpdate = Callable[[Scan], None]
STAGE = "Reading headers"
FIRST_FILES, FIRST_S = 50, 0.2
"""After so many files or so long the first partial scan is handed out."""
UPDATE_S = 0.5
POOL_FROM = 1500
"""From so many files on worker processes pay: the lean reader takes less than their start below that."""
CHUNK = 100
_UPDATE_SHARE = 4


def scan(paths: Sequence[str | Path], progress: Progress = SILENT, on_update: OnUpdate | None = None,
         jobs: int | None = None) -> Scan:
    """Find out what lies under some paths. Source files are only read, and only their headers.

    Parameters
    ----------
    paths
        Folders and files, any names; folders are searched to their depths.
    progress
        Told how many files are done, asked at least every 0.1 s.
    on_update
        Called with what is known so far: early, then about twice a second. Ids of volumes that still grow change.
    jobs
        Worker processes for large folders; 1 reads in this process. None: as many as there are cores, at most 4.

    Returns
    -------
    Scan
        Every file found is in exactly one class, every frame in exactly one volume or set aside with a reason.

    Raises
    ------
    InputError
        A path is missing or closed, or holds no DICOM file and no volume file.
    Cancelled
    """
    return _Run(checked_roots([paths] if isinstance(paths, str | Path) else paths), progress, on_update, jobs).result()


class _Run:
    """One scan on its way."""

    def __init__(self, roots: list[str], progress: Progress, on_update: OnUpdate | None, jobs: int | None) -> None:
        self._roots, self._progress, self._on_update = roots, progress, on_update
        self._jobs = min(4, os.cpu_count() or 1) if jobs is None else max(1, jobs)
        self._began = time.monotonic()
        self._next_update = self._began + FIRST_S
        self._headers: list[FileHeader] = []
        self._closed: list[str] = []

    def result(self) -> Scan:
        """Read everything and put it together."""
        paths = files_under(self._roots, self._closed)
        self._read_here(islice(paths, FIRST_FILES), total=None)
        self._update(is_forced=True)
        rest = self._listed(paths)
        total = len(self._headers) + len(rest)
        if len(rest) >= POOL_FROM and self._jobs > 1 and can_have_helpers():
            self._read_apart(rest, total)
        else:
            self._read_here(iter(rest), total)
        self._refuse_nothing()
        copies = find_copies(self._headers, self._progress)
        files = self._described()
        self._progress.step("Sorting", 0, 1)
        whole = assemble(self._roots, self._headers, copies, files, time.monotonic() - self._began)
        closed = tuple(SetAside(folder, "there is no permission to look into this folder", None)
                       for folder in self._closed)
        self._progress.report("Sorting", 1, 1)
        return replace(whole, set_aside=(*whole.set_aside, *closed), seconds=time.monotonic() - self._began)

    def _listed(self, paths: Iterator[str]) -> list[str]:
        listed: list[str] = []
        for path in paths:
            listed.append(path)
            if len(listed) % 256 == 0:
                self._progress.check()
        return listed

    def _read_here(self, paths: Iterator[str], total: int | None) -> None:
        for path in paths:
            self._progress.check()
            self._headers.append(read_header(path))
            if len(self._headers) % 16 == 0:
                self._progress.step(STAGE, len(self._headers), total)
                self._update()
        self._progress.step(STAGE, len(self._headers), total)

    def _read_apart(self, paths: list[str], total: int) -> None:
        """Share the files out between worker processes and this one; what a broken pool leaves is read here."""
        chunks = [paths[n:n + CHUNK] for n in range(0, len(paths), CHUNK)][::-1]
        waiting: dict[Future[list[FileHeader]], list[str]] = {}
        pool = ProcessPoolExecutor(self._jobs - 1, mp_context=multiprocessing.get_context("spawn"),
                                       initializer=as_helper)
        try:
            while chunks or waiting:
                while chunks and len(waiting) < 2 * (self._jobs - 1):
                    chunk = chunks.pop()
                    waiting[pool.submit(read_headers, chunk)] = chunk
                finished, _ = wait(waiting, timeout=0 if chunks else 0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    chunk = waiting.pop(future)
                    self._headers += read_headers(chunk) if future.exception() else future.result()
                if chunks and not finished:
                    self._headers += read_headers(chunks.pop())
                self._progress.step(STAGE, len(self._headers), total)
                self._update()
        except BrokenProcessPool:
            chunks += waiting.values()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        for chunk in chunks:
            self._read_here(iter(chunk), total)

    def _update(self, is_forced: bool = False) -> None:
        """Hand out what is known so far, seldom enough that it costs a small share of the time."""
        now = time.monotonic()
        if self._on_update is None or not self._headers or (now < self._next_update and not is_forced):
            return
        self._on_update(assemble(self._roots, self._headers, Copies(), {}, now - self._began, is_final=False))
        after = time.monotonic()
        self._next_update = after + max(UPDATE_S, _UPDATE_SHARE * (after - now))

    def _described(self) -> dict[str, VolumeFile]:
        paths = [h.path for h in self._headers if h.kind == VOLUME_FILE]
        try:
            return {file.path: file for file in describe_volume_files(paths)}
        except DecodeError:  # one file ended the helper process: find out which
            found = {}
            for path in paths:
                self._progress.check()
                try:
                    found[path] = describe_volume_files([path])[0]
                except DecodeError:
                    found[path] = VolumeFile(path, problem="reading it ends the library that reads volume files")
            return found

    def _refuse_nothing(self) -> None:
        headers = self._headers
        if any(h.kind in (IMAGE, OTHER, VOLUME_FILE) for h in headers):
            return
        name = self._roots[0] if len(self._roots) == 1 else "These paths"
        what, remedy = f"{name} holds nothing that can be shown", "Choose a folder with DICOM, NIfTI, NRRD or MHA files"
        if not headers:
            why = "it may not be looked into" if self._closed else "it is empty"
        else:
            broken = [h for h in headers if h.kind == UNREADABLE]
            odd = (broken or headers)[0]
            why = f"{'its one file' if len(headers) == 1 else f'none of its {len(headers)} files'} " + (
                f"cannot be used: {odd.reason}" if len(headers) == 1 else "is DICOM or a volume file")
            if len(headers) > 1 and broken:
                why += f"; {len(broken)} look like it, but cannot be read (the first: {odd.reason})"
        raise InputError(what, why, remedy)
