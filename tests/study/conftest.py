"""A clock that the test moves, and a system's reading with candidates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from overread.core.reading import Input, Mark, OperatingPoint, Reader, Reading, SliceScore
from overread.study.second_read import SecondRead

VOLUME = "0123456789ab"


class Clock:
    """Shows the same time until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def second_read(clock: Clock) -> SecondRead:
    return SecondRead(VOLUME, clock=clock)


@pytest.fixture
def make_reading() -> Callable[..., Reading]:
    """A system's reading: ``make_reading(scores=(0.9, 0.4), system="hbp-detection", bundle="ab" * 32, shift=0.0)``."""

    def make(
        scores: tuple[float, ...] = (0.9, 0.6, 0.3), system: str = "hbp-detection", bundle: str = "ab" * 32,
        shift: float = 0.0, volume: str = VOLUME,
    ) -> Reading:  # fmt: skip
        marks = tuple(
            Mark(f"C{n + 1}", (10.0 * n + shift, -20.0, 3.0 * n), s, 21.5, volume, 4 * n, (4 * n, 4 * n + 1), "hcc")
            for n, s in enumerate(scores)
        )
        return Reading(
            id="r-1",
            created="2026-11-21T08:59:00+00:00",
            reader=Reader("system", system, "small", bundle, "torch 2", "float32", "cpu"),
            case={"id": "c1", "study_uid": None, "condition": None},
            inputs=(Input(volume, "t1-hbp", "cd" * 32, (30, 320, 320)),),
            result="marks" if marks else "none",
            rating=max(scores, default=0.1),
            marks=marks,
            slices=(SliceScore(volume, 4, 0.6),),
            operating_point=OperatingPoint("default", 0.5),
        )

    return make
