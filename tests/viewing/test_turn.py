"""How slices are turned for display, and their letters."""

import numpy as np
import pytest

from overread.viewing.turn import Turn, edge_letters, position_words, turn_for

TURNS = [Turn(t, r, c) for t in (False, True) for r in (False, True) for c in (False, True)]


@pytest.mark.parametrize("turn", TURNS)
def test_shown_position_names_the_pixel_that_is_shown_there(turn):
    stored = np.arange(5 * 7).reshape(5, 7)
    shown = turn.of(stored)
    for j in range(5):
        for i in range(7):
            row, column = turn.to_shown(j, i, stored.shape)
            assert shown[int(row), int(column)] == stored[j, i]
            assert turn.to_stored(row, column, stored.shape) == (j, i)


def test_standard_axial_slice_is_shown_as_stored(affine):
    assert turn_for(affine()) == Turn()


@pytest.mark.parametrize(("across", "down"), [
    ((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, 1, 0)), ((1, 0, 0), (0, -1, 0)), ((-1, 0, 0), (0, -1, 0)),
    ((0, 1, 0), (1, 0, 0)), ((0, -1, 0), (1, 0, 0)), ((0, 1, 0), (-1, 0, 0)), ((0, -1, 0), (-1, 0, 0)),
])
@pytest.mark.parametrize("step", [3, -3])
def test_axial_slices_however_stored_are_shown_with_right_on_the_left_and_front_on_top(affine, across, down,
                                                                                       step):
    place = affine(across=across, down=down, step=(0, 0, step))
    assert edge_letters(place, turn_for(place)) == ("R", "L", "A", "P")


def test_the_patients_left_back_corner_of_an_axial_slice_is_shown_at_the_lower_right(affine):
    place = affine(across=(0, -1, 0), down=(-1, 0, 0))
    turn = turn_for(place)
    corners = {(j, i): place.to_mm((0, j, i)) for j in (0, 11) for i in (0, 15)}
    left_back = max(corners, key=lambda ji: corners[ji][0] + corners[ji][1])
    assert turn.to_shown(*left_back, (12, 16)) == (15, 11)


def test_coronal_dicom_is_shown_as_stored_with_its_letters(affine):
    upside_down = affine(across=(1, 0, 0), down=(0, 0, 1), step=(0, 3, 0))
    assert turn_for(upside_down) == Turn()
    assert edge_letters(upside_down, Turn()) == ("R", "L", "I", "S")


def test_coronal_volume_file_is_turned_head_up(affine):
    upside_down = affine(across=(-1, 0, 0), down=(0, 0, 1), step=(0, 3, 0))
    turn = turn_for(upside_down, any_plane=True)
    assert edge_letters(upside_down, turn) == ("R", "L", "S", "I")


def test_oblique_slice_carries_its_minor_letters(affine):
    turned = affine(across=(np.cos(0.5), np.sin(0.5), 0), down=(-np.sin(0.5), np.cos(0.5), 0))
    assert edge_letters(turned, turn_for(turned)) == ("RA", "LP", "AL", "PR")


def test_without_an_affine_there_are_no_letters():
    assert turn_for(None) == Turn()
    assert edge_letters(None, Turn()) == ("", "", "", "")


def test_position_is_a_letter_and_millimetres():
    assert [position_words((-12.04, 30.5, -7.0), axis) for axis in range(3)] == ["R 12.0", "P 30.5", "I 7.0"]
