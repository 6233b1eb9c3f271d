"""Errors as people read them, and work that can be stopped."""

from __future__ import annotations

import pytest

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress, PartProgress, Stage

pytestmark = pytest.mark.light


def test_an_error_is_one_sentence_with_what_why_and_remedy() -> None:
    assert (
        str(InputError("A cannot be read", "it is empty.", "Name another"))
        == "A cannot be read: it is empty. Name another."
    )


def test_a_step_reports_and_then_stops_when_asked() -> None:
    seen: list[Stage] = []
    progress = CallbackProgress(seen.append, lambda: len(seen) >= 2)
    progress.step("slices", 1, 4)
    with pytest.raises(Cancelled):
        progress.step("slices", 2, 4)
    assert [s.fraction for s in seen] == [0.25, 0.5]


def test_an_unknown_total_has_no_fraction() -> None:
    assert Stage("headers", 5, None).fraction is None


def test_a_part_is_told_as_a_share_of_the_whole_and_stops_with_it() -> None:
    told: list[Stage] = []
    whole = CallbackProgress(told.append, lambda: len(told) >= 2)
    part = PartProgress(whole, "Whole", 2, 4)
    part.report("Part", 5, 10)
    assert (told[0].name, told[0].done, told[0].total) == ("Whole", 2.5, 4)
    with pytest.raises(Cancelled):
        part.step("Part", 10, 10)
    assert told[-1].fraction == 0.75
