"""The gate on real series, each offered as the hepatobiliary phase: what is said of it, and that it is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overread.core.study import Volume
from overread.io import read_pixels, scan
from overread.systems import find_bundle
from overread.systems.gate import GateAnswer, check_headers, check_pixels, joined

pytestmark = [pytest.mark.shared]
FEWEST = 3

# Figures that speak against every volume of a set with at least three slices.
REFUSED = {
    "abdomen-mr-mouse-dash-vtk": {"orientation", "field_mm", "coverage_mm"},
    "ct-failing-dicom2nifti": {"modality", "slices", "structure"},
    "ct-tilt-gaps-ge-dcmqa": {"modality", "no-volume"},
    "liver-ct-ircadb-17": {"modality"},
    "liver-mr-survey-fodicom-abd1": {"role", "slices"},
    "mr-dwi-small-dicom2nifti": {"structure"},
    "mr-knee-orthanc": {"orientation"},
    "syntaxes-fodicom": {"slices", "field_mm"},
}


def _answers(folder: Path) -> Iterator[tuple[Volume, GateAnswer]]:
    gate = find_bundle("hbp-detection").gate("t1-hbp")
    for volume in scan([folder]).volumes():
        if volume.frames >= FEWEST:
            yield volume, joined([check_headers(volume, gate), check_pixels(read_pixels(volume), gate)])


def _codes(answer: GateAnswer, level: str) -> set[str]:
    return {remark.code for remark in answer.remarks if remark.level == level}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_no_hepatobiliary_phase_is_refused_for_the_right_reasons(shared_data: Path, name: str) -> None:
    answers = list(_answers(shared_data / name))
    assert answers
    for volume, answer in answers:
        assert _codes(answer, "refuse") >= REFUSED[name], volume.id
        assert all(sentence.isprintable() and sentence.endswith(".") for sentence in answer.sentences)


def test_the_sentences_state_the_figures_of_the_file(shared_data: Path) -> None:
    ((_, answer),) = _answers(shared_data / "mr-knee-orthanc")
    said = " ".join(answer.sentences)
    assert "Its slices are coronal, not axial" in said
    assert "It shows 160 mm across, less than 220 mm" in said  # 512 pixels of 0.3125 mm in the inventory
    assert "Its slices cover 91.2 mm from first to last" in said  # 24 slices, 3.8 mm apart
    ((_, tilted),) = _answers(shared_data / "ct-tilt-gaps-ge-dcmqa")
    assert "Its slices are tilted by 19°, more than 15°" in " ".join(tilted.sentences)


def test_masks_kept_as_ct_series_are_told_from_the_ct_itself(shared_data: Path) -> None:
    masks = 0
    for volume, answer in _answers(shared_data / "liver-ct-ircadb-17"):
        is_mask = volume.role.name == "mask"
        assert ("grey_values" in _codes(answer, "refuse")) == is_mask
        assert is_mask or _codes(answer, "refuse") == {"modality"}
        masks += is_mask
    assert masks == 3


def test_a_whole_liver_in_a_volume_file_is_let_in_and_its_masks_are_not(shared_data: Path) -> None:
    """CHAOS case 1: 35 axial T1 slices as NIfTI, whose header has no modality."""
    answers = [answer for _, answer in _answers(shared_data / "liver-mr-chaos-1")]
    images = [a for a in answers if a.verdict != "refuse"]
    assert images
    assert all(_codes(answer, "warn") == {"modality"} for answer in images)
    masks = [a for a in answers if a.verdict == "refuse"]
    assert masks
    assert all(_codes(answer, "refuse") == {"grey_values"} for answer in masks)


def test_the_phase_of_a_field_map_is_warned_of_and_its_magnitude_is_not(shared_data: Path) -> None:
    answers = [answer for _, answer in _answers(shared_data / "mr-fieldmap-ge-dcmqa")]
    assert sorted("structure" in _codes(answer, "warn") for answer in answers) == [False, True]


def test_a_coronal_body_and_a_localiser_are_refused_for_just_that(shared_data: Path) -> None:
    answers = list(_answers(shared_data / "liver-mr-multiframe-dbdicom"))
    assert len(answers) == 9
    for volume, answer in answers:
        expected = {"role"} if volume.role.name == "localiser" else {"orientation"}
        assert _codes(answer, "refuse") == expected
