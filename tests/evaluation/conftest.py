"""Measured cases made by hand: lesions and marks lie on a line, so that every count can be checked on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from overread.core.hits import Target, match_marks
from overread.evaluation.case_truth import TargetLesion
from overread.evaluation.measured import MARGINS_MM, SYSTEM, CountedMark, Fate, Measured, Placement

MakeCase = Callable[..., Measured]


def measured_case(
    name: str,
    scores: Sequence[float],
    labels: Sequence[int],
    lesions: Sequence[tuple[float, float]] = (),
    marks: Sequence[tuple[float, float]] = (),
    site: str = "internal",
    patient: str | None = None,
    structure: str = "other liver",
    others: dict[str, Sequence[float]] | None = None,
) -> Measured:
    """Lesions as (place in mm, diameter), marks as (place in mm, score); slice k shows a lesion of 8 + 8 k mm."""
    targets = [Target(f"L{n + 1}", np.array([[x, 0.0, 0.0]])) for n, (x, _) in enumerate(lesions)]
    fates = [
        match_marks([(x, 0.0, 0.0) for x, _ in marks], [s for _, s in marks], targets, margin) for margin in MARGINS_MM
    ]
    number = {target.id: n for n, target in enumerate(targets)}
    label = np.array(labels, dtype=np.int8)
    positive = np.flatnonzero(label == 1)
    return Measured(
        case=name,
        patient=patient or name,
        site=site,
        label="hcc" if lesions else "none",
        is_phantom=True,
        slice_labels=label,
        diameter_mm=np.where(label == 1, 8.0 + 8.0 * np.arange(label.size), 0.0),
        is_typical=label == 1,
        is_visible=label == 1,
        scores={
            SYSTEM: np.array(scores, dtype=float),
            **{other: np.array(values, dtype=float) for other, values in (others or {}).items()},
        },
        lesions=tuple(TargetLesion(t.id, d, True, True) for t, (_, d) in zip(targets, lesions, strict=True)),
        marks=tuple(
            CountedMark(
                score,
                structure,
                tuple(Fate(f[n].kind, None if f[n].target is None else number[str(f[n].target)]) for f in fates),
            )
            for n, (_, score) in enumerate(marks)
        ),
        placement=Placement(positive, np.full(positive.size, 3.0), np.full(positive.size, 0.25)),
        times={"load": 1.0, "decode": 0.2, "slices": 0.8, "total": 1.0 + 0.5 * label.size},
        engine={"engine": "torch", "precision": "float32", "device": "cpu"},
    )


@pytest.fixture
def make_measured() -> MakeCase:
    """See ``measured_case``."""
    return measured_case


@pytest.fixture
def three_cases() -> list[Measured]:
    """Two with lesions, one without; the second slice of ``a`` counts as neither."""
    return [
        measured_case(
            "a",
            [0.9, 0.99, 0.2, 0.4],
            [1, -1, 0, 0],
            [(0.0, 8.0), (50.0, 30.0)],
            [(2.0, 0.9), (80.0, 0.6), (4.0, 0.4)],
            site="one",
            structure="vessel",
        ),
        measured_case("b", [0.3, 0.6, 0.1], [0, 0, 0], [], [(10.0, 0.6)], site="two"),
        measured_case("c", [0.7, 0.3], [1, 0], [(0.0, 15.0)], [(30.0, 0.7), (12.0, 0.3)], site="two"),
    ]
