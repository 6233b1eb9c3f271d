"""A training of noncontrast-triage from recipe to bundle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.training.bundle_files import check_controlled
from overread.training.drawn_folders import draw_all
from overread.training.train import Wish
from overread.training.triage.drawn import draw
from overread.training.triage.recipe import Recipe, recipe_of
from overread.training.triage.samples import Side, load_side

if TYPE_CHECKING:
    from overread.training.state import History


def train(document: Mapping[str, Any], wish: Wish, out: Path, progress: Progress = SILENT) -> str:
    """Draw, train, measure on validation, write the bundle.

    Parameters
    ----------
    document
        A recipe with ``system = "noncontrast-triage"``.
    out
        Folder of the bundle. With shuffled labels the control is laid beside the bundle that is there.

    Returns
    -------
    str
        What to tell whoever asked for it.

    Raises
    ------
    InputError
        The recipe cannot be used, or folds were asked for: this system has one split.
    """
    recipe = recipe_of(document)
    if wish.folds is not None:
        raise InputError(
            "noncontrast-triage is not trained in folds",
            "its evaluation is on sites of their own, with intervals by bootstrap",
            "Leave --folds out",
        )
    if recipe.loop.shuffled_labels:
        check_controlled(out)
    training, validation = (
        load_side(draw_all(recipe.data.orders(side), draw, wish.work / "drawn", wish.jobs, progress), recipe.variant)
        for side in (False, True)
    )
    return fit_and_write(recipe, training, validation, wish, out, progress)


def fit_and_write(
    recipe: Recipe, training: Side, validation: Side, wish: Wish, out: Path, progress: Progress = SILENT
) -> str:
    """Train on samples that are there, and write the bundle; what to tell of it."""
    from overread.engines.backbones.head import parameter_count
    from overread.systems.noncontrast_triage.network import TriageNetwork
    from overread.training.bundle_files import add_control
    from overread.training.loop import Sitting
    from overread.training.regions.fit import fit_classifier, started

    planes = len(training.samples.planes)
    network = started(lambda: TriageNetwork(recipe.network.width, planes), recipe.loop.seed)
    name = f"{recipe.variant}-control" if recipe.loop.shuffled_labels else recipe.variant
    wish.work.mkdir(parents=True, exist_ok=True)
    sitting = Sitting(
        wish.work / f"{name}.safetensors", wish.resume, wish.hardware, curves=wish.work / f"{name}-curves.csv"
    )
    network, history = fit_classifier(network, training.samples, validation.samples, recipe.loop, sitting, progress)
    network = network.to("cpu")
    if recipe.loop.shuffled_labels:
        add_control(out, network.state_dict(), len(history.losses))
        return f"The control is beside the bundle in {out}."
    manifest = _measured(recipe, training, validation, network, history, wish, parameter_count(network))
    from overread.training.regions.write import write_region_bundle
    from overread.training.triage.bundle import card_text

    write_region_bundle(out, network.state_dict(), manifest, card_text(manifest, recipe))
    _draw_curves(out, history)
    found = manifest["evaluation"]["validation"]
    return (
        f"The bundle is in {out}. On {found['patients']} validation phantoms: accuracy {found['accuracy'][0]:.3f}, AUC "
        f"malignant against benign {found['malignant_auc'][0]:.3f}. Trained on phantoms, not for diagnosis."
    )


def _measured(
    recipe: Recipe, training: Side, validation: Side, network: Any, history: History, wish: Wish, parameters: int
) -> dict[str, Any]:
    from overread.training.regions.fit import predict
    from overread.training.regions.write import training_table
    from overread.training.triage.bundle import manifest_of
    from overread.training.triage.measure import activation_scale, figures_of

    created = datetime.now(UTC).date().isoformat()
    manifest = manifest_of(recipe, parameters, created)
    scale = activation_scale(network, validation.samples, recipe.loop.input_size)
    manifest["placing"] = {"activation_scale": round(scale, 5), "offset_px": [0.0, 0.0]}
    table = training_table(recipe.loop, training.samples, history, wish.hardware)
    sites = [recipe.data.sites[n % len(recipe.data.sites)] for n in range(recipe.data.patients)]
    table |= {
        "cases_left_out": training.left_out,
        "sites": {site: sites.count(site) for site in dict.fromkeys(sites)},
    }
    vectors, _ = predict(network, validation.samples, recipe.loop.batch, recipe.loop)
    return manifest | {"training": table, "evaluation": {"validation": figures_of(vectors, validation.samples)}}


def _draw_curves(out: Path, history: History) -> None:
    from overread.training.curves import draw_curves

    draw_curves(out / "curves.png", history, "noncontrast-triage: validation by patient")
