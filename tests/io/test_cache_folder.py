"""Measuring and emptying a folder of ours, and nothing beside it."""

import os

import pytest

from overread.core.errors import StorageError
from overread.core.progress import Cancelled, Progress
from overread.io.cache_folder import clear_folder, folder_bytes

pytestmark = pytest.mark.light


class _Stopped(Progress):
    def cancelled(self):
        return True


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "cache"
    for name, size in (("a.npz", 1000), ("deep/b.onnx", 30), ("deep/deeper/c", 0)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (folder / "empty").mkdir()
    return folder


def test_size_is_that_of_all_files(cache):
    assert folder_bytes(cache) == 1030


def test_folder_that_is_not_there_is_empty(tmp_path):
    assert folder_bytes(tmp_path / "none") == 0
    assert clear_folder(tmp_path / "none") == 0


def test_clearing_leaves_an_empty_folder_and_says_what_is_free(cache):
    assert clear_folder(cache) == 1030
    assert list(cache.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_links_are_removed_and_what_they_point_to_stays(cache, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_bytes(bytes(5000))
    (cache / "to-folder").symlink_to(mine)
    (cache / "to-file").symlink_to(mine / "file")
    assert folder_bytes(cache) == 1030
    assert clear_folder(cache) == 1030
    assert list(cache.iterdir()) == []
    assert (mine / "file").stat().st_size == 5000


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be removed here")
def test_file_that_cannot_be_removed_is_said_and_the_others_go(cache):
    (cache / "deep").chmod(0o500)
    try:
        with pytest.raises(StorageError, match="1 file of the cache could not be removed"):
            clear_folder(cache)
    finally:
        (cache / "deep").chmod(0o700)
    assert not (cache / "a.npz").exists()
    assert (cache / "deep" / "b.onnx").exists()


def test_measuring_a_large_folder_can_be_stopped(tmp_path):
    for number in range(300):
        (tmp_path / str(number)).touch()
    with pytest.raises(Cancelled):
        folder_bytes(tmp_path, _Stopped())
