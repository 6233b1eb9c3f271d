"""The manifest of a bundle of mvi-prediction: how it reads, its thresholds, what was measured on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.stats.delong import area_interval, delong
from overread.stats.operating_points import point_at_threshold, youden_point
from overread.stats.proportions import proportion
from overread.systems.mvi_prediction.factors import FactScale
from overread.systems.mvi_prediction.prepare import Preparation
from overread.systems.mvi_prediction.signs import INNER_SHARE, RING_FROM_MM
from overread.systems.mvi_prediction.system import STRIDE_PX
from overread.training.bundle_files import bundle_table
from overread.training.mvi.drawn import ROLE
from overread.training.mvi.recipe import SYSTEM, MviRecipe

VERSION = "0.1.0"
SENSITIVE, PRECISE = 0.95, 0.95
"""Sensitivity of ``high-sensitivity`` and specificity of ``high-precision`` on validation patients [A]."""
SCALE_PERCENTILE = 95
GATE: dict[str, Any] = {
    "modality": ["CT"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 3, "warn_below": 10},
    "spacing_mm": {"warn_above": 7.5, "refuse_above": 15.0},
    "pixel_mm": {"warn_above": 1.2, "refuse_above": 3.0},
}


@dataclass(frozen=True, slots=True, eq=False)
class Validated:
    """What a bundle says of validation patients: their ratings, truth and the number of slices behind them."""

    ratings: NDArray[np.float64]
    labels: NDArray[np.bool_]
    slices: int


def fixed_tables(recipe: MviRecipe, preparation: Preparation, scale: FactScale | None) -> dict[str, Any]:
    """Everything of a manifest that nothing has to be measured for."""
    tables: dict[str, Any] = {
        "bundle": bundle_table(SYSTEM, recipe.variant, VERSION, datetime.now(UTC).date().isoformat()),
        "input": {
            "roles": [ROLE],
            "channels": preparation.channels,
            "size": [preparation.size, preparation.size],
            "level_hu": preparation.level_hu,
            "width_hu": preparation.width_hu,
            "enlarge": "bicubic",
            "shrink": "area",
        },
        "region": {
            "margin": preparation.margin,
            "box": "the square round the circle",
            "signs_inner_share": INNER_SHARE,
            "signs_ring_from_mm": RING_FROM_MM,
        },
        "gate": GATE,
    }
    if scale is not None:
        tables["facts"] = scale.to_table()
    return tables


def offset_px(size: int) -> float:
    """How far the middle of the network's cells lies from the middle of an image, in pixels.

    Every layer with a stride of 2 takes the even pixels of the one before, so that cell n looks round pixel 32 n.
    """
    cells = -(-size // STRIDE_PX)
    return STRIDE_PX * (cells - 1) / 2 - (size - 1) / 2


def placing(size: int, peaks: NDArray[np.float64]) -> dict[str, Any]:
    """The ``[placing]`` table; ``peaks``: the map's maximum on each slice of validation patients with MVI."""
    cells = -(-size // STRIDE_PX)
    scale = float(np.percentile(peaks, SCALE_PERCENTILE)) if peaks.size else 0.0
    offset = offset_px(size)
    return {
        "grid": [cells, cells],
        "offset_px": [offset, offset],
        "activation_scale": round(scale, 4) if scale >= 1e-4 else 1.0,
    }


def operating(found: Validated) -> dict[str, Any]:
    """Three thresholds of a patient's rating and what each meant on the patients it was chosen on.

    ``default`` is Youden's; ``high-sensitivity`` the highest that misses at most one in twenty, ``high-precision`` the
    lowest at which at most one in twenty without MVI is called.
    """
    ratings, labels = found.ratings, found.labels
    sick, well = np.sort(ratings[labels]), np.sort(ratings[~labels])
    usual = youden_point(ratings, labels).threshold
    sensitive = float(sick[int(np.floor((1 - SENSITIVE) * sick.size + 1e-9))])
    above = ratings[ratings > well[int(np.ceil(PRECISE * well.size - 1e-9)) - 1]]
    precise = float(above.min()) if above.size else float(ratings.max())
    chosen = {"high-sensitivity": min(sensitive, usual), "default": usual, "high-precision": max(precise, usual)}
    return {name: _point(threshold, found) for name, threshold in chosen.items()}


def evaluation(found: Validated, threshold: float) -> dict[str, Any]:
    """The ``[evaluation.validation]`` table."""
    areas = delong(found.ratings[found.labels], found.ratings[~found.labels])
    value, variance = float(areas.values[0]), float(areas.covariance[0, 0])
    calls = found.ratings >= threshold
    return {
        "patients": int(found.labels.size),
        "positive": int(found.labels.sum()),
        "slices": found.slices,
        "auc": [round(v, 4) for v in (value, *area_interval(value, variance))],
        "accuracy": round(float(np.mean(calls == found.labels)), 4),
    }


def _point(threshold: float, found: Validated) -> dict[str, Any]:
    point = point_at_threshold(found.ratings, found.labels, threshold)
    sick, well = int(found.labels.sum()), int((~found.labels).sum())
    shares = {
        "sensitivity": proportion(round(point.sensitivity * sick), sick),
        "specificity": proportion(round(point.specificity * well), well),
    }
    return {
        "threshold": threshold,
        "chosen_on": f"validation: {found.labels.size} phantoms, {sick} with MVI",
        "patient": {name: [round(v, 4) for v in (e.value, e.low, e.high)] for name, e in shares.items()},
    }


def site_counts(sites: Sequence[str]) -> dict[str, int]:
    """How many patients each site gave."""
    return {site: list(sites).count(site) for site in dict.fromkeys(sites)}
