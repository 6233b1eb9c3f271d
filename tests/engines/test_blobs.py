"""The cache on disk: whole or absent, never larger than it may be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from overread.core.errors import StorageError
from overread.engines.blobs import BlobCache


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "c", 1000)
    cache.put("one", b"content")
    assert cache.get("one") == b"content"
    assert cache.get("two") is None


def test_a_later_one_takes_the_place_of_the_former(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, 1000)
    cache.put("one", b"old")
    cache.put("one", b"new")
    assert cache.get("one") == b"new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 100])
def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    cache = BlobCache(tmp_path, 1000)
    cache.put("one", b"content")
    next(tmp_path.iterdir()).write_bytes(damage)
    assert cache.get("one") is None


def test_a_single_changed_bit_is_noticed(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, 1000)
    cache.put("one", b"content")
    path = next(tmp_path.iterdir())
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert cache.get("one") is None


def test_the_longest_unused_entries_go_when_it_is_full(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, 400)
    for n in range(3):
        cache.put(f"entry {n}", bytes(80))
        for path in tmp_path.iterdir():
            found = path.stat()
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 10**9))
    assert cache.get("entry 0") is not None  # used again: now the youngest
    cache.put("entry 3", bytes(80))
    kept = [n for n in range(4) if cache.get(f"entry {n}") is not None]
    assert kept == [0, 2, 3]
    assert sum(f.stat().st_size for f in tmp_path.iterdir()) <= 400


def test_what_is_larger_than_the_whole_cache_is_not_kept(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "c", 100)
    cache.put("one", bytes(200))
    assert cache.get("one") is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        BlobCache(tmp_path / "file" / "c", 1000).put("one", b"content")
