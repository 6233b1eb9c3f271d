"""From a trained network to a bundle: weights, measured placing, thresholds, card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.progress import SILENT, Progress
from overread.engines.engine import Engine
from overread.systems import Bundle
from overread.systems.hbp_detection.measure import CaseResult, compare, truth_of
from overread.systems.hbp_detection.system import interpret, placed_maps, read_slice_image
from overread.training import operating
from overread.training.bundle_files import bundle_table, write_files
from overread.training.card import card_text
from overread.training.data import Data
from overread.training.drawn import DrawnPatient
from overread.training.hardware import Hardware
from overread.training.own_cases import GATE
from overread.training.recipe import Recipe

if TYPE_CHECKING:
    from overread.training.state import History

VERSION = "0.2.0"
OFFSET_CELLS = 64
SCALE_PERCENTILE = 95
MOST_CANDIDATES = 50


@dataclass(frozen=True, slots=True, eq=False)
class RawReading:
    """A validation patient's scores and maps, before anything is chosen."""

    patient: DrawnPatient
    scores: NDArray[np.float64]
    maps: NDArray[np.float32]


def read_validation(engine: Engine, patients: Sequence[DrawnPatient], progress: Progress = SILENT) -> list[RawReading]:
    """Scores and maps of every slice of every patient."""
    readings = []
    total = sum(len(p.indices) for p in patients)
    done = 0
    for patient in patients:
        scores, maps = [], []
        for image in patient.images:
            progress.step("Reading the validation set", done, total)
            score, activation = read_slice_image(engine, image.astype(np.float32) / 255)
            scores.append(score)
            maps.append(activation)
            done += 1
        readings.append(RawReading(patient, np.array(scores), np.stack(maps)))
    return readings


def describe(
    recipe: Recipe,
    raw: Sequence[RawReading],
    field: NDArray[np.float64],
    spread: NDArray[np.float64],
    parameters: int,
    created: str,
    data: Data,
) -> tuple[dict[str, Any], Sequence[CaseResult]]:
    """The manifest but for the weights' digest, and the validation cases as read with it.

    Parameters
    ----------
    field, spread
        Mean and standard deviation of the receptive-field centre (rows, columns), pixels from the nominal one.
    """
    manifest = _fixed_tables(recipe, parameters, created, data)
    manifest["placing"] = _placing(raw, field, spread, manifest)

    def read_at(floor: float) -> list[CaseResult]:
        trial = manifest | {"findings": {"floor": floor, "most": MOST_CANDIDATES}}
        return [_compare(r, trial) for r in raw]

    floor, missed, results = operating.choose_floor(read_at)
    manifest["findings"] = {"floor": floor, "most": MOST_CANDIDATES, "missed_at_floor": round(missed, 4)}
    slices = sum(int((r.truth.slice_labels >= 0).sum()) for r in results)
    manifest["operating"] = operating.operating_points(
        results, f"validation: {slices:,} slices of {len(results)} {data.noun}"
    )
    table = operating.calibration(results, data.noun)
    if table is not None:
        manifest["calibration"] = table
    spots = np.array([d for r in results for d in r.hot_spot_mm])
    manifest["evaluation"] = {
        "validation": {
            "patients": len(results),
            "slices": slices,
            "lesions": sum(len(r.truth.lesions) for r in results),
            "slice_auc": operating.slice_auc(results),
            "hot_spot_mm": {
                "median": round(float(np.median(spots)), 2),
                "p90": round(float(np.percentile(spots, 90)), 2),
                "within_15": round(float(np.mean(spots <= 15)), 4),
                "slices": int(spots.size),
            },
        }
    }
    return manifest, results


