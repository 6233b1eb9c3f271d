"""NIfTI, NRRD and MHA: read where they lie in space, whatever their axes; masks go back onto their grid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from overread.core.errors import DecodeError, GeometryError, InputError
from overread.core.geometry import Affine, Grid
from overread.io import close_apart, read_mask, read_pixels, read_slice, scan, write_mask, write_volume_nifti

pytestmark = pytest.mark.light
AFFINE = Affine(np.array([[0.9, 0, 0, -80], [0, 1.1, 0, -60.5], [0, 0, 4, 12], [0, 0, 0, 1.0]]))


def labels() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 4, (5, 6, 7)).astype(np.uint8)


def test_mask_comes_back_on_its_own_grid(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", labels(), AFFINE)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.nii.gz", Grid((5, 6, 7), AFFINE)), labels())


def test_written_nifti_lies_in_ras_as_the_format_says(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", labels(), AFFINE)
    image = sitk.ReadImage(str(tmp_path / "m.nii.gz"))
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint((6, 5, 4)), AFFINE.to_mm((4, 5, 6)), atol=1e-4)
    assert (float(image.GetMetaData("srow_x").split()[3]), float(image.GetMetaData("srow_y").split()[3])) == (80, 60.5)


def test_mask_is_found_on_a_turned_and_cut_grid(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", labels(), AFFINE)
    turned = AFFINE.matrix.copy()
    turned[:3, 3] = AFFINE.to_mm((4, 5, 6))
    turned[:3, :2] *= -1
    turned[:3, 2] *= -1
    found = read_mask(tmp_path / "m.nii.gz", Grid((3, 6, 7), Affine(turned)))
    np.testing.assert_array_equal(found, labels()[::-1, ::-1, ::-1][:3])


def test_mask_elsewhere_is_refused(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii.gz", labels(), AFFINE)
    far = AFFINE.matrix.copy()
    far[0, 3] += 5000
    with pytest.raises(GeometryError, match="share no place"):
        read_mask(tmp_path / "m.nii.gz", Grid((5, 6, 7), Affine(far)))


def test_image_is_no_mask_and_missing_file_is_said(tmp_path: Path) -> None:
    write_volume_nifti(tmp_path / "v.nii.gz", np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 4), AFFINE)
    with pytest.raises(InputError, match="not labels"):
        read_mask(tmp_path / "v.nii.gz", Grid((2, 3, 4), AFFINE))
    with pytest.raises(InputError, match="no such file"):
        read_mask(tmp_path / "gone.nii.gz", Grid((2, 3, 4), AFFINE))


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz", "v.nrrd", "v.mha"])
def test_volume_files_are_scanned_and_read(tmp_path: Path, name: str) -> None:
    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.9, 1.1, 4.0))
    image.SetOrigin((-80, -60.5, 12))
    sitk.WriteImage(image, str(tmp_path / name))
    found = scan([tmp_path])
    (volume,) = found.volumes()
    assert found.files.volume_file == 1
    assert (volume.file_format, volume.kind) == ("volume-file", "volume")
    assert (volume.shape, volume.dtype) == ((3, 4, 5), "int16")
    assert (volume.modality, volume.role.name, volume.description) == (None, None, "v")
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine.matrix, AFFINE.matrix, atol=1e-5)
    np.testing.assert_array_equal(read_pixels(volume).stored, values)
    np.testing.assert_array_equal(read_slice(volume, 1), values[1])


def test_file_that_changed_since_the_scan_is_said(tmp_path: Path) -> None:
    write_volume_nifti(tmp_path / "v.nii.gz", np.ones((2, 3, 4), np.float32), AFFINE)
    (volume,) = scan([tmp_path]).volumes()
    write_volume_nifti(tmp_path / "v.nii.gz", np.ones((3, 3, 4), np.float32), AFFINE)
    with pytest.raises(DecodeError, match="has changed"):
        read_pixels(volume)
    (tmp_path / "v.nii.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(DecodeError, match="damaged or no volume"):
        read_slice(volume, 0)
    (tmp_path / "v.nii.gz").unlink()
    with pytest.raises(DecodeError, match="has gone"):
        read_pixels(volume)


def test_left_handed_file_is_turned_with_its_pixels(tmp_path: Path) -> None:
    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    image = sitk.GetImageFromArray(values)
    image.SetDirection((-1, 0, 0, 0, 1, 0, 0, 0, 1))
    sitk.WriteImage(image, str(tmp_path / "v.nrrd"))
    (volume,) = scan([tmp_path]).volumes()
    assert volume.affine is not None
    assert np.linalg.det(volume.affine.matrix[:3, :3]) > 0
    stored = read_pixels(volume).stored
    for k, j, i in ((0, 0, 0), (2, 1, 4)):
        x, y, z = volume.affine.to_mm((k, j, i))
        assert stored[k, j, i] == image.GetPixel(*image.TransformPhysicalPointToIndex((float(x), float(y), float(z))))


def test_what_cannot_be_shown_is_set_aside_with_the_reason(tmp_path: Path, write_slice) -> None:
    write_slice("1")
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8bnothing")
    sitk.WriteImage(sitk.JoinSeries([sitk.Image(4, 4, 4, sitk.sitkInt16)] * 3), str(tmp_path / "four.nii.gz"))
    found = scan([tmp_path])
    assert found.files.volume_file == 2
    reasons = {Path(a.path).name: a.reason for a in found.set_aside}
    assert "4 dimensions" in reasons["four.nii.gz"]
    assert "cannot be read" in reasons["broken.nii.gz"]


def test_caller_never_imports_simpleitk_and_leaves_no_process(tmp_path: Path) -> None:
    write_volume_nifti(tmp_path / "v.nii.gz", np.ones((2, 3, 4), np.float32), AFFINE)
    code = ("import sys, overread.io as io, multiprocessing as m\n"
            "if __name__ == '__main__':\n"
            "    (v,) = io.scan([sys.argv[1]]).volumes()\n"
            "    assert io.read_pixels(v).stored.sum() == 24\n"
            "    assert 'SimpleITK' not in sys.modules\n"
            "    for _ in range(5):\n"
            "        io.read_pixels(v)\n"
            "        io.close_apart()\n"
            "        assert m.active_children() == []\n")
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    close_apart()
