"""How long the window takes to be there, a folder to its first image, and how long the event loop ever stood still.

    python benchmarks/window.py FOLDER [--run]

Start is measured in fresh processes (median of five, warm); the rest in one more, with a 5 ms timer whose longest gap
is the longest stall. ``--run`` lets the first system read the series that it can read, once the folder is open.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
STARTS = 5
LONGEST_S = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--child", choices=("start", "open"), help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, default=0.0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child == "start":
        print(json.dumps(started(given.began)))
    elif given.child == "open":
        print(json.dumps(opened(given.folder, given.run)))
    else:
        report(given.folder, given.run)


def report(folder: Path, with_run: bool) -> None:
    """Print the table."""
    starts = [child(folder, "start", with_run) for _ in range(STARTS)]
    print(f"process start to window shown     {statistics.median(s['wall_s'] for s in starts):7.2f} s   "
          f"(CPU {statistics.median(s['cpu_s'] for s in starts):.2f} s)")
    found = child(folder, "open", with_run)
    print(f"folder to first image painted     {found['first_image_s']:7.2f} s")
    print(f"folder to scan and pixels read    {found['all_s']:7.2f} s   ({found['files']:,} files)")
    for name in ("opening", "reading"):
        gaps = found.get(name)
        if gaps:
            print(f"event loop while {name:<16} longest gap {max(gaps) * 1000:6.0f} ms   "
                  f"99 % under {sorted(gaps)[int(len(gaps) * 0.99)] * 1000:5.0f} ms   over 100 ms: "
                  f"{sum(g > 0.1 for g in gaps)}")
    if "run" in found:
        print(f"run: {found['run']}")
    print(f"heavy libraries in the window's process: {', '.join(found['heavy']) or 'none'}")


def child(folder: Path, kind: str, with_run: bool) -> dict[str, object]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, str(folder), "--child", kind, "--began", repr(time.time())]
    done = subprocess.run(command + (["--run"] if with_run else []), capture_output=True, text=True,
                          timeout=LONGEST_S, check=True)
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def started(began: float) -> dict[str, float]:
    """Wall seconds from the start of the process to a painted empty window, and CPU seconds."""
    app, window = _window()
    app.processEvents()
    window.grab()
    result = {"wall_s": time.time() - began, "cpu_s": time.process_time()}
    window.close()
    return result


def opened(folder: Path, with_run: bool) -> dict[str, object]:
    """Open a folder, perhaps run a system, with the gaps of a 5 ms timer."""
    from PySide6.QtCore import Qt, QTimer

    app, window = _window()
    app.processEvents()
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    result: dict[str, object] = {}
    began = last = time.perf_counter()
    timer.start(5)
    window.open_paths([folder])
    while window.image.frames_painted == 0 and time.perf_counter() - began < LONGEST_S:
        app.processEvents()
        time.sleep(0.0005)
    result["first_image_s"] = time.perf_counter() - began
    _wait(app, lambda: window.opening.is_busy)
    result["all_s"] = time.perf_counter() - began
    result["files"] = window.session.scan.files.found if window.session.scan is not None else 0
    result["opening"], gaps[:] = list(gaps), []
    if with_run:
        window.run_panel.confirm.setChecked(True)
        window.run_panel.start()
        last = time.perf_counter()
        _wait(app, lambda: window.running.is_running)
        result["reading"] = list(gaps)
        result["run"] = window.run_panel.stage.text() or window.run_panel.reasons.text()
    result["heavy"] = [name for name in ("torch", "SimpleITK", "scipy", "matplotlib") if name in sys.modules]
    window.close()
    return result


def _window():  # type: ignore[no-untyped-def]
    from overread.ui.app import application
    from overread.ui.settings import Settings
    from overread.ui.window import MainWindow

    app = application()
    window = MainWindow(Settings())
    window.show()
    return app, window


def _wait(app, is_busy) -> None:  # type: ignore[no-untyped-def]
    ends = time.perf_counter() + LONGEST_S
    quiet = 0
    while quiet < 20 and time.perf_counter() < ends:
        app.processEvents()
        time.sleep(0.001)
        quiet = 0 if is_busy() else quiet + 1


if __name__ == "__main__":
    main()
