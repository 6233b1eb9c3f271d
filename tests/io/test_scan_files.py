"""Which file is what: every file in exactly one class, and nothing stops the scan."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress
from overread.core.study import FileCounts, Scan
from overread.io import scan, scan_to_json

pytestmark = pytest.mark.light


def counts_add_up(files: FileCounts) -> bool:
    return files.found == (files.image + files.other_dicom + files.volume_file + files.not_dicom + files.unreadable
                           + files.duplicate)


def test_each_kind_of_file_is_counted_once(tmp_path: Path, write_slice) -> None:
    write_slice("a")
    write_slice("report", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR", Rows=None, PixelData=None)
    (tmp_path / "notes.txt").write_text("nothing here")
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0\x10\0UI\xff\xff")
    (tmp_path / "empty").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("x", "y")
    found = scan([tmp_path])
    assert found.files == FileCounts(found=6, image=1, other_dicom=1, not_dicom=3, unreadable=1)
    reasons = {os.path.basename(a.path): a.reason for a in found.set_aside}
    assert "ZIP" in reasons["all.zip"]
    assert reasons["empty"] == "it is empty"
    assert set(reasons) == {"notes.txt", "broken.dcm", "empty", "all.zip"}
    assert [o.kind for s in found.studies for e in s.series for o in e.objects] == ["SR"]


def test_copy_of_a_file_is_a_duplicate_and_same_uid_with_other_content_a_collision(
        tmp_path: Path, write_slice, make_dataset, save_dataset) -> None:
    first = write_slice("a/1", z=0)
    (tmp_path / "copy").write_bytes(b"\x01" * 128 + first.read_bytes()[128:])
    pixels = np.ones((8, 6), np.int16)
    save_dataset(make_dataset("1.2.3.6.1", pixels, ImagePositionPatient=[0, 0, 3]), tmp_path / "a/2")
    found = scan([tmp_path])
    assert (found.files.image, found.files.duplicate) == (2, 1)
    assert any("same as" in a.reason and a.frames == 1 for a in found.set_aside)
    volume = next(found.volumes())
    assert volume.frames == 2
    assert [w.code for w in volume.warnings] == ["uid-collision"]
    assert len(volume.warnings[0].files) == 2


def test_one_series_over_several_folders_is_one_volume(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"{'ab'[k % 2]}/{k}", z=3.0 * k)
    assert [v.shape for v in scan([tmp_path]).volumes()] == [(6, 8, 6)]


def test_files_without_series_uid_are_grouped_by_folder(tmp_path: Path, write_slice) -> None:
    for k in range(4):
        write_slice(f"{'ab'[k % 2]}/{k}", z=3.0 * k, SeriesInstanceUID=None, StudyInstanceUID=None)
    assert sorted(v.frames for v in scan([tmp_path]).volumes()) == [2, 2]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_in_a_circle_and_links_to_nothing_end(tmp_path: Path, write_slice) -> None:
    write_slice("deep/1")
    (tmp_path / "deep" / "circle").symlink_to(tmp_path)
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    found = scan([tmp_path])
    assert found.files == FileCounts(found=2, image=1, not_dicom=1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_among_the_files_does_not_block(tmp_path: Path, write_slice) -> None:
    write_slice("1")
    os.mkfifo(tmp_path / "pipe")
    assert scan([tmp_path]).files.not_dicom == 1


def test_the_same_folder_twice_and_a_single_file(tmp_path: Path, write_slice) -> None:
    path = write_slice("1")
    assert scan([tmp_path, tmp_path, path]).files.found == 1
    assert scan(path).files.image == 1


@pytest.mark.parametrize("name", ["Bäuche/肝 臓/🫁", "with spaces", "a" * 200])
def test_any_folder_name(tmp_path: Path, write_slice, name: str) -> None:
    write_slice(f"{name}/image_1")
    assert scan([tmp_path / name]).files.image == 1


def test_notes_that_a_mac_leaves_are_not_dicom(tmp_path: Path, write_slice) -> None:
    write_slice("1.dcm")
    (tmp_path / "._1.dcm").write_bytes(b"\0\x05\x16\x07" + b"\0" * 500)
    assert scan([tmp_path]).files == FileCounts(found=2, image=1, not_dicom=1)


def test_missing_path_says_what_why_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        scan([tmp_path / "gone"])
    assert "no such file or folder" in str(caught.value)


def test_empty_folder_and_folder_without_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is empty"):
        scan([tmp_path])
    (tmp_path / "a.txt").write_text("x" * 500)
    with pytest.raises(InputError, match="cannot be used"):
        scan([tmp_path])
    (tmp_path / "b.txt").write_text("y" * 500)
    with pytest.raises(InputError, match="none of its 2 files is DICOM"):
        scan([tmp_path])


def test_nothing_is_kept_of_names_and_hostile_texts_are_cleaned(tmp_path: Path, write_slice) -> None:
    write_slice("1", PatientName="Secret^Person", PatientID="ID-4711", PatientBirthDate="19500101",
                SeriesDescription="liver\x1b[31m\x07\u202eevil", SpecificCharacterSet="ISO_IR 192")
    document = str(scan_to_json(scan([tmp_path])))
    assert "Secret" not in document
    assert "4711" not in document
    assert "19500101" not in document
    volume = next(scan([tmp_path]).volumes())
    assert volume.description is not None
    assert volume.description.isprintable()


@pytest.mark.parametrize(("character_set", "encoding", "text"), [
    ("ISO_IR 192", "utf-8", "肝胆期 20min"), ("GB18030", "gb18030", "肝胆期"), ("ISO_IR 100", "latin-1", "Spät"),
    (None, "utf-8", "간담도기"), ("ISO_IR 144", "iso8859-5", "Печень")])
def test_texts_are_decoded_by_their_character_set(tmp_path: Path, write_slice, character_set, encoding, text) -> None:
    path = write_slice("1", SeriesDescription="#" * 40, SpecificCharacterSet=character_set)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"#" * 40, text.encode(encoding).ljust(40)))
    assert next(scan([tmp_path]).volumes()).description == text


def test_worker_processes_find_the_same_as_this_one(tmp_path: Path, write_slice) -> None:
    for k in range(40):
        write_slice(f"{k}", z=3.0 * k)
    code = ("import importlib, sys\ns = importlib.import_module("
            "'overread.io.scan')\n"
            "if __name__ == '__main__':\n"
            "    s.POOL_FROM, s.CHUNK, s.FIRST_FILES = 1, 3, 5\n"
            "    one, two = s.scan([sys.argv[1]], jobs=1), s.scan([sys.argv[1]], jobs=3)\n"
            "    assert one.studies == two.studies and one.files == two.files, (one.files, two.files)\n"
            "    print(two.files.image)\n")
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("40", "")


def test_partial_scans_come_early_and_grow(tmp_path: Path, write_slice) -> None:
    for k in range(120):
        write_slice(f"{k:03d}", z=3.0 * k)
    seen: list[Scan] = []
    whole = scan([tmp_path], on_update=seen.append)
    assert seen
    assert 0 < seen[0].files.found < whole.files.found == 120
    assert all(counts_add_up(s.files) for s in [*seen, whole])


def test_a_cancelled_scan_stops(tmp_path: Path, write_slice) -> None:
    for k in range(60):
        write_slice(f"{k}", z=3.0 * k)
    started = time.monotonic()
    with pytest.raises(Cancelled):
        scan([tmp_path], CallbackProgress(lambda stage: None, lambda: True))
    assert time.monotonic() - started < 5


def test_importing_io_imports_no_heavy_library_and_scanning_no_simpleitk(tmp_path: Path, write_slice) -> None:
    write_slice("1")
    code = ("import sys, overread.io\n"
            "heavy = {'pydicom', 'SimpleITK', 'scipy', 'imagecodecs', 'torch', 'PySide6'} & sys.modules.keys()\n"
            "assert not heavy, heavy\n"
            "overread.io.scan([sys.argv[1]])\n"
            "assert 'SimpleITK' not in sys.modules\n")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_source_folder_is_left_as_it_was(tmp_path: Path, write_slice) -> None:
    path = write_slice("1")
    before = (path.stat().st_mtime_ns, sorted(os.listdir(tmp_path)))
    scan([tmp_path])
    assert (path.stat().st_mtime_ns, sorted(os.listdir(tmp_path))) == before
