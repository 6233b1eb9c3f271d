"""What a second read is made of: the reader's own marks, verdicts on candidates, changes after the reveal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from overread.core.errors import StudyError

Point = tuple[float, float, float]
RATING_WORDS = {
    1: "definitely no HCC",
    2: "probably no HCC",
    3: "undecided",
    4: "probably HCC",
    5: "definitely HCC",
}
"""Suspicion of one mark [A: second_read.rating]: the rating, not the confidence of a case call."""
CALLS = ("accept", "dismiss", "unsure")
CALL_WORDS = {"accept": "accepted", "dismiss": "dismissed", "unsure": "left unsure"}
MOST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class OwnMark:
    """A place that the reader marked.

    ``centre_mm`` and ``ends_mm`` are LPS; ``slice`` is the index in ``volume``. ``length_mm`` follows from the two
    ends. ``added`` is ``alone`` (before any system was shown) or ``after``.
    """

    number: int
    centre_mm: Point
    volume: str
    slice: int
    rating: int | None
    ends_mm: tuple[Point, Point] | None
    length_mm: float | None
    note: str | None
    added: str
    withdrawn: bool = False
    key_image: bool = False


@dataclass(frozen=True, slots=True)
class CandidateVerdict:
    """What the reader says of one candidate: ``call`` is accept, dismiss, unsure, or None while not decided."""

    system: str
    bundle_digest: str
    mark_id: str
    call: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what was read alone and the reading now, in words.

    ``kind``: added, withdrawn, changed (own marks); accepted, dismissed, unsure (candidates).
    """

    kind: str
    words: str
    slice: int | None
    centre_mm: Point | None


def length_of(ends_mm: tuple[Point, Point] | None) -> float | None:
    """Distance between two ends, mm."""
    return None if ends_mm is None else math.dist(*ends_mm)


def checked_point(point: object, what: str = "The mark") -> Point:
    """Three finite numbers as floats.

    Raises
    ------
    StudyError
        They are not.
    """
    try:
        x, y, z = (float(v) for v in point)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        x = y = z = math.nan
    if not all(map(math.isfinite, (x, y, z))):
        raise StudyError(f"{what} was not kept", "its place is not three numbers", "Mark it again on the image")
    return x, y, z


def checked_ends(ends: Sequence[object] | None) -> tuple[Point, Point] | None:
    """Two points as floats, or None."""
    if ends is None:
        return None
    first, second = ends
    return checked_point(first, "The length"), checked_point(second, "The length")


def checked_rating(rating: int | None) -> int | None:
    """A rating of the scale, or None.

    Raises
    ------
    StudyError
        It is not on the scale.
    """
    if rating is not None and (isinstance(rating, bool) or rating not in RATING_WORDS):
        raise StudyError("The rating was not kept", "it is not on the scale from 1 to 5", "Rate from 1 to 5")
    return None if rating is None else int(rating)


def checked_note(note: str | None) -> str | None:
    """A note without blanks at its ends; None when nothing is left."""
    text = (note or "").encode("utf-8", "replace").decode("utf-8").strip()[:MOST_NOTE]
    return text or None
