"""All files under some paths: each once, in a fixed order, without running into loops."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from overread.core.errors import InputError


def checked_roots(paths: Sequence[str | Path]) -> list[str]:
    """The paths as absolute texts.

    Raises
    ------
    InputError
        One does not exist, may not be read, or none was given.
    """
    if not paths:
        raise InputError("Nothing can be opened", "no file or folder was named", "Name a folder with DICOM files")
    roots = []
    for path in paths:
        root = os.path.abspath(os.path.expanduser(os.fspath(path)))
        if not os.path.lexists(root) or "\0" in root:
            raise InputError(f"{_name(root)} cannot be opened", "there is no such file or folder",
                             "Check the path, and whether the disk or share is there")
        if not os.access(root, os.R_OK | (os.X_OK if os.path.isdir(root) else 0)):
            raise InputError(f"{_name(root)} cannot be opened", "there is no permission to read it",
                             "Ask for permission, or copy the files to a folder of yours")
        roots.append(root)
    return roots


def files_under(roots: Sequence[str], closed: list[str]) -> Iterator[str]:
    """Paths of all files, depth first, names in order; every folder is entered once, however it is linked.

    Folders that may not be entered are added to ``closed``.
    """
    seen_folders: set[tuple[int, int]] = set()
    seen_files: set[str] = set()
    for root in roots:
        for path in _files_in(root, seen_folders, closed) if os.path.isdir(root) else (root,):
            if path not in seen_files:
                seen_files.add(path)
                yield path


def _files_in(root: str, seen: set[tuple[int, int]], closed: list[str]) -> Iterator[str]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            state = os.stat(folder)
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda e: e.name)
        except OSError:
            closed.append(folder)
            continue
        folders = []
        for entry in entries:
            if _is_folder(entry):
                folders.append(entry.path)
            else:
                yield entry.path
        waiting.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _name(root: str) -> str:
    return root.encode("utf-8", "replace").decode("utf-8", "replace") or "This path"
