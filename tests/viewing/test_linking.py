"""Views go together in millimetres inside one frame of reference, and say it when they cannot."""

import math

import numpy as np
import pytest

from overread.core.roles import Role
from overread.core.study import FrameRef
from overread.viewing.layout import Layout
from overread.viewing.linking import Linking, nearest_slice, phase_class, place_in
from overread.viewing.window_level import Window

FRAME = "1.2.3"


@pytest.fixture
def layout():
    made = Layout()
    made.linking = Linking(made)
    return made


@pytest.fixture
def show(layout, volume, affine, pixels):
    """Shows stacks in a row: step between slices, how many, where the first lies; then anything else."""

    def make(*stacks):
        layout.arrange(1, len(stacks))
        for n, (viewport, stack) in enumerate(zip(layout.viewports, stacks, strict=True)):
            given = dict(stack)
            step, count, lowest = given.pop("step", 3.0), given.pop("count", 21), given.pop("lowest", -30.0)
            place = given.pop("affine", None) or affine(step=(0, 0, step), origin=(-10, -20, lowest))
            shape = given.pop("shape", (count, 12, 16))
            made = volume(**({"id": f"v{n}", "shape": shape, "affine": place, "frame_of_reference": FRAME} | given))
            viewport.show(made)
            viewport.size = (200.0, 150.0)
            viewport.set_pixels(pixels(np.arange(np.prod(shape), dtype=np.int16).reshape(shape)))
        return layout.viewports

    return make


def _height(viewport):
    return viewport.patient_point(0, 0)[2]


def test_slices_of_5_and_1_25_mm_differ_by_at_most_half_of_the_coarser_over_the_overlap(show):
    coarse, fine = show({"step": 5.0, "count": 13}, {"step": 1.25, "count": 49})
    for k in range(fine.frames):
        fine.go_to(k)
        assert abs(_height(coarse) - _height(fine)) <= 2.5 + 1e-9
    for k in range(coarse.frames):
        coarse.go_to(k)
        assert abs(_height(coarse) - _height(fine)) <= 1.25 / 2 + 1e-9


def test_stack_stored_from_head_to_foot_shows_the_same_place(show, affine):
    up, down = show({}, {"affine": affine(step=(0, 0, -3), origin=(-10, -20, 30))})
    up.go_to(4)
    assert _height(down) == pytest.approx(_height(up))
    assert down.slice == 16


def test_slices_are_found_by_their_own_positions_not_by_a_regular_step(show, volume):
    places = (-30.0, -27.0, -24.0, -9.0, -6.0, -3.0, 0.0)
    gapped = tuple(FrameRef(f"{k}.dcm", position_mm=(-10.0, -20.0, z)) for k, z in enumerate(places))
    lead, gap = show({}, {"count": 7, "slices": gapped})
    lead.go_to(7)  # at -9 mm
    assert gap.slice == 3
    lead.go_to(4)  # at -18 mm, where nothing was acquired
    assert lead.slice == 4
    assert nearest_slice(gap, lead.patient_point(0, 0)) == (2, "no slice here")


def test_scrolling_an_axial_view_leaves_a_coronal_one_where_it_is(show, affine):
    axial, coronal = show({}, {"affine": affine(down=(0, 0, -1), step=(0, 3, 0), origin=(-10, -30, 30))})
    before = coronal.slice
    for k in range(axial.frames):
        axial.go_to(k)
        assert coronal.slice == before


def test_beyond_the_other_stack_its_last_slice_stays_and_says_so(show, layout):
    lead, short = show({}, {"count": 5})
    lead.go_to(20)
    assert short.slice == 4
    assert layout.linking.words(short) == "beyond its slices"
    lead.go_to(3)
    assert short.slice == 3
    assert layout.linking.words(short) == ""


