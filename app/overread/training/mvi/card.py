"""The card of a bundle of mvi-prediction, every figure from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overread.training.card import items, laid_out
from overread.training.mvi.recipe import MviRecipe

_PAPER = """| Liu 2021, on patients: accuracy, sensitivity, specificity, AUC | validation | external |
|---|---|---|
| ResNet-18 | .68 .96 .56 .82 | .66 .80 .62 .75 |
| ResNet-18 and factors | .72 .96 .62 .85 | .71 .82 .67 .78 |
| SVM on factors | .77 .71 .80 .78 | .70 .77 .67 .76 |
| SVM on factors and features | .60 .93 .46 .70 | .57 .90 .47 .68 |"""
_WHAT = {
    "image": "ResNet-18 on every circled slice; the patient has MVI as soon as one slice reaches the threshold.",
    "image-factors": "ResNet-18 on every circled slice with seven clinical facts joined to its last layer; the patient "
    "has MVI as soon as one slice reaches the threshold.",
    "svm-factors": "A linear support vector machine on the seven clinical facts; it looks at no image.",
    "svm-both": "A support vector machine with a radial kernel on the seven clinical facts and the image features of a "
    "ResNet-18, averaged over the circled slices.",
}


def card_text(manifest: Mapping[str, Any], recipe: MviRecipe, notes: list[str]) -> str:
    """The card.

    Parameters
    ----------
    notes
        What happened in the training that a reader must know, a sentence each.
    """
    paper = "Beside it the paper's own figures. They are of patients and not comparable with those above."
    return laid_out(
        manifest,
        what=_what(manifest),
        departures=_departures(manifest, recipe),
        trained_on=[items([*_trained_on(manifest), *notes])],
        measured=[*_measured(manifest), paper, _PAPER],
        again=[f"overread train mvi-{recipe.variant}-small --phantom ct-mvi --out BUNDLE"],
        limits=_limits(manifest),
    )


def _what(manifest: Mapping[str, Any]) -> str:
    words = [_WHAT.get(manifest["bundle"]["variant"], "A variant of mvi-prediction.")]
    network, image = manifest["network"], manifest["input"]
    if "width" in network:
        words.append(
            f"{network['parameters']:,} parameters at width {network['width']:g} (11,177,538 at full width without "
            f"facts), images of {image['size'][0]} x {image['size'][1]} pixels from level {image['level_hu']:g}, width "
            f"{image['width_hu']:g} HU, the middle {manifest['region']['margin']:.0%} of the box round the circle."
        )
    return " ".join(words)


def _departures(manifest: Mapping[str, Any], recipe: MviRecipe) -> list[str]:
    found = []
    network = manifest["network"]
    if "width" in network:
        if network["width"] != 1:
            found.append(
                f"Every channel count is {network['width']:g} of ResNet-18's, and the images have "
                f"{manifest['input']['size'][0]} pixels an edge where the paper's have 256: it was to be trained on a "
                "processor. Full width and size: recipe mvi-published."
            )
        if recipe.loop is not None and not recipe.loop.initial:
            found.append("It began from chance; the paper from ImageNet weights, which do not fit a narrower network.")
        if recipe.loop is not None and recipe.loop.optimiser != "sgd":
            found.append(
                f"{recipe.loop.optimiser.capitalize()} at {recipe.loop.learning_rate:g}, batches of "
                f"{recipe.loop.batch}, classes in turn; the paper has SGD at 0.0003, batches of 8."
            )
    if "facts" in manifest:
        found.append(
            f"AFP enters as {'log10(1 + ng/ml)' if manifest['facts']['afp'] == 'log10' else 'ng/ml'}, all facts are "
            "standardised, Child-Pugh is one of three; the paper does not say."
        )
    if "svm" in manifest:
        found.append("The machine's decision becomes a probability by a logistic curve fitted on validation patients.")
    found.append("The threshold is Youden's on validation patients, then fixed; the paper took it on each ROC.")
    return found


def _trained_on(manifest: Mapping[str, Any]) -> list[str]:
    training = manifest["training"]
    classes = ", ".join(f"{count} {name}" for name, count in training["patients_by_class"].items())
    sites = ", ".join(f"{count} {name}" for name, count in training["sites"].items())
    found = [f"{training['patients']} phantoms of kind ct-mvi ({classes}; sites {sites}), one HCC each."]
    if "steps" in training:
        found.append(
            f"{training['slices']:,} circled slices, circles off by a few millimetres as if drawn by hand; "
            f"{training['steps']:,} steps, {training['regions']:,} regions seen, {training['wall_s'] / 60:.0f} minutes "
            f"on one {'processor core' if training['device'] == 'cpu' else 'graphics card'}."
        )
        kept, best = max(reversed(training["checks"]), key=lambda check: check[1])
        found.append(
            f"Kept was the check after {kept:,} steps (AUC of mean regions {best:.3f}); at the end it was "
            f"{training['checks'][-1][1]:.3f}. Where the best lies well before the end more steps do not help, more "
            "phantoms would. A wider network needs about the square of the width in time, and 256 pixels four times "
            "that of 128."
        )
    return found


def _measured(manifest: Mapping[str, Any]) -> list[str]:
    found = manifest["evaluation"]["validation"]
    value, low, high = found["auc"]
    head = (
        f"{found['patients']} phantoms, {found['positive']} with MVI, {found['slices']:,} circled slices: AUC of the "
        f"patient's rating {value:.3f} (95 % interval by DeLong {low:.3f} to {high:.3f}), accuracy at the default "
        f"threshold {found['accuracy']:.0%}. Checks and thresholds were chosen on these same phantoms, so the figures "
        "flatter. In this digital liver nobody can do better than about 0.84 from the image, 0.86 with the facts."
    )
    rows = [
        "| operating point | rating from | sensitivity (95 %) | specificity (95 %) |",
        "|---|---|---|---|",
        *(
            f"| {name} | {point['threshold']:.3f} | {_percent(point['patient']['sensitivity'])} "
            f"| {_percent(point['patient']['specificity'])} |"
            for name, point in manifest["operating"].items()
        ),
    ]
    return [head, "\n".join(rows)]


def _limits(manifest: Mapping[str, Any]) -> list[str]:
    found = [
        "Phantoms only: nothing here says how it does on a patient.",
        "It rates a tumour that a person has circled and taken for an HCC; it neither finds nor checks it.",
        "A large tumour counts for much: in the phantoms, as in the paper, size alone parts the groups at 0.79.",
        "A score is not a probability.",
    ]
    if "svm" not in manifest:
        found.append(
            "The highest of all circled slices counts: many thin slices give it more chances to be high than the 5 mm "
            "slices on which its thresholds were chosen."
        )
        found.append(
            "The map has a few cells only, each of which sees most of the square: it shows a side, not a spot."
        )
    if "facts" in manifest:
        found.append("Facts that are not given take the training mean, and the reading names them.")
    return found


def _percent(interval: list[float]) -> str:
    value, low, high = interval
    return f"{value:.0%} ({low:.0%} to {high:.0%})"
