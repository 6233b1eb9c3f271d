"""A trained network as a bundle of noncontrast-triage: its manifest and its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overread.systems.noncontrast_triage.prepare import Cut
from overread.systems.noncontrast_triage.variants import CLASSES, STACKS, roles_of
from overread.training.bundle_files import bundle_table
from overread.training.card import laid_out
from overread.training.recipe import recipe_names
from overread.training.triage.drawn import STORED_PX
from overread.training.triage.recipe import Recipe

VERSION = "0.1.0"
NETWORK = "inception-resnet-v2"
SYSTEM = "noncontrast-triage"
PUBLISHED_STEP_RATIO = 70
"""Work of a step at full width and 299 pixels over one of the small recipes, reckoned in multiplications."""
GATE: dict[str, Any] = {
    "modality": ["MR"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 5, "warn_below": 12},
    "coverage_mm": {"refuse_below": 40, "warn_below": 120},
    "spacing_mm": {"warn_above": 12.0, "refuse_above": 20.0},
    "roles": {"dwi": {"b_value": {"refuse_below": 400, "warn_below": 700, "warn_above": 1100, "refuse_above": 1600}}},
}
"""What a bundle of this training lets in: the paper's DWI has b 800 or 1000."""


def manifest_of(recipe: Recipe, parameters: int, created: str) -> dict[str, Any]:
    """The tables that are known before anything is trained."""
    stack = STACKS[recipe.variant]
    cut = Cut(recipe.loop.input_size)
    gate = dict(GATE)
    if "dwi" not in stack:
        del gate["roles"]
    return {
        "bundle": bundle_table(SYSTEM, recipe.variant, VERSION, created),
        "input": {
            "roles": list(roles_of(recipe.variant)),
            "stack": list(stack),
            "channels": len(stack),
            "size": [cut.size, cut.size],
            "enlarge": "bicubic",
            "shrink": "area",
            "percentiles": [1.0, 99.5],
        },
        "region": {
            "enlarge": cut.enlarge,
            "margin_mm": cut.margin_mm,
            "pixel_mm": cut.pixel_mm,
            "step_mm": cut.step_mm,
            "gamma": cut.gamma,
        },
        "gate": gate,
        "network": {
            "name": NETWORK,
            "width": recipe.network.width,
            "in_channels": len(stack),
            "classes": list(CLASSES),
            "parameters": parameters,
        },
    }


def card_text(manifest: Mapping[str, Any], recipe: Recipe) -> str:
    """The card, every figure from the manifest or the recipe."""
    return laid_out(
        manifest,
        what=_what_it_is(manifest),
        departures=_departures(manifest, recipe),
        trained_on=[_what_on(manifest, recipe)],
        measured=[*_what_was_measured(manifest), _PAPER],
        again=[f"overread train {_recipe_name(recipe)} --phantom triage --out BUNDLE"],
        limits=_LIMITS,
    )


def _what_it_is(manifest: Mapping[str, Any]) -> str:
    stack, size = manifest["input"]["stack"], manifest["input"]["size"][0]
    return (
        f"Inception-ResNet V2 at {manifest['network']['width']:g} of the published width "
        f"({manifest['network']['parameters']:,} trainable parameters; the paper's has 54.3 million) looks at squares "
        f"of {size} x {size} pixels round one liver lesion, about every 10 mm, with {', '.join(stack)} as its planes, "
        "and gives each a score for benign, primary malignant and metastatic. The patient's classes are the mean over "
        "the squares (sum rule); whether any square alone is malignant (any-slice rule) is told beside them."
    )


def _departures(manifest: Mapping[str, Any], recipe: Recipe) -> list[str]:
    found, loop = [], recipe.loop
    if recipe.network.width != 1:
        found.append(f"{recipe.network.width:g} of the channels, and {loop.input_size} pixels where the paper has 299.")
    if not loop.initial:
        found.append("Trained from chance; the paper began from ImageNet weights.")
    if loop.optimiser != "sgd":
        found.append(
            f"Adam at {loop.learning_rate:g} with a cosine schedule; the paper's SGD began at 0.1 and was halved every "
            "20 epochs."
        )
    found.append(
        "Classes are drawn equally often in training, and of the phantoms "
        + ", ".join(f"{share:.0%} are {name}" for name, share in recipe.data.shares.items())
        + ": scores are for such a mix, not for the paper's, in which metastases are rare."
    )
    found.append(
        "The squares are slices of T2 itself, those nearest to every 10 mm; values 0 to 1 are raised to "
        f"{manifest['region']['gamma']:g}, since liver and lesions are dark beside fluid."
    )
    if loop.label_smoothing:
        found.append(
            f"Labels are smoothed by {loop.label_smoothing:g}, and planes are changed in gain, gamma and noise."
        )
    return found