def test_another_frame_of_reference_is_not_moved_and_says_why(show, layout):
    lead, other = show({}, {"frame_of_reference": "9.9"})
    before = other.slice, other.zoom
    lead.go_to(2)
    lead.zoom_at(2.0, (50, 50), lead.size)
    assert (other.slice, other.zoom) == before
    assert layout.linking.words(other) == "not linked"
    assert "another frame of reference" in layout.linking.reason(other)


def test_unknown_frames_of_reference_are_not_taken_for_one(show, layout):
    lead, other = show({"frame_of_reference": None}, {"frame_of_reference": None})
    lead.go_to(2)
    assert other.slice == 10
    assert "do not say" in layout.linking.reason(other)


def test_tie_by_hand_keeps_its_12_mm_over_the_whole_stack_and_shows_them(show, layout):
    lead, other = show({}, {"frame_of_reference": "9.9"})
    other.go_to(lead.slice - 4)
    layout.activate(other)
    assert layout.linking.tie(other)
    for k in range(4, 21):
        lead.go_to(k)
        assert _height(lead) - _height(other) == pytest.approx(12.0)
    assert layout.linking.words(other) == "linked by hand, +12.0 mm"
    layout.linking.toggle(other)
    layout.linking.toggle(other)
    assert other.tie is None


def test_tie_by_hand_keeps_the_pan_that_the_views_were_lined_up_with(show, layout):
    lead, other = show({}, {"frame_of_reference": "9.9"})
    for view in (lead, other):
        view.show_placed(2.0, (0.0, 0.0))
    other.show_placed(2.0, (10.0, -4.0))
    layout.activate(other)
    assert layout.linking.tie(other)
    assert other.tie.shift_mm[0] == pytest.approx(-10.0, abs=0.6)
    layout.activate(lead)
    lead.show_placed(2.5, (3.0, 0.0))
    assert other.centre == pytest.approx((13.0, -4.0), abs=0.6)


def test_unlinked_view_moves_alone_and_comes_back_by_position(show, layout):
    lead, other = show({}, {"step": 1.5, "count": 41})
    layout.linking.toggle(other)
    assert layout.linking.words(other) == "unlinked"
    lead.go_to(2)
    assert other.slice == 20
    other.go_to(0)
    assert lead.slice == 2
    layout.linking.toggle(other)
    assert _height(other) == pytest.approx(_height(lead))


def test_zoom_and_pan_show_the_same_millimetres_in_another_matrix(show, affine):
    fine = affine(across=(0.5, 0, 0), down=(0, 0.5, 0), origin=(-12, -22, -30))
    lead, other = show({}, {"affine": fine, "shape": (21, 40, 50)})
    lead.zoom_at(2.0, (150, 40), lead.size)
    for point in ((40.0, 30.0), (160.0, 120.0)):
        places = []
        for viewport in (lead, other):
            row, column = viewport.placement(*lead.size).to_image(*point)
            places.append(viewport.patient_point(row, column))
        assert places[0] == pytest.approx(places[1], abs=1e-6)
    lead.fit()
    assert (other.zoom, other.centre) == (1.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("roles", "together"),
    [
        (("ct-arterial", "ct-portal"), True),
        (("ct-pre", "ct-portal"), False),
        (("t1-arterial", "t1-delayed"), True),
        (("t1-arterial", "t1-hbp"), False),
        (("t2", "t1-pre"), False),
        ((None, None), False),
    ],
)
def test_windows_go_together_inside_a_phase_class_only(show, roles, together):
    lead, other = show(*({"role": Role(role, 0.9 if role else 0.0)} for role in roles))
    before = other.window
    lead.set_window(Window(60.0, 150.0))
    lead.invert()
    assert (other.window == lead.window) == together
    assert other.inverted == together
    lead.reset()
    assert other.window == before
    assert not other.inverted


def test_diffusion_of_two_b_values_is_two_classes(volume):
    low, high = (volume(role=Role("dwi", 0.9), b_value=b) for b in (50.0, 800.0))
    assert phase_class(low) != phase_class(high)


