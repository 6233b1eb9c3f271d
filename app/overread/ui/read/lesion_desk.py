"""The third panel of the right zone: circled lesions, clinical facts, the three signs; and what its keys do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from overread.core.errors import InputError, OverreadError
from overread.core.progress import Progress
from overread.core.region import Region
from overread.io.json_file import read_json_object
from overread.io.regions import read_region
from overread.ui.jobs import Job
from overread.ui.read.facts_form import FactsFormView
from overread.ui.read.grid import ViewportGrid
from overread.ui.read.regions_list import RegionsList
from overread.ui.read.signs_row import SignsView
from overread.ui.widgets.parts import label, panel, rule
from overread.ui.widgets.upright import UprightScroll
from overread.viewing.class_words import FACT_WORDS
from overread.viewing.regions import FIRST_RADIUS_MM
from overread.viewing.session import Session

_MASKS = "Regions (*.json *.dcm *.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd);;All files (*)"
STEP_MM = 1.0


class LesionDesk(QObject):
    """Owns the panel. ``failed`` with an error to show."""

    failed = Signal(object)

    def __init__(self, session: Session, views: ViewportGrid, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._views, self._parent = session, views, parent
        self.regions, self.form, self.signs = RegionsList(session), FactsFormView(session), SignsView(session)
        self._jobs: list[Job] = []
        inside = panel("lesion", "Lesion and patient")
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(9)
        parts: tuple[QWidget, ...] = (
            label("heading-regions", "CIRCLED LESIONS", heading=True), self.regions, rule(),
            label("heading-facts", "CLINICAL FACTS", heading=True), self.form, rule(),
            label("heading-signs", "THREE SIGNS OF MVI", heading=True), self.signs,
        )  # fmt: skip
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        self.panel = UprightScroll("lesion-area", "Lesion and patient", inside)
        self.regions.wanted.connect(lambda name: self.handlers()[name]())
        self.form.load.connect(self.ask_facts)
        self.form.save.connect(self.ask_facts_target)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """What each command about circled lesions does."""
        session, regions = self._session, self._session.regions

        def at() -> int:
            return session.layout.active.slice

        def copy(by: int) -> None:
            there = regions.copy_on(at(), by)
            if there is not None:
                session.layout.active.go_to(there)

        return {
            "region-draw": lambda: session.measuring.use("circle"),
            "region-here": self.put_here,
            "region-new": self.new,
            "region-copy-next": lambda: copy(1),
            "region-copy-previous": lambda: copy(-1),
            "region-larger": lambda: regions.resize(at(), STEP_MM),
            "region-smaller": lambda: regions.resize(at(), -STEP_MM),
            "region-left": lambda: self.nudge(0, -1),
            "region-right": lambda: self.nudge(0, 1),
            "region-up": lambda: self.nudge(-1, 0),
            "region-down": lambda: self.nudge(1, 0),
            "region-from-mark": self.from_mark,
            "region-from-candidate": self.from_candidate,
            "region-file": self.ask_region,
            "region-remove": self.remove,
            "redo": regions.redo,
        }

    def new(self) -> None:
        """Let the next circle begin another lesion, with the tool in hand."""
        self._session.regions.select(None)
        if self._session.measuring.tool != "circle":
            self._session.measuring.use("circle")

    def remove(self) -> None:
        """Remove the chosen lesion with all its circles."""
        self._session.regions.remove()

    def put_here(self) -> None:
        """A circle at the pointer, in the middle of the image where it is elsewhere."""
        viewport, cursor = self._session.layout.active, self._views.active.cursor_pixel()
        rows, columns = viewport.shown_shape()
        place = viewport.patient_point(*(cursor or (rows / 2, columns / 2)))
        if place is not None:
            self._session.regions.put(viewport.slice, place, FIRST_RADIUS_MM)

    def nudge(self, down: int, right: int) -> None:
        """Move the chosen lesion's circle on this slice by a millimetre, as the image lies."""
        viewport, regions = self._session.layout.active, self._session.regions
        lesion, k, spacing = regions.chosen, viewport.slice, viewport.spacing_mm
        circle = lesion.circles.get(k) if lesion is not None else None
        if circle is None or spacing is None:
            return
        row, column = viewport.shown_place(circle.centre_mm, k)
        place = viewport.patient_point(row + down * STEP_MM / spacing[0], column + right * STEP_MM / spacing[1])
        if place is not None:
            regions.move(k, place)

    def from_mark(self) -> None:
        """A new lesion at the chosen own mark."""
        mark = self._session.second.mark
        if mark is not None:
            radius = math.dist(*mark.ends_mm) / 2 if mark.ends_mm is not None else FIRST_RADIUS_MM
            self._session.regions.put(mark.slice, mark.centre_mm, radius, "mark", new=True)

    def from_candidate(self) -> None:
        """A new lesion at the chosen candidate, as wide as its extent: a first guess to be corrected."""
        findings = self._session.findings
        candidate = findings.candidate(findings.selected)
        if candidate is not None and candidate.mark.peak_slice is not None:
            mark = candidate.mark
            radius = mark.extent_mm / 2 if mark.extent_mm else FIRST_RADIUS_MM
            self._session.regions.put(candidate.mark.peak_slice, mark.centre_mm, radius, "detector", new=True)

    def ask_region(self) -> None:
        """Choose a file with regions."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Where to look", "", _MASKS)
        if name:
            self.take_region(Path(name))

    def takes(self, paths: Sequence[Path], at: QPoint) -> bool:
        """Whether files dropped at a place of the screen belong here and are no study to be opened.

        What falls on this panel does, a folder of masks too. So does JSON anywhere while a study is open: it holds no
        image.
        """
        if next(self._session.places(), None) is None or not paths:
            return False
        is_here = self.panel.isVisible() and self.panel.rect().contains(self.panel.mapFromGlobal(at))
        is_json = all(path.suffix.lower() == ".json" for path in paths)
        return is_here or is_json

    def take_file(self, path: Path) -> None:
        """Clinical facts, or where to look: told apart by what a JSON file holds."""
        is_facts = False
        if path.suffix.lower() == ".json":
            try:
                document = read_json_object(path, "region or list of facts")
            except OverreadError as problem:
                self.failed.emit(problem)
                return
            is_facts = not document.keys().isdisjoint(FACT_WORDS)
            if not is_facts and document.keys().isdisjoint(("marks", "schema")):
                why = "it holds neither clinical facts nor marks"
                remedy = "Give a file in one of the forms of docs/regions.md"
                self.failed.emit(InputError(f"{path.name} cannot be used here", why, remedy))
                return
        if is_facts:
            self._try(lambda: self._session.form.load(path, keep=True))
        else:
            self.take_region(path)

    def take_region(self, path: Path) -> None:
        """Read a file of regions in a thread; its lesions join those of the shown series."""
        volume = self._session.layout.active.volume
        grid = volume.grid if volume is not None else None
        if volume is None or grid is None:
            self.failed.emit(InputError(f"{path.name} cannot be used as a region",
                                        "the shown series is no regular volume", "Show another series"))  # fmt: skip
            return

        def work(_progress: Progress) -> Region:
            return read_region(path, grid, volume.role.name, volume.frame_of_reference)

        def done(region: Region) -> None:
            shown = self._session.layout.active.volume
            if shown is None or shown.id != volume.id:
                why = "another series was shown before it was read"
                self.failed.emit(InputError(f"{path.name} was not used as a region", why, "Give it again"))
            elif not self._session.regions.take(region):
                why = " ".join(("none of its lesions lies on the shown series", *region.notes))
                self.failed.emit(InputError(f"{path.name} cannot be used as a region", why.rstrip("."),
                                            "Show the series it was drawn on"))  # fmt: skip

        job = Job("Reading the region", work, parent=self, on_done=done, on_error=self.failed.emit)
        self._jobs.append(job.start())

    def ask_facts(self) -> None:
        """Choose a file with clinical facts."""
        name, _ = QFileDialog.getOpenFileName(self._parent, "Clinical facts", "", "JSON (*.json)")
        if name:
            self._try(lambda: self._session.form.load(Path(name)))

    def ask_facts_target(self) -> None:
        """Choose where the facts are written."""
        name, _ = QFileDialog.getSaveFileName(self._parent, "Save clinical facts", "facts.json", "JSON (*.json)")
        if name:
            self._try(lambda: self._session.form.save(Path(name)))

    def close(self) -> None:
        """Stop what runs."""
        for job in self._jobs:
            job.drop()

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OverreadError as problem:
            self.failed.emit(problem)
