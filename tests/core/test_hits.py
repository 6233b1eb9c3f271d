"""Which mark hits which lesion."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.hits import Target, match_marks

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
