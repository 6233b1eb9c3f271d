"""The bundle of multiphase-characterisation: its manifest and its card, every figure from recipe or training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from overread.systems.multiphase_characterisation.prepare import GAMMA
from overread.systems.multiphase_characterisation.voting import CUT as PUBLISHED_CUT
from overread.systems.registry import SYSTEMS
from overread.training.bundle_files import bundle_table
from overread.training.card import items, laid_out
from overread.training.multiphase.drawing import ROLES
from overread.training.multiphase.recipe import Recipe
from overread.training.multiphase.regions import CLASSES
from overread.training.multiphase.validation import StudyResult, confidence_pairs, figures
from overread.training.recipe import recipe_names

VERSION = "0.1.0"
SYSTEM = "multiphase-characterisation"
OFFSET_PX = (-1.5, -1.5)
"""Two strides that begin at the first pixel: half a pixel at full size and half of one at half size."""
GATE: dict[str, Any] = {
    "modality": ["MR"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 8, "warn_below": 15},
    "spacing_mm": {"warn_above": 12.0, "refuse_above": 20.0},
    "roles": {"dwi": {"b_value": {"refuse_below": 400.0, "warn_below": 500.0, "warn_above": 1200.0}}},
}
"""What a bundle of this training lets in."""
_PEAK_PERCENTILE = 95
_PAPER = (
    "The paper's own figures, on 400 patients in five folds: accuracy 0.68, mean F1 0.62, 8 of 400 not localised; at "
    "the 70 % most confident 0.79 and 0.71. They are not comparable with the figures above."
)


def manifest_of(
    recipe: Recipe,
    counts: Mapping[str, int],
    results: Sequence[StudyResult],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """The manifest without the weights' name and digest.

    Parameters
    ----------
    counts
        Parameters of the classifier (``classifier``) and of each role's detector.
    results
        Of the validation.
    training
        The ``[training]`` table.
    """
    reading, peaks = recipe.reading, [peak for result in results for peak in result.peaks]
    return {
        "bundle": bundle_table(SYSTEM, recipe.variant, VERSION, datetime.now(UTC).date().isoformat()),
        "input": {
            "roles": list(ROLES),
            "channels": len(ROLES),
            "size": [reading.region_size, reading.region_size],
            "percentiles": [1.0, 99.5],
            "power": GAMMA,
            "normalised_over": "body",
        },
        "gate": GATE,
        "network": {
            "name": "densenet-121",
            "width": recipe.width,
            "in_channels": len(ROLES),
            "classes": list(CLASSES),
            "parameters": counts["classifier"],
        },
        "detectors": {
            "name": "centernet-dla34",
            "width": recipe.detectors.width,
            "size": recipe.detectors.size,
            "in_channels": {role: 1 if role == "t2" else 2 for role in ROLES},
            "parameters": {role: counts[role] for role in ROLES},
        },
        "voting": {"cut": reading.cut, "share": reading.share},
        "region": {"enlarge": reading.enlarge},
        "dropout": {"rate": 0.2, "samples": reading.samples, "seed": reading.dropout_seed},
        "confidence": {
            "aggregate": reading.aggregate,
            "chosen_on": f"{len(results)} validation phantoms",
            "validation": confidence_pairs(results),
        },
        "placing": {
            "activation_scale": max(float(np.percentile(peaks, _PEAK_PERCENTILE)) if peaks else 0.0, 1e-6),
            "offset_px": list(OFFSET_PX),
        },
        "findings": {"floor": reading.cut, "most": 256},
        "evaluation": {"validation": figures(results)} if results else {},
        "training": dict(training),
    }


def card_of(manifest: Mapping[str, Any], recipe: Recipe) -> str:
    """The card, in plain words."""
    return laid_out(
        manifest,
        what=_what_it_is(manifest),
        departures=_departures(manifest, recipe),
        trained_on=_what_on(manifest, recipe),
        measured=[*_measured(manifest), _PAPER],
        more=_more(manifest),
        again=_commands(recipe),
        limits=_limits(),
    )


def _what_it_is(manifest: Mapping[str, Any]) -> str:
    full = dict(SYSTEMS[SYSTEM].networks)
    network, detectors = manifest["network"], manifest["detectors"]
    return (
        f"The system of Wang 2020. Five CenterNet detectors on DLA-34, at {detectors['width']:g} of the published "
        f"channels ({detectors['parameters']['dwi']:,} parameters with two planes; the published one "
        f"{full['centernet-dla34, one series and T2']:,}), look at T2's slices of {detectors['size']} x "
        f"{detectors['size']} pixels and vote for one region on each. DenseNet-121 at width {network['width']:g} "
        f"({network['parameters']:,} parameters of {full['densenet-121']:,}) tells the best 48 % of the regions apart "
        "as HCC, ICC or metastasis on all five series, and dropout before its last layer says how firmly."
    )


def _departures(manifest: Mapping[str, Any], recipe: Recipe) -> list[str]:
    detectors, reading = recipe.detectors, recipe.reading
    window = detectors.views.window_px
    found = [
        (
            f"Narrow networks: {detectors.width:g} of the channels in the detectors, {recipe.width:g} in the "
            "classifier, all from chance, none from public weights."
        ),
        (
            f"Detectors learnt on windows of {window} x {window} pixels, from {detectors.whole_from:.0%} of the steps "
            f"on mixed with whole slices. That of T2 took {detectors.steps:,} steps; the four others begin from it and "
            f"took {detectors.later_steps:,} each."
        ),
        (
            "Boxes come from the lesions' masks as T2 shows them, not from a reader's diameters; the other series lie "
            "as their own breath-hold left them, unregistered, as in a patient."
        ),
        (
            "Planes are normalised over the body, for no outline of the liver is known, and drawn apart in the dark "
            f"(power {manifest['input']['power']:g})."
        ),
        "One split into training and validation, not five folds.",
    ]
    if reading.cut != PUBLISHED_CUT:
        found.append(
            f"Boxes count from a score of {reading.cut:g} on, the paper's {PUBLISHED_CUT:g}: detectors that learnt so "
            "briefly score low."
        )
    return found


def _what_on(manifest: Mapping[str, Any], recipe: Recipe) -> list[str]:
    training, bundle = manifest["training"], manifest["bundle"]
    classes = ", ".join(f"{count} {name}" for name, count in training["patients_by_class"].items())
    return [
        (
            f"{training['patients']:,} phantoms of the digital liver, version {bundle['digital_liver']} (overread "
            f"{bundle['generator']}): {classes}; sites {', '.join(sorted(set(recipe.data.sites)))}. Of each "
            f"{recipe.data.crossing_slices} slices at most that a lesion crosses and {recipe.data.other_slices} others."
            f"{_fewer(training)}"
        ),
        (
            f"The detectors saw {training['windows']:,} windows and {training['whole_slices']:,} whole slices in "
            f"{training['detector_steps']:,} steps together, {training['detector_cpu_s']:,} CPU-seconds; the "
            f"classifier {training['regions']:,} regions in {training['steps']:,} steps, {training['cpu_s']:,} "
            "CPU-seconds, on processor cores that it shared."
        ),
        *([training["note"]] if "note" in training else []),
    ]


def _fewer(training: Mapping[str, Any]) -> str:
    few = training["detector_patients"]
    return "" if few == training["patients"] else f" The detectors learnt from {few:,} of them."


def _measured(manifest: Mapping[str, Any]) -> list[str]:
    found = manifest["evaluation"]["validation"]
    pairs = np.array(manifest["confidence"]["validation"], dtype=np.float64).reshape(-1, 2)
    kept = pairs[: max(1, round(0.7 * len(pairs)))]
    right = ", ".join(f"{name} {found['right'][name]} of {found['truth'][name]}" for name in CLASSES)
    lines = [
        (
            f"A region was voted for on a lesion (within 10 mm of it) on {found['lesion_slices_found']:.0%} of the "
            f"{found['lesion_slices']} slices that show one; {found['false_regions_per_study']:.2f} of the regions "
            f"kept in a study lie elsewhere; {found['not_localised']} of {found['patients']} studies have none."
        ),
        (
            f"Right calls: {found['accuracy']:.0%} of all studies ({right}); with the true regions given "
            f"{found['accuracy_on_true_regions']:.0%}."
        ),
    ]
    if len(pairs):
        lines.append(
            f"Of the 70 % most confident {kept[:, 1].mean():.0%} are right, of all with a region "
            f"{pairs[:, 1].mean():.0%}. Too few to tell whether the confidence helps; the evaluation on test sets says."
        )
    words = (
        f"{found['patients']} phantoms, their drawn slices only, not whole studies. The check that was kept was chosen "
        "on these same phantoms, so the figures flatter."
    )
    return [words, items(lines)]


def _more(manifest: Mapping[str, Any]) -> str:
    spent = manifest["training"]["cpu_s"] + manifest["training"]["detector_cpu_s"]
    return (
        f"This took {spent / 60:.0f} minutes of one core. Losses were still falling: ten times the steps on the same "
        "phantoms are the first thing to try (`--steps` for the classifier, the recipe's steps for the detectors). The "
        "published widths take about 16 times as long a step and slices of 512 pixels four times more: days on two "
        "cores, an hour or two on a graphics card (multiphase-published.toml; reckoned, not run)."
    )


def _commands(recipe: Recipe) -> list[str]:
    name = f"multiphase-{recipe.variant}"
    name = name if name in recipe_names() else "RECIPE.toml"
    return [f"overread train {name} --phantom multiphase --out BUNDLE"]


def _limits() -> list[str]:
    return [
        "Phantoms only: nothing here says how it does on a patient.",
        "It knows three classes. A benign lesion is called one of them; study it first.",
        "One region on a slice: of several lesions side by side one is looked at.",
        "False regions are to be expected on bowel, spleen, kidney, gallbladder and vessels.",
        "No region is no answer. It does not mean that nothing is there.",
        "A score is not a probability, and the confidence tells how firmly it is called, not how often that is right.",
    ]
