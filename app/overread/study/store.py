"""Second reads on the disk: one file per volume in the user's data folder, complete or not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from overread.core.errors import InputError, StorageError
from overread.io.atomic import write_json
from overread.io.places import user_places

if TYPE_CHECKING:
    from overread.study.second_read import SecondRead

_VOLUME_ID = re.compile(r"[A-Za-z0-9-]{1,80}")


class SecondReadStore:
    """Keeps second reads by the id of their volume. It writes nothing unless asked to save.

    Parameters
    ----------
    folder
        Where the files are; by default ``second-reads`` in the user's data folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = user_places().data / "second-reads" if folder is None else Path(folder)
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._beside: dict[str, Path] = {}

    def path_of(self, volume_id: str) -> Path:
        """The file of a volume; its name is the volume's id, which follows from content and names nobody."""
        if not _VOLUME_ID.fullmatch(volume_id):
            raise ValueError(f"not the id of a volume: {volume_id!r}")
        return self.folder / f"{volume_id}.json"

    def load(self, volume_id: str, clock: Callable[[], datetime] | None = None) -> SecondRead | None:
        """The second read of a volume as it was left, or None when there is none.

        Raises
        ------
        StorageError
            The file is damaged or of another version: it was set aside under another name, and a new one can be
            begun; or it cannot be read at all.
        """
        from overread.study.second_read import SecondRead, utc_now

        path = self.path_of(volume_id)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            self._seen[volume_id] = None
            return None
        except OSError as problem:
            raise StorageError(
                "The second read of this series cannot be opened",
                f"{path.name} cannot be read ({problem.strerror or 'the system refuses'})",
                "See to the folder's permissions and open the study again",
            ) from problem
        try:
            second_read = SecondRead.from_json(json.loads(text), clock or utc_now)
            if second_read.volume != volume_id:
                raise InputError("This second read cannot be used", "it is of another volume", "Start anew")
        except (ValueError, RecursionError):
            self._set_aside(path, "it is no readable JSON")
        except InputError as problem:
            self._set_aside(path, problem.why)
        self._seen[volume_id] = _state_of(path)
        return second_read

    def save(self, second_read: SecondRead) -> Path:
        """Write the record, complete or not at all.

        Raises
        ------
        StorageError
            The disk is full, the folder cannot be written to, or another window has changed the file meanwhile: then
            this record is kept beside it, under a name that the sentence tells.
        """
        path = self.path_of(second_read.volume)
        if _state_of(path) not in (self._seen.get(second_read.volume), None):
            beside = self._beside.setdefault(second_read.volume, _free_name(path, "other-window"))
            write_json(beside, second_read.to_json())
            raise StorageError(
                "The second read was not saved",
                "another window has changed it meanwhile",
                f"What was done here is kept as {beside.name}; close the other window, then open the study again",
            )
        write_json(path, second_read.to_json())
        self._seen[second_read.volume] = _state_of(path)
        return path

    def _set_aside(self, path: Path, why: str) -> NoReturn:
        """Give a file that cannot be used another name, and say so."""
        aside = _free_name(path, "damaged")
        try:
            path.rename(aside)
        except OSError as problem:
            raise StorageError(
                "The second read of this series cannot be used",
                f"{why}, and {path.name} cannot be renamed",
                "Move that file away and open the study again",
            ) from problem
        self._seen[path.stem] = None
        raise StorageError(
            "The second read of this series cannot be used", why, f"It was kept as {aside.name}; a new one can be begun"
        )


def _free_name(path: Path, what: str) -> Path:
    """A name beside a record that nothing has yet: ``VOLUME.damaged-1.json``."""
    number = 1
    while (free := path.with_name(f"{path.stem}.{what}-{number}.json")).exists():
        number += 1
    return free


def _state_of(path: Path) -> tuple[int, int] | None:
    """Time and size of a file, None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
