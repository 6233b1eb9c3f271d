"""Files that appear under their final name only when they are complete."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overread.core.errors import StorageError


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file beside ``path``, flush it to the disk, then give it its name.

    Parameters
    ----------
    path
        Where the file shall be; its folder is made if need be. What was there stays until the new one is complete.
    write
        Makes the file at the path it is given (in the same folder, with the same ending).

    Raises
    ------
    StorageError
        The disk is full, the folder cannot be written to, and the like. Nothing half-written is left.
    """
    path = Path(path)
    beside = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        _flush(beside)
        os.replace(beside, path)
        _flush_folder(path.parent)
    except OSError as problem:
        raise _storage_error(path, problem) from problem
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document, readable by people: two blanks of indent, UTF-8, no NaN.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, lambda beside: _write_text(beside, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Make the new name itself durable; not every system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _storage_error(path: Path, problem: OSError) -> StorageError:
    remedies = {
        errno.ENOSPC: ("the disk is full", "Make room, or choose another folder"),
        errno.EDQUOT: ("your share of the disk is used up", "Make room, or choose another folder"),
        errno.EACCES: ("there is no permission to write there", "Choose another folder"),
        errno.EPERM: ("there is no permission to write there", "Choose another folder"),
        errno.EROFS: ("that disk can only be read", "Choose another folder"),
        errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter name"),
        errno.ENOTDIR: ("a part of its path is a file, not a folder", "Choose another folder"),
        errno.EEXIST: ("a part of its path is a file, not a folder", "Choose another folder"),
    }
    why, remedy = remedies.get(problem.errno or 0, (problem.strerror or "the system refuses", "Choose another folder"))
    return StorageError(f"{path.name} cannot be written", why, remedy)
