"""The best that anybody can do at predicting microvascular invasion in the digital liver (PHANTOM 6.3).

The AUC of the exact log-odds, by Monte Carlo, for every set of things that a reader may know.
"""

from __future__ import annotations

import numpy as np

from overread.phantom.lesions.mix import Range
from overread.phantom.mvi import SCENARIO, Factors, Numbers, draw_sample, log_ratios

MISREAD = 0.15
"""Share of signs read wrongly in the last column of PHANTOM 6.3."""

CLINICAL = ("afp", "age", "sex", "child_pugh", "viral")
SETS: dict[str, tuple[str, ...]] = {
    "diameter": ("diameter",),
    "afp": ("afp",),
    "age": ("age",),
    "viral + function": ("child_pugh", "viral"),
    "clinical without diameter": CLINICAL,
    "clinical": ("diameter", *CLINICAL),
    "signs": ("signs",),
    "image": ("signs", "diameter"),
    "signs + clinical without diameter": ("signs", *CLINICAL),
    "everything": ("signs", "diameter", *CLINICAL),
}
"""Columns of PHANTOM 6.3: what a reader may know."""


def ceilings(
    factors: Factors,
    scenario: str = SCENARIO,
    *,
    is_visible: bool = False,
    misread: float = 0.0,
    count: int = 200_000,
    seed: int = 0,
    within_mm: Range | None = None,
) -> dict[str, float]:
    """Best possible AUC for every set of `SETS`, by Monte Carlo.

    Parameters
    ----------
    factors, scenario
        The generator.
    is_visible
        Whether only signs count that the image shows.
    misread
        Share of signs that the reader takes for their opposite, and knows it.
    count
        Draws of each class; 200,000 give a standard error below .001.
    within_mm
        Tumours of these sizes only.
    """
    rng = np.random.default_rng(seed)
    scores: list[dict[str, Numbers]] = []
    for is_positive in (True, False):
        sample = draw_sample(
            rng, factors, is_positive, count, scenario=scenario, is_visible=is_visible, misread=misread
        )
        if within_mm is not None:
            size = np.exp(sample["diameter"])
            chosen = (size >= within_mm[0]) & (size < within_mm[1])
            sample = {name: values[chosen] for name, values in sample.items()}
        terms = log_ratios(sample, factors, scenario, is_visible=is_visible, misread=misread)
        scores.append({name: np.sum([terms[part] for part in parts], axis=0) for name, parts in SETS.items()})
    return {name: _auc(scores[0][name], scores[1][name]) for name in SETS}


def _auc(positive: Numbers, negative: Numbers) -> float:
    """Probability that a positive scores above a negative, ties half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left") + np.searchsorted(ordered, positive, side="right")
    return float(below.mean() / 2 / len(negative))
