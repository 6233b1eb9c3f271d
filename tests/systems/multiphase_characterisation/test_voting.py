"""From boxes to a region on a slice and to the regions that go on, by boxes made by hand (SEEDS 2.2)."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from overread.systems.multiphase_characterisation.boxes import Boxes
from overread.systems.multiphase_characterisation.voting import Found, most_confident, vote, votes_of

SHAPE = (64, 64)


def boxes(*edges_and_scores: tuple[float, float, float, float, float]) -> Boxes:
    """Boxes by (top, left, bottom, right, score)."""
    values = np.array(edges_and_scores, dtype=np.float64).reshape(-1, 5)
    order = np.argsort(-values[:, 4], kind="stable")
    top, left, bottom, right, scores = values[order].T
    centres = np.stack([(top + bottom) / 2, (left + right) / 2], axis=1)
    return Boxes(centres, np.stack([bottom - top, right - left], axis=1), scores)


def region(k: int, score: float) -> Found:
    return Found(k, (10.0, 10.0), (8.0, 8.0), score, 1)


def test_the_place_is_where_boxes_of_most_detectors_overlap() -> None:
    found = vote(3, [boxes((10, 10, 30, 30, 0.9)), boxes((20, 20, 40, 40, 0.7)), boxes((50, 50, 60, 60, 0.99))], SHAPE)
    assert found is not None
    assert (found.k, found.votes) == (3, 2)
    assert found.centre == (25.0, 25.0)


def test_size_and_score_are_the_means_over_the_boxes_that_cover_the_place() -> None:
    found = vote(0, [boxes((10, 10, 30, 34, 0.9)), boxes((20, 20, 40, 40, 0.6)), boxes((50, 50, 60, 60, 1.0))], SHAPE)
    assert found is not None
    assert found.size == pytest.approx((20.0, 22.0))
    assert found.score == pytest.approx(0.75)


def test_two_boxes_of_one_detector_are_one_vote_but_both_count_in_the_means() -> None:
    one = boxes((10, 10, 30, 30, 0.9), (12, 12, 28, 28, 0.5))
    found = vote(0, [one, boxes((50, 50, 60, 60, 0.8)), boxes((50, 50, 60, 60, 0.6))], SHAPE)
    assert found is not None
    assert (found.votes, found.centre) == (2, (55.0, 55.0))
    alone = vote(0, [one], SHAPE)
    assert alone is not None
    assert (alone.votes, alone.score, alone.size) == (1, pytest.approx(0.7), pytest.approx((18.0, 18.0)))


def test_of_tied_places_the_largest_area_is_taken() -> None:
    found = vote(0, [boxes((2, 2, 6, 6, 0.9), (30, 30, 50, 50, 0.6))], SHAPE)
    assert found is not None
    assert found.centre == (40.0, 40.0)
    assert found.score == pytest.approx(0.6)


def test_of_equal_tied_areas_the_upper_left_is_taken() -> None:
    found = vote(0, [boxes((30, 30, 40, 40, 0.6), (2, 2, 12, 12, 0.6))], SHAPE)
    assert found is not None
    assert found.centre == (7.0, 7.0)


def test_a_centroid_beside_its_own_area_is_moved_onto_it() -> None:
    # an L of two thin arms: its centroid lies in neither
    found = vote(0, [boxes((0, 0, 60, 2, 0.8), (58, 0, 60, 60, 0.6))], SHAPE)
    assert found is not None
    assert found.score in (pytest.approx(0.8), pytest.approx(0.6), pytest.approx(0.7))
    assert found.centre[1] <= 2 or found.centre[0] >= 58


def test_the_order_of_detectors_and_of_boxes_does_not_matter() -> None:
    each = [
        boxes((10.3, 10.1, 30.7, 30.2, 0.9), (11, 12, 33, 35, 0.71)),
        boxes((20.2, 20.9, 40.4, 40.8, 0.6)),
        boxes((19.5, 5.5, 44.1, 39.9, 0.83)),
    ]
    assert len({vote(0, list(order), SHAPE) for order in permutations(each)}) == 1


def test_boxes_below_the_cut_have_no_vote_and_none_left_is_no_region() -> None:
    weak = boxes((10, 10, 30, 30, 0.49))
    assert vote(0, [weak, weak, weak], SHAPE) is None
    assert vote(0, [], SHAPE) is None
    at_the_cut = vote(0, [weak, boxes((40, 40, 50, 50, 0.5))], SHAPE)
    assert at_the_cut is not None
    assert at_the_cut.centre == (45.0, 45.0)


def test_a_box_beyond_the_slice_votes_only_for_what_is_on_it() -> None:
    found = vote(0, [boxes((-10, -10, 9, 9, 0.9))], SHAPE)
    assert found is not None
    assert found.centre == (4.5, 4.5)
    assert found.size == pytest.approx((19.0, 19.0))


def test_votes_are_named_by_role() -> None:
    each = {"t2": boxes((10, 10, 30, 30, 0.9)), "dwi": boxes((20, 20, 40, 40, 0.7)), "t1-pre": boxes((0, 0, 5, 5, 0.9))}
    found = vote(0, list(each.values()), SHAPE)
    assert found is not None
    assert votes_of(each, found) == ("t2", "dwi")


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (25, 12), (26, 13), (100, 48)])
def test_48_of_100_regions_go_on_rounded_up(count: int, kept: int) -> None:
    assert len(most_confident([region(k, 0.5 + k / 1000) for k in range(count)])) == kept


def test_the_best_regions_go_on_in_order_of_slices_and_of_equals_the_lower_slice() -> None:
    regions = [region(4, 0.6), region(1, 0.9), region(3, 0.6), region(2, 0.5), region(0, 0.55)]
    assert [r.k for r in most_confident(regions, 0.4)] == [1, 3]
    assert most_confident([], 0.48) == []
