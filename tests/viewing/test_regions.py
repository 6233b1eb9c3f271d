"""Circled lesions as plain state: interpolation, other series, undo, what a system is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.region import Circle, LesionRegion, Region
from overread.core.study import Volume
from overread.viewing.regions import CENTRE, EDGE, FIRST_RADIUS_MM, Regions
from overread.viewing.viewport import Viewport


@pytest.fixture
def ct(volume: Callable[..., Volume]) -> Volume:
    """Seven slices, 3 mm apart, pixels of 1 mm, in a frame of reference of its own."""
    return volume(id="ct", frame_of_reference="1.2", shape=(7, 60, 60))


@pytest.fixture
def regions(ct: Volume) -> Regions:
    made = Regions()
    made.show(ct)
    return made


def _at(ct: Volume, k: float, row: float = 30, column: float = 30) -> tuple[float, float, float]:
    assert ct.affine is not None
    x, y, z = (float(v) for v in ct.affine.to_mm((k, row, column)))
    return x, y, z


def _drawn(regions: Regions, ct: Volume, k: int, radius: float, row: float = 30) -> None:
    regions.begin(k, _at(ct, k, row))
    regions.drag(_at(ct, k, row, 30 + radius))
    regions.finish()


def _viewport(volume: Volume, k: int) -> Viewport:
    made = Viewport()
    made.show(volume)
    made.go_to(k)
    return made


def test_slices_between_two_circles_are_interpolated(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 1, 10)
    _drawn(regions, ct, 5, 6, row=34)
    (lesion,) = regions.lesions
    assert sorted(lesion.drawn) == [1, 5]
    assert sorted(lesion.circles) == [1, 2, 3, 4, 5]
    middle = lesion.circles[3]
    assert middle.radius_mm == pytest.approx(8)
    assert middle.centre_mm == pytest.approx(_at(ct, 3, 32))


def test_a_circle_far_from_the_chosen_lesion_begins_another(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 1, 5, row=10)
    _drawn(regions, ct, 2, 5, row=45)
    assert [sorted(lesion.drawn) for lesion in regions.lesions] == [[1], [2]]
    _drawn(regions, ct, 2, 5, row=10)  # over neither the chosen one nor beside it: a third
    assert len(regions.lesions) == 3


def test_edge_resizes_and_centre_moves(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 2, 10)
    regions.grab(1, 2, EDGE)
    regions.drag(_at(ct, 2, 30, 45))
    regions.finish()
    assert regions.lesions[0].drawn[2].radius_mm == pytest.approx(15)
    regions.grab(1, 2, CENTRE)
    regions.drag(_at(ct, 2, 20, 20))
    regions.finish()
    assert regions.lesions[0].drawn[2].centre_mm == pytest.approx(_at(ct, 2, 20, 20))
    assert regions.lesions[0].drawn[2].radius_mm == pytest.approx(15)


def test_a_click_without_a_drag_gives_a_circle_of_the_first_size(regions: Regions, ct: Volume) -> None:
    regions.begin(3, _at(ct, 3))
    regions.finish()
    assert regions.lesions[0].drawn[3].radius_mm == FIRST_RADIUS_MM


def test_copy_goes_to_the_next_slice_and_ends_at_the_last(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 5, 8)
    assert regions.copy_on(5, 1) == 6
    assert regions.copy_on(6, 1) is None
    assert regions.lesions[0].drawn[6].centre_mm == pytest.approx(_at(ct, 6))
    assert regions.lesions[0].drawn[6].radius_mm == pytest.approx(8)


def test_every_change_is_undone_and_redone(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 2, 8)
    regions.copy_on(2, 1)
    regions.resize(3, 2)
    after = regions.lesions
    for _ in range(3):
        regions.undo()
    assert regions.lesions == ()
    assert not regions.can_undo
    for _ in range(3):
        regions.redo()
    assert regions.lesions == after
    assert not regions.can_redo


def test_removing_the_last_circle_removes_the_lesion(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 2, 8)
    regions.copy_on(2, 1)
    assert regions.remove(2)
    assert sorted(regions.lesions[0].drawn) == [3]
    assert not regions.remove(2)
    assert regions.remove(3)
    assert regions.lesions == ()


def test_a_system_is_given_ten_millimetres_more_and_the_largest_lesion_first(regions: Regions, ct: Volume) -> None:
    _drawn(regions, ct, 2, 4, row=10)
    regions.select(None)
    _drawn(regions, ct, 3, 9, row=40)
    region = regions.region_for(ct)
    assert region is not None
    assert [lesion.id for lesion in region.lesions] == ["L2", "L1"]
    assert region.lesions[0].largest.radius_mm == pytest.approx(19)
    assert region.lesions[0].diameter_mm == pytest.approx(18)
    assert region.lesions[0].source == "circle"


def test_another_series_of_the_frame_shows_the_circle_where_it_lies(
    regions: Regions, ct: Volume, volume: Callable[..., Volume]
) -> None:
    _drawn(regions, ct, 3, 10)
    matrix = np.diag([2.0, 2.0, 6.0, 1.0])
    matrix[:3, 3] = (-10, -20, 30)
    other = volume(id="mr", frame_of_reference="1.2", shape=(4, 30, 30), affine=Affine(matrix))
    shown = [regions.circles_in(_viewport(other, k)) for k in range(4)]
    assert [len(each) for each in shown] == [0, 1, 1, 0]  # 9 mm up: between its slices at 6 and 12 mm
    assert (shown[1][0].row, shown[1][0].column) == pytest.approx((15, 15))
    assert not shown[1][0].is_own
    stranger = volume(id="x", frame_of_reference="9.9", shape=(7, 60, 60))
    assert regions.circles_in(_viewport(stranger, 3)) == []
    assert regions.region_for(stranger) is None


def test_circles_survive_a_change_of_series(regions: Regions, ct: Volume, volume: Callable[..., Volume]) -> None:
    _drawn(regions, ct, 3, 10)
    regions.show(volume(id="x", frame_of_reference="9.9", shape=(7, 60, 60)))
    assert regions.lesions == ()
    regions.show(ct)
    assert len(regions.lesions) == 1
    assert regions.chosen is not None


def test_what_is_said_of_a_file_goes_with_its_lesions(regions: Regions, ct: Volume) -> None:
    note = "seg.dcm: not taken for lesions, by their names: Liver."
    regions.take(Region((LesionRegion("seg", (Circle(_at(ct, 2), 18.0),), "mask", 10.0),), (note,)))
    given = regions.region_for(ct)
    assert regions.notes == (note,)
    assert given is not None
    assert given.notes == (note,)
    regions.remove()
    assert regions.notes == ()
    regions.undo()
    assert regions.notes == (note,)


def test_a_region_of_a_file_is_taken_at_the_edge_of_the_lesion(regions: Regions, ct: Volume) -> None:
    circles = tuple(Circle(_at(ct, k), 18.0) for k in (2, 3, 9))
    count = regions.take(Region((LesionRegion("seg", circles, "mask", 10.0),)))
    assert count == 1
    assert {k: c.radius_mm for k, c in regions.lesions[0].drawn.items()} == {2: 8.0, 3: 8.0}
    assert regions.lesions[0].to_region().largest.radius_mm == pytest.approx(18)
