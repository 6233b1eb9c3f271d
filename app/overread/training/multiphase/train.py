"""From a recipe to a bundle of six networks, in one call that can be cancelled and begun again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.systems.multiphase_characterisation.certainty import RATE
from overread.systems.multiphase_characterisation.loading import Rules
from overread.training.bundle_files import check_controlled
from overread.training.drawn_folders import draw_all
from overread.training.multiphase.drawing import ROLES, DrawnPatient, draw, load_drawn
from overread.training.multiphase.recipe import Recipe, recipe_of
from overread.training.train import Wish

if TYPE_CHECKING:
    from torch import nn

    from overread.training.state import History

T2 = "t2"


def train(document: Mapping[str, Any], wish: Wish, out: Path, progress: Progress = SILENT) -> str:
    """Draw, train the detectors and the classifier, validate, write the bundle.

    Parameters
    ----------
    document
        A recipe's TOML. With shuffled labels only a classifier is trained and laid beside the bundle in ``out``.
    wish
        Drawn patients and checkpoints lie in its ``work``.

    Returns
    -------
    str
        What came out, in words.

    Raises
    ------
    InputError
        The recipe cannot be used, folds are asked for, or there is nothing to control.
    StorageError, Cancelled
    """
    recipe = recipe_of(document, str(document.get("variant", "recipe")))
    if recipe.loop.shuffled_labels:
        check_controlled(out)
    if wish.folds is not None:
        raise InputError(
            "Folds cannot be trained", "multiphase-characterisation is trained on a single split", "Leave --folds out"
        )
    folders = draw_all(recipe.data.training(), draw, wish.work / "drawn", wish.jobs, progress)
    training = [load_drawn(folder) for folder in folders]
    folders = draw_all(recipe.data.validation(), draw, wish.work / "drawn", wish.jobs, progress)
    validation = [load_drawn(folder) for folder in folders]
    return train_on(recipe, training, validation, wish, out, progress)


def train_on(
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    wish: Wish,
    out: Path,
    progress: Progress = SILENT,
) -> str:
    """As ``train``, on patients that are drawn already."""
    from overread.engines.backbones.head import parameter_count
    from overread.training.bundle_files import add_control
    from overread.training.multiphase.validation import parts_in_memory, validate
    from overread.training.multiphase.write import card_of, manifest_of
    from overread.training.regions.write import write_region_bundle

    if recipe.loop.shuffled_labels:
        network, history, _ = _classifier(recipe, training, validation, wish, "control", progress)
        add_control(out, {f"classifier.{k}": v for k, v in network.state_dict().items()}, len(history.losses))
        return f"The control is beside the bundle in {out}."
    few = training[: recipe.data.detector_patients or None]
    networks, histories = _detectors(recipe, few, wish, progress)
    classifier, history, table = _classifier(recipe, training, validation, wish, "classifier", progress)
    results = validate(parts_in_memory({**networks, "classifier": classifier}, _rules(recipe)), validation, progress)
    counts = {name: parameter_count(net) for name, net in {**networks, "classifier": classifier}.items()}
    table |= {**_of_detectors(histories), "detector_patients": len(few), "recipe_digest": recipe.digest()}
    manifest = manifest_of(recipe, counts, results, table)
    tensors = {f"classifier.{k}": v for k, v in classifier.state_dict().items()}
    for role, network in networks.items():
        tensors |= {f"detector.{role}.{k}": v for k, v in network.state_dict().items()}
    write_region_bundle(out, tensors, manifest, card_of(manifest, recipe))
    found = manifest["evaluation"]["validation"]
    return (
        f"The bundle is in {out}. On {found['patients']} validation phantoms {found['accuracy']:.0%} were called "
        f"right, with the true regions {found['accuracy_on_true_regions']:.0%}; a region lies on "
        f"{found['lesion_slices_found']:.0%} of the slices with a lesion. Trained on phantoms, not for diagnosis."
    )


def _detectors(
    recipe: Recipe, training: Sequence[DrawnPatient], wish: Wish, progress: Progress
) -> tuple[dict[str, nn.Module], dict[str, History]]:
    """The detectors of all roles; T2's first, the others from it."""
    from overread.training.loop import Sitting
    from overread.training.multiphase.detectors import fit_detector

    networks: dict[str, nn.Module] = {}
    histories: dict[str, History] = {}
    for role in ROLES:
        sitting = Sitting(wish.work / f"detector-{role}.safetensors", wish.resume, wish.hardware)
        start = None if role == T2 else networks[T2].state_dict()
        networks[role], histories[role] = fit_detector(role, training, recipe.detectors, start, sitting, progress)
    return networks, histories


def _classifier(
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    wish: Wish,
    name: str,
    progress: Progress,
) -> tuple[nn.Module, History, dict[str, Any]]:
    from overread.systems.multiphase_characterisation.network import PhaseClassifier
    from overread.training.loop import Sitting
    from overread.training.multiphase.regions import region_samples
    from overread.training.regions.fit import fit_classifier, started
    from overread.training.regions.write import training_table

    reading = recipe.reading
    learnt, held_out = (region_samples(side, reading.enlarge, reading.region_size) for side in (training, validation))
    sitting = Sitting(wish.work / f"{name}.safetensors", wish.resume, wish.hardware, f"width {recipe.width:g}")
    network = started(lambda: PhaseClassifier(recipe.width), recipe.loop.seed)
    fitted, history = fit_classifier(network, learnt, held_out, recipe.loop, sitting, progress)
    return fitted, history, training_table(recipe.loop, learnt, history, wish.hardware)


def _of_detectors(histories: Mapping[str, History]) -> dict[str, Any]:
    return {
        "detector_steps": sum(len(h.losses) for h in histories.values()),
        "detector_cpu_s": round(sum(h.cpu_s for h in histories.values())),
        "windows": sum(h.crops_seen for h in histories.values()),
        "whole_slices": sum(h.wholes_seen for h in histories.values()),
    }


def _rules(recipe: Recipe) -> Rules:
    reading = recipe.reading
    return Rules(
        recipe.detectors.size,
        reading.region_size,
        reading.enlarge,
        reading.cut,
        reading.share,
        reading.samples,
        reading.dropout_seed,
        RATE,
        reading.aggregate,
    )
