"""The application: one window over some paths, and the picture of it that ``--screenshot`` asks for."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from overread.core.errors import DeviceError, OverreadError, StorageError
from overread.io.places import user_places
from overread.ui import theme
from overread.ui.jobs import unexpected
from overread.ui.settings import load_settings
from overread.ui.window import MainWindow

_SETTLED_MS, _LONGEST_MS = 400, 15 * 60 * 1000
_SWITCH_S = 0.0005
"""Threads that read files hand the interpreter over after this: with the usual 5 ms a busy folder stalls painting."""
_LOG_BYTES, _LOG_FILES = 2_000_000, 5


def run(paths: list[str], *, screenshot: Path | None = None, read_on_open: bool = False) -> int:
    """Show the window until it is closed.

    Parameters
    ----------
    paths
        What to open; empty for an empty window.
    screenshot
        Where to save a PNG of the window once everything in it has settled; the window then closes.
    read_on_open
        Start the system as soon as the folder is read, and go to its first candidate.

    Returns
    -------
    status
        0, or 2 when a picture was wanted and an error stands in its way.

    Raises
    ------
    DeviceError
        There is no display.
    """
    app = application(is_picture=screenshot is not None)
    troubles: list[StorageError] = []
    settings = load_settings(troubles.append)
    theme.apply(app, settings.theme, settings.text_scale)
    window = MainWindow(settings)
    window.show()
    follow = ReadOnOpen(window) if read_on_open else None
    picture = Screenshot(window, screenshot, follow) if screenshot is not None else None
    for trouble in troubles:
        if picture is None:
            window.tell(trouble)
        else:
            sys.stderr.write(f"{trouble}\n")
    if paths:
        QTimer.singleShot(0, window, lambda: window.open_paths(list(paths)))
    usual_hook, sys.excepthook = sys.excepthook, _told_by(window)
    interrupted = _close_on_interrupt(window)
    app.exec()
    sys.excepthook = usual_hook
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupted:
        raise KeyboardInterrupt
    return picture.status if picture is not None else 0


def _close_on_interrupt(window: MainWindow) -> list[int]:
    """Ctrl+C in the terminal closes the window; the list holds the signal once it came.

    Python sees a signal only while it runs Python: a timer lets it look five times a second.
    """
    came: list[int] = []

    def close(number: int, _frame: object) -> None:
        came.append(number)
        window.close()

    signal.signal(signal.SIGINT, close)
    look = QTimer(window)
    look.timeout.connect(lambda: None)
    look.start(200)
    return came


def _told_by(window: MainWindow) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What happens with a fault in the window's own code: the log has the traceback, a dialog says so."""
    def tell(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        logging.getLogger(__name__).error("fault in the window", exc_info=(kind, fault, trace))
        window.tell(unexpected("The last action", fault))

    return tell


class ReadOnOpen(QObject):
    """Starts the system once the folder is read and its first image stands, then goes to the first
    candidate."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.is_over = False
        window.show_from_start()
        window.running.finished.connect(lambda _words: self._finished())
        window.opening.failed.connect(lambda _problem: self._give_up())
        window.running.failed.connect(lambda _problem: self._give_up())
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(50)

    def _look(self) -> None:
        window = self._window
        viewport = window.session.layout.active
        if window.opening.is_scanning or window.session.scan is None:
            return
        if viewport.volume is not None and viewport.pixels is None:
            return
        self._timer.stop()
        wanted = window.run_panel.volume
        if not window.run_panel.can_run or wanted is None:
            self.is_over = True
            return
        if viewport.volume is None or viewport.volume.id != wanted.id:
            window.opening.show(wanted)
        window.run_panel.start()

    def _finished(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._window.session.findings.step(1)

    def _give_up(self) -> None:
        self._timer.stop()
        self.is_over = True


class Screenshot(QObject):
    """Waits until nothing moves any more, saves the window as PNG and closes it."""

    def __init__(self, window: MainWindow, path: Path, follow: ReadOnOpen | None) -> None:
        super().__init__(window)
        self._window, self._path, self._follow = window, path, follow
        self._quiet_ms = self._waited_ms = 0
        self.status = 0
        window.opening.failed.connect(self._failed)
        window.running.failed.connect(self._failed)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(50)

    def _failed(self, error: OverreadError) -> None:
        sys.stderr.write(f"{error}\n")
        self.status = 2

    def _look(self) -> None:
        window = self._window
        is_busy = window.opening.is_busy or window.running.is_running
        is_waiting = self._follow is not None and not self._follow.is_over and self.status == 0
        self._quiet_ms = 0 if is_busy or is_waiting else self._quiet_ms + 50
        self._waited_ms += 50
        if self._quiet_ms < _SETTLED_MS and self._waited_ms < _LONGEST_MS:
            return
        self._timer.stop()
        window.errors.hide()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not window.picture().save(str(self._path), "PNG"):
            self._failed(StorageError("The picture was not saved", f"{self._path} cannot be written",
                                      "Choose another place"))
        window.close()


def application(is_picture: bool = False) -> QApplication:
    """The one application of this process, dressed; made when it is not there yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    needs_display = sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM")
    if needs_display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        if not is_picture:
            raise DeviceError("The window cannot be shown", "there is no display here",
                              "Use the commands (overread --help), or --screenshot FILE")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    _start_log()
    sys.setswitchinterval(_SWITCH_S)
    app = QApplication(["overread"])
    app.setApplicationName("overread")
    app.setApplicationDisplayName("Overread")
    theme.apply(app)
    return app


def _start_log() -> None:
    """A rotating file without names or IDs of patients; none where the folder cannot be written."""
    root = logging.getLogger("overread")
    if any(isinstance(handler, logging.FileHandler) for handler in root.handlers):
        return
    folder = user_places().log
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "overread.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES,
                                      encoding="utf-8", delay=True)
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
