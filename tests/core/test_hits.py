"""Which mark hits which lesion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.errors import InputError
from overread.core.hits import AcceptanceRule, Target, judge_place, match_marks

pytestmark = pytest.mark.light

LEFT = Target("left", np.array([[0.0, 0, 0], [4, 0, 0]]))
RIGHT = Target("right", np.array([[20.0, 0, 0]]))


def test_distance_is_to_the_nearest_voxel_in_space() -> None:
    assert LEFT.distance_mm((4, 3, 4)) == pytest.approx(5.0)


def test_the_higher_mark_takes_the_lesion_and_the_lower_is_a_repeat() -> None:
    low, high = match_marks([(1, 0, 0), (6, 0, 0)], [0.3, 0.9], [LEFT, RIGHT])
    assert (high.kind, high.target) == ("hit", "left")
    assert (low.kind, low.target) == ("repeat", "left")


def test_a_mark_takes_the_nearest_free_lesion() -> None:
    first, second = match_marks([(4, 0, 0), (11, 0, 0)], [0.9, 0.5], [LEFT, RIGHT])
    assert (first.target, second.target, second.kind) == ("left", "right", "hit")


def test_beyond_the_margin_a_mark_is_false() -> None:
    on, beyond = match_marks([(30.0, 0, 0), (30.01, 0, 0)], [0.9, 0.8], [RIGHT])
    assert (on.kind, beyond.kind) == ("hit", "false")


def test_without_lesions_all_marks_are_false() -> None:
    assert [h.kind for h in match_marks([(0, 0, 0)], [0.5], [])] == ["false"]


BARE = Target("bare", np.zeros((0, 3)), (0.0, 0.0, 0.0))


def test_a_rule_goes_into_a_study_and_comes_back() -> None:
    for rule in (AcceptanceRule(), AcceptanceRule("mask", 5.0), AcceptanceRule("radius", 12.0)):
        assert AcceptanceRule.from_json(rule.to_json()) == rule
    assert AcceptanceRule().to_json() == {"rule": "mask", "margin_mm": 10.0}
    assert AcceptanceRule("radius", 12.0).to_json() == {"rule": "radius", "radius_mm": 12.0}
    assert AcceptanceRule.from_json({}) == AcceptanceRule("mask", 10.0)


@pytest.mark.parametrize(
    "table",
    [
        {"rule": "box"},
        {"rule": "radius"},
        {"rule": "radius", "radius_mm": -1.0},
        {"rule": "mask", "margin_mm": "10"},
        {"rule": "mask", "margin_mm": True},
        {"rule": "mask", "margin_mm": float("inf")},
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_what_to_write(table: dict[str, object]) -> None:
    with pytest.raises(InputError, match="radius_mm"):
        AcceptanceRule.from_json(table)


def test_a_radius_is_measured_from_the_centre_and_a_margin_from_the_mask() -> None:
    large = Target("large", np.array([[x, 0.0, 0.0] for x in range(-20, 21)]))
    place = (22.0, 0.0, 0.0)
    assert match_marks([place], [1], [large], AcceptanceRule("mask", 3))[0].kind == "hit"
    assert match_marks([place], [1], [large], AcceptanceRule("radius", 15))[0].kind == "false"
    assert match_marks([place], [1], [large], AcceptanceRule("radius", 22))[0].distance_mm == pytest.approx(22)


def test_a_lesion_without_a_mask_is_found_by_its_centre_and_by_no_margin() -> None:
    assert judge_place((3, 0, 4), [BARE], AcceptanceRule("radius", 5)).target == "bare"
    assert judge_place((0, 0, 0), [BARE]).kind == "false"
    with pytest.raises(ValueError, match="neither mask nor centre"):
        Target("nothing", np.zeros((0, 3))).centre_distance_mm((0, 0, 0))


def test_a_given_centre_goes_before_the_mean_of_the_mask() -> None:
    assert LEFT.centre_distance_mm((2, 0, 0)) == 0
    assert Target("moved", LEFT.voxels_mm, (0.0, 0.0, 7.0)).centre_distance_mm((0, 0, 0)) == 7


def test_one_place_hits_any_target() -> None:
    hit = judge_place((21, 0, 0), [LEFT, RIGHT])
    assert (hit.kind, hit.target, hit.distance_mm) == ("hit", "right", 1.0)


def test_narrower_and_wider_margins_are_printed_beside() -> None:
    assert [rule.reach_mm for rule in AcceptanceRule().beside()] == [5, 10, 15]
    assert [rule.reach_mm for rule in AcceptanceRule("mask", 8).beside()] == [5, 8, 10, 15]
    assert AcceptanceRule("radius", 12).beside() == (AcceptanceRule("radius", 12),)


places = st.lists(st.tuples(*[st.integers(-15, 15)] * 3), max_size=8)


@settings(deadline=None, max_examples=60)
@given(places, places, st.integers(0, 20), st.sampled_from(["mask", "radius"]))
def test_each_lesion_is_hit_once_and_each_false_mark_is_out_of_reach(
    marks: list[tuple[int, int, int]], lesions: list[tuple[int, int, int]], reach: int, kind: str
) -> None:
    targets = [Target(str(n), np.array([place], dtype=np.float64)) for n, place in enumerate(lesions)]
    rule = AcceptanceRule("mask" if kind == "mask" else "radius", reach)
    scores = [float(n % 3) for n in range(len(marks))]
    hits = match_marks(marks, scores, targets, rule)
    taken = [hit.target for hit in hits if hit.kind == "hit"]
    assert len(taken) == len(set(taken))
    for place, hit in zip(marks, hits, strict=True):
        nearest = min((rule.distance_mm(target, place) for target in targets), default=np.inf)
        assert (hit.kind == "false") == (nearest > reach)
        if hit.kind == "repeat":
            assert hit.target in taken
    # in one go through the marks by falling score, whatever order they are given in
    order = sorted(range(len(marks)), key=lambda n: -scores[n])
    again = match_marks([marks[n] for n in order], [scores[n] for n in order], targets, rule)
    assert again == [hits[n] for n in order]


def test_marks_and_lesions_moved_together_are_scored_alike() -> None:
    marks, shift = [(4, 0, 0), (11, 0, 0), (60, 0, 0)], np.array([100.0, -50.0, 7.5])
    moved = [Target(t.id, t.voxels_mm + shift) for t in (LEFT, RIGHT)]
    there = match_marks(marks, [0.5, 0.9, 0.1], [LEFT, RIGHT])
    assert match_marks([tuple(np.array(m) + shift) for m in marks], [0.5, 0.9, 0.1], moved) == there
