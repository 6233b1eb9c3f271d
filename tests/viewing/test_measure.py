"""Lengths and regions against brute force; labels that never cover the line; what survives flips, zoom and volumes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.study import FrameRef
from overread.viewing.measure import (
    MM,
    PX,
    Length,
    Measuring,
    Region,
    distance_to_line,
    is_diameter_of,
    nearest_handle,
    quantity_words,
    region_value,
    region_words,
    steps_of,
)
from overread.viewing.placement import label_beside_box, label_beside_line, overlap
from overread.viewing.region_values import RegionValues
from overread.viewing.viewport import Viewport


def _brute_force(values, middle, radius, step_j, step_i):
    """Every pixel asked by itself."""
    inside = []
    for j in range(values.shape[0]):
        for i in range(values.shape[1]):
            offset = (j - middle[0]) * step_j + (i - middle[1]) * step_i
            if math.dist((0, 0, 0), offset) <= radius * (1 + 1e-12):
                inside.append(float(values[j, i]))
    return inside


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    middle=st.tuples(st.floats(-2, 14), st.floats(-2, 18)),
    radius=st.floats(0.3, 12),
    steps=st.tuples(st.floats(0.4, 3), st.floats(0.4, 3)),
)
def test_region_value_is_that_of_every_pixel_asked_by_itself(seed, middle, radius, steps):
    values = np.random.default_rng(seed).normal(50, 20, (12, 16)).astype(np.float32)
    step_j, step_i = np.array((0, steps[0], 0.1)), np.array((steps[1], 0.2, 0))
    found = region_value(values, middle, radius, step_j, step_i)
    inside = _brute_force(values, middle, radius, step_j, step_i)
    assert found.count == len(inside)
    assert found.area == pytest.approx(math.pi * radius**2)
    if inside:
        assert found.mean == pytest.approx(np.mean(inside))
        assert (found.lowest, found.highest) == (min(inside), max(inside))
    if len(inside) > 1:
        assert found.sd == pytest.approx(np.std(inside, ddof=1))


def test_region_without_pixels_says_so():
    value = region_value(np.zeros((3, 3)), (40, 40), 1, np.array((0.0, 1, 0)), np.array((1.0, 0, 0)))
    assert region_words(value, "HU", MM) == ("no pixel inside", "3 mm², n 0")


def test_region_words_name_quantity_and_unit():
    value = region_value(np.array([[1.0, 3.0]]), (0, 0.5), 1, np.array((0.0, 1, 0)), np.array((1.0, 0, 0)))
    assert region_words(value, "HU", MM) == ("HU mean 2, SD 1.4", "min 1, max 3", "3 mm², n 2")
    assert region_words(value, "signal", PX)[2] == "3 px², n 2"


@pytest.mark.parametrize(
    ("units", "modality", "words"),
    [("HU", "CT", "HU"), (None, "CT", "HU"), (None, "MR", "signal"), ("US", "MR", "signal"), (None, None, "value")],
)
def test_numbers_are_called_hu_on_ct_alone(units, modality, words):
    assert quantity_words(units, modality) == words


def test_length_across_pixels_that_are_not_square_is_in_mm(volume, affine):
    viewport = Viewport()
    viewport.show(volume(affine=affine(across=(0.5, 0, 0), down=(0, 2, 0))))
    a, b = viewport.place_at(1, 2), viewport.place_at(4, 10)
    assert Length(1, 3, (a, b)).length == pytest.approx(math.hypot(3 * 2, 8 * 0.5))


def test_length_without_spacing_is_in_px_and_never_in_mm(volume):
    viewport = Viewport()
    viewport.show(volume(affine=None, kind="image"))
    unit = steps_of(viewport.volume)[2]
    length = Length(1, 0, (viewport.place_at(0, 0), viewport.place_at(3, 4)), unit)
    assert length.words == ("5.0 px",)


@pytest.mark.parametrize("across", [(1, 0, 0), (-1, 0, 0)])
@pytest.mark.parametrize("down", [(0, 1, 0), (0, -1, 0)])
def test_place_comes_back_to_its_pixel_however_the_stack_is_turned(volume, affine, across, down):
    viewport = Viewport()
    viewport.show(volume(affine=affine(across=across, down=down)))
    viewport.go_to(5)
    place = viewport.place_at(2.25, 7.5)
    assert viewport.shown_place(place, 5) == pytest.approx((2.25, 7.5))
    viewport.zoom_at(3, (10, 10), (400, 300))
    viewport.pan(25, 12, (400, 300))
    assert viewport.shown_place(place, 5) == pytest.approx((2.25, 7.5))


def test_place_on_a_slice_that_lies_off_the_regular_stack_uses_its_own_position(volume):
    slices = tuple(FrameRef(f"{k}.dcm", position_mm=(-10.0 + k, -20.0, 30.0 + 3 * k)) for k in range(7))
    viewport = Viewport()
    viewport.show(volume(slices=slices, kind="stack"))
    viewport.go_to(4)
    place = viewport.place_at(3, 6)
    assert place == pytest.approx((-10 + 4 + 6, -20 + 3, 30 + 12))
    assert viewport.shown_place(place, 4) == pytest.approx((3, 6))


def test_region_on_a_turned_stack_reads_the_pixels_under_the_circle(volume, affine, pixels):
    viewport = Viewport()
    viewport.show(volume(affine=affine(across=(-1, 0, 0), down=(0, -1, 0))))
    stored = np.zeros((7, 12, 16), dtype=np.int16)
    viewport.set_pixels(pixels(stored, slope=2.0, intercept=-5.0))
    viewport.turn.of(stored[3])[4, 9] = 50
    middle, rim = viewport.place_at(4, 9), viewport.place_at(4, 9.4)
    value = RegionValues().of(Region(1, 3, (middle, rim)), viewport)
    assert (value.count, value.mean) == (1, 2 * 50 - 5)


def test_region_has_no_value_until_its_pixels_are_here(volume):
    viewport = Viewport()
    viewport.show(volume())
    region = Region(1, 3, (viewport.place_at(1, 1), viewport.place_at(1, 3)))
    assert RegionValues().of(region, viewport) is None


def _drawn(measuring, tool="length", k=2, a=(0.0, 0.0, 0.0), b=(3.0, 4.0, 0.0)):
    measuring.use(tool)
    measuring.begin(k, a, MM)
    measuring.drag(b)
    return measuring.finish()


def test_drawing_keeps_a_length_with_its_ends_and_slice():
    measuring = Measuring()
    measuring.show("v")
    done = _drawn(measuring)
    assert (done.length, done.slice, measuring.on_slice(2), measuring.on_slice(3)) == (5, 2, (done,), ())


def test_line_without_extent_is_dropped():
    measuring = Measuring()
    measuring.show("v")
    assert _drawn(measuring, b=(0.0, 0.0, 0.0)) is None
    assert measuring.measures == ()


def test_moved_end_changes_the_length_and_undo_brings_it_back():
    measuring = Measuring()
    measuring.show("v")
    first = _drawn(measuring)
    measuring.grab(first.number, 1)
    measuring.drag((6.0, 8.0, 0.0))
    measuring.finish()
    assert measuring.find(first.number).length == 10
    measuring.undo()
    assert measuring.measures == (first,)


def test_moved_middle_of_a_circle_takes_the_rim_along():
    region = Region(1, 0, ((1.0, 1.0, 0.0), (4.0, 5.0, 0.0)))
    assert region.moved(0, (2.0, 2.0, 0.0)).radius == pytest.approx(5)
    assert region.moved(1, (1.0, 3.0, 0.0)).radius == 2


def test_removal_takes_the_chosen_one_alone():
    measuring = Measuring()
    measuring.show("v")
    first, second = _drawn(measuring), _drawn(measuring, "region")
    measuring.select(first.number)
    assert measuring.remove_selected()
    assert measuring.measures == (second,)
    assert not measuring.remove_selected()


def test_every_volume_keeps_its_own_until_the_study_is_closed():
    measuring = Measuring()
    measuring.show("a")
    kept = _drawn(measuring)
    measuring.show("b")
    assert measuring.measures == ()
    measuring.show("a")
    assert measuring.measures == (kept,)
    measuring.forget()
    measuring.show("a")
    assert measuring.measures == ()


def test_escape_drops_the_line_first_then_the_tool_then_the_choice():
    measuring = Measuring()
    measuring.show("v")
    kept = _drawn(measuring)
    measuring.use(None)
    measuring.use("length")
    measuring.begin(1, (0.0, 0.0, 0.0), MM)
    assert measuring.leave()
    assert (measuring.pending, measuring.tool, measuring.measures) == (None, "length", (kept,))
    assert measuring.leave()
    assert measuring.tool is None
    assert measuring.leave()
    assert measuring.selected is None
    assert not measuring.leave()


def test_length_is_the_diameter_of_what_lies_within_it_on_its_slice():
    length = Length(1, 2, ((0.0, 0.0, 0.0), (20.0, 0.0, 0.0)))
    assert is_diameter_of(length, 2, (10.0, 9.0, 0.0))
    assert not is_diameter_of(length, 3, (10.0, 0.0, 0.0))
    assert not is_diameter_of(length, 2, (40.0, 0.0, 0.0))


def test_nearest_handle_within_reach_is_taken():
    handles = [(1, 0, 10, 10), (1, 1, 30, 10), (2, 0, 33, 10)]
    assert nearest_handle(handles, 31, 10, 8) == (1, 1)
    assert nearest_handle(handles, 100, 100, 8) is None


def test_distance_to_a_line_is_to_its_nearest_point():
    assert distance_to_line(5, 3, (0, 0), (10, 0)) == 3
    assert distance_to_line(-3, 4, (0, 0), (10, 0)) == 5
    assert distance_to_line(3, 4, (0, 0), (0, 0)) == 5


_points = st.tuples(st.floats(0, 600), st.floats(0, 400))


def _covers(box, a, b):
    """Whether any of many points of the line lies inside the box."""
    left, top, wide, high = box
    return any(
        left < a[0] + t * (b[0] - a[0]) < left + wide and top < a[1] + t * (b[1] - a[1]) < top + high
        for t in np.linspace(0, 1, 2001)
    )


@settings(max_examples=300, deadline=None)
@given(a=_points, b=_points)
def test_label_never_covers_its_line_and_stays_in_the_widget(a, b):
    box = label_beside_line(a, b, (70, 20), (600, 400))
    assert not _covers(box, a, b)
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[0] + 70 <= 600
    assert box[1] + 20 <= 400


@settings(max_examples=100, deadline=None)
@given(middle=_points, radius=st.floats(2, 90))
def test_label_of_a_circle_keeps_off_the_circle(middle, radius):
    around = (middle[0] - radius, middle[1] - radius, 2 * radius, 2 * radius)
    box = label_beside_box(around, (120, 50), (600, 400))
    assert not overlap(box, around)


def test_labels_keep_off_each_other_where_there_is_room():
    first = label_beside_line((100, 100), (200, 100), (60, 20), (600, 400))
    second = label_beside_line((100, 102), (200, 102), (60, 20), (600, 400), [first])
    assert not overlap(first, second)
