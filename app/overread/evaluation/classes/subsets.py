"""By what the figures of a system of classes are told apart: size and type of the largest lesion, site, split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.case import ClassCase
from overread.evaluation.subsets import in_range

Sizes = Mapping[str, tuple[float, float]]
TWO_CM: Sizes = {"largest lesion up to 2 cm": (0.0, 20.0), "largest lesion over 2 cm": (20.0, np.inf)}
"""Each takes its upper limit in, not its lower one (SEEDS 2.6)."""
ONE_CM: Sizes = {"largest lesion up to 1 cm": (0.0, 10.0), **TWO_CM}
"""As SEEDS 3.5 asks for."""
STRATA: Sizes = {
    "tumour up to 20 mm": (0.0, 20.0),
    "tumour 20 to 50 mm": (20.0, 50.0),
    "tumour over 50 mm": (50.0, np.inf),
}
"""Those of PHANTOM 6.3, in which the diameter tells little."""


def subsets_of(cases: Sequence[ClassCase], sizes: Sizes) -> dict[str, NDArray[np.bool_]]:
    """Which cases belong to a size, to a site and to a split; the last two only where there are several."""
    diameters = np.array([case.diameter_mm for case in cases])
    found = {name: in_range(diameters, *limits) for name, limits in sizes.items()}
    for word, values in (("site", [c.site for c in cases]), ("split", [c.split for c in cases])):
        there = sorted(set(filter(None, values)))
        if len(there) > 1:
            found |= {f"{word} {value}": np.array([v == value for v in values]) for value in there}
    return {name: chosen for name, chosen in found.items() if chosen.any()}


def types_of(cases: Sequence[ClassCase]) -> dict[str, NDArray[np.bool_]]:
    """Which cases have a largest lesion of which type; empty where the truth does not say."""
    types = [None if c.largest is None else c.largest.type for c in cases]
    there = sorted({t for t in types if t is not None})
    return {f"type {name}": np.array([t == name for t in types]) for name in there}