def test_view_that_comes_later_joins_where_the_others_are(show, layout, volume, affine):
    (lead,) = show({})
    lead.go_to(3)
    lead.zoom_at(2.0, (80, 60), lead.size)
    layout.arrange(1, 2)
    late = layout.viewports[1]
    late.show(volume(id="late", shape=(41, 12, 16), affine=affine(step=(0, 0, 1.5), origin=(-10, -20, -30)),
                     frame_of_reference=FRAME))  # fmt: skip
    assert _height(late) == pytest.approx(_height(lead))
    assert late.zoom == pytest.approx(lead.zoom)


def test_reference_line_lies_where_the_planes_cut(show, layout, affine):
    axial, coronal = show({}, {"affine": affine(down=(0, 0, -3), step=(0, 3, 0), origin=(-10, -20, 30)),
                               "shape": (5, 21, 16)})  # fmt: skip
    axial.go_to(5)  # at -15 mm: row 15 of the coronal slices, which go down from 30 mm
    (line,) = layout.linking.lines_in(coronal)
    assert [line.a[0], line.b[0]] == pytest.approx([15.0, 15.0])
    assert sorted([line.a[1], line.b[1]]) == pytest.approx([-0.5, 15.5])
    assert line.of is axial


def test_no_line_and_no_cursor_across_frames_of_reference_or_between_parallel_views(show, layout, affine):
    coronal = {"affine": affine(down=(0, 0, -3), step=(0, 3, 0), origin=(-10, -20, 30)), "shape": (5, 21, 16)}
    axial, parallel, foreign = show({}, {}, coronal | {"frame_of_reference": "9.9"})
    layout.linking.point(axial, (0.0, -15.0, 0.0))
    assert layout.linking.lines_in(parallel) == layout.linking.lines_in(foreign) == []
    assert layout.linking.cursor_in(parallel) == pytest.approx((5.0, 10.0))
    assert layout.linking.cursor_in(foreign) is None
    assert layout.linking.cursor_in(axial) is None


def test_shared_cursor_brings_every_plane_to_the_place(show, layout, affine):
    axial, coronal = show({}, {"affine": affine(down=(0, 0, -3), step=(0, 3, 0), origin=(-10, -20, 30)),
                               "shape": (5, 21, 16)})  # fmt: skip
    layout.linking.point(axial, (0.0, -11.0, 15.0))
    assert coronal.slice == 3
    assert layout.linking.cursor_in(coronal) == pytest.approx((5.0, 10.0))
    layout.linking.point(axial, None)
    assert layout.linking.cursor_in(coronal) is None


def test_place_found_in_another_volume_is_drawn_near_its_slice_only(show):
    lead, other = show({}, {"step": 5.0, "count": 13})
    place = (0.0, -14.0, 5.0)
    other.go_to(7)
    assert place_in(other, place, lead.volume) == pytest.approx((6.0, 10.0, True))
    other.go_to(8)
    assert place_in(other, place, lead.volume) == pytest.approx((6.0, 10.0, False))
    other.go_to(10)
    assert place_in(other, place, lead.volume) is None


def test_no_index_goes_backwards_during_a_scroll_one_way(show):
    lead, fine, coarse = show({}, {"step": 1.0, "count": 61}, {"step": 7.0, "count": 9})
    seen = []
    for k in range(lead.frames):
        lead.go_to(k)
        seen.append((fine.slice, coarse.slice))
    assert seen == sorted(seen)


def test_views_tilted_by_more_than_a_few_degrees_are_not_parallel(show, affine):
    def tilted(degrees):
        angle = math.radians(degrees)
        return {"affine": affine(down=(0, math.cos(angle), math.sin(angle)),
                                 step=(0, -3 * math.sin(angle), 3 * math.cos(angle)))}  # fmt: skip

    lead, slight, steep = show({}, tilted(3), tilted(12))
    before = steep.slice
    lead.go_to(2)
    assert slight.slice != 10
    assert steep.slice == before
