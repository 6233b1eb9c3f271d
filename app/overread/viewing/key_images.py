"""Key images of a second read: pictures the reader kept, as PNG files beside the record.

A picture is made by the image area in its blinded form; a file's name says only what it shows and where.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import StorageError
from overread.io import write_atomically
from overread.study.second_read import SecondReadStore
from overread.viewing.state import State

_NAME = re.compile(r"(\d{3,})-(mark|candidate|slice)-(\d+)-slice-(\d+)\.png")
MARK, CANDIDATE, SLICE = "mark", "candidate", "slice"


@dataclass(frozen=True, slots=True)
class KeyImage:
    """A kept picture of an own mark, a candidate or just a slice. ``slice`` counts from 0."""

    path: Path
    order: int
    subject: str
    number: int
    slice: int

    @property
    def words(self) -> str:
        """``Mark M2, slice 41``."""
        at = f"slice {self.slice + 1}"
        names = {MARK: f"Mark M{self.number}", CANDIDATE: f"Candidate {self.number}"}
        return f"{names[self.subject]}, {at}" if self.subject in names else f"S{at[1:]}"


class KeyImages(State):
    """The key images of the shown volume. Tells ``images``."""

    def __init__(self, store: SecondReadStore) -> None:
        super().__init__()
        self._store = store
        self.volume_id: str | None = None
        self.images: tuple[KeyImage, ...] = ()

    def show(self, volume_id: str | None) -> None:
        """Turn to another volume."""
        self.volume_id = volume_id
        self._look()

    def add(self, png: bytes, subject: str, number: int, k: int, volume_id: str) -> KeyImage:
        """Keep a picture of a volume.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        folder = self._folder(volume_id)
        order = max((image.order for image in _listed(folder)), default=0) + 1
        path = folder / f"{order:03}-{subject}-{number}-slice-{k + 1}.png"
        write_atomically(path, lambda beside: _write(beside, png))
        self._look()
        return KeyImage(path, order, subject, number, k)

    def remove(self, image: KeyImage) -> None:
        """Throw a picture away.

        Raises
        ------
        StorageError
            It cannot be removed.
        """
        try:
            image.path.unlink(missing_ok=True)
        except OSError as problem:
            raise StorageError(
                "The key image was not removed", problem.strerror or "the system refuses", "Try again"
            ) from problem
        self._look()

    def _folder(self, volume_id: str) -> Path:
        record = self._store.path_of(volume_id)
        return record.with_name(f"{record.stem}-key-images")

    def _look(self) -> None:
        self.images = _listed(self._folder(self.volume_id)) if self.volume_id is not None else ()
        self.tell("images")


def _listed(folder: Path) -> tuple[KeyImage, ...]:
    """The key images in a folder, in the order they were kept; other files are nobody's business."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            parts = _NAME.fullmatch(path.name)
            if parts is not None:
                order, subject, number, k = parts.groups()
                found.append(KeyImage(path, int(order), subject, int(number), int(k) - 1))
    return tuple(sorted(found, key=lambda image: image.order))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
