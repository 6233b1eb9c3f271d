"""Second reads on the disk: kept whole, kept apart, never lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from overread.core.errors import StorageError
from overread.core.reading import Reading
from overread.io.places import user_places
from overread.study.second_read import SecondRead, SecondReadStore

VOLUME = "0123456789ab"


@pytest.fixture
def store(tmp_path: Path) -> SecondReadStore:
    return SecondReadStore(tmp_path / "second-reads")


def begun() -> SecondRead:
    made = SecondRead(VOLUME)
    made.add_mark((1, 2, 3), 4, 5)
    return made


def test_it_comes_back_as_it_was_left(store: SecondReadStore, make_reading: Callable[..., Reading]) -> None:
    made = begun()
    made.done_alone()
    made.reveal(make_reading())
    store.save(made)
    again = SecondReadStore(store.folder).load(VOLUME)
    assert again is not None
    assert again.events == made.events
    assert (again.marks, again.stage, again.systems) == (made.marks, made.stage, made.systems)


def test_nothing_is_written_before_it_is_saved_and_none_is_none(store: SecondReadStore) -> None:
    assert store.load(VOLUME) is None
    assert not store.folder.exists()


def test_usual_folder_is_in_the_users_data(own_home: Path) -> None:
    SecondReadStore().save(begun())
    assert (user_places().data / "second-reads" / f"{VOLUME}.json").is_file()
    assert own_home in user_places().data.parents


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"schema": "overread.second-read/9"}', b"[" * 9999]
)
def test_damaged_file_is_set_aside_with_a_sentence_and_not_lost(store: SecondReadStore, content: bytes) -> None:
    store.folder.mkdir()
    for number in (1, 2):
        store.path_of(VOLUME).write_bytes(content)
        with pytest.raises(StorageError, match=rf"{VOLUME}\.damaged-{number}\.json; a new one can be begun"):
            store.load(VOLUME)
        assert (store.folder / f"{VOLUME}.damaged-{number}.json").read_bytes() == content
        assert store.load(VOLUME) is None
    store.save(begun())
    assert store.load(VOLUME) is not None


def test_a_changed_seal_is_a_damaged_file(store: SecondReadStore) -> None:
    made = begun()
    made.done_alone()
    path = store.save(made)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["events"][-1]["reading"]["rating"] = 1.0
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(StorageError, match="changed after it was sealed"):
        store.load(VOLUME)


def test_file_of_another_volume_is_not_taken(store: SecondReadStore) -> None:
    store.save(begun())
    store.path_of(VOLUME).rename(store.path_of("ba9876543210"))
    with pytest.raises(StorageError, match="another volume"):
        store.load("ba9876543210")


def test_second_window_is_told_instead_of_overwriting_the_first(store: SecondReadStore) -> None:
    store.save(begun())
    first, second = SecondReadStore(store.folder), SecondReadStore(store.folder)
    one, other = first.load(VOLUME), second.load(VOLUME)
    assert one is not None
    assert other is not None
    one.add_mark((5, 5, 5), 5)
    first.save(one)
    other.withdraw_mark(1)
    with pytest.raises(StorageError, match="another window"):
        second.save(other)
    kept = SecondReadStore(store.folder).load(VOLUME)
    assert kept is not None
    assert len(kept.marks) == 2


def test_what_the_second_window_could_not_save_is_kept_beside_the_record(store: SecondReadStore) -> None:
    first, second = SecondReadStore(store.folder), SecondReadStore(store.folder)
    assert first.load(VOLUME) is None
    assert second.load(VOLUME) is None
    first.save(begun())
    other = begun()
    for place in (5, 6):
        other.add_mark((place, place, place), place)
        with pytest.raises(StorageError, match=f"kept as {VOLUME}.other-window-1.json"):
            second.save(other)
    beside = json.loads((store.folder / f"{VOLUME}.other-window-1.json").read_text(encoding="utf-8"))
    assert SecondRead.from_json(beside).marks == other.marks
    assert len(list(store.folder.iterdir())) == 2


def test_unwritable_folder_is_said_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "second-reads").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="Choose another folder"):
        SecondReadStore(tmp_path / "second-reads").save(begun())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_full_disk_keeps_what_was_there(store: SecondReadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun()
    before = store.save(made).read_bytes()
    made.add_mark((5, 5, 5), 5)
    write = Path.write_text
    monkeypatch.setattr(Path, "write_text", lambda _self, *a, **k: write(Path("/dev/full"), *a, **k))
    with pytest.raises(StorageError, match="disk is full"):
        store.save(made)
    assert [p.read_bytes() for p in store.folder.iterdir()] == [before]


@pytest.mark.parametrize("name", ["../../x", "", "a/b", "Doe^John", "x" * 200])
def test_only_an_id_of_a_volume_becomes_the_name_of_a_file(store: SecondReadStore, name: str) -> None:
    with pytest.raises(ValueError, match="not the id of a volume"):
        store.path_of(name)


def test_killed_in_the_middle_of_saving_loses_no_saved_mark(store: SecondReadStore) -> None:
    """A process that does nothing but mark and save is killed; what it said it had saved is there."""
    program = (
        "import sys; from pathlib import Path\n"
        "from overread.study.second_read import SecondRead, SecondReadStore\n"
        f"store, made = SecondReadStore(Path(sys.argv[1])), SecondRead({VOLUME!r})\n"
        "while True:\n"
        "    made.add_mark((1, 2, 3), 4); store.save(made); print(len(made.marks), flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(store.folder)], stdout=subprocess.PIPE, env={**os.environ}, text=True
    )
    assert process.stdout is not None
    for _ in range(20):
        line = process.stdout.readline()
    process.kill()
    said = int((process.stdout.read().split() or [line])[-1])
    process.stdout.close()
    process.wait()
    kept = store.load(VOLUME)
    assert kept is not None
    assert len(kept.marks) >= said >= 20
