"""The worker process: results, stages, errors, cancel, crash."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from overread.core.errors import Cancelled, DeviceError, InputError
from overread.core.progress import CallbackProgress, Progress, Stage
from overread.engines.worker import Worker, WorkerBug


def give_arrays(size: int, progress: Progress) -> dict[str, np.ndarray]:
    progress.report("making", 1, 1)
    return {"a": np.arange(size, dtype=np.float32), "b": np.full((3, 4), os.getpid())}


def refuse(progress: Progress) -> None:
    raise InputError("It cannot be read", "it is a test", "Do nothing")


def fail(progress: Progress) -> None:
    raise KeyError("nobody foresaw this")


def crash(progress: Progress) -> None:
    os._exit(9)


def listen(progress: Progress) -> None:
    for n in range(1000):
        progress.step("listening", n, 1000)
        time.sleep(0.02)


def be_deaf(progress: Progress) -> None:
    progress.report("deaf", 0, 1)
    while True:
        time.sleep(1)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker imports this module by name."""
    monkeypatch.syspath_prepend(os.path.dirname(__file__))


def _name(function: str) -> str:
    return f"test_worker:{function}"


def test_results_come_back_whole_small_and_through_shared_memory(worker: Worker) -> None:
    for size in (10, 500_000):
        result = worker.call(_name("give_arrays"), size)
        np.testing.assert_array_equal(result["a"], np.arange(size, dtype=np.float32))
        assert result["b"][0, 0] == worker.pid != os.getpid()
        result["a"][0] = 7  # ours to change


def test_the_process_is_kept_between_calls(worker: Worker) -> None:
    worker.call(_name("give_arrays"), 1)
    first = worker.pid
    worker.call(_name("give_arrays"), 1)
    assert worker.pid == first


def test_an_error_with_a_remedy_arrives_as_it_was(worker: Worker) -> None:
    with pytest.raises(InputError, match=r"It cannot be read: it is a test\. Do nothing\."):
        worker.call(_name("refuse"))
    assert worker.call(_name("give_arrays"), 1)["a"].size == 1


def test_a_fault_nobody_foresaw_arrives_with_its_traceback(worker: Worker) -> None:
    with pytest.raises(WorkerBug, match="nobody foresaw this"):
        worker.call(_name("fail"))


def test_a_crash_is_told_and_the_next_call_starts_anew(worker: Worker) -> None:
    with pytest.raises(DeviceError, match="has ended"):
        worker.call(_name("crash"))
    assert worker.call(_name("give_arrays"), 1)["a"].size == 1


@pytest.mark.parametrize("function", ["listen", "be_deaf"])
def test_cancel_works_within_a_second_even_when_nobody_listens(worker: Worker, function: str) -> None:
    worker.call(_name("give_arrays"), 1)
    asked, began = threading.Event(), threading.Event()
    progress = CallbackProgress(lambda stage: began.set(), asked.is_set)
    ended: list[float] = []

    def call() -> None:
        with pytest.raises(Cancelled):
            worker.call(_name(function), progress=progress)
        ended.append(time.monotonic())

    thread = threading.Thread(target=call)
    thread.start()
    assert began.wait(10)
    asked_at = time.monotonic()
    asked.set()
    thread.join(5)
    assert ended[0] - asked_at < 1.0


def test_stages_arrive_while_it_runs(worker: Worker) -> None:
    seen: list[Stage] = []
    worker.call(_name("give_arrays"), 1, progress=CallbackProgress(seen.append))
    assert [s.name for s in seen] == ["making"]


def test_closing_leaves_no_process_behind() -> None:
    worker = Worker()
    worker.call(_name("give_arrays"), 1)
    pid = worker.pid
    assert pid is not None
    worker.close()
    assert not psutil.pid_exists(pid)


def test_a_closed_worker_starts_no_process_again() -> None:
    worker = Worker()
    worker.close()
    with pytest.raises(Cancelled):
        worker.call(_name("give_arrays"), 1)
    assert worker.pid is None


def test_closing_while_the_process_starts_ends_both_call_and_process() -> None:
    """A window closed in its first second: nothing may be left for the program's end to wait for."""
    for pause in (0.0, 0.005, 0.02, 0.1):
        worker = Worker()
        ended: list[BaseException] = []

        def call(worker: Worker = worker, ended: list[BaseException] = ended) -> None:
            try:
                worker.call(_name("listen"))
            except Cancelled as end:
                ended.append(end)

        thread = threading.Thread(target=call)
        thread.start()
        time.sleep(pause)
        worker.close()
        thread.join(10)
        assert not thread.is_alive()
        assert ended
        assert worker.pid is None
