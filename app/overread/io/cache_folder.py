"""The cache folder as a whole: how much lies in it, and emptying it. Whatever lies there can be made again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from overread.core.errors import StorageError
from overread.core.progress import SILENT, Progress

_LOOK_EVERY = 256


def folder_bytes(folder: Path, progress: Progress = SILENT) -> int:
    """Size of all files below a folder; 0 where there is none. Links count as nothing and are not followed."""
    return sum(size for _path, size in _files(folder, progress))


def clear_folder(folder: Path, progress: Progress = SILENT) -> int:
    """Remove everything below a folder, which stays; returns the bytes that are free now.

    Links are removed, what they point to is not touched.

    Raises
    ------
    StorageError
        Some files could not be removed; the others are gone.
    Cancelled
        The progress was cancelled; what was removed until then is gone.
    """
    freed, refused = 0, 0
    for path, size in _files(folder, progress):
        try:
            path.unlink()
            freed += size
        except OSError:
            refused += 1
    for inner, folders, _names in os.walk(folder, topdown=False):
        for name in folders:
            path = Path(inner, name)
            if not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()
    if refused:
        raise StorageError(
            f"{refused} file{'s' if refused != 1 else ''} of the cache could not be removed",
            "the system refuses, or a run uses them",
            "Try again when no run is under way",
        )
    return freed


def _files(folder: Path, progress: Progress) -> Iterator[tuple[Path, int]]:
    """Files and links below a folder, with the bytes they take."""
    seen = 0
    for inner, folders, names in os.walk(folder):
        links = [name for name in folders if Path(inner, name).is_symlink()]
        for name in (*names, *links):
            seen += 1
            if seen % _LOOK_EVERY == 0:
                progress.check()
            path = Path(inner, name)
            try:
                facts = path.lstat()
            except OSError:  # gone meanwhile
                continue
            yield path, facts.st_size if stat.S_ISREG(facts.st_mode) else 0
