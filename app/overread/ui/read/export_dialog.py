"""What of a second read is written, and where. The writing happens in another process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from overread.core.errors import InputError, OverreadError, StorageError
from overread.core.progress import Progress, Stage
from overread.core.study import Volume
from overread.engines.worker import Worker
from overread.io import write_atomically
from overread.study.export import ExportRequest, ExportResult, KeyPicture
from overread.ui.jobs import Job
from overread.ui.widgets.parts import button, label
from overread.viewing.key_images import KeyImage
from overread.viewing.operating import point_words
from overread.viewing.session import Session

EXPORT = "overread.study.export:export_second_read"
FORMATS = (
    ("pdf", "Report on one page (PDF)", "Findings, what changed, up to four key images"),
    ("csv", "Table (CSV)", "A row for every own mark and every candidate"),
    ("sr", "DICOM structured report (SR)", "Marks, lengths and verdicts, TID 1500; belongs to the study"),
    ("seg", "DICOM segmentation (SEG)", "Where the system's map was active; not the outline of a lesion"),
    ("images", "Key images (PNG)", "The pictures kept with K"),
)
_DICOM_ONLY = ("sr", "seg")
BLINDED = "Without patient data: no name, no number, no dates."
IDENTIFIED = "The PDF, SR and SEG will hold the patient's name, number and dates as they stand in the source files."


class ExportDialog(QDialog):
    """Asks for formats and a folder, writes, and says what was written."""

    def __init__(
        self, session: Session, volume: Volume, images: Sequence[KeyImage], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export-dialog")
        self.setWindowTitle("Export the second read")
        self.setAccessibleName("Export the second read")
        self._session, self._volume, self._images = session, volume, tuple(images)
        self._worker = Worker()
        self._job: Job | None = None
        self.written: tuple[Path, ...] = ()
        self._build()
        self._arrange()
        self._show()
        self.resize(560, self.sizeHint().height())

    @property
    def is_busy(self) -> bool:
        """Whether it is writing."""
        return self._job is not None and self._job.is_running

    def chosen(self) -> tuple[str, ...]:
        """The formats that are ticked and can be written."""
        return tuple(name for name, box in self.formats.items() if box.isChecked() and box.isEnabled())

    def start(self) -> None:
        """Write."""
        if self.is_busy or not self.chosen():
            return
        folder = Path(self.folder.text().strip()).expanduser()
        if not self.folder.text().strip():
            self._failed(InputError("Nothing was written", "no folder is named", "Choose a folder"))
            return
        self.written = ()
        work = self._work(folder, self.chosen(), self.identified.isChecked())
        self._job = Job("The export", work, parent=self, on_stage=self._stage, on_done=self._done,
                        on_error=self._failed, on_cancelled=self._cancelled)  # fmt: skip
        self.outcome.setText("Writing…")
        self._say(is_trouble=False)
        self._job.start()
        self._show()

    def done(self, result: int) -> None:
        """Leave nothing running."""
        if self._job is not None:
            self._job.drop()
        self._worker.close()
        if self._job is not None:
            self._job.wait(2.0)
        super().done(result)

    def _work(self, folder: Path, formats: tuple[str, ...], identified: bool) -> Callable[[Progress], ExportResult]:
        """The work off the window's thread: documents in the worker process, pictures by copying them."""
        request, images = self._request(folder, formats, identified), self._images

        def work(progress: Progress) -> ExportResult:
            result = ExportResult(())
            if request.formats:
                result = self._worker.call(EXPORT, request, progress=progress)
            copied = copy_images(images, folder, file_stem_of(request), progress) if "images" in formats else ()
            return ExportResult((*result.paths, *copied), result.refused)

        return work

    def _request(self, folder: Path, formats: tuple[str, ...], identified: bool) -> ExportRequest:
        second, findings = self._session.second, self._session.findings
        assert second.record is not None  # the dialog is not opened without
        point, shown = findings.point, self._session.result(self._volume.id)
        heatmaps = {}
        is_its = shown is not None and shown.home == self._volume.id
        if shown is not None and shown.reading is not None and shown.heatmap is not None and is_its \
                and not second.is_withheld:
            heatmaps[shown.reading.reader.id] = shown.heatmap
        return ExportRequest(
            str(folder),
            tuple(name for name in formats if name != "images"),
            second.record.to_json(),
            self._volume,
            threshold=findings.threshold,
            point=point_words(point.name) if point is not None else None,
            heatmaps=heatmaps,
            pictures=tuple(KeyPicture(image.words, str(image.path)) for image in self._images),
            caution=findings.caution if second.record.readings else "",
            identified=identified,
        )

    def _stage(self, stage: Stage) -> None:
        self.outcome.setText(f"{stage.name}…")

    def _done(self, result: ExportResult) -> None:
        self.written = result.paths
        files = f"{len(result.paths)} {'file' if len(result.paths) == 1 else 'files'}"
        said = (f"{files} written to {Path(self.folder.text()).name}: {kinds_words(result.paths)}.", *result.refused)
        self.outcome.setText("\n".join(said))
        self._say(is_trouble=bool(result.refused))

    def _failed(self, error: OverreadError) -> None:
        self.outcome.setText(str(error))
        self._say(is_trouble=True)

    def _cancelled(self) -> None:
        self.outcome.setText("Cancelled. What was complete stays.")
        self._say(is_trouble=False)

    def _say(self, is_trouble: bool) -> None:
        self.outcome.setProperty("caution", is_trouble)
        self.outcome.style().polish(self.outcome)
        self._show()

    def _show(self) -> None:
        busy = self.is_busy
        for widget in (*self.formats.values(), self.identified, self.folder, self.choose):
            widget.setEnabled(not busy)
        is_dicom = self._volume.file_format == "dicom"
        for name in _DICOM_ONLY:
            self.formats[name].setEnabled(is_dicom and not busy)
        self.formats["images"].setEnabled(bool(self._images) and not busy)
        self.bar.setVisible(busy)
        self.write.setEnabled(not busy and bool(self.chosen()))
        self.stop.setVisible(busy)
        self.close_button.setVisible(not busy)
        self.open_button.setVisible(bool(self.written) and not busy)
        self.outcome.setVisible(bool(self.outcome.text()))
        self.consequence.setText(IDENTIFIED if self.identified.isChecked() else BLINDED)
        self.consequence.setProperty("caution", self.identified.isChecked())
        self.consequence.setProperty("quiet", not self.identified.isChecked())
        self.consequence.style().polish(self.consequence)
        self.resize(self.width(), max(self.height(), self._column.totalHeightForWidth(self.width())))

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the export", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written[0].parent)))

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _build(self) -> None:
        self.formats: dict[str, QCheckBox] = {}
        for name, words, tip in FORMATS:
            box = QCheckBox(words)
            box.setObjectName(f"export-{name}")
            box.setAccessibleName(words)
            box.setToolTip(tip)
            box.setChecked(True)
            box.toggled.connect(lambda _on: self._show())
            self.formats[name] = box
        is_dicom = self._volume.file_format == "dicom"
        reason = "" if is_dicom else "SR and SEG need a DICOM series; this one is a volume file. "
        if not self._images:
            reason += "No key image was kept: K keeps one."
        self.reason = label("export-reason", reason.strip(), quiet=True)
        self.identified = QCheckBox("Include patient name, number and dates")
        self.identified.setObjectName("export-identified")
        self.identified.setAccessibleName("Include patient name, number and dates")
        self.identified.toggled.connect(lambda _on: self._show())
        self.consequence = label("export-consequence", quiet=True)
        self.folder = QLineEdit()
        self.folder.setObjectName("export-folder")
        self.folder.setAccessibleName("Folder for the export")
        self.choose = button("export-choose-folder", "Choose…", "Choose the folder")
        self.choose.clicked.connect(self._ask_folder)
        self.bar = QProgressBar()
        self.bar.setObjectName("export-progress")
        self.bar.setAccessibleName("Progress of the export")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.outcome = label("export-result")
        self.open_button = button("export-open-folder", "Open folder", "Show the folder in the file manager")
        self.open_button.clicked.connect(self._open_folder)
        self.write = button("export-write", "Export", "Write the chosen files", primary=True)
        self.write.clicked.connect(self.start)
        self.stop = button("export-cancel", "Cancel", "Stop; what is complete stays")
        self.stop.clicked.connect(self._stop)
        self.close_button = button("export-close", "Close")
        self.close_button.clicked.connect(self.accept)

    def _arrange(self) -> None:
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.choose)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addStretch(1)
        for part in (self.close_button, self.stop, self.write):
            buttons.addWidget(part)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(8)
        column.addWidget(label("heading-export-what", "WHAT", heading=True))
        for box in self.formats.values():
            column.addWidget(box)
        column.addWidget(self.reason)
        self.reason.setVisible(bool(self.reason.text()))
        column.addSpacing(6)
        column.addWidget(label("heading-export-who", "WHOSE", heading=True))
        column.addWidget(self.identified)
        column.addWidget(self.consequence)
        column.addSpacing(6)
        column.addWidget(label("heading-export-where", "WHERE", heading=True))
        column.addLayout(folder)
        column.addSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self.outcome)
        column.addLayout(buttons)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)


