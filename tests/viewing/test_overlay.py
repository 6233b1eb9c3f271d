"""The heatmap layer: threshold, opacity, hold, and where it lies."""

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.viewing.colourmap import first_level, heat_table, inferno
from overread.viewing.overlay import Overlay
from overread.viewing.turn import Turn, turn_for


def _heatmap(volume, values):
    rows, columns = volume.shape[1] / values.shape[1], volume.shape[2] / values.shape[2]
    inner = np.diag([columns, rows, 1.0, 1.0])
    inner[:2, 3] = (columns - 1) / 2, (rows - 1) / 2
    return Heatmap(values.astype(np.float16), volume.affine.then(Affine(inner)), volume.id, 4.0)


def test_levels_below_the_threshold_are_not_drawn():
    table = heat_table(0.25, 0.35)
    first = first_level(0.25)
    assert np.all(table[:first] == 0)
    assert np.all(table[first:] >> 24 == round(0.35 * 255))


def test_no_activation_is_never_drawn_even_at_threshold_zero():
    assert heat_table(0.0, 1.0)[0] == 0


def test_colours_are_premultiplied():
    table = heat_table(0.25, 0.5)
    for shift in (16, 8, 0):
        assert np.all((table >> shift & 0xFF) <= table >> 24)


def test_lightness_of_the_colour_map_rises_all_the_way():
    lightness = inferno().astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.all(np.diff(lightness) > -0.5)
    assert lightness[-1] > 240


def test_full_scale_is_full_colour_and_more_is_clipped(volume):
    stack = volume(shape=(2, 8, 8))
    overlay = Overlay()
    values = np.zeros((2, 4, 4))
    values[0, 1:3, 1:3], values[1] = 4.0, 9.0
    overlay.set_heatmap(_heatmap(stack, values), stack.grid, Turn())
    assert overlay.heat_slice(0).levels[3:5, 3:5].min() == 255
    assert overlay.heat_slice(1).levels.max() == 255


@pytest.mark.parametrize(("across", "down"), [((1, 0, 0), (0, 1, 0)), ((-1, 0, 0), (0, 1, 0)),
                                              ((0, 1, 0), (1, 0, 0)),
                                              ((0, -1, 0), (-1, 0, 0))])
def test_activation_lies_on_its_patient_position_however_the_slice_is_turned(volume, affine, across, down):
    stack = volume(shape=(1, 24, 24), affine=affine(across=across, down=down))
    values = np.zeros((1, 6, 6))
    values[0, 1, 4] = 4.0
    heatmap = _heatmap(stack, values)
    turn = turn_for(stack.affine)
    overlay = Overlay()
    overlay.set_heatmap(heatmap, stack.grid, turn)
    hottest = np.argwhere(overlay.heat_slice(0).levels == overlay.heat_slice(0).levels.max()).mean(axis=0)
    j, i = turn.to_stored(*hottest, (24, 24))
    assert stack.affine.to_mm((0, j, i)) == pytest.approx(heatmap.affine.to_mm((0, 1, 4)), abs=0.5)


def test_box_holds_all_that_is_drawn_and_nothing_more(volume):
    stack = volume(shape=(1, 40, 40))
    values = np.zeros((1, 10, 10))
    values[0, 3, 6] = 4.0
    overlay = Overlay()
    overlay.set_heatmap(_heatmap(stack, values), stack.grid, Turn())
    heat = overlay.heat_slice(0)
    top, bottom, left, right = heat.box(overlay.first_level)
    drawn = heat.levels >= overlay.first_level
    assert drawn[top:bottom, left:right].sum() == drawn.sum() > 0
    assert all(line.any() for line in (drawn[top], drawn[bottom - 1], drawn[:, left], drawn[:, right - 1]))


def test_contour_runs_around_what_is_drawn(volume):
    stack = volume(shape=(1, 40, 40))
    values = np.zeros((1, 10, 10))
    values[0, 5, 5] = 4.0
    overlay = Overlay()
    overlay.set_heatmap(_heatmap(stack, values), stack.grid, Turn())
    points = np.concatenate(overlay.contour(0))
    top, bottom, left, right = overlay.heat_slice(0).box(overlay.first_level)
    assert points[:, 0].min() == pytest.approx(top, abs=1)
    assert points[:, 0].max() == pytest.approx(bottom - 1, abs=1)
    assert points[:, 1].min() == pytest.approx(left, abs=1)
    assert points[:, 1].max() == pytest.approx(right - 1, abs=1)


def test_hold_hides_and_letting_go_shows_again(volume):
    stack = volume(shape=(1, 8, 8))
    overlay = Overlay()
    overlay.set_heatmap(_heatmap(stack, np.ones((1, 2, 2))), stack.grid, Turn())
    assert overlay.is_visible
    overlay.hold(True)
    assert not overlay.is_visible
    overlay.hold(False)
    assert overlay.is_visible


def test_stack_that_is_no_regular_volume_has_no_overlay(volume):
    stack = volume(kind="stack", shape=(1, 8, 8))
    overlay = Overlay()
    overlay.set_heatmap(_heatmap(stack, np.ones((1, 2, 2))), stack.grid, Turn())
    assert overlay.heatmap is None
    assert not overlay.is_visible


def test_opacity_and_threshold_stay_between_0_and_1():
    overlay = Overlay()
    overlay.set_opacity(1.7)
    overlay.set_threshold(-0.2)
    assert (overlay.opacity, overlay.threshold) == (1.0, 0.0)
