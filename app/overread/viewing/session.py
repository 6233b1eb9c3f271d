"""Everything the window shows: what was found on disk, the viewports, what the systems found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from overread.core.heatmap import Heatmap
from overread.core.reading import Reading
from overread.core.study import Scan, Series, Study, Volume
from overread.viewing.corner import volume_title
from overread.viewing.findings import NOT_FOR_DIAGNOSIS, Findings
from overread.viewing.layout import Layout
from overread.viewing.measure import Measuring
from overread.viewing.operating import Point
from overread.viewing.run_queue import RunQueue
from overread.viewing.second_reading import SecondReading
from overread.viewing.state import State

_LAST_ROLES = ("localiser", "mask")
_EIGHT_BITS = ("uint8", "int8", "bool")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a system made of a volume; all empty while none has read it."""

    reading: Reading | None = None
    heatmap: Heatmap | None = None
    system: str = ""
    points: tuple[Point, ...] = ()
    caution: str = NOT_FOR_DIAGNOSIS
    floor: float | None = None
    notes: tuple[str, ...] = ()


class Session(State):
    """The root of the view state. Tells ``scan``, ``volume`` or ``results``.

    Results stay for as long as the window is open: a volume that is opened again has its reading at once, and runs
    that finish after another study was opened are not lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scan: Scan | None = None
        self.layout = Layout()
        self.findings = Findings()
        self.queue = RunQueue()
        self._results: dict[tuple[str, str], Result] = {}
        self._latest: dict[str, str] = {}
        self._withheld: set[str] = set()
        self._thresholds: dict[str, float] = {}
        self.findings.listeners.append(self._findings_changed)
        self.measuring = Measuring()
        self.second = SecondReading(self, self.measuring)

    def set_scan(self, scan: Scan | None) -> None:
        """Take what was found; partial scans replace each other."""
        self.scan = scan
        self.tell("scan")

    def clear(self) -> None:
        """Forget what is shown, before other paths are opened; results are kept."""
        self.layout.active.show(None)
        self.findings.show(None)
        self.set_scan(None)
        self.tell("volume")

    def places(self) -> Iterator[tuple[Study, Series, Volume]]:
        """Every volume with its series and study."""
        for study in self.scan.studies if self.scan is not None else ():
            for series in study.series:
                for volume in series.volumes:
                    yield study, series, volume

    def find(self, volume_id: str) -> tuple[Study, Series, Volume] | None:
        """The volume with this id, and where it belongs."""
        return next((place for place in self.places() if place[2].id == volume_id), None)

    def newest(self, volume: Volume) -> Volume | None:
        """The volume in the present scan that has the id of ``volume``, or else its first slice."""
        same = self.find(volume.id)
        if same is not None:
            return same[2]
        if not volume.slices:
            return None
        first = (volume.slices[0].path, volume.slices[0].frame)
        return next((v for _, _, v in self.places() if first in {(s.path, s.frame) for s in v.slices}), None)

    def neighbour(self, by: int) -> Volume | None:
        """The volume so many places after the one that is shown, None beyond the ends."""
        shown, volumes = self.layout.active.volume, [volume for _, _, volume in self.places()]
        ids = [volume.id for volume in volumes]
        at = ids.index(shown.id) + by if shown is not None and shown.id in ids else 0
        return volumes[at] if 0 <= at < len(volumes) else None

    def show(self, volume: Volume) -> None:
        """Show a volume in the active viewport, with the reading that was made of it, if any."""
        place = self.find(volume.id)
        title, date = (volume_title(place[1], volume), place[0].date) if place else ("", None)
        self.layout.active.show(volume, title, date)
        self._show_result(volume)
        self.tell("volume")

    def set_result(self, volume_id: str, result: Result) -> None:
        """Keep a system's reading of a volume, and show it if that volume is shown."""
        self._results[volume_id, result.system] = result
        self._latest[volume_id] = result.system
        self._show_again(volume_id)
        self.tell("results")

    def has_result(self, volume_id: str) -> bool:
        """Whether a system's reading of this volume is here."""
        return volume_id in self._latest

    def result(self, volume_id: str, system: str | None = None) -> Result | None:
        """A system's reading of a volume, the newest unless one is named; None while there is none."""
        return self._results.get((volume_id, system or self._latest.get(volume_id, "")))

    def prefer(self, volume_id: str, system: str) -> None:
        """Show what this system made of the volume, where it has read it."""
        if (volume_id, system) in self._results and self._latest[volume_id] != system:
            self._latest[volume_id] = system
            self._show_again(volume_id)

    def withhold(self, wanted: Mapping[str, bool]) -> None:
        """Keep back what systems find in these volumes while their reader reads alone (True), or give it free.

        However many there are, it is told once: a folder can hold hundreds.
        """
        changed = [volume_id for volume_id, withheld in wanted.items() if withheld != self.is_withheld(volume_id)]
        for volume_id in changed:
            (self._withheld.add if wanted[volume_id] else self._withheld.discard)(volume_id)
        for volume_id in changed:
            self._show_again(volume_id)
        if changed:
            self.tell("results")

    def is_withheld(self, volume_id: str) -> bool:
        """Whether nothing that a system found in this volume may be shown, not even how much."""
        return volume_id in self._withheld

    def state_words(self, volume_id: str) -> str:
        """What systems did and do with a volume, as short as its row in the tree; empty if nothing."""
        run = self.queue.latest(volume_id)
        words = run.row_words() if run is not None else ""
        return words or ("read by a system" if self.has_result(volume_id) else "")

    def _show_again(self, volume_id: str) -> None:
        shown = self.layout.active.volume
        if shown is not None and shown.id == volume_id:
            self._show_result(shown)

    def _show_result(self, volume: Volume) -> None:
        result = None if self.is_withheld(volume.id) else self.result(volume.id)
        result = result or Result()
        viewport = self.layout.active
        viewport.overlay.set_heatmap(result.heatmap, volume.grid, viewport.turn)
        self.findings.show(result.reading, result.heatmap, system=result.system, points=result.points,
                           caution=result.caution, floor=result.floor, notes=result.notes)
        if volume.id in self._thresholds:  # as the person left it
            self.findings.set_threshold(self._thresholds[volume.id])

    def _findings_changed(self, what: str) -> None:
        shown, threshold = self.layout.active.volume, self.findings.threshold
        if what == "point" and shown is not None and threshold is not None:
            self._thresholds[shown.id] = threshold
        if what in ("reading", "point"):
            self.layout.active.overlay.set_called(self.findings.called_slices())


def first_to_show(volumes: list[Volume], roles: tuple[str, ...] = ()) -> Volume | None:
    """The volume to open with: one with a wanted role, else the regular volume with the most slices.

    Localisers, masks and what is stored in 8 bits (labels, screen captures) come last; a sure role before a guess.
    """
    def rank(volume: Volume) -> tuple[bool, bool, bool, bool, bool, int]:
        wanted = volume.role.name in roles
        return (wanted, wanted and volume.role.is_sure, volume.role.name not in _LAST_ROLES,
                volume.dtype not in _EIGHT_BITS, volume.kind == "volume", volume.frames)

    return max(volumes, key=rank, default=None)
