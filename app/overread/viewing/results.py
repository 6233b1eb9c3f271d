"""What systems made of the open volumes, kept by what was read and by whom, each with a letter of its own.

A reading belongs to all volumes that went into it, and is found from any of them. A system that reads the same volumes
again replaces what it said before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Reading
from overread.core.study import Volume
from overread.systems import SYSTEMS
from overread.viewing.evidence import NO_EVIDENCE, Evidence
from overread.viewing.findings import NOT_FOR_DIAGNOSIS
from overread.viewing.operating import Point

Key = tuple[tuple[str, ...], str]
"""The volumes that were read, in the order of their roles, and the name of who read them."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a system made of one volume or several; all empty while none has read.

    ``system`` is the name it is shown under, ``volumes`` are the ids of what it read; empty stands for the one volume
    that it is kept with. ``evidence`` is what its bundle knows of how it did on named sets.
    """

    reading: Reading | None = None
    heatmap: Heatmap | None = None
    system: str = ""
    points: tuple[Point, ...] = ()
    caution: str = NOT_FOR_DIAGNOSIS
    floor: float | None = None
    notes: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    evidence: Evidence = NO_EVIDENCE

    @property
    def key(self) -> Key:
        """What it is kept under."""
        return self.volumes, self.system

    @property
    def home(self) -> str:
        """Id of the volume whose slices its marks and its map count."""
        if self.heatmap is not None and self.heatmap.volume in self.volumes:
            return self.heatmap.volume
        marks = self.reading.marks if self.reading is not None else ()
        named = next((m.volume for m in marks if m.volume in self.volumes), None)
        return named or next(iter(self.volumes), "")


class Results:
    """All readings of this window, in the order in which they came."""

    def __init__(self) -> None:
        self._kept: dict[Key, Result] = {}
        self._latest: dict[str, Key] = {}
        self._letters: dict[str, str] = {}

    def keep(self, volume_id: str, result: Result) -> Result:
        """Keep a reading of a volume and of whatever else it read; it is what is shown for them from here on."""
        made = result if result.volumes else replace(result, volumes=(volume_id,))
        self._kept[made.key] = made
        self._letters.setdefault(made.system, _letter(len(self._letters)))
        for each in made.volumes:
            self._latest[each] = made.key
        return made

    def all(self) -> tuple[Result, ...]:
        """Every reading, by letter."""
        return tuple(sorted(self._kept.values(), key=lambda r: self.rank(r.system)))

    def of(self, volume_id: str) -> tuple[Result, ...]:
        """The readings that a volume went into, by letter."""
        return tuple(result for result in self.all() if volume_id in result.volumes)

    def latest(self, volume_id: str) -> Result | None:
        """The reading that is shown for a volume."""
        key = self._latest.get(volume_id)
        return self._kept[key] if key is not None else None

    def named(self, volume_id: str, system: str) -> Result | None:
        """What one system made of a volume, the newest where it read it with different others."""
        latest = self.latest(volume_id)
        if latest is not None and latest.system == system:
            return latest
        return next((result for result in reversed(self.of(volume_id)) if result.system == system), None)

    def prefer(self, result: Result) -> bool:
        """Show this reading for its volumes; whether another one was shown before."""
        changed = any(self._latest.get(each) != result.key for each in result.volumes)
        for each in result.volumes:
            self._latest[each] = result.key
        return changed

    def letter(self, system: str) -> str:
        """The letter that marks of a system carry beside those of others: in the order in which they came."""
        return self._letters.get(system, "")

    def rank(self, system: str) -> int:
        """Place of a system's letter, from 0."""
        return list(self._letters).index(system) if system in self._letters else 0


def reader_name(system_id: str, variant: str | None) -> str:
    """A system as it is called beside others: with its variant where its paper has several."""
    system = SYSTEMS.get(system_id)
    has_variants = system is not None and variant is not None and variant in system.variants
    return f"{system_id} {variant}" if has_variants else system_id


def marks_on(marks: Sequence[Mark], volume: Volume) -> tuple[Mark, ...]:
    """Marks with the slices of a volume: those of another one are carried over by their place in the patient.

    A mark beyond this volume's slices keeps its place, and stands on no slice.
    """
    return tuple(_on(mark, volume) for mark in marks)


def _on(mark: Mark, volume: Volume) -> Mark:
    if mark.volume in (None, volume.id) or volume.affine is None:
        return mark
    k = round(float(volume.affine.to_index(mark.centre_mm)[0]))
    if not 0 <= k < volume.frames:
        return replace(mark, peak_slice=None, slices=())
    return replace(mark, peak_slice=k, slices=(k,))


def _letter(n: int) -> str:
    return ascii_uppercase[n] if n < len(ascii_uppercase) else f"{ascii_uppercase[n % 26]}{n // 26}"
