"""How long the reading took, as the paper counts it: seconds an image and per 100 images, the system once loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from overread.evaluation.measured import Measured


class HasEngine(Protocol):
    """A case that says what computed it."""

    @property
    def engine(self) -> Mapping[str, str]: ...
    @property
    def jobs(self) -> int: ...


PROTOCOL = (
    "wall time from stored files to candidates (decoding, preparing, network, grouping) divided by the slices of the "
    "study; loading the system is apart; one value a case"
)


def timing(cases: Sequence[Measured]) -> dict[str, Any]:
    """Median and range over the cases, with what ran it; ``jobs`` processes took each other's cores."""
    images = np.array([c.slice_labels.size for c in cases], dtype=np.float64)
    total = np.array([c.times.get("total", np.nan) - c.times.get("load", 0.0) for c in cases])
    each = total / images
    parts = {
        part: spread(np.array([c.times.get(part, np.nan) for c in cases]) / (1 if part == "load" else images), 5)
        for part in ("load", "decode", "slices")
    }
    return {
        "protocol": PROTOCOL,
        "seconds_per_image": spread(each, 5),
        "seconds_per_100_images": spread(100 * each, 3),
        "seconds_of_parts": parts,
        "cases": len(cases),
        "images": int(images.sum()),
        **machine(cases),
    }


def machine(cases: Sequence[HasEngine]) -> dict[str, Any]:
    """What ran it, and how many cases were read at once."""
    return {
        "jobs": max(c.jobs for c in cases),
        "cores": os.cpu_count() or 1,
        **{name: ", ".join(sorted({c.engine[name] for c in cases})) for name in ("engine", "precision", "device")},
    }


def spread(values: np.ndarray, digits: int) -> dict[str, float | None]:
    """Median, least and most of those that are numbers."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return {"median": None, "min": None, "max": None}
    return {
        "median": round(float(np.median(known)), digits),
        "min": round(float(known.min()), digits),
        "max": round(float(known.max()), digits),
    }
