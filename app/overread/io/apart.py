"""Functions called in a process of their own: SimpleITK is never imported where the window lives."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from concurrent.futures.process import BrokenProcessPool
from threading import Lock, Thread
from typing import ParamSpec, TypeVar

from overread.core.errors import Cancelled, DecodeError
from overread.core.processes import as_helper
from overread.core.progress import SILENT, Progress

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_lock = Lock()
_pools: list[ProcessPoolExecutor] = []
"""At most one, made on first need and ended with the program or by ``close_apart``."""
_POLL_S = 0.1


def call_apart(function: Callable[Arguments, Result], *arguments: Arguments.args,
               **options: Arguments.kwargs) -> Result:
    """Call a module-level function in the helper process and return what it returns.

    Arguments and result are pickled. Where ``can_have_helpers`` says no, the function is called in place.

    Raises
    ------
    DecodeError
        The helper process ended unexpectedly (a damaged file killed the library in it).
    """
    return call_apart_with(SILENT, function, *arguments, **options)


def call_apart_with(progress: Progress, function: Callable[Arguments, Result], *arguments: Arguments.args,
                    **options: Arguments.kwargs) -> Result:
    """``call_apart`` that can be cancelled: the helper process is then ended."""
    if not can_have_helpers():
        return function(*arguments, **options)
    future = _pool().submit(function, *arguments, **options)
    try:
        return _waited_for(future, progress)
    except BrokenProcessPool as problem:
        close_apart()
        raise DecodeError("This file cannot be used", "reading or writing it ended the helper process",
                          "Export it again, or leave it out") from problem
    except Cancelled:
        close_apart()
        raise


def can_have_helpers() -> bool:
    """Whether this process starts others: not one that was itself started by ours (it is no window), nor a script
    that is on no disk and so cannot be imported again."""
    if multiprocessing.parent_process() is not None:
        return False
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return script is None or os.path.exists(script)


def close_apart() -> None:
    """End the helper process, whatever it is doing; the next call starts a new one.

    The pool's own thread reaps the process too; whoever comes second sees neither its end nor its status. So that
    thread is waited for first.
    """
    with _lock:
        while _pools:
            pool = _pools.pop()
            processes = list((pool._processes or {}).values())
            manager: Thread | None = getattr(pool, "_executor_manager_thread", None)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()  # it holds nothing; asked politely, a library may wait for its own threads for ever
            if manager is not None:
                manager.join(timeout=5)
            for process in processes:
                process.join(timeout=5)


def _pool() -> ProcessPoolExecutor:
    with _lock:
        if not _pools:
            _pools.append(ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"),
                                       initializer=as_helper))
        return _pools[0]


def _waited_for(future: Future[Result], progress: Progress) -> Result:
    while True:
        progress.check()
        try:
            return future.result(timeout=_POLL_S)
        except FutureTimeoutError:
            if future.done():
                raise
