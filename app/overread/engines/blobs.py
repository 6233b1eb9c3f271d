"""A folder of bytes under keys: whole or absent, at most so many megabytes, the longest unused ones out first."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from overread.io import write_atomically

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class BlobCache:
    """The cache of one kind of thing.

    Parameters
    ----------
    folder
        Made when the first entry is written; safe to delete at any time.
    limit_bytes
        What all entries together may fill.
    """

    folder: Path
    limit_bytes: int

    def get(self, key: str) -> bytes | None:
        """The bytes under a key, or None: never written, thrown out, or damaged."""
        path = self._path(key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # so that what is used stays longest
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep bytes under a key, in place of what was there, and throw out what no longer fits.

        Raises
        ------
        StorageError
            The disk is full, the folder cannot be written to, and the like.
        """
        if len(content) + _DIGEST_BYTES > self.limit_bytes:
            return
        framed = hashlib.sha256(content).digest() + content
        write_atomically(self._path(key), lambda beside: _write(beside, framed))
        self._throw_out()

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode('utf-8')).hexdigest()}.bin"

    def _throw_out(self) -> None:
        """Oldest first, until the rest fits. Another process may do the same at the same time."""
        entries = []
        for path in self.folder.glob("*.bin"):
            with contextlib.suppress(OSError):
                found = path.stat()
                entries.append((found.st_mtime_ns, path.name, found.st_size))
        total = sum(size for _, _, size in entries)
        for _, name, size in sorted(entries):
            if total <= self.limit_bytes:
                break
            (self.folder / name).unlink(missing_ok=True)
            total -= size


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
