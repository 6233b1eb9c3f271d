"""The gallery of digital livers: choose a kind, a site and a seed, look at every series, with or without the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from overread.core.errors import OverreadError
from overread.core.progress import Progress, Stage
from overread.engines.worker import Worker
from overread.phantom import KINDS
from overread.phantom.gallery import DRAWN_NOT_A_PATIENT, Sheet, words
from overread.ui.errors import ErrorDialog
from overread.ui.help import HelpDialog
from overread.ui.jobs import Job
from overread.ui.sheet_view import SheetView
from overread.ui.widgets.parts import button, label
from overread.viewing.gallery import KIND_WORDS, LAST_SEED, Gallery

DRAW, SAVE = "overread.phantom.gallery:draw_sheet", "overread.evaluation.contact_sheet:save_sheet"


class GalleryDialog(QDialog):
    """Draws sheets in a process of its own and shows them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery-dialog")
        self.setAccessibleName("Digital liver gallery")
        self.setWindowTitle("Digital liver gallery")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(1320, 840)
        self.gallery = Gallery()
        self.errors = ErrorDialog(self)
        self.help: HelpDialog | None = None
        self._worker = Worker()
        self._job: Job | None = None
        self._saving: Job | None = None
        self._build()
        self._arrange()
        self._wire()
        self._show_wish()
        self._show_sheet()
        self.draw_button.setFocus()

    # What the person wants

    def draw(self) -> None:
        """Draw the chosen case; what was being drawn is dropped."""
        wish = self.gallery.wish
        if self._job is not None:
            self._job.drop()

        def work(progress: Progress) -> Sheet:
            sheet: Sheet = self._worker.call(DRAW, wish.kind, wish.seed, wish.site, 0.0, progress=progress)
            return sheet

        self._job = Job("Drawing a phantom", work, parent=self, on_stage=self.gallery.set_stage,
                        on_done=lambda sheet: self.gallery.finish(wish, sheet), on_error=self._failed,
                        on_cancelled=lambda: self.gallery.fail(None))
        self.gallery.begin()
        self._job.start()

    def cancel(self) -> None:
        """Stop drawing."""
        if self._job is not None:
            self._job.cancel()

    def step(self, by: int) -> None:
        """Draw the patient so many seeds further."""
        self.gallery.choose_seed(self.gallery.wish.seed + by)
        self.draw()

    def save(self, path: Path) -> None:
        """Write the sheet as it is shown: without the answer where that is hidden."""
        sheet = self.gallery.sheet
        if sheet is None or (self._saving is not None and self._saving.is_running):
            return
        shown = sheet if self.gallery.has_outlines else replace(sheet, findings=(), marks=())
        self.saved.setText("Saving…")
        self._saving = Job("Saving the sheet", lambda progress: self._worker.call(SAVE, shown, path, progress=progress),
                           parent=self, on_done=lambda _: self.saved.setText(f"Saved as {path.name}."),
                           on_error=self._not_saved, on_cancelled=lambda: self.saved.setText("")).start()

    def show_help(self) -> None:
        """What the phantom is and what its limits are."""
        self.help = HelpDialog("phantom", self)
        self.help.open()

    def done(self, result: int) -> None:
        """Leave nothing running."""
        for job in (self._job, self._saving):
            if job is not None:
                job.drop()
        self._worker.close()
        for job in (self._job, self._saving):
            if job is not None:
                job.wait(2.0)
        self.gallery.forget()
        super().done(result)

    # Building

    def _build(self) -> None:
        self.kind = _choice("gallery-kind", "Kind of study")
        for kind in KINDS:
            self.kind.addItem(KIND_WORDS.get(kind, kind), kind)
        self.site = _choice("gallery-site", "Site")
        self.seed = QSpinBox()
        self.seed.setObjectName("gallery-seed")
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("Number of the patient: the same number draws the same patient")
        self.seed.setRange(0, LAST_SEED)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.seed.setKeyboardTracking(False)
        self.previous = button("gallery-previous", "Previous", "Draw the patient before (P)")
        self.next = button("gallery-next", "Next", "Draw the next patient (N)")
        self.draw_button = button("gallery-draw", "Draw", "Draw this patient (Ctrl+R)", primary=True)
        self.outlines = QCheckBox("Outlines and findings (O)")
        self.outlines.setObjectName("gallery-outlines")
        self.outlines.setAccessibleName("Outlines and findings")
        self.outlines.setToolTip("Show or hide what is there: key O")
        self.outlines.setChecked(True)
        self.about = button("gallery-help", "What is this? (F1)", "What phantoms are good for, and their limits",
                            link=True)
        self.save_button = button("gallery-save", "Save picture…", "Save the sheet as PNG (Ctrl+S)")
        self.bar = QProgressBar()
        self.bar.setObjectName("gallery-progress")
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.stage = label("gallery-stage", quiet=True, wrap=False)
        self.cancel_button = button("gallery-cancel", "Cancel", "Stop drawing (Ctrl+.)")
        self.words = label("gallery-words")
        self.words.setAccessibleName("What is shown")
        self.empty = label("gallery-empty", quiet=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = SheetView(self.gallery)
        self.area = QScrollArea()
        self.area.setObjectName("gallery-area")
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.view)
        self.middle = QStackedWidget()
        self.middle.setObjectName("gallery-middle")
        self.middle.addWidget(self.empty)
        self.middle.addWidget(self.area)
        self.caution = label("gallery-caution", f"{DRAWN_NOT_A_PATIENT}.", caution=True, wrap=False)
        self.legend = label("gallery-legend", wrap=False)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setAccessibleName("Legend")
        self.saved = label("gallery-saved", quiet=True, wrap=False)

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        for part in (self.kind, self.site, label("gallery-seed-word", "Seed", wrap=False), self.seed, self.previous,
                     self.next, self.draw_button):
            top.addWidget(part)
        top.addSpacing(8)
        top.addWidget(self.outlines)
        top.addStretch(1)
        top.addWidget(self.about)
        top.addWidget(self.save_button)
        self.progress = QWidget()
        self.progress.setObjectName("gallery-progress-row")
        running = QHBoxLayout(self.progress)
        running.setContentsMargins(0, 0, 0, 0)
        running.addWidget(self.stage)
        running.addWidget(self.bar, 1)
        running.addWidget(self.cancel_button)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        bottom = QHBoxLayout()
        bottom.setSpacing(18)
        bottom.addWidget(self.caution)
        bottom.addWidget(self.legend)
        bottom.addWidget(self.progress, 1)
        bottom.addWidget(self.saved)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 10)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.words)
        column.addWidget(self.middle, 1)
        column.addLayout(bottom)

    def _wire(self) -> None:
        self.gallery.listeners.append(self._changed)
        self.kind.activated.connect(lambda _: self._choose(self.gallery.choose_kind, self.kind))
        self.site.activated.connect(lambda _: self._choose(self.gallery.choose_site, self.site))
        self.seed.valueChanged.connect(self.gallery.choose_seed)
        self.previous.clicked.connect(lambda: self.step(-1))
        self.next.clicked.connect(lambda: self.step(1))
        self.draw_button.clicked.connect(self.draw)
        self.cancel_button.clicked.connect(self.cancel)
        self.outlines.toggled.connect(self.gallery.show_outlines)
        self.about.clicked.connect(self.show_help)
        self.save_button.clicked.connect(self._ask_file)
        for name in ("previous", "next", "draw_button", "about", "save_button", "cancel_button"):
            getattr(self, name).setAutoDefault(False)
        for keys, act in (("O", self.outlines.toggle), ("N", self.next.click), ("P", self.previous.click),
                          ("Ctrl+R", self.draw), ("Ctrl+.", self.cancel), ("Ctrl+S", self.save_button.click),
                          ("F1", self.show_help)):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        self.area.viewport().installEventFilter(self)

    # State has changed

    def _changed(self, what: str) -> None:
        if what == "wish":
            self._show_wish()
        elif what == "stage":
            self._show_stage(self.gallery.stage)
        else:
            self._show_sheet()
        if what == "sheet":
            self.view.setFocus()

    def _show_wish(self) -> None:
        wish = self.gallery.wish
        self.kind.setCurrentIndex(self.kind.findData(wish.kind))
        if [self.site.itemData(n) for n in range(self.site.count())] != list(self.gallery.sites):
            self.site.clear()
            for site in self.gallery.sites:
                self.site.addItem(f"Site: {site}", site)
        self.site.setCurrentIndex(self.site.findData(wish.site))
        self.seed.blockSignals(True)
        self.seed.setValue(wish.seed)
        self.seed.blockSignals(False)
        self.previous.setEnabled(wish.seed > 0)
        self.next.setEnabled(wish.seed < LAST_SEED)

    def _show_sheet(self) -> None:
        gallery, sheet = self.gallery, self.gallery.sheet
        self.progress.setVisible(gallery.is_drawing)
        if gallery.is_drawing and gallery.stage is None:
            self._show_stage(Stage("Starting", 0, None))
        self.middle.setCurrentWidget(self.empty if sheet is None else self.area)
        self.empty.setText("The case is being drawn…" if gallery.is_drawing else gallery.said)
        title = f"{sheet.title}: " if sheet is not None else ""
        self.words.setText(title + "\n".join(gallery.words()))
        self.words.setVisible(sheet is not None)
        self.save_button.setEnabled(sheet is not None)
        shown = sheet.shown if sheet is not None and gallery.has_outlines else ()
        self.legend.setText(" &nbsp; ".join(
            f'<span style="color:rgb{m.colour}">{"■" if m.is_target else "▪▪"}</span> {words(m.type)}'
            + ("" if m.is_target else " (beside)") for m in shown))
        self.saved.setText("")

    def _show_stage(self, stage: Stage | None) -> None:
        fraction = stage.fraction if stage is not None else None
        self.bar.setRange(0, 0 if fraction is None else 100)
        self.bar.setValue(round(100 * (fraction or 0)))
        self.stage.setText(f"{stage.name}…" if stage is not None else "")

    def _failed(self, problem: OverreadError) -> None:
        self.gallery.fail(problem)
        self.errors.tell(problem)

    def _not_saved(self, problem: OverreadError) -> None:
        self.saved.setText("Not saved.")
        self.errors.tell(problem)

    def _choose(self, choose: Callable[[str], None], box: QComboBox) -> None:
        choose(box.currentData())
        self.draw()

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", self.gallery.file_name(), "PNG (*.png)")
        if name:
            self.save(Path(name))

    # Events of the window itself

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The sheet is laid out for the room there is."""
        if watched is self.area.viewport() and isinstance(event, QResizeEvent):
            self.view.set_room(event.size().width(), event.size().height())
        return False


def _choice(name: str, accessible: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    made.setAccessibleName(accessible)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return made
