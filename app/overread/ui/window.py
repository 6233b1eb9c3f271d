"""The window: three zones, the same in every room. It wires state, jobs and widgets together and computes
nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPixmap
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
from overread.core.research_use import RESEARCH_USE
from overread.core.study import Scan
from overread.systems import SYSTEMS, ReadRequest, find_bundle
from overread.ui.browse.panel import BrowsePanel
from overread.ui.browse.thumbnails import to_image
from overread.ui.browse.tree import dragged_volume
from overread.ui.commands import layout_commands, state_commands
from overread.ui.dialogs import about_dialog, open_log_folder
from overread.ui.empty import EmptyPage
from overread.ui.errors import ErrorDialog
from overread.ui.gallery import GalleryDialog
from overread.ui.help import HelpDialog
from overread.ui.hold_key import HoldKey
from overread.ui.keys_page import KeysDialog
from overread.ui.menus import Menus
from overread.ui.opening import Opening
from overread.ui.picture import blinded_picture
from overread.ui.read.candidates import CandidateList
from overread.ui.read.card import CardDialog
from overread.ui.read.classes_card import ClassesCard
from overread.ui.read.found_panel import found_panel
from overread.ui.read.grid import ViewportGrid
from overread.ui.read.heat_controls import HeatControls
from overread.ui.read.legend import Legend
from overread.ui.read.lesion_desk import LesionDesk
from overread.ui.read.queue import CloseDialog
from overread.ui.read.right_zone import LESION, SECOND_READ, SYSTEM, RightZone
from overread.ui.read.run_panel import RunPanel
from overread.ui.read.second_read_desk import SecondReadDesk
from overread.ui.read.strip import SliceStrip
from overread.ui.read.viewport_widget import ViewportWidget
from overread.ui.running import Running
from overread.ui.settings import Settings
from overread.ui.settings_desk import SettingsDesk
from overread.ui.widgets.parts import label
from overread.viewing.chooser import choice_of
from overread.viewing.session import Session
from overread.viewing.viewport import Viewport


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
        roles = tuple(role for system in SYSTEMS.values() for role in system.roles)
        self.opening = Opening(self.session, roles, self, lambda: settings.hang_on_open)
        self.running = Running(self.session, settings, self)
        self.errors = ErrorDialog(self)
        self.dialog: QDialog | None = None
        self.settings_desk = SettingsDesk(settings, self.session, self.running.device_line, self)
        self.hold_key = HoldKey(self.session.layout, self)
        self._may_close = False
        self._build_widgets()
        self._arrange()
        self.menus = Menus(self, self.views, self.session, self._handlers())
        self._wire()
        self.session.second.set_unaided_first(settings.unaided_first)
        self.right.show_page(SECOND_READ if settings.unaided_first else SYSTEM)
        self.empty.folder_button.setFocus()
        _application().installEventFilter(self.hold_key)

    @property
    def image(self) -> ViewportWidget:
        """The active view."""
        return self.views.active

    # What is opened, run, told

    def open_paths(self, paths: list[str | Path]) -> None:
        """Open folders or files; what was open is closed, runs go on and keep their results."""
        self.browse.tree.forget()
        self.empty.say_reading()
        self.middle.setCurrentWidget(self.empty)
        self.opening.open(paths)

    def tell(self, error: OverreadError) -> None:
        """Show an error."""
        self.errors.tell(error)

    def picture(self) -> QPixmap:
        """The window as a picture without patient data."""
        return blinded_picture(self)

    def start_run(self, request: ReadRequest) -> None:
        """Start a run, or let it wait for the one that is under way."""
        self.running.run(request)

    def show_card(self, key: str) -> None:
        """Show the model card of a system in a variant."""
        choice = choice_of(key)
        try:
            bundle = find_bundle(choice.system.id, choice.variant)
        except OverreadError as problem:
            self.tell(problem)
            return
        self._open_dialog(CardDialog(choice.system, bundle, self))

    # Building

    def _build_widgets(self) -> None:
        session, viewport = self.session, self.session.layout.active
        self.browse = BrowsePanel()
        self.empty = EmptyPage()
        self.views = ViewportGrid(session, self.settings)
        self.desk = SecondReadDesk(session, self.views, self)
        self.lesion = LesionDesk(session, self.views, self)
        self.strip = SliceStrip(viewport, session.findings)
        self.run_panel = RunPanel(session)
        self.legend, self.classes = Legend(session), ClassesCard(session)
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
        column.addWidget(self.views, 1)
        column.addWidget(self.strip)
        self._images = images
        self.middle.addWidget(self.empty)
        self.middle.addWidget(images)
        found = found_panel(self.run_panel, (self.legend, self.classes, self.candidates), self.heat)
        self.right = RightZone(found, self.desk.panel, self.lesion.panel)
        zones = QSplitter(Qt.Orientation.Horizontal)
        zones.setObjectName("zones")
        zones.setHandleWidth(4)
        zones.setChildrenCollapsible(False)
        for zone, narrowest in ((self.browse, 220), (self.middle, 320), (self.right, 0)):
            if narrowest:  # the right zone is as wide as its words need at the present text size
                zone.setMinimumWidth(narrowest)
            zones.addWidget(zone)
        zones.setSizes([286, 794, 320])
        for at, stretch in enumerate((0, 1, 0)):
            zones.setStretchFactor(at, stretch)
        self.setCentralWidget(zones)
        self._status()

    def _status(self) -> None:
        bar = self.statusBar()
        bar.setObjectName("status-bar")
        bar.setSizeGripEnabled(False)
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(label("research-use", RESEARCH_USE, caution=True, wrap=False))
        row.addStretch(1)
        row.addWidget(self.settings_desk.mouse_button)
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
        running.device.connect(self.run_panel.set_device)
        self.run_panel.run.connect(self.start_run)
        self.run_panel.card.connect(self.show_card)
        self.run_panel.chosen.connect(self._choose_volume)
        self.session.queue.listeners.append(self._queue_changed)
        self.desk.failed.connect(self.tell)
        self.desk.opened.connect(self._open_dialog)
        self.lesion.failed.connect(self.tell)
        self.legend.wanted.connect(self._choose_volume)
        self.desk.panel.run_wanted.connect(lambda: self.right.show_page(SYSTEM))
        self.desk.panel.shown.connect(lambda: self.right.show_page(SECOND_READ))
        self.desk.panel.unaided_first.connect(self.settings_desk.set_unaided_first)
        self.settings_desk.failed.connect(self.tell)
        self.settings_desk.opened.connect(self._open_dialog)
        self.settings_desk.dressed.connect(self.menus.dress)
        self.session.second.listeners.append(lambda _what: self.menus.refresh())
        self.session.measuring.listeners.append(lambda _what: self.menus.refresh())
        self.session.regions.listeners.append(lambda what: self.menus.refresh() if what != "regions" else None)
        self.candidates.jump.connect(self.session.findings.select)
        self.views.painted.connect(self._painted)
        self.session.listeners.append(self._session_changed)
        self.session.findings.listeners.append(self._findings_changed)
        self.session.layout.watchers.append(self._viewport_changed)
        self.session.layout.look.listeners.append(lambda _what: self.menus.refresh())
        self.session.layout.listeners.append(self._layout_changed)
        self.session.linking.listeners.append(lambda what: self.menus.refresh() if what == "links" else None)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        size = lambda: (float(self.image.width()), float(self.image.height()))  # noqa: E731
        return state_commands(self.session, size, self._show_neighbour) | self.desk.handlers() | \
            self.lesion.handlers() | {
            **layout_commands(self.session, self.opening),
            "second-read-panel": self.right.other_page, "lesion-panel": self.right.lesion_page,
            "run-every": self.run_panel.start_every,
            "open-folder": self._ask_folder, "open-file": self._ask_file, "save-picture": self._ask_picture,
            "settings": self.settings_desk.ask, "quit": self._quit, "run": self.run_panel.start,
            "cancel": self.running.cancel,
            "run-all": self.run_panel.start_all, "cancel-all": self.session.queue.cancel_all,
            "card": lambda: self.show_card(self.run_panel.choice.key),
            "keys": lambda: self._open_dialog(KeysDialog(self.settings.mouse, self)),
            "gallery": lambda: self._open_dialog(GalleryDialog(self)),
            "phantom-help": lambda: self._open_dialog(HelpDialog("phantom", self)),
            "second-read-help": lambda: self._open_dialog(HelpDialog("second-read", self)),
            "log": open_log_folder, "about": lambda: self._open_dialog(about_dialog(self)),
        }

    # State has changed

    def _scan_changed(self, scan: Scan | None, is_running: bool) -> None:
        self.browse.set_scan(scan, is_running)
        self._show_states()
        shown = self.session.layout.active.volume
        self.browse.tree.set_shown(shown.id if shown is not None else None)
        if not is_running and scan is not None:
            self.run_panel.offer()
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
        if what in ("volume", "results"):
            self._show_states()
        self.strip.keep_room(not self.session.layout.is_single and self.session.has_scores_in_view)
        if what == "volume":
            self.middle.setCurrentWidget(self.empty if self.session.layout.is_empty else self._images)
            self.browse.tree.set_shown(shown.id if shown is not None else None)
        if what != "views":  # what a view shows that is not active decides no command
            self.menus.refresh()

    def _findings_changed(self, what: str) -> None:
        chosen = self.session.findings.candidate(self.session.findings.selected)
        if what == "selected" and chosen is not None:
            viewport = self.session.layout.active
            viewport.go_to_mark(chosen.mark)
            self.session.linking.show_place(viewport, chosen.mark.centre_mm)
        self.menus.refresh()

    def _viewport_changed(self, viewport: Viewport, what: str) -> None:
        if what in ("slice", "window", "placement"):
            self.opening.touch()
        if what in ("window", "volume") and viewport is self.session.layout.active:
            self.menus.refresh()

    def _layout_changed(self, _what: str) -> None:
        """Panels speak to the active view."""
        active = self.session.layout.active
        self.strip.follow(active)
        self.heat.follow(active.overlay)
        self.menus.refresh()

    def _painted(self) -> None:
        self.opening.painted()
        self.running.warm_up()

    def _queue_changed(self, what: str) -> None:
        if what == "runs":
            self._show_states()
            self.menus.refresh()
        elif (running := self.session.queue.running) is not None:
            self._show_state(running.volume_id)

    def _show_states(self) -> None:
        """What systems did and do with every series: in the tree, and in place of a reading that is not there."""
        for volume_id in self.browse.tree.row_ids():
            self._show_state(volume_id)
        shown = self.session.layout.active.volume
        if shown is not None:
            withheld = self.session.is_withheld(shown.id)
            self.candidates.set_empty_words(self.session.queue.words_for(shown.id, withheld=withheld))

    def _show_state(self, volume_id: str) -> None:
        self.browse.tree.set_state(volume_id, self.session.state_words(volume_id))

    # What the person wants

    def _choose_volume(self, volume_id: str) -> None:
        self.opening.choose(volume_id)
        self.image.setFocus()

    def _show_neighbour(self, by: int) -> None:
        volume = self.session.neighbour(by)
        if volume is not None:
            self.opening.choose(volume.id)

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
        if name and not self.picture().save(name, "PNG"):
            self.tell(StorageError("The picture was not saved", f"{Path(name).parent} cannot be written",
                                   "Choose another folder"))

    def show_from_start(self) -> None:
        """Hide nothing that systems find, for as long as this window is open: the demo, pictures of a result."""
        self.session.second.set_unaided_first(False)
        self.right.show_page(SYSTEM)

    def _open_dialog(self, dialog: QDialog) -> None:
        if self.dialog is not None:
            self.dialog.close()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.dialog = dialog
        dialog.open()

    def _quit(self) -> None:
        self.close()

    def _stay_open(self) -> None:
        self._may_close = False

    # Events of the window itself

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()) or dragged_volume(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """A series from the list falls into a view; files may fall anywhere."""
        if dragged_volume(event.mimeData()):
            target = self._view_under(event)
            self.views.aim(target)
            event.setAccepted(target is not None)
        else:
            event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """The drag has gone elsewhere."""
        self.views.aim(None)

    def _view_under(self, event: QDropEvent) -> ViewportWidget | None:
        if self.middle.currentWidget() is self.empty:
            return None
        return self.views.view_at(self.views.mapFrom(self, event.position().toPoint()))

    def dropEvent(self, event: QDropEvent) -> None:
        """Show a series in the view it was dropped on, or open files."""
        target = self._view_under(event)
        self.views.aim(None)
        if (volume_id := dragged_volume(event.mimeData())) and target is not None:
            event.acceptProposedAction()
            self.session.layout.activate(target.viewport)
            self._choose_volume(volume_id)
            return
        paths: list[str | Path] = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
        if self.lesion.takes(files := [Path(path) for path in paths], self.mapToGlobal(event.position().toPoint())):
            self.right.show_page(LESION)
            for file in files:
                self.lesion.take_file(file)
        elif paths:
            self.open_paths(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs, leave no process behind, remember the settings. With runs waiting it asks, once."""
        if self.session.queue.waiting and not self._may_close:
            self._may_close = True
            event.ignore()
            self._open_dialog(question := CloseDialog(self.session.queue, self))
            question.accepted.connect(self.close)
            question.rejected.connect(self._stay_open)
            return
        _application().removeEventFilter(self.hold_key)
        if self.dialog is not None:
            self.dialog.close()
        self.desk.close()
        self.lesion.close()
        self.opening.close()
        self.running.close()
        event.accept()
        self.settings_desk.close()


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)  # a widget cannot be made before
    return app
