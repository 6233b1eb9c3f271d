"""Everything the window shows: what was found on disk, the viewports, what the systems found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from overread.core.heatmap import Heatmap
from overread.core.reading import Reading
from overread.core.study import Scan, Series, Study, Volume
from overread.viewing.corner import volume_title
from overread.viewing.findings import NOT_FOR_DIAGNOSIS, Findings, Point
from overread.viewing.layout import Layout
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


class Session(State):
    """The root of the view state. Tells ``scan`` or ``volume``."""

    def __init__(self) -> None:
        super().__init__()
        self.scan: Scan | None = None
        self.layout = Layout()
        self.findings = Findings()
        self._results: dict[str, Result] = {}

    def set_scan(self, scan: Scan | None) -> None:
        """Take what was found; partial scans replace each other."""
        self.scan = scan
        self.tell("scan")

    def clear(self) -> None:
        """Forget what is shown, before other paths are opened."""
        self._results.clear()
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
        self._results[volume_id] = result
        shown = self.layout.active.volume
        if shown is not None and shown.id == volume_id:
            self._show_result(shown)

    def has_result(self, volume_id: str) -> bool:
        """Whether a system's reading of this volume is here."""
        return volume_id in self._results

    def _show_result(self, volume: Volume) -> None:
        result = self._results.get(volume.id, Result())
        viewport = self.layout.active
        viewport.overlay.set_heatmap(result.heatmap, volume.grid, viewport.turn)
        self.findings.show(result.reading, result.heatmap, system=result.system, points=result.points,
                           caution=result.caution)


def first_to_show(volumes: list[Volume], roles: tuple[str, ...] = ()) -> Volume | None:
    """The volume to open with: one with a wanted role, else the regular volume with the most slices.

    Localisers, masks and what is stored in 8 bits (labels, screen captures) come last; a sure role before a guess.
    """
    def rank(volume: Volume) -> tuple[bool, bool, bool, bool, bool, int]:
        wanted = volume.role.name in roles
        return (wanted, wanted and volume.role.is_sure, volume.role.name not in _LAST_ROLES,
                volume.dtype not in _EIGHT_BITS, volume.kind == "volume", volume.frames)

    return max(volumes, key=rank, default=None)
