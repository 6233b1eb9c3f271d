"""The findings of a second read as rows: the one list that every export is made from."""

from __future__ import annotations

from dataclasses import dataclass

from overread.study.marks import CALL_WORDS, RATING_WORDS, Point
from overread.study.second_read import SecondRead

ORIGINS = {"alone": "own, read alone", "after": "own, after the systems"}
OWN, CANDIDATE = "own", "candidate"


@dataclass(frozen=True, slots=True)
class FindingRow:
    """An own mark (withdrawn ones included) or a candidate.

    ``slice`` is an index; ``at_point`` says whether a candidate reaches the operating point; ``when`` is the time of
    the last change (own marks) or of the verdict (candidates), ISO 8601.
    """

    kind: str
    number: str
    origin: str
    centre_mm: Point
    slice: int | None
    score: float | None = None
    rating: int | None = None
    ends_mm: tuple[Point, Point] | None = None
    length_mm: float | None = None
    extent_mm: float | None = None
    at_point: bool | None = None
    added: str | None = None
    is_withdrawn: bool = False
    verdict: str | None = None
    note: str | None = None
    when: str | None = None
    system: str | None = None
    bundle_digest: str | None = None

    @property
    def rating_words(self) -> str:
        """``4 (probably HCC)``, or nothing."""
        return "" if self.rating is None else f"{self.rating} ({RATING_WORDS[self.rating]})"

    @property
    def verdict_words(self) -> str:
        """``accepted``, ``dismissed``, ``left unsure``, ``withdrawn``, ``no verdict``, or nothing for own marks."""
        if self.kind == OWN:
            return "withdrawn" if self.is_withdrawn else ""
        return CALL_WORDS[self.verdict] if self.verdict else "no verdict"


def finding_rows(second_read: SecondRead, threshold: float | None = None) -> tuple[FindingRow, ...]:
    """Every own mark, then every candidate down to its system's floor, in the order of their numbers."""
    own = (
        FindingRow(
            kind=OWN,
            number=f"M{mark.number}",
            origin=ORIGINS[mark.added],
            centre_mm=mark.centre_mm,
            slice=mark.slice,
            rating=mark.rating,
            ends_mm=mark.ends_mm,
            length_mm=mark.length_mm,
            added=mark.added,
            is_withdrawn=mark.withdrawn,
            note=mark.note,
            when=second_read.marked_at(mark.number),
        )
        for mark in second_read.all_marks
    )
    return (*own, *_candidate_rows(second_read, threshold))


def rows_in_use(rows: tuple[FindingRow, ...]) -> tuple[FindingRow, ...]:
    """Own marks that stand, and candidates that reach the operating point or have a verdict."""
    return tuple(r for r in rows if not r.is_withdrawn and (r.kind == OWN or r.at_point or r.verdict))


def _candidate_rows(second_read: SecondRead, threshold: float | None) -> list[FindingRow]:
    rows = []
    for reader, mark in second_read.candidates():
        verdict = second_read.verdict_of(reader, mark.id)
        rows.append(
            FindingRow(
                kind=CANDIDATE,
                number=mark.id,
                origin=reader.id,
                centre_mm=mark.centre_mm,
                slice=mark.peak_slice,
                score=mark.score,
                extent_mm=mark.extent_mm,
                at_point=threshold is None or mark.score is None or mark.score >= threshold,
                verdict=verdict.call if verdict else None,
                note=verdict.note if verdict else None,
                when=second_read.called_at(reader, mark.id),
                system=reader.id,
                bundle_digest=reader.bundle_digest,
            )
        )
    return rows
