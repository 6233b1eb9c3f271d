"""Series out: what was written is what is read, and a strict checker finds no error."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from overread.core.errors import StorageError
from overread.core.geometry import Affine
from overread.io import read_pixels, scan, uid_from, write_atomically, write_json, write_mr_series

pytestmark = pytest.mark.light
AFFINE = Affine(np.array([[1.2, 0, 0, -100.1234567], [0, 1.1, -0.3, -80], [0, 0.05, 3.0, 33.3], [0, 0, 0, 1]]))


def write(folder: Path, stored: np.ndarray, affine: Affine = AFFINE, **options: object) -> list[Path]:
    attributes = {"Manufacturer": "Phantom", "SeriesDescription": "肝胆期 eTHRIVE_20min", "RepetitionTime": "3.5",
                  "EchoTime": "1.4", "FlipAngle": "10", "EchoTrainLength": 1, "StudyDate": "20240102",
                  **options.pop("more", {})}
    return write_mr_series(folder, stored=stored, slope=1.5, intercept=-3, affine=affine, attributes=attributes,
                           study_uid=uid_from("study"), series_uid=uid_from("series"),
                           frame_of_reference_uid=uid_from("frame"), **options)


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_series_comes_back_as_it_was(tmp_path: Path, enhanced: bool, dtype: str) -> None:
    stored = np.random.default_rng(1).integers(0, 100, (5, 7, 9)).astype(dtype)
    upright = Affine(np.array([[1.2, 0, 0, -100.25], [0, 1.1, 0, -80], [0, 0, 3.0, 33.3], [0, 0, 0, 1]]))
    paths = write(tmp_path, stored, upright, enhanced=enhanced)
    assert len(paths) == (1 if enhanced else 5)
    (volume,) = scan([tmp_path]).volumes()
    pixels = read_pixels(volume)
    np.testing.assert_array_equal(pixels.stored, stored)
    assert pixels.stored.dtype == stored.dtype
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine.matrix, upright.matrix, atol=1e-5)
    assert (pixels.slope[0], pixels.intercept[0]) == (1.5, -3)
    assert volume.frame_of_reference == uid_from("frame")


def test_classic_series_states_role_and_names_in_any_script(tmp_path: Path) -> None:
    write(tmp_path, np.zeros((3, 4, 4), np.uint16))
    (volume,) = scan([tmp_path]).volumes()
    assert volume.description == "肝胆期 eTHRIVE_20min"
    assert (volume.role.name, volume.role.is_sure) == ("t1-hbp", True)


def test_sheared_affine_survives(tmp_path: Path) -> None:
    write(tmp_path, np.zeros((4, 4, 4), np.uint16))
    (volume,) = scan([tmp_path]).volumes()
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine.to_mm((3, 0, 0)), AFFINE.to_mm((3, 0, 0)), atol=1e-6)


def test_files_are_the_same_every_time(tmp_path: Path) -> None:
    stored = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    first, second = write(tmp_path / "a", stored), write(tmp_path / "b", stored)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_value_for_each_slice_and_private_elements(tmp_path: Path) -> None:
    more = {"AcquisitionTime": lambda k: f"1200{k:02d}", "0019,100C IS SIEMENS MR HEADER": "800"}
    paths = write(tmp_path, np.zeros((3, 4, 4), np.uint16), more=more)
    assert [pydicom.dcmread(p).AcquisitionTime for p in paths] == ["120000", "120001", "120002"]
    (volume,) = scan([tmp_path]).volumes()
    assert volume.b_value == 800


@pytest.mark.parametrize("options", [{}, {"enhanced": True}, {"more": {"Modality": "CT", "KVP": "120"}}],
                         ids=["classic", "enhanced", "ct"])
def test_dciodvfy_finds_no_error(tmp_path: Path, options: dict[str, object]) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    path = write(tmp_path, np.zeros((3, 8, 8), np.int16 if "more" in options else np.uint16), **options)[0]
    report = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)
    assert [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")] == []


def test_uids_follow_from_text() -> None:
    assert uid_from("a") == uid_from("a") != uid_from("b")
    assert uid_from("a").startswith("2.25.")
    assert len(uid_from("x" * 999)) <= 64
    assert pydicom.uid.UID(uid_from("a")).is_valid


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    def fail(beside: Path) -> None:
        beside.write_text("half")
        raise OSError(28, "No space left on device")

    (tmp_path / "kept.json").write_text("old")
    with pytest.raises(StorageError, match="the disk is full"):
        write_atomically(tmp_path / "kept.json", fail)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("kept.json", "old")]


def test_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        write_json(tmp_path / "file" / "a.json", {})


def test_json_is_complete_or_absent(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a.json", {"ä": [1, 2.5]})
    assert (tmp_path / "new" / "a.json").read_text(encoding="utf-8") == '{\n  "ä": [\n    1,\n    2.5\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()