def _what_on(manifest: Mapping[str, Any], recipe: Recipe) -> str:
    training, version = manifest["training"], manifest["bundle"]["digital_liver"]
    kinds = ", ".join(f"{count} {name}" for name, count in training["patients_by_class"].items())
    epochs = training["regions"] / max(training["slices"], 1)
    return (
        f"{training['patients']:,} phantoms of the digital liver, version {version} ({kinds}), {training['slices']:,} "
        f"squares kept at {STORED_PX} x {STORED_PX} pixels; {training['cases_left_out']} more lacked a series or lay "
        "between the slices. "
        f"{training['regions']:,} squares were seen in {training['steps']:,} steps ({epochs:.1f} rounds), "
        f"{training['cpu_s']:,} CPU-seconds on one thread.{_less_than_asked(training, recipe)} The paper trained 200 "
        "rounds at full width from ImageNet weights on 1,494 patients: a step of that is about "
        f"{PUBLISHED_STEP_RATIO} times the work of one of these, and 75,000 such steps are days of a graphics card. "
        "The recipe triage-published says it; it was not run."
    )


def _less_than_asked(training: Mapping[str, Any], recipe: Recipe) -> str:
    """Where a bundle had less than its recipe asks for, that is said: made again, it would be another one."""
    drawn = training["patients"] + training["cases_left_out"]
    if drawn == recipe.data.patients and training["steps"] == recipe.loop.steps:
        return ""
    return (
        f" The recipe asks for {recipe.data.patients:,} patients and {recipe.loop.steps:,} steps; this bundle had "
        f"{drawn:,} and {training['steps']:,}, as many as there was time for."
    )


def _what_was_measured(manifest: Mapping[str, Any]) -> list[str]:
    found = manifest["evaluation"]["validation"]
    rows = ["| figure | value | 95 % interval |", "|---|---|---|"]
    for key, words in _FIGURES.items():
        value, *limits = found[key] if isinstance(found[key], list) else [found[key]]
        interval = f"{limits[0]:.3f} to {limits[1]:.3f}" if len(limits) == 2 else "not known"
        rows.append(f"| {words} | {value:.3f} | {interval} |")
    return [
        (
            f"{found['patients']} phantoms, {found['regions']} squares. The best of the checks was kept on these same "
            "phantoms, so the figures flatter. `evaluations.jsonl`, where present, counts evaluations on named sets."
        ),
        "\n".join(rows),
    ]


def _recipe_name(recipe: Recipe) -> str:
    name = f"triage-{recipe.variant}-small"
    return name if name in recipe_names() and recipe.network.width != 1 else "RECIPE.toml"


_FIGURES = {
    "accuracy": "accuracy, three classes, patients",
    "benign_auc": "AUC benign against the rest, patients",
    "primary_auc": "AUC primary against the rest, patients",
    "metastasis_auc": "AUC metastasis against the rest, patients",
    "malignant_auc": "AUC malignant against benign, patients",
    "sum_sensitivity": "sensitivity for malignant, sum rule",
    "sum_specificity": "specificity, sum rule",
    "any_slice_sensitivity": "sensitivity for malignant, any-slice rule",
    "any_slice_specificity": "specificity, any-slice rule",
}
_PAPER = (
    "The paper's own figures, on patients, of its t2-dwi on 220 of the same hospital: AUC benign .91, primary .873, "
    "metastasis .876 per image, malignant against benign .935 per patient; any-slice rule sensitivity 98.1 %, "
    "specificity 70.0 %. They are not comparable with the figures above, which are of phantoms."
)
_LIMITS = [
    "Phantoms only: nothing here says how it does on a patient.",
    (
        "It judges one lesion, the largest of the region, and it was never shown a region without one: what it says of "
        "normal liver means nothing."
    ),
    "Lesions under 1 cm cross one slice or none; expect more errors there. Figures by size: overread evaluate.",
    "Its map has very few cells: it shows which part of the square spoke for the call, not an outline.",
    "A score is not a probability.",
]