def _placing(
    raw: Sequence[RawReading], field: NDArray[np.float64], spread: NDArray[np.float64], manifest: dict[str, Any]
) -> dict[str, Any]:
    """The ``[placing]`` table: the measured receptive-field centre is used unless places without it lie nearer.

    Nearer by the median distance of the hot spot from the lesion on positive validation slices: the squared gradient
    follows edges and noise as well as the lesion, so its centre is a measurement to be checked, not a law.
    """
    positive = np.concatenate([_positive_activation(r) for r in raw] or [np.ones(1, dtype=np.float32)])
    table: dict[str, Any] = {
        "grid": [20, 20],
        "activation_scale": round(float(np.percentile(positive, SCALE_PERCENTILE)), 3),
        "receptive_field_px": [round(float(v), 3) for v in field],
        "receptive_field_sd_px": [round(float(v), 3) for v in spread],
        "receptive_field_cells": OFFSET_CELLS,
    }
    choices = {"receptive_field": table["receptive_field_px"], "none": [0.0, 0.0]}
    medians = {}
    for name, offset in choices.items():
        trial = manifest | {
            "placing": table | {"offset_px": offset},
            "findings": {"floor": 0.5, "most": MOST_CANDIDATES},
        }
        spots = [d for r in raw for d in _compare(r, trial).hot_spot_mm]
        medians[name] = round(float(np.median(spots)), 2)
    nearest = min(choices, key=lambda name: medians[name])
    return table | {"offset_px": choices[nearest], "hot_spot_median_mm": medians}


def training_table(
    recipe: Recipe, data: Data, history: History, hardware: Hardware, started_from: Bundle | None
) -> dict[str, Any]:
    """The ``[training]`` table: what was done with what, as far as it is not in the recipe."""
    table: dict[str, Any] = {
        "recipe_digest": recipe.digest(),
        "steps": len(history.losses),
        "crops": history.crops_seen,
        "whole_slices": history.wholes_seen,
        "cpu_s": round(history.cpu_s),
        "wall_s": round(history.wall_s),
        "device": hardware.device,
        "checks": [[step, round(auc, 4)] for step, auc in history.checks],
        "accuracies": [round(accuracy, 4) for accuracy in history.accuracies],
        "shuffled_labels": recipe.loop.shuffled_labels,
        "patients": len({m.patient for m in data.members} - _validating(data)),
        "cases": len(data.training),
        "cases_left_out": data.left_out,
    }
    if data.is_drawn:
        sites = [recipe.data.sites[n % len(recipe.data.sites)] for n in range(recipe.data.patients)]
        table["sites"] = {site: sites.count(site) for site in dict.fromkeys(sites)}
    if started_from is not None:
        table["started_from"] = started_from.digest
        table["started_from_bundle"] = f"{started_from.system} {started_from.variant} {started_from.version}"
        table["started_from_trained_on"] = started_from.trained_on
    return table


def write_bundle(folder: Path, network: Any, manifest: dict[str, Any], recipe: Recipe) -> None:
    """Write weights, manifest and card; a bundle that is not whole never has a manifest."""
    write_files(folder, network.state_dict(), manifest, card_text(manifest, recipe))


def _validating(data: Data) -> set[str]:
    """Patients of the validation side."""
    names = {p.name for p in data.validation}
    return {m.patient for m in data.members if m.case in names}


def _fixed_tables(recipe: Recipe, parameters: int, created: str, data: Data) -> dict[str, Any]:
    return {
        "bundle": bundle_table(recipe.system, recipe.variant, VERSION, created, data.trained_on),
        "input": {
            "roles": ["t1-hbp"],
            "channels": 3,
            "size": [320, 320],
            "enlarge": "bicubic",
            "shrink": "area",
            "percentiles": [1.0, 99.5],
        },
        "gate": GATE,
        "network": {
            "name": "kim-11",
            "layout": recipe.network.layout,
            "pooling": recipe.network.pooling,
            "width_divisor": recipe.network.width_divisor,
            "classes": ["none", "hcc"],
            "parameters": parameters,
        },
    }


def _positive_activation(reading: RawReading) -> NDArray[np.float32]:
    """The map's maximum on each positive slice."""
    labels = truth_of(reading.patient.labels, reading.patient.affine).slice_labels
    return np.asarray(
        reading.maps[labels == 1].reshape(-1, reading.maps[0].size).max(axis=1) if np.any(labels == 1) else np.zeros(0),
        dtype=np.float32,
    )


def _compare(reading: RawReading, manifest: dict[str, Any]) -> CaseResult:
    patient = reading.patient
    heatmap = placed_maps(reading.maps, patient.affine, patient.name, manifest["placing"])
    found = interpret(reading.scores, heatmap, patient.name, manifest)
    return compare(patient.name, reading.scores, heatmap, found["marks"], truth_of(patient.labels, patient.affine))
