"""Few, plain fixtures. ``OVERREAD_WITHOUT`` names packages that shall not be importable in this run."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest


class _Absent(MetaPathFinder):
    """Makes named packages look as if they were not installed."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"No module named {fullname!r} (left out of this run)", name=fullname)


_WITHOUT = os.environ.get("OVERREAD_WITHOUT", "").split()
if _WITHOUT:
    sys.meta_path.insert(0, _Absent(_WITHOUT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has the program's four folders to itself."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("OVERREAD_HOME", str(home))
    return home


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What still runs after the last test is named and ended: the interpreter would wait for it, perhaps for ever."""
    from overread.io import close_apart

    close_apart()
    left = multiprocessing.active_children()
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if left or threads:
        terminalreporter.write_line(f"still running after the last test: processes {left}, threads {threads}")
    for process in left:
        process.kill()
        process.join(5)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data beside the project; skips where it is absent."""
    top = Path(os.environ.get("OVERREAD_SHARED", Path(__file__).parents[2] / "shared"))
    if not (top / "data").is_dir():
        pytest.skip("the real data are not beside this checkout")
    return top / "data"
