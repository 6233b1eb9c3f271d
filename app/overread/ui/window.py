"""The window: three zones, the same in every room. It wires state, jobs and widgets together and computes
nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from overread.core.errors import OverreadError, StorageError
from overread.core.progress import Stage
from overread.core.study import Scan
from overread.systems import SYSTEMS, ReadRequest, find_bundle
from overread.ui.browse.panel import BrowsePanel
from overread.ui.browse.thumbnails import to_image
from overread.ui.commands import state_commands
from overread.ui.dialogs import about_dialog, keys_dialog, open_log_folder
from overread.ui.empty import EmptyPage
from overread.ui.errors import ErrorDialog
from overread.ui.gallery import GalleryDialog
from overread.ui.help import HelpDialog
from overread.ui.menus import Menus
from overread.ui.opening import Opening
from overread.ui.read.candidates import CandidateList
from overread.ui.read.card import CardDialog
from overread.ui.read.heat_controls import HeatControls
from overread.ui.read.run_panel import RunPanel
from overread.ui.read.strip import SliceStrip
from overread.ui.read.viewport_widget import ViewportWidget
from overread.ui.running import Running
from overread.ui.settings import MOUSE_PROFILES, Settings, save_settings
from overread.ui.widgets.parts import button, label, panel, rule
from overread.viewing.findings import RESEARCH_USE
from overread.viewing.session import Session

logger = logging.getLogger(__name__)
_TAP_S = 0.25
_MOUSE_WORDS = {"stack": "Left drag scrolls, right drag windows",
                "window": "Left drag windows, right drag scrolls"}


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("overread")
        self.setWindowTitle("Overread")
        self.setAcceptDrops(True)
        self.resize(1400, 900)
        self.settings = settings
        self.session = Session()
        viewport = self.session.layout.active
        viewport.overlay.opacity, viewport.overlay.threshold = settings.heat_opacity, settings.heat_threshold
        roles = tuple(role for system in SYSTEMS.values() for role in system.roles)
        self.opening = Opening(self.session, roles, self)
        self.running = Running(self.session, self)
        self.errors = ErrorDialog(self)
        self.dialog: QDialog | None = None
        self._hold_began_s: float | None = None
        self._read_id = ""
        self._build_widgets()
        self._arrange()
        self.menus = Menus(self, self.image, self.session, self._handlers())
        self._wire()
        self.empty.folder_button.setFocus()
        _application().installEventFilter(self)

    # What is opened, run, told

    def open_paths(self, paths: list[str | Path]) -> None:
        """Open folders or files; what was open is closed, a run is stopped."""
        self.running.cancel()
        self.browse.tree.forget()
        self.empty.say_reading()
        self.middle.setCurrentWidget(self.empty)
        self.opening.open(paths)

    def tell(self, error: OverreadError) -> None:
        """Show an error."""
        self.errors.tell(error)

    def start_run(self, request: ReadRequest) -> None:
        """Start a run."""
        self.running.run(request)

    def show_card(self, system_id: str) -> None:
        """Show the model card of a system."""
        try:
            bundle = find_bundle(system_id)
        except OverreadError as problem:
            self.tell(problem)
            return
        self._open_dialog(CardDialog(SYSTEMS[system_id], bundle, self))

    # Building

    def _build_widgets(self) -> None:
        session, viewport = self.session, self.session.layout.active
        self.browse = BrowsePanel()
        self.empty = EmptyPage()
        self.image = ViewportWidget(viewport, session.findings, self.settings)
        self.strip = SliceStrip(viewport, session.findings)
        self.run_panel = RunPanel(session)
        self.candidates = CandidateList(session.findings)
        self.heat = HeatControls(viewport.overlay)
        self.middle = QStackedWidget()
        self.middle.setObjectName("middle")

    def _arrange(self) -> None:
        images = QWidget()
        images.setObjectName("images")
        column = QVBoxLayout(images)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.image, 1)
        column.addWidget(self.strip)
        self._images = images
        self.middle.addWidget(self.empty)
        self.middle.addWidget(images)
        right = panel("found", "What was found")
        found = QVBoxLayout(right)
        found.setContentsMargins(14, 12, 14, 12)
        found.setSpacing(9)
        parts: tuple[QWidget, ...] = (
            label("heading-system", "SYSTEM", heading=True), self.run_panel, rule(),
            label("heading-candidates", "CANDIDATES", heading=True), self.candidates, rule(),
            label("heading-overlay", "OVERLAY", heading=True), self.heat)
        for part in parts:
            found.addWidget(part, 1 if part is self.candidates else 0)
        zones = QSplitter(Qt.Orientation.Horizontal)
        zones.setObjectName("zones")
        zones.setHandleWidth(4)
        zones.setChildrenCollapsible(False)
        for zone, narrowest in ((self.browse, 220), (self.middle, 320), (right, 290)):
            zone.setMinimumWidth(narrowest)
            zones.addWidget(zone)
        zones.setSizes([286, 794, 320])
        for at, stretch in enumerate((0, 1, 0)):
            zones.setStretchFactor(at, stretch)
        self.setCentralWidget(zones)
        self._status()

    def _status(self) -> None:
        self.mouse_button = button("mouse-profile", _MOUSE_WORDS[self.settings.mouse],
                                   "Click to exchange left and right drag", link=True)
        self.mouse_button.clicked.connect(self._next_mouse_profile)
        bar = self.statusBar()
        bar.setObjectName("status-bar")
        bar.setSizeGripEnabled(False)
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(label("research-use", RESEARCH_USE, caution=True, wrap=False))
        row.addStretch(1)
        row.addWidget(self.mouse_button)
        bar.addPermanentWidget(line, 1)

    def _wire(self) -> None:
        self.empty.open_folder.connect(self._ask_folder)
        self.empty.open_file.connect(self._ask_file)
        self.browse.tree.chosen.connect(self._choose_volume)
        self.browse.cancelled.connect(self.opening.stop_scan)
        opening, running = self.opening, self.running
        opening.scan_changed.connect(self._scan_changed)
        opening.scan_stage.connect(self.browse.set_stage)
        opening.picture.connect(self._have_picture)
        opening.failed.connect(self.tell)
        running.failed.connect(self.tell)
        running.started.connect(self._run_started)
        running.stage.connect(self._run_stage)
        running.finished.connect(self._run_finished)
        self.run_panel.run.connect(self.start_run)
        self.run_panel.cancel.connect(self._cancel_run)
        self.run_panel.card.connect(self.show_card)
        self.candidates.jump.connect(self.session.findings.select)
        self.image.painted.connect(self._painted)
        self.session.listeners.append(self._session_changed)
        self.session.findings.listeners.append(self._findings_changed)
        viewport = self.session.layout.active
        viewport.listeners.append(self._viewport_changed)
        viewport.overlay.listeners.append(lambda _what: self.menus.refresh())

    def _handlers(self) -> dict[str, Callable[[], None]]:
        size = lambda: (float(self.image.width()), float(self.image.height()))  # noqa: E731
        return state_commands(self.session, size, self._show_neighbour) | {
            "open-folder": self._ask_folder, "open-file": self._ask_file, "save-picture": self._ask_picture,
            "quit": self._quit, "run": self.run_panel.start, "cancel": self._cancel_run,
            "card": lambda: self.show_card(self.run_panel.system.id),
            "keys": lambda: self._open_dialog(keys_dialog(self)),
            "gallery": lambda: self._open_dialog(GalleryDialog(self)),
            "phantom-help": lambda: self._open_dialog(HelpDialog("phantom", self)),
            "log": open_log_folder, "about": lambda: self._open_dialog(about_dialog(self)),
        }

    # State has changed

    def _scan_changed(self, scan: Scan | None, is_running: bool) -> None:
        self.browse.set_scan(scan, is_running)
        shown = self.session.layout.active.volume
        self.browse.tree.set_shown(shown.id if shown is not None else None)
        if not is_running and shown is None:
            if scan is None:
                self.empty.say_nothing_open()
            else:
                files = scan.files
                self.empty.say_no_images(files.found, {
                    "not DICOM": files.not_dicom, "unreadable": files.unreadable,
                    "other DICOM": files.other_dicom,
                    "without pictures that can be shown": files.image + files.volume_file})

    def _have_picture(self, volume_id: str, grey: NDArray[np.uint8]) -> None:
        self.browse.tree.set_picture(volume_id, to_image(grey))

    def _session_changed(self, what: str) -> None:
        shown = self.session.layout.active.volume
        if what == "volume":
            self.middle.setCurrentWidget(self.empty if shown is None else self._images)
            self.browse.tree.set_shown(shown.id if shown is not None else None)
        self.menus.refresh()

    def _findings_changed(self, what: str) -> None:
        chosen = self.session.findings.candidate(self.session.findings.selected)
        if what == "selected" and chosen is not None:
            self.session.layout.active.go_to_mark(chosen.mark)
        self.menus.refresh()

    def _viewport_changed(self, what: str) -> None:
        if what in ("slice", "window", "placement"):
            self.opening.touch()
        if what in ("window", "volume"):
            self.menus.refresh()

    def _painted(self) -> None:
        self.opening.painted()
        self.running.warm_up()

    def _run_started(self, volume_id: str) -> None:
        self.run_panel.set_running(True)
        self.candidates.set_awaited(True)
        self.browse.tree.set_state(volume_id, "being read by a system")
        self._read_id = volume_id

    def _run_stage(self, stage: Stage) -> None:
        self.run_panel.set_stage(stage)
        share = f", {stage.fraction:.0%}" if stage.fraction is not None else ""
        self.browse.tree.set_state(self._read_id, f"being read by a system{share}")

    def _run_finished(self, words: str) -> None:
        self.run_panel.set_running(False, words)
        self.candidates.set_awaited(False)
        result = self.session.has_result(self._read_id)
        self.browse.tree.set_state(self._read_id, "read by a system" if result else "")

    # What the person wants

    def _choose_volume(self, volume_id: str) -> None:
        self.opening.choose(volume_id)
        self.image.setFocus()

    def _show_neighbour(self, by: int) -> None:
        volume = self.session.neighbour(by)
        if volume is not None:
            self.opening.choose(volume.id)

    def _cancel_run(self) -> None:
        if self.running.is_running:
            self.run_panel.set_cancelling()
            self.running.cancel()

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open folder", self.settings.last_folder)
        if folder:
            self.settings.last_folder = folder
            self.open_paths([folder])

    def _ask_file(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Open file", self.settings.last_folder)
        if names:
            self.settings.last_folder = str(Path(names[0]).parent)
            self.open_paths(list(names))

    def _ask_picture(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", "overread.png", "PNG (*.png)")
        if name and not self.grab().save(name, "PNG"):
            self.tell(StorageError("The picture was not saved", f"{Path(name).parent} cannot be written",
                                   "Choose another folder"))

    def _next_mouse_profile(self) -> None:
        at = (MOUSE_PROFILES.index(self.settings.mouse) + 1) % len(MOUSE_PROFILES)
        self.settings.mouse = MOUSE_PROFILES[at]
        self.mouse_button.setText(_MOUSE_WORDS[self.settings.mouse])

    def _open_dialog(self, dialog: QDialog) -> None:
        if self.dialog is not None:
            self.dialog.close()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.dialog = dialog
        dialog.open()

    def _quit(self) -> None:
        self.close()

    # Events of the window itself

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """H held hides the overlay wherever the focus is; a tap toggles it."""
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(event, QKeyEvent) \
                and event.key() == Qt.Key.Key_H and not event.modifiers() and self.isActiveWindow():
            if not event.isAutoRepeat():
                self._hold(kind == QEvent.Type.KeyPress)
            return True
        if kind == QEvent.Type.WindowDeactivate and watched is self:
            self.session.layout.active.overlay.hold(False)
            self._hold_began_s = None
        return False

    def _hold(self, pressed: bool) -> None:
        overlay = self.session.layout.active.overlay
        if pressed and self._hold_began_s is None:
            self._hold_began_s = time.monotonic()
            overlay.hold(True)
        elif not pressed and self._hold_began_s is not None:
            tapped = time.monotonic() - self._hold_began_s < _TAP_S
            self._hold_began_s = None
            overlay.hold(False)
            if tapped and overlay.heatmap is not None:
                overlay.toggle()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        paths: list[str | Path] = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_paths(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs, leave no process behind, remember the settings."""
        _application().removeEventFilter(self)
        overlay = self.session.layout.active.overlay
        self.settings.heat_opacity, self.settings.heat_threshold = overlay.opacity, overlay.threshold
        if self.dialog is not None:
            self.dialog.close()
        self.opening.close()
        self.running.close()
        event.accept()
        try:
            save_settings(self.settings)
        except StorageError as problem:  # too late for a dialog: the window is closing
            logger.warning("%s", problem)


def _application() -> QCoreApplication:
    app = QApplication.instance()
    assert app is not None  # a widget cannot be made before
    return app