def copy_images(images: Sequence[KeyImage], folder: Path, stem: str, progress: Progress) -> tuple[Path, ...]:
    """Copy key images into a folder, under names that say what they show.

    Raises
    ------
    StorageError
        One cannot be read or written; those before it are there.
    """
    made = []
    for n, image in enumerate(images):
        progress.step("Writing PNG", n, len(images))
        try:
            data = image.path.read_bytes()
        except OSError as problem:
            raise StorageError(
                f"{image.words} was not copied", problem.strerror or "the system refuses", "Keep it anew with K"
            ) from problem
        path = folder / f"{stem}-{image.path.name}"
        write_atomically(path, functools.partial(_write, data=data))
        made.append(path)
    return tuple(made)


def kinds_words(paths: Sequence[Path]) -> str:
    """What was written, in words: ``PDF, CSV, SR, 2 key images``."""
    documents = [_kind(path) for path in paths if path.suffix != ".png"]
    count = len(paths) - len(documents)
    return ", ".join([*documents, *([f"{count} key image{'s' if count != 1 else ''}"] if count else [])])


def _kind(path: Path) -> str:
    if path.suffix == ".dcm":
        return "SEG" if "-seg-" in path.name else "SR"
    return path.suffix[1:].upper()


def file_stem_of(request: ExportRequest) -> str:
    """How the files of this export begin: the id of the volume, which names nobody."""
    return f"second-read-{request.volume.id}-key-image"


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
