"""The state of one image area."""

import numpy as np
import pytest

from overread.core.reading import Mark
from overread.core.study import FrameRef
from overread.viewing.viewport import Viewport
from overread.viewing.window_level import CT_PRESETS

SIZE = (400.0, 300.0)


@pytest.fixture
def viewport(volume, pixels):
    made = Viewport()
    made.show(volume())
    made.set_pixels(pixels(np.arange(7 * 12 * 16, dtype=np.int16).reshape(7, 12, 16)))
    return made


def test_opens_on_the_middle_slice(viewport):
    assert viewport.slice == 3


def test_scrolling_stops_at_the_ends(viewport):
    viewport.scroll(100)
    assert viewport.slice == 6
    viewport.scroll(-100)
    assert viewport.slice == 0


def test_scrolling_to_where_one_is_tells_nobody(viewport):
    told = []
    viewport.listeners.append(told.append)
    viewport.go_to(viewport.slice)
    assert told == []


def test_value_under_the_cursor_has_its_unit(volume, pixels):
    viewport = Viewport()
    viewport.show(volume(modality="CT", shape=(1, 2, 2)))
    viewport.set_pixels(pixels(np.array([[[1000, 1054], [0, 0]]], dtype=np.int16), 1.0, -1000.0, "HU"))
    assert viewport.value_at(0, 1) == 54
    assert viewport.units == "HU"


def test_value_is_read_where_it_is_shown_on_a_mirrored_slice(volume, affine, pixels):
    viewport = Viewport()
    viewport.show(volume(shape=(1, 3, 4), affine=affine(across=(-1, 0, 0))))
    viewport.set_pixels(pixels(np.arange(12, dtype=np.int16).reshape(1, 3, 4)))
    assert viewport.value_at(0, 0) == 3


def test_patient_position_of_a_pixel_and_back(viewport):
    point = viewport.patient_point(4.0, 9.0)
    assert viewport.shown_point(point) == pytest.approx((4.0, 9.0, 3.0))


def test_position_of_a_slice_is_its_own_where_spacing_is_uneven(volume):
    positions = [30.0, 33.0, 36.0, 48.0]
    slices = tuple(FrameRef(f"{z}", position_mm=(-10.0, -20.0, z)) for z in positions)
    viewport = Viewport()
    viewport.show(volume(kind="stack", shape=(4, 12, 16), slices=slices))
    found = []
    for k in range(4):
        viewport.go_to(k)
        found.append(viewport.patient_point(0, 0)[2])
    assert found == positions


def test_zoom_keeps_the_pixel_under_the_pointer(viewport):
    before = viewport.placement(*SIZE).to_image(300, 80)
    viewport.zoom_at(2.5, (300, 80), SIZE)
    assert viewport.placement(*SIZE).to_image(300, 80) == pytest.approx(before)
    assert viewport.zoom == 2.5


def test_pan_moves_the_slice_by_as_many_points(viewport):
    before = viewport.placement(*SIZE)
    viewport.pan(17, -9, SIZE)
    after = viewport.placement(*SIZE)
    assert (after.left - before.left, after.top - before.top) == pytest.approx((17, -9))


def test_reset_undoes_zoom_pan_window_and_inversion(viewport):
    opened = viewport.window
    viewport.zoom_at(3, (10, 10), SIZE)
    viewport.set_window(CT_PRESETS[1].window)
    viewport.invert()
    viewport.reset()
    assert (viewport.zoom, viewport.centre, viewport.window, viewport.inverted) == (1.0, (0.0, 0.0), opened,
                                                                                    False)


def test_early_slice_is_shown_before_the_rest_is_read(volume):
    viewport = Viewport()
    viewport.show(volume())
    assert viewport.stored_slice(3) is None
    viewport.set_early_slice(3, np.arange(192, dtype=np.int16).reshape(12, 16))
    assert viewport.stored_slice(3) is not None
    assert viewport.window is not None
    assert viewport.loaded == pytest.approx(1 / 7)


def test_window_set_by_hand_stays_when_the_rest_arrives(volume, pixels):
    viewport = Viewport()
    viewport.show(volume())
    viewport.set_early_slice(3, np.arange(192, dtype=np.int16).reshape(12, 16))
    viewport.set_window(CT_PRESETS[0].window)
    viewport.set_pixels(pixels(np.zeros((7, 12, 16), dtype=np.int16)))
    assert viewport.window == CT_PRESETS[0].window


def test_jump_goes_to_the_slice_on_which_a_mark_is_strongest(viewport):
    viewport.go_to_mark(Mark("m", (0.0, 0.0, 0.0), 0.9, peak_slice=5))
    assert viewport.slice == 5


def test_jump_in_an_enlarged_view_brings_the_mark_to_the_middle(viewport):
    viewport.zoom_at(6, (0, 0), SIZE)
    centre = tuple(float(v) for v in viewport.volume.affine.to_mm((5, 9, 13)))
    viewport.go_to_mark(Mark("m", centre, 0.9, peak_slice=5))
    assert viewport.placement(*SIZE).to_widget(9, 13) == pytest.approx((SIZE[0] / 2, SIZE[1] / 2))


def test_image_without_position_can_be_shown(volume, pixels):
    viewport = Viewport()
    viewport.show(volume(kind="image", affine=None, shape=(1, 4, 4)))
    viewport.set_pixels(pixels(np.zeros((1, 4, 4), dtype=np.uint8)))
    assert viewport.spacing_mm is None
    assert viewport.patient_point(0, 0) is None
    assert viewport.placement(100, 100).width == 100


def test_corner_text_goes_round_all_few_none(viewport):
    seen = []
    for _ in range(3):
        viewport.next_text()
        seen.append(viewport.text)
    assert seen == ["few", "none", "all"]


def test_slice_that_cannot_be_decoded_says_so(volume, pixels):
    from dataclasses import replace

    viewport = Viewport()
    viewport.show(volume())
    assert viewport.lack == "Reading the image…"
    viewport.set_pixels(replace(pixels(np.zeros((7, 12, 16), dtype=np.int16)), missing=(3,)))
    assert viewport.lack == "The pixels of this slice cannot be decoded."
    viewport.go_to(4)
    assert viewport.lack == ""
