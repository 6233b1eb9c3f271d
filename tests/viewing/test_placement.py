"""Fit, zoom, the way between pixels and widget points, the scale bar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.viewing.placement import bar_words, place, scale_bar

pairs = st.tuples(st.integers(1, 600), st.integers(1, 600))
spacings = st.tuples(st.floats(0.2, 5), st.floats(0.2, 5))
sizes = st.tuples(st.floats(100, 3000), st.floats(100, 3000))
centres = st.tuples(st.floats(-200, 200), st.floats(-200, 200))


@given(shape=pairs, spacing=spacings, size=sizes, zoom=st.floats(0.3, 30), centre=centres)
def test_widget_point_and_back_is_the_same_pixel(shape, spacing, size, zoom, centre):
    placed = place(shape, spacing, size, zoom, centre)
    row, column = placed.to_image(*placed.to_widget(shape[0] / 3, shape[1] / 2))
    # points are of the order 1e5 at most, so 1e-6 pixels leaves room for the rounding of float64
    assert row == pytest.approx(shape[0] / 3, abs=1e-6)
    assert column == pytest.approx(shape[1] / 2, abs=1e-6)


def test_fitted_slice_touches_two_edges_and_stays_inside():
    placed = place((100, 200), (1, 1), (800, 600))
    assert (placed.left, placed.width) == (0, 800)
    assert (placed.top, placed.height) == (100, 400)


def test_pixels_that_are_not_square_keep_their_aspect():
    placed = place((100, 100), (2.0, 0.5), (1000, 1000))
    assert placed.height / placed.width == pytest.approx(4)


def test_pixel_at_is_none_outside_the_slice():
    placed = place((10, 10), (1, 1), (200, 100))
    assert placed.pixel_at(20, 50) is None
    assert placed.pixel_at(51, 1) == (0, 0)
    assert placed.pixel_at(149, 99) == (9, 9)


@pytest.mark.parametrize(("points_per_mm", "room", "length"), [
    (2, 220, 50), (0.2, 220, 500), (8, 220, 20), (0.05, 100, 500), (300, 220, 1)])
def test_scale_bar_is_five_centimetres_where_that_can_be_read_else_one_two_or_five(points_per_mm, room,
                                                                                   length):
    assert scale_bar(points_per_mm, room) == (length, pytest.approx(length * points_per_mm))


def test_scale_bar_is_named_in_centimetres_from_one_on():
    assert (bar_words(50), bar_words(5)) == ("5 cm", "5 mm")
