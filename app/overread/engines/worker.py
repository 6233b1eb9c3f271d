"""A process of its own for heavy work: true cancel, and a crash there leaves the window standing.

The worker knows no system: it starts a process and calls a function named to it. Stages come back while it runs;
large arrays of the result come back through shared memory.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing as mp
import os
import pickle
import signal
import threading
import time
import traceback
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Event
from typing import Any

import numpy as np

from overread.core.errors import Cancelled, DeviceError, OverreadError
from overread.core.progress import SILENT, Progress, Stage

GRACE_S = 0.6
"""How long a cancelled call may take to leave by itself before its process is ended."""
_POLL_S = 0.05
_CLOSE_S = 5.0
_SHARED_FROM_BYTES = 1 << 18


class WorkerBug(Exception):
    """A fault of the program inside the worker; its text is the traceback from there."""


class Worker:
    """One long-lived spawned process that runs one call at a time, from whatever thread asks.

    Closed once it stays closed: a thread that asks late, while the program ends, must not start a process then.
    """

    def __init__(self, niceness: int = 10) -> None:
        self._niceness = niceness
        self._lock = threading.Lock()
        self._process: mp.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._cancel: Event | None = None
        self._is_closed = False

    def start(self) -> None:
        """Start the process if it does not run; returns at once, imports happen over there."""
        if self._is_closed:
            raise Cancelled
        if self._process is not None and self._process.is_alive():
            return
        self._forget()
        context = mp.get_context("spawn")
        ours, theirs = context.Pipe()
        self._cancel = context.Event()
        self._process = context.Process(
            target=_serve, args=(theirs, self._cancel, self._niceness), name="overread-worker", daemon=True
        )
        self._process.start()
        theirs.close()
        self._connection = ours

    @property
    def pid(self) -> int | None:
        """Process id while the process lives."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    def call(self, function: str, *args: Any, progress: Progress = SILENT) -> Any:
        """Run ``module:function`` over there with ``args`` and a progress of ours, and wait for its result.

        Raises
        ------
        Cancelled
            The progress was cancelled; the process has left the work or was ended. Or this worker is closed.
        OverreadError
            As raised by the function.
        DeviceError
            The process died.
        WorkerBug
            The function failed in a way nobody foresaw.
        """
        while not self._lock.acquire(timeout=_POLL_S):
            progress.check()
        try:
            progress.check()
            self.start()
            connection, cancel = self._connection, self._cancel
            assert connection is not None
            assert cancel is not None
            cancel.clear()
            connection.send((function, args))
            return self._wait(connection, cancel, progress)
        except (EOFError, OSError) as problem:
            self._stop()
            progress.check()
            if self._is_closed:
                raise Cancelled from problem
            raise DeviceError(
                "The reading broke off",
                "the process that computes has ended, perhaps for lack of memory",
                "Try again, with other programs closed",
            ) from problem
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process for good, whatever it does. A call that waits in another thread gets ``Cancelled``.

        The pipe is closed by whoever holds the lock: closed under another thread's hands its number could be
        given to another file before that thread has let go of it.
        """
        self._is_closed = True
        process = self._process
        if process is not None and process.is_alive():
            process.kill()
        if self._lock.acquire(timeout=_CLOSE_S):
            try:
                self._stop()
            finally:
                self._lock.release()

    def _wait(self, connection: Connection, cancel: Event, progress: Progress) -> Any:
        asked_at: float | None = None
        while True:
            if self._is_closed:  # closed while the process was being started: it was not there to be killed then
                self._stop()
                raise Cancelled
            if asked_at is None and progress.cancelled():
                cancel.set()
                asked_at = time.monotonic()
            if asked_at is not None and time.monotonic() - asked_at > GRACE_S:
                self._stop()
                raise Cancelled
            if not connection.poll(_POLL_S):
                continue
            kind, content = connection.recv()
            if kind == "stage":
                progress.report(content.name, content.done, content.total)
            elif kind == "result":
                return _unpack(content)
            elif kind == "cancelled":
                raise Cancelled
            elif kind == "error":
                raise content
            else:
                raise WorkerBug(content)

    def _stop(self) -> None:
        process = self._process
        if process is not None and process.is_alive():
            process.kill()
            process.join(5)
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = self._cancel = None


class _PipeProgress(Progress):
    """Sends stages to the window's process, at most about 25 a second, and hears its wish to stop."""

    def __init__(self, connection: Connection, cancel: Event) -> None:
        self._connection = connection
        self._cancel = cancel
        self._last: tuple[str, float] = ("", 0.0)

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        now = time.monotonic()
        if name == self._last[0] and now - self._last[1] < 0.04 and done != total:
            return
        self._last = (name, now)
        self._connection.send(("stage", Stage(name, done, total)))

    def cancelled(self) -> bool:
        return self._cancel.is_set()


def _serve(connection: Connection, cancel: Event, niceness: int) -> None:
    """The loop of the process: take a call, run it, answer. Ends when the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(niceness)
    lent: list[SharedMemory] = []  # Windows forgets a block with its last handle: ours stays until the next call
    while True:
        try:
            function, args = connection.recv()
        except (EOFError, OSError):
            return
        while lent:
            lent.pop().close()
        with contextlib.suppress(BrokenPipeError):
            connection.send(_answer(function, args, _PipeProgress(connection, cancel), lent))


def _answer(function: str, args: tuple[Any, ...], progress: Progress, lent: list[SharedMemory]) -> tuple[str, Any]:
    module, _, name = function.partition(":")
    try:
        result = getattr(importlib.import_module(module), name)(*args, progress)
        return "result", _pack(result, lent)
    except Cancelled:
        return "cancelled", None
    except OverreadError as problem:
        return "error", problem
    except BaseException:  # noqa: BLE001 - the edge of the process: told to the other side in full, swallowed by nobody
        return "bug", traceback.format_exc()


def _pack(value: Any, lent: list[SharedMemory]) -> tuple[bytes, str | None, list[int]]:
    """Value as (message, name of a shared block or None, sizes of its buffers)."""
    buffers: list[pickle.PickleBuffer] = []
    message = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = [view.nbytes for view in views]
    if sum(sizes) < _SHARED_FROM_BYTES:
        return pickle.dumps(value, protocol=5), None, []
    block = SharedMemory(create=True, size=sum(sizes))
    shared = np.ndarray(sum(sizes), dtype=np.uint8, buffer=block.buf)
    at = 0
    for view in views:
        shared[at : at + view.nbytes] = np.frombuffer(view, dtype=np.uint8)
        at += view.nbytes
    del shared
    lent.append(block)
    return message, block.name, sizes


def _unpack(packed: tuple[bytes, str | None, list[int]]) -> Any:
    """The value again, as our own copy; the shared block is given back."""
    message, name, sizes = packed
    if name is None:
        return pickle.loads(message)
    block = SharedMemory(name=name)
    try:
        ends = np.cumsum([0, *sizes])
        shared = np.ndarray(int(ends[-1]), dtype=np.uint8, buffer=block.buf)
        buffers = [bytearray(shared[start:end]) for start, end in pairwise(ends)]
        del shared
        return pickle.loads(message, buffers=buffers)
    finally:
        block.close()
        block.unlink()
