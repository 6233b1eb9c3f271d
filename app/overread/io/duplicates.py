"""Which files are copies of others, and which only share their UID."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from overread.core.progress import SILENT, Progress
from overread.io.headers import IMAGE, OTHER, FileHeader

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Copies:
    """``originals`` maps a duplicate's path to the path that is kept; ``collisions`` are paths whose SOP Instance UID
    is also that of another file with other content."""

    originals: dict[str, str] = field(default_factory=dict)
    collisions: frozenset[str] = frozenset()


def find_copies(headers: Iterable[FileHeader], progress: Progress = SILENT) -> Copies:
    """Compare the data sets of files that share a SOP Instance UID (CONTRACT section 3).

    The file meta information and the preamble do not count: they tell who wrote the file.
    """
    by_uid: dict[str, list[FileHeader]] = defaultdict(list)
    for header in headers:
        uid = header.values.get("SOPInstanceUID")
        if uid and header.kind in (IMAGE, OTHER):
            by_uid[uid].append(header)
    originals: dict[str, str] = {}
    collisions: set[str] = set()
    repeated = [sorted(same, key=lambda h: h.path) for same in by_uid.values() if len(same) > 1]
    for done, same in enumerate(repeated):
        progress.step("Comparing files with the same UID", done, len(repeated))
        kept: list[FileHeader] = []
        for header in same:
            twin = next((k for k in kept if _is_same(k, header)), None)
            if twin is None:
                kept.append(header)
            else:
                originals[header.path] = twin.path
        if len(kept) > 1:
            collisions.update(h.path for h in kept)
    return Copies(originals, frozenset(collisions))


def _is_same(one: FileHeader, other: FileHeader) -> bool:
    if one.size - one.dataset_start != other.size - other.dataset_start:
        return False
    try:
        with open(one.path, "rb") as first, open(other.path, "rb") as second:
            first.seek(one.dataset_start)
            second.seek(other.dataset_start)
            while True:
                a, b = first.read(_CHUNK), second.read(_CHUNK)
                if a != b:
                    return False
                if not a:
                    return True
    except OSError:
        return False
