"""How far two engines are apart on the same images, and whether a lower precision is near enough to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import DeviceError
from overread.engines.engine import Engine, Outputs

LARGEST_FLOAT32_DIFFERENCE = 1e-3
"""Two float32 engines agree within this in logit, score and map."""
LARGEST_SCORE_DIFFERENCE = 0.01
"""A lower precision is refused from this difference in score on."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The largest absolute differences over all images."""

    logit: float
    score: float
    map: float
    images: int


def largest_differences(
    one: Engine, other: Engine, images: Iterable[NDArray[np.float32]], score_of: Callable[[Outputs], float]
) -> Differences:
    """Compare two engines whose outputs are (logits, class maps).

    Parameters
    ----------
    images
        Each (channels, rows, columns).
    score_of
        The score, 0 to 1, that the system makes of an engine's outputs.
    """
    logit = score = activation = 0.0
    count = 0
    for image in images:
        a, b = one.run(image), other.run(image)
        logit = max(logit, float(np.abs((a[0][-1] - a[0][0]) - (b[0][-1] - b[0][0]))))
        score = max(score, abs(score_of(a) - score_of(b)))
        activation = max(activation, float(np.abs(a[1] - b[1]).max()))
        count += 1
    return Differences(logit, score, activation, count)


def check_precision(
    exact: Engine, lower: Engine, images: Iterable[NDArray[np.float32]], score_of: Callable[[Outputs], float]
) -> Differences:
    """Let a lower precision pass only where it scores as float32 does.

    Raises
    ------
    DeviceError
        A score is off by ``LARGEST_SCORE_DIFFERENCE`` or more.
    """
    found = largest_differences(exact, lower, images, score_of)
    if found.score >= LARGEST_SCORE_DIFFERENCE:
        raise DeviceError(
            f"The precision {lower.precision!r} cannot be used with this bundle",
            f"on {found.images} check images a score is off by {found.score:.3f}, "
            f"and less than {LARGEST_SCORE_DIFFERENCE} is allowed",
            "Choose --precision float32",
        )
    return found
