"""From frames to volumes: what belongs together, in which order, and what is odd about it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from overread.core.study import Volume
from overread.io import read_pixels, scan

pytestmark = pytest.mark.light


def volumes(path: Path) -> list[Volume]:
    return list(scan([path]).volumes())


def codes(volume: Volume) -> list[str]:
    return [w.code for w in volume.warnings]


def zs(volume: Volume) -> list[float]:
    return [s.position_mm[2] for s in volume.slices if s.position_mm is not None]


def test_clean_series_is_one_regular_volume_without_warnings(tmp_path: Path, write_slice) -> None:
    for k in range(10):
        write_slice(f"image_{k}", z=2.5 * k, value=k, InstanceNumber=20 - k)
    (volume,) = volumes(tmp_path)
    assert (volume.kind, volume.shape, volume.units, volume.dtype) == ("volume", (10, 8, 6), "HU", "int16")
    assert codes(volume) == []
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine.matrix, [[0.7, 0, 0, 0], [0, 0.8, 0, 0], [0, 0, 2.5, 0], [0, 0, 0, 1]])
    assert read_pixels(volume).stored[:, 0, 0].tolist() == list(range(10))


def test_order_is_along_the_normal_whatever_the_direction(tmp_path: Path, write_slice) -> None:
    for k in range(5):  # coronal, rows run from left to right, columns downwards: the normal points to the back
        write_slice(f"{k}", ImagePositionPatient=[0, 10.0 * k, 0], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    (volume,) = volumes(tmp_path)
    assert volume.orientation == "coronal"
    assert [s.position_mm[1] for s in volume.slices if s.position_mm] == [0, 10, 20, 30, 40]
    assert volume.affine is not None
    assert np.linalg.det(volume.affine.matrix[:3, :3]) > 0


def test_id_does_not_depend_on_names_folders_or_order(tmp_path: Path, write_slice) -> None:
    for k in range(5):
        write_slice(f"one/{k}", z=3.0 * k)
    (tmp_path / "two").mkdir()
    files = sorted((tmp_path / "one").iterdir())
    for n, path in enumerate(reversed(files)):
        (tmp_path / "two" / f"x{n}.dcm").write_bytes(path.read_bytes())
    ids = {volumes(tmp_path / name)[0].id for name in ("one", "two")}
    assert len(ids) == 1
    assert len(ids.pop()) == 12


def test_four_shuffled_phases_come_out_as_four_volumes_in_time_order(tmp_path: Path, write_slice) -> None:
    names = list(range(4 * 6))
    random.Random(1).shuffle(names)
    for n, name in enumerate(names):
        phase, k = divmod(n, 6)
        write_slice(f"{name}", z=3.0 * k, value=phase, AcquisitionNumber=phase + 1, AcquisitionDate="20240101",
                    AcquisitionTime=f"1000{15 * phase:02d}" if phase < 4 else None)
    found = volumes(tmp_path)
    assert [v.shape for v in found] == [(6, 8, 6)] * 4
    assert [v.split_by for v in found] == [("AcquisitionNumber",)] * 4
    assert [read_pixels(v).stored.max() for v in found] == [0, 1, 2, 3]
    assert [(v.phase, v.acquired_s) for v in found] == [(1, 0), (2, 15), (3, 30), (4, 45)]
    assert all(np.all(np.diff(zs(v)) > 0) for v in found)


def test_phases_told_apart_by_times_of_each_slice_alone(tmp_path: Path, write_slice) -> None:
    for phase in range(3):
        for k in range(5):
            write_slice(f"{phase}-{k}", z=3.0 * k, value=phase, AcquisitionTime=f"10{phase:02d}{k:02d}.25")
    found = volumes(tmp_path)
    assert [read_pixels(v).stored[:, 0, 0].tolist() for v in found] == [[p] * 5 for p in range(3)]
    assert {v.split_by for v in found} == {("AcquisitionTime",)}


def test_three_b_values_give_three_volumes_and_no_frame_is_lost(tmp_path: Path, write_slice) -> None:
    for b in (50, 400, 800):
        for k in range(7):
            write_slice(f"{b}-{k}", z=5.0 * k, Modality="MR", DiffusionBValue=float(b), SeriesDescription="DWI")
    found = volumes(tmp_path)
    assert [v.b_value for v in found] == [50, 400, 800]
    assert sum(v.frames for v in found) == 21
    assert {v.role.name for v in found} == {"dwi"}


@pytest.mark.parametrize(("creator", "group", "element", "vr", "value"), [
    ("SIEMENS MR HEADER", 0x0019, 0x0C, "IS", lambda b: b), ("GEMS_PARM_01", 0x0043, 0x39, "IS", lambda b: [
        1_000_000_000 + b, 8, 0, 0]), ("Philips Imaging DD 001", 0x2001, 0x03, "FL", float),
    ("Image Private Header", 0x0065, 0x09, "FD", float), ("TOSHIBA_MEC_MR3", 0x700D, 0x08, "FD", float)])
def test_private_b_values_of_vendors(tmp_path: Path, make_dataset, save_dataset, creator, group, element, vr,
                                     value) -> None:
    for n, b in enumerate((0, 800)):
        for k in range(3):
            data = make_dataset(f"1.9.{n}.{k}", np.zeros((4, 4), np.uint16), Modality="MR",
                                ImagePositionPatient=[0, 0, 5 * k])
            data.private_block(group, creator, create=True).add_new(element, vr, value(b))
            save_dataset(data, tmp_path / f"{n}-{k}")
    assert sorted(v.b_value or 0 for v in volumes(tmp_path)) == [0, 800]


def test_missing_slices_are_named_with_number_and_place(tmp_path: Path, write_slice) -> None:
    for k in range(12):
        if k not in (5, 6):
            write_slice(f"{k}", z=3.0 * k)
    (volume,) = volumes(tmp_path)
    assert (volume.kind, volume.frames, codes(volume)) == ("stack", 10, ["missing-slices"])
    assert volume.warnings[0].text == ("2 slices are missing: 2 between slices 5 and 6 (15.0 to 18.0 mm along the "
                                       "normal)")
    assert zs(volume)[5] == 21.0


def test_uneven_distances_are_a_stack(tmp_path: Path, write_slice) -> None:
    for n, z in enumerate((0, 3, 6, 10.1, 13, 17.7)):
        write_slice(f"{n}", z=z)
    (volume,) = volumes(tmp_path)
    assert (volume.kind, codes(volume)) == ("stack", ["uneven-spacing"])


def test_rounded_positions_are_still_regular(tmp_path: Path, write_slice) -> None:
    for k in range(20):
        write_slice(f"{k}", z=round(0.625 * k, 1))
    (volume,) = volumes(tmp_path)
    assert (volume.kind, codes(volume)) == ("volume", [])
    assert volume.spacing_mm == pytest.approx((0.6263, 0.8, 0.7), abs=1e-3)


def test_tilted_gantry_is_a_sheared_volume_with_a_warning(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"{k}", ImagePositionPatient=[0, 2.0 * k, 5.0 * k])
    (volume,) = volumes(tmp_path)
    assert (volume.kind, codes(volume)) == ("volume", ["gantry-tilt"])
    assert "21.8 degrees" in volume.warnings[0].text
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine.to_mm((5, 0, 0)), [0, 10, 25], atol=1e-9)


def test_doubled_slices_without_a_reason_are_split_by_order_and_said_to_be_a_guess(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"a{k}", z=3.0 * k, InstanceNumber=k, value=1)
    write_slice("b", z=6.0, InstanceNumber=99, value=2)
    found = volumes(tmp_path)
    assert sorted(v.frames for v in found) == [1, 6]
    assert all("duplicate-position" in codes(v) for v in found)


def test_localiser_of_the_same_series_is_a_volume_of_its_own_below(tmp_path: Path, write_slice) -> None:
    write_slice("000", ImageOrientationPatient=[1, 0, 0, 0, 0, -1], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    for k in range(10):
        write_slice(f"{k + 1}", z=3.0 * k)
    axial, scout = volumes(tmp_path)
    assert (axial.frames, axial.orientation, codes(axial)) == (10, "axial", [])
    assert (scout.role.name, scout.orientation) == ("localiser", "coronal")


def test_mixed_sizes_and_directions_are_said(tmp_path: Path, write_slice) -> None:
    for k in range(4):
        write_slice(f"a/{k}", z=3.0 * k)
        write_slice(f"a/big{k}", z=3.0 * k, pixels=np.zeros((16, 16), np.int16))
        write_slice(f"b/{k}", z=3.0 * k, SeriesInstanceUID="1.5")
        write_slice(f"b/s{k}", ImagePositionPatient=[3.0 * k, 0, 0], ImageOrientationPatient=[0, 1, 0, 0, 0, -1],
                    SeriesInstanceUID="1.5")
    assert {c for v in volumes(tmp_path / "a") for c in codes(v)} == {"mixed-size"}
    assert {c for v in volumes(tmp_path / "b") for c in codes(v)} == {"mixed-orientation"}


def test_two_passes_at_other_places_are_told_apart_by_acquisition(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"a{k}", z=5.0 * k, AcquisitionNumber=1)
        write_slice(f"b{k}", z=5.0 * k + 17, AcquisitionNumber=2)
    assert [(v.kind, v.frames) for v in volumes(tmp_path)] == [("volume", 6)] * 2


def test_lone_slice_and_slice_without_thickness(tmp_path: Path, write_slice) -> None:
    write_slice("a/1")
    write_slice("b/1", SliceThickness=None)
    (thick,), (thin,) = volumes(tmp_path / "a"), volumes(tmp_path / "b")
    assert (thick.kind, codes(thick)) == ("volume", ["single-slice"])
    assert (thin.kind, codes(thin)) == ("stack", ["single-slice"])


def test_pictures_without_position_are_images(tmp_path: Path, write_slice) -> None:
    for n in range(2):
        write_slice(f"{n}", Modality="US", ImagePositionPatient=None, ImageOrientationPatient=None)
    assert [(v.kind, v.affine, codes(v)) for v in volumes(tmp_path)] == [("image", None, ["no-position"])] * 2


def test_truncated_slice_is_set_aside_and_named_at_its_volume(tmp_path: Path, write_slice) -> None:
    for k in range(8):
        path = write_slice(f"{k}", z=3.0 * k)
        if k == 3:
            path.write_bytes(path.read_bytes()[:-40])
    found = scan([tmp_path])
    (volume,) = found.volumes()
    assert volume.frames == 7
    assert codes(volume) == ["missing-slices", "truncated-pixels"]
    assert volume.warnings[1].files == (str(tmp_path / "3"),)
    assert [(a.path, a.frames) for a in found.set_aside] == [(str(tmp_path / "3"), 1)]


@pytest.mark.parametrize(("attributes", "reason"), [
    ({"Rows": 0}, "0 rows"), ({"BitsAllocated": 13}, "13 bits"), ({"Rows": 60000, "Columns": 60000}, "more than any"),
    ({"BitsStored": 40}, "40 of 16"), ({"SamplesPerPixel": 7}, "7 samples")])
def test_impossible_headers_are_set_aside_with_the_reason(tmp_path: Path, write_slice, attributes, reason) -> None:
    write_slice("good")
    write_slice("bad", **attributes)
    found = scan([tmp_path])
    assert found.files.image == 2
    assert [a.frames for a in found.set_aside] == [1]
    assert reason in found.set_aside[0].reason


def test_claimed_frames_are_capped_by_the_bytes_there_are(tmp_path: Path, write_slice) -> None:
    write_slice("1", NumberOfFrames=1_000_000, ImagePositionPatient=None)
    found = scan([tmp_path])
    assert sum(v.frames for v in found.volumes()) == 1
    assert found.set_aside[0].frames == 999_999


def test_the_messy_folder(tmp_path: Path, write_slice, make_dataset, save_dataset) -> None:
    """Three phases of 40 in one series, two slices missing, one RLE, one cut off, a scout, a text (ux/MEASURED 3)."""
    from pydicom.uid import RLELossless

    rng = np.random.default_rng(3)
    names = [f"{n}{ending}" for n, ending in zip(rng.permutation(1000)[:120], ["", ".dcm", ".IMA"] * 40, strict=True)]
    for n, name in enumerate(names):
        phase, k = divmod(n, 40)
        if phase == 1 and k in (17, 18):
            continue
        pixels = np.full((32, 32), 100 * phase + k, np.int16)
        data = make_dataset(f"1.7.{phase}.{k}", pixels, ImagePositionPatient=[0, 0, -60 + 3 * k],
                            AcquisitionNumber=phase + 1, AcquisitionTime=f"10{phase:02d}{k:02d}", InstanceNumber=k + 1,
                            SeriesDescription="LIVER 3 PHASE")
        path = save_dataset(data, tmp_path / name)
        if (phase, k) == (0, 10):
            data.compress(RLELossless)
            data.save_as(path)
        if (phase, k) == (2, 25):
            path.write_bytes(path.read_bytes()[:-700])
            cut = str(path)
    write_slice("scout", ImageOrientationPatient=[1, 0, 0, 0, 0, -1], pixels=np.zeros((64, 64), np.int16))
    (tmp_path / "readme.txt").write_text("three phases")
    found = scan([tmp_path])
    assert (found.files.found, found.files.image, found.files.not_dicom) == (120, 119, 1)
    arterial, portal, delayed, scout = found.volumes()
    assert [v.frames for v in (arterial, portal, delayed, scout)] == [40, 38, 39, 1]
    assert codes(arterial) == []
    assert "2 slices are missing: 2 between slices 17 and 18" in portal.warnings[0].text
    assert [w.files for w in delayed.warnings if w.code == "truncated-pixels"] == [(cut,)]
    assert scout.role.name == "localiser"
    at = 60 - 3.0  # beyond the gap all three show the same slice at one place
    for volume, phase in ((arterial, 0), (portal, 1), (delayed, 2)):
        k = zs(volume).index(at - 30)
        assert read_pixels(volume).stored[k].max() == 100 * phase + 29
