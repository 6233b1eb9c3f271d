"""Contact sheets: which slices, how they are windowed, what is outlined, what is told."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress, Stage
from overread.core.truth import LESION_TYPES
from overread.phantom import FIRST_FINDING, FIRST_LESION, Patient, draw_patient
from overread.phantom.gallery import SLICES, Sheet, contact_sheet, draw_sheet
from overread.phantom.gallery_tiles import COLOURS, Mark, Tile, drawn, outline

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def single() -> tuple[Patient, Sheet]:
    patient = draw_patient("hbp", 810_001, matrix=96)
    return patient, contact_sheet(patient)


@pytest.fixture(scope="module")
def many() -> tuple[Patient, Sheet]:
    patient = draw_patient("multiphase", 810_001, matrix=96)
    return patient, contact_sheet(patient, levels=1)


def _tile(code: int = FIRST_LESION) -> Tile:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    lesions = np.zeros((6, 8), dtype=np.uint8)
    lesions[2:4, 3:6] = code
    return Tile("t1-hbp", "HBP", "slice 1 of 1", 0, grey, lesions)


def test_every_lesion_type_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(LESION_TYPES)
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_no_colour_is_grey() -> None:
    assert all(max(colour) - min(colour) > 60 for colour in COLOURS.values())


def test_without_marks_a_tile_is_its_grey_values() -> None:
    tile = _tile()
    assert np.array_equal(drawn(tile), np.repeat(tile.grey[..., None], 3, axis=2))


def test_an_outline_is_the_ring_one_pixel_wide_around_a_lesion() -> None:
    tile, mark = _tile(), Mark(FIRST_LESION, "hcc", True)
    picture = drawn(tile, (mark,))
    is_coloured = (picture == mark.colour).all(axis=2)
    inside = tile.lesions > 0
    slow = np.zeros_like(inside)
    for row, column in np.argwhere(~inside):
        near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        slow[row, column] = any(0 <= r < 6 and 0 <= c < 8 and inside[r, c] for r, c in near)
    assert np.array_equal(is_coloured, slow)
    assert np.array_equal(outline(inside), slow)


def test_a_finding_beside_the_case_is_outlined_in_dashes() -> None:
    mark = Mark(FIRST_FINDING, "cyst", False)
    coloured = (drawn(_tile(FIRST_FINDING), (mark,), columns=80) == mark.colour).all(axis=2)
    whole = (drawn(_tile(), (Mark(FIRST_LESION, "cyst", True),), columns=80) == mark.colour).all(axis=2)
    assert 0.3 * whole.sum() < coloured.sum() < 0.7 * whole.sum()


@pytest.mark.parametrize("columns", [4, 8, 20])
def test_a_tile_keeps_its_proportions_and_mean_at_any_width(columns: int) -> None:
    picture = drawn(_tile(), columns=columns)
    assert picture.shape == (columns * 6 // 8, columns, 3)
    assert abs(float(picture.mean()) - float(_tile().grey.mean())) < 1  # greys are rounded


def test_a_tile_needs_a_code_for_every_pixel() -> None:
    with pytest.raises(ValueError, match="one code per pixel"):
        Tile("adc", "", "", 0, np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8))


def test_one_volume_is_shown_from_head_to_foot_without_a_slice_twice(single: tuple[Patient, Sheet]) -> None:
    indices = [tile.index for tile in single[1].tiles]
    assert len(set(indices)) == len(indices) == SLICES
    z = single[0].volumes["t1-hbp"].view.z_mm[indices]
    assert (np.diff(z) < 0).all()


def test_every_target_lesion_of_one_volume_is_cut_through_its_centre(single: tuple[Patient, Sheet]) -> None:
    patient, sheet = single
    view = patient.volumes["t1-hbp"].view
    indices = [tile.index for tile in sheet.tiles]
    for lesion in patient.scene.lesions:
        if lesion.sketch.is_target:
            assert min(abs(view.z_mm[indices] - lesion.centre[2])) <= view.protocol.slice_spacing_mm


def test_every_volume_is_shown_once_a_level_in_the_order_of_the_study(many: tuple[Patient, Sheet]) -> None:
    patient, sheet = many
    assert [[tile.role for tile in band] for band in sheet.bands] == [list(patient.volumes)]


def test_volumes_show_the_same_anatomy_wherever_the_breath_had_moved_it(many: tuple[Patient, Sheet]) -> None:
    patient, sheet = many
    largest = max((x for x in patient.scene.lesions if x.sketch.is_target), key=lambda x: x.sketch.diameter_mm)
    shifts = set()
    for tile in sheet.tiles:
        view = patient.volumes[tile.role].view
        assert abs(view.z_mm[tile.index] - largest.centre[2]) <= view.protocol.slice_spacing_mm / 2 + 1e-3
        shifts.add(view.shift_mm)
    assert len(shifts) > 1


def test_the_largest_target_is_outlined_on_every_volume(many: tuple[Patient, Sheet]) -> None:
    sheet = many[1]
    codes = {mark.code for mark in sheet.marks if mark.is_target}
    for tile in sheet.tiles:
        assert codes & set(np.unique(tile.lesions).tolist()), tile.role
    assert any(mark.is_target for mark in sheet.shown)


def test_tiles_of_a_volume_share_their_window(single: tuple[Patient, Sheet]) -> None:
    patient, sheet = single
    pairs: set[tuple[float, int]] = set()
    for tile in sheet.tiles[4:8]:
        values = patient.render([tile.index]).values[0]
        height, width = tile.grey.shape
        scale = np.array([np.sort(values, axis=None)[-height * width :], np.sort(tile.grey, axis=None)])
        inner = scale[:, (scale[1] > 60) & (scale[1] < 250)]
        slope, start = np.polyfit(inner[0], inner[1], 1)
        pairs.add((round(float(slope), 2), round(float(start) / 10)))
    assert len(pairs) == 1


def test_rows_are_of_nearly_the_same_length(many: tuple[Patient, Sheet]) -> None:
    for most in (3, 4, 5, 8):
        rows = many[1].rows(most)
        assert max(map(len, rows)) <= most
        assert max(map(len, rows)) - min(map(len, rows)) < max(2, len(rows))
        assert tuple(tile for row in rows for tile in row) == many[1].tiles


def test_facts_tell_who_and_how_and_keep_the_answer_back(many: tuple[Patient, Sheet]) -> None:
    patient, sheet = many
    told = " ".join(sheet.facts).lower()
    assert str(patient.scene.body.person.age_y) in told
    assert patient.label.lower() not in told.split()
    assert any(patient.label in line for line in sheet.findings)


def test_signs_that_no_series_can_show_are_not_told(single: tuple[Patient, Sheet]) -> None:
    told = " ".join(single[1].findings)
    assert not any(sign in told for sign in ("T2", "DWI", "APHE", "washout"))


def test_a_liver_without_lesions_is_shown_too() -> None:
    patient = draw_patient("hbp", 810_002, normals=1.0, matrix=64).without_lesions()
    bare = contact_sheet(patient, slices=4)
    assert len(bare.tiles) == 4
    assert not any(mark.is_target for mark in bare.marks)


def test_ct_is_windowed_in_hounsfield_units() -> None:
    patient = draw_patient("ct-mvi", 810_001, roles=("ct-arterial", "ct-portal"), matrix=96)
    sheet = contact_sheet(patient, levels=1)
    for tile, (low, high) in zip(sheet.tiles, ((-30, 170), (-25, 225)), strict=True):
        values = patient.render([tile.index], tile.role).values[0]
        rows = range(values.shape[0] - tile.grey.shape[0] + 1)
        expected = np.clip(np.rint((values - low) * (255 / (high - low))), 0, 255)
        height, width = tile.grey.shape
        assert any(
            np.abs(expected[r : r + height, c : c + width] - tile.grey).max() <= 1
            for r in rows
            for c in range(values.shape[1] - width + 1)
        )


def test_progress_is_told_and_heard() -> None:
    patient = draw_patient("triage", 810_001, roles=("t2-fs", "dwi", "adc"), matrix=64)
    stages: list[Stage] = []
    contact_sheet(patient, levels=1, progress=CallbackProgress(stages.append))
    shares = [stage.fraction for stage in stages]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    with pytest.raises(Cancelled):
        contact_sheet(patient, levels=1, progress=CallbackProgress(stages.append, lambda: True))


def test_a_kind_that_is_not_drawn_is_refused() -> None:
    with pytest.raises(InputError):
        draw_sheet("pancreas", 1, "internal", 0.0)
