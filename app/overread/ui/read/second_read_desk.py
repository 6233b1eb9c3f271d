"""What the keys and buttons of the second read do in the window: marks at the pointer, key images, export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Signal
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QWidget

from overread import io
from overread.core.errors import OverreadError
from overread.core.progress import Progress
from overread.core.reading import Input, Reading
from overread.core.study import Pixels, Volume
from overread.systems import Bundle, find_bundle
from overread.ui.jobs import Job
from overread.ui.read.export_dialog import ExportDialog
from overread.ui.read.grid import ViewportGrid
from overread.ui.read.second_read import SecondReadPanel
from overread.viewing.evidence import evidence_of
from overread.viewing.key_images import CANDIDATE, MARK, SLICE, KeyImages
from overread.viewing.operating import floor_of, points_of
from overread.viewing.results import Result, reader_name
from overread.viewing.second_reading import ALONE, VERDICTS
from overread.viewing.session import Session


class SecondReadDesk(QObject):
    """Owns the panel and the key images. ``failed`` with an error to show, ``opened`` with a dialog to show."""

    failed = Signal(object)
    opened = Signal(object)

    def __init__(self, session: Session, views: ViewportGrid, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._views, self._parent = session, views, parent
        self.images = KeyImages(session.second.store)
        self.panel = SecondReadPanel(session, self.images)
        self.export_dialog: ExportDialog | None = None
        self._jobs: list[Job] = []
        self._digested: set[str] = set()
        self.panel.left.connect(views.focus_active)
        self.panel.export_wanted.connect(self.export)
        self.panel.image_removed.connect(self._remove_image)
        session.second.on_trouble = self.failed.emit
        session.second.listeners.append(self._second_changed)
        session.layout.watchers.append(lambda _viewport, what: self._know_pixels() if what == "pixels" else None)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """What each command of the second read and of measuring does."""
        second, measuring = self._session.second, self._session.measuring
        return {
            "measure-length": lambda: measuring.use("length"),
            "measure-region": lambda: measuring.use("region"),
            "measure-leave": self.leave,
            "measure-remove": self.remove,
            "undo": second.undo,
            "mark": self.mark,
            "mark-rate": self.panel.rate,
            "key-image": self.key_image,
            "verdict-accept": lambda: second.judge("accept"),
            "verdict-unsure": lambda: second.judge("unsure"),
            "verdict-dismiss": lambda: second.judge("dismiss"),
            "second-read-on": self.go_on,
            "second-read-export": self.export,
        }

    def mark(self) -> None:
        """Mark the place under the pointer; with the pointer elsewhere, the next click marks."""
        cursor, viewport = self._views.active.cursor_pixel(), self._session.layout.active
        place = viewport.place_at(*cursor) if cursor is not None else None
        if place is not None:
            self._session.second.mark_at(viewport.slice, place)
        else:
            self._session.measuring.use("mark")

    def leave(self) -> None:
        """Escape: put down what is in hand, then choose nothing."""
        if not self._session.measuring.leave():
            self._session.second.select(None)
        self._views.focus_active()

    def remove(self) -> None:
        """Remove the chosen measurement, else the chosen mark, else the chosen lesion's circle on this slice."""
        session = self._session
        if not session.measuring.remove_selected() and not session.second.remove_selected():
            session.regions.remove(session.layout.active.slice)

    def go_on(self) -> None:
        """The next step: done alone, or finished."""
        second = self._session.second
        if second.step == ALONE:
            self.panel.done_alone()
        elif second.step <= VERDICTS:
            self.panel.finish_reading()

    def key_image(self) -> None:
        """Keep the present picture, of the chosen mark or candidate where it lies on this slice.

        It is painted here and packed in a thread, which takes longer than a key may.
        """
        volume = self._session.second.volume
        if volume is None:
            return
        (subject, number), k = self._subject(), self._session.layout.active.slice
        picture = self._views.active.blinded_picture()

        def keep(png: bytes) -> None:
            try:
                self.images.add(png, subject, number, k, volume.id)
            except OverreadError as trouble:
                self.failed.emit(trouble)
                return
            shown = self._session.second.volume
            if subject == MARK and shown is not None and shown.id == volume.id:
                self._session.second.note_key_image(number)

        job = Job(
            "The key image", lambda _progress: _png(picture), parent=self, on_done=keep, on_error=self.failed.emit
        )
        self._jobs.append(job.start())

    def export(self) -> None:
        """Ask what to write, and where."""
        second, place = self._session.second, None
        if second.volume is not None:
            place = self._session.find(second.volume.id)
        if second.record is None or place is None or not second.record.is_begun:
            return
        self.export_dialog = ExportDialog(self._session, place[2], self.images.images, self._parent)
        self.opened.emit(self.export_dialog)

    def close(self) -> None:
        """Stop what runs."""
        for job in self._jobs:
            job.drop()
        if self.export_dialog is not None:
            self.export_dialog.close()

    def _remove_image(self, order: int) -> None:
        try:
            self.images.remove(next(image for image in self.images.images if image.order == order))
        except OverreadError as trouble:
            self.failed.emit(trouble)

    def _subject(self) -> tuple[str, int]:
        second, k = self._session.second, self._session.layout.active.slice
        mark, candidate = second.mark, second.candidate
        if mark is not None and mark.slice == k:
            return MARK, mark.number
        if candidate is not None and candidate.is_near(k):
            return CANDIDATE, candidate.number
        return SLICE, 0

    def _second_changed(self, what: str) -> None:
        if what == "record":
            volume = self._session.second.volume
            self.images.show(volume.id if volume is not None else None)
            self._know_pixels()
            self._restore()

    def _know_pixels(self) -> None:
        """Take the digest as soon as all pixels are here: the first thing the reader does may be to seal."""
        volume, record = self._session.second.volume, self._session.second.record
        pixels = self._session.layout.active.pixels
        if volume is None or pixels is None or record is None or record.inputs or volume.id in self._digested:
            return
        self._digest(volume, pixels)

    def _restore(self) -> None:
        """Show again what a system found when this volume was last open, without its map; a new run brings that."""
        volume, record = self._session.second.volume, self._session.second.record
        if volume is None or record is None or not record.readings or self._session.has_result(volume.id):
            return
        for reading in record.readings:
            self._restore_one(reading, volume.id)

    def _restore_one(self, reading: Reading, volume_id: str) -> None:
        name = reader_name(reading.reader.id, reading.reader.variant)
        volumes = tuple(each.volume for each in reading.inputs) or (volume_id,)

        def work(_progress: Progress) -> Bundle | None:
            try:
                bundle = find_bundle(reading.reader.id, reading.reader.variant)
            except OverreadError:  # the reading can be looked at without its bundle; a run says what is wrong with it
                return None
            return bundle if bundle.digest == reading.reader.bundle_digest else None

        def done(bundle: Bundle | None) -> None:
            if self._session.result(volume_id, name) is not None:
                return
            result = Result(reading, None, name, volumes=volumes)
            if bundle is not None:
                result = replace(result, points=points_of(bundle), caution=bundle.caution, floor=floor_of(bundle),
                                 evidence=evidence_of(bundle))  # fmt: skip
            self._session.set_result(volume_id, result)

        self._jobs.append(
            Job("Looking for the bundle", work, parent=self, on_done=done, on_error=self.failed.emit).start()
        )

    def _digest(self, volume: Volume, pixels: Pixels) -> None:
        """The digest of the pixels, which the sealed readings name, is taken in a thread."""

        def work(_progress: Progress) -> Input:
            return Input(volume.id, volume.role.name or "other", io.pixels_sha256(pixels), volume.shape)

        done: Callable[[Input], None] = lambda made: self._session.second.set_inputs(volume.id, (made,))  # noqa: E731
        self._digested.add(volume.id)
        job = Job("The digest of the pixels", work, parent=self, on_done=done,
                  on_error=self.failed.emit)  # fmt: skip
        self._jobs.append(job.start())


def _png(picture: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(picture)
    return bytes(data.data())
