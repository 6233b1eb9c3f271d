"""Many like pieces of work in several processes, with progress and cancel."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

from overread.core.errors import DeviceError
from overread.core.progress import Progress

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_in_processes(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], jobs: int, stage: str, progress: Progress
) -> None:
    """Call ``function(*arguments)`` for each of ``calls`` in ``jobs`` spawned processes.

    Each process computes with one thread: two that spin for each other's core are slower than one.

    Raises
    ------
    Cancelled
        The person asked to stop; calls that have begun are finished, the others are dropped.
    """
    total, done = len(calls), 0
    progress.step(stage, 0, total)
    if jobs <= 1 or total == 1:
        for arguments in calls:
            function(*arguments)
            done += 1
            progress.step(stage, done, total)
        return
    with _one_thread_each(), _pool(min(jobs, total)) as pool:
        waiting = {pool.submit(function, *arguments) for arguments in calls}
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.4, return_when="FIRST_COMPLETED")
                for future in finished:
                    future.result()
                done += len(finished)
                progress.step(stage, done, total)
        except BrokenProcessPool as problem:
            raise DeviceError(
                f"{stage} broke off", "a process ended, perhaps for lack of memory", "Try again with --jobs 1"
            ) from problem
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=as_helper)


def as_helper() -> None:
    """What a pool's process does first. Ctrl+C reaches the whole group, and the parent alone answers it; and where the
    parent is killed, the process that waits for its calls would wait for ever: it ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes spawned meanwhile find the thread variables at 1; numerical libraries read them when loaded."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
