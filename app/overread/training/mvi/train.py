"""From a recipe of mvi-prediction to a bundle, to the table of its folds, or to the curve over margins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.engines.weights import with_weights
from overread.stats.calibration import logistic_recalibration
from overread.systems.bundle import Bundle, load_bundle
from overread.systems.installed import find_bundle
from overread.systems.mvi_prediction.factors import COLUMNS, FactScale, scale_of
from overread.systems.mvi_prediction.loading import FACTORS_ONLY, IMAGE, NETWORK_PREFIX, preparation_of
from overread.systems.mvi_prediction.prepare import Preparation
from overread.systems.mvi_prediction.system import probability
from overread.training.bundle_files import check_controlled
from overread.training.mvi.card import card_text
from overread.training.mvi.describe import Validated, evaluation, fixed_tables, operating, placing, site_counts
from overread.training.mvi.drawn import DrawnPatient
from overread.training.mvi.machines import Fitted, decisions, fit_machine, require_scikit_learn
from overread.training.mvi.recipe import SYSTEM, MviRecipe, mvi_recipe, steps_of
from overread.training.mvi.samples import NAMES, Sides, drawn_sides, highest, samples_of
from overread.training.regions.samples import RegionSamples
from overread.training.train import Wish

if TYPE_CHECKING:
    from overread.systems.mvi_prediction.network import MviNetwork


def train(document: Mapping[str, Any], wish: Wish, out: Path, progress: Progress = SILENT) -> str | None:
    """Train what a recipe asks for.

    With shuffled labels the control is laid beside the bundle that is in ``out``.

    Returns
    -------
    str
        What to tell: the table, or where the bundle is and how it does on validation patients.

    Raises
    ------
    InputError
        The recipe cannot be used, an extra is missing, there is too little to learn from, or nothing to control.
    BundleError
        The bundle whose features a machine shall use is not installed.
    StorageError
        The disk is full, and the like.
    """
    recipe = mvi_recipe(document)
    if recipe.machine is not None:
        require_scikit_learn()
        if wish.folds is not None:
            raise InputError("This training cannot begin", "folds are of networks", "Leave --folds out")
    is_table = recipe.search is not None or wish.folds is not None
    if not is_table and recipe.loop is not None and recipe.loop.shuffled_labels:
        check_controlled(out)
    sides = drawn_sides(recipe, wish.work, wish.jobs, progress)
    if is_table:
        return _table(recipe, sides, wish, out, progress).read_text(encoding="utf-8")
    folder = _machine(recipe, sides, out, progress) if recipe.machine else _network(recipe, sides, wish, out, progress)
    if recipe.loop is not None and recipe.loop.shuffled_labels:
        return f"The control is beside the bundle in {folder}."
    bundle = load_bundle(folder)
    value, low, high = bundle.manifest["evaluation"]["validation"]["auc"]
    return (
        f"The bundle is in {folder}. AUC on {len(sides.validation)} validation phantoms: {value:.3f} "
        f"({low:.3f} to {high:.3f}). {bundle.caution}"
    )


def whole_boxes(recipe: MviRecipe) -> Preparation:
    """How squares are kept for the loop: the whole box, its middle of the size that the network is given."""
    channels = 3 if recipe.network is None else recipe.network.in_channels
    return Preparation(margin=1.0, size=recipe.stored_size, channels=channels)


def as_read(recipe: MviRecipe) -> Preparation:
    """How the bundle will cut them."""
    channels = 3 if recipe.network is None else recipe.network.in_channels
    return Preparation(margin=recipe.margin, size=recipe.size, channels=channels)


def _build(recipe: MviRecipe) -> MviNetwork:
    from overread.systems.mvi_prediction.network import MviNetwork

    assert recipe.network is not None
    factors = len(COLUMNS) if recipe.network.factors else 0
    return MviNetwork(recipe.network.width, recipe.network.in_channels, factors)


def _scale(recipe: MviRecipe, patients: tuple[DrawnPatient, ...]) -> FactScale | None:
    wants_facts = recipe.network is None or recipe.network.factors
    return scale_of([patient.facts for patient in patients], recipe.afp) if wants_facts else None


def _table(recipe: MviRecipe, sides: Sides, wish: Wish, out: Path, progress: Progress) -> Path:
    """Folds of the training patients, or the search for a margin over them."""
    from overread.training.regions.folds import Place, run_folds, search

    assert recipe.loop is not None
    place = Place(out, wish.work / "rows" / out.name, wish.resume, wish.hardware)
    scale = _scale(recipe, sides.training)
    samples = samples_of(sides.training, whole_boxes(recipe), scale)
    loop = dataclasses.replace(recipe.loop, input_size=recipe.size)
    also = "" if scale is None else "; facts are standardised by mean and spread of the patients of all folds together"
    if recipe.search is None:
        assert wish.folds is not None
        title = f"{SYSTEM}, {recipe.variant}: {wish.folds} folds by patient{also}"
        return run_folds(lambda: _build(recipe), samples, loop, wish.folds, place, title, wish.fold, progress)
    wanted = recipe.search
    seen = len(samples) * (wanted.folds - 1) / wanted.folds
    steps = steps_of(wanted.epochs, round(seen), loop.batch)
    recipes = {
        f"{margin:g}": dataclasses.replace(loop, margin=margin, steps=steps, checks=1) for margin in wanted.margins
    }
    return search(lambda: _build(recipe), samples, recipes, wanted.folds, place, wanted.title + also, progress)


def _network(recipe: MviRecipe, sides: Sides, wish: Wish, out: Path, progress: Progress) -> Path:
    from overread.training.bundle_files import add_control, as_stored
    from overread.training.curves import draw_curves
    from overread.training.loop import Sitting
    from overread.training.regions.fit import fit_classifier, predict, started
    from overread.training.regions.write import training_table, write_region_bundle

    assert recipe.loop is not None
    assert recipe.network is not None
    scale = _scale(recipe, sides.training)
    boxes = whole_boxes(recipe)
    training = samples_of(sides.training, boxes, scale)
    validation = samples_of(sides.validation, boxes, scale, len(sides.training))
    loop = dataclasses.replace(recipe.loop, input_size=recipe.size)
    name = f"{SYSTEM}-{recipe.variant}" + ("-control" if loop.shuffled_labels else "")
    stem = wish.work / name
    checkpoint = stem.with_name(f"{stem.name}-checkpoint.safetensors")
    curves = stem.with_name(f"{stem.name}-curves.csv")
    sitting = Sitting(checkpoint, wish.resume, wish.hardware, curves=curves)
    network, history = fit_classifier(
        started(lambda: _build(recipe), loop.seed), training, validation, loop, sitting, progress
    )
    draw_curves(curves.with_suffix(".png"), history, f"{SYSTEM}, {recipe.variant}", "validation patients")
    if loop.shuffled_labels:
        add_control(out, network.cpu().state_dict(), len(history.losses))
        return out
    network.cpu().load_state_dict(as_stored(network.state_dict()))  # as the bundle will hold it
    read = samples_of(sides.validation, as_read(recipe), scale, len(sides.training))
    vectors, _ = predict(network, read, 16, None, progress)
    found = Validated(highest(vectors[:, 1], read), _labels(read), len(read))
    manifest = fixed_tables(recipe, as_read(recipe), scale)
    manifest["network"] = _network_table(recipe, network)
    manifest["placing"] = placing(recipe.size, peaks_of(network, read))
    manifest["training"] = training_table(loop, training, history, wish.hardware)
    manifest["training"]["sites"] = site_counts([p.site for p in sides.training])
    _add_measured(manifest, found)
    return write_region_bundle(out, network.state_dict(), manifest, card_text(manifest, recipe, []))


def peaks_of(network: MviNetwork, samples: RegionSamples) -> NDArray[np.float64]:
    """The highest Grad-CAM of each slice of patients with MVI, as a reading shows it."""
    import torch

    peaks = []
    with torch.inference_mode():
        for n in np.flatnonzero(samples.labels == 1).tolist():
            image = torch.from_numpy(samples.stored([n])).float() / 255
            cells = network(image[:, list(samples.planes)])[1][0, 1]
            peaks.append(float(cells.clamp(min=0).max()) / cells.numel())
    return np.array(peaks)


def _machine(recipe: MviRecipe, sides: Sides, out: Path, progress: Progress) -> Path:
    """A machine on facts, or on facts and the image features of an installed bundle."""
    from overread.training.regions.write import write_region_bundle

    assert recipe.machine is not None
    scale = scale_of([p.facts for p in sides.training], recipe.afp)
    source = find_bundle(SYSTEM, recipe.machine.features_of) if recipe.machine.features_of else None
    labels = [np.array([p.is_positive for p in side], dtype=np.int64) for side in (sides.training, sides.validation)]
    for classes, side in zip(labels, ("training", "validation"), strict=True):
        if np.unique(classes).size < 2:
            why = f"its {len(classes)} {side} patients are all {NAMES[int(classes[0])]}"
            raise InputError("This training cannot begin", why, "Draw more patients")
    inputs = [_inputs(side, scale, source, progress) for side in (sides.training, sides.validation)]
    fitted = fit_machine(inputs[0], labels[0], recipe.machine)
    values = decisions(fitted.machine, inputs[1])
    intercept, slope = logistic_recalibration([probability(float(v)) for v in values], labels[1])
    ratings = np.array([probability(intercept + slope * float(v)) for v in values])
    slices = sum(len(p.circles) for p in sides.validation)
    preparation = as_read(recipe) if source is None else preparation_of(source.manifest, source.folder.name)
    manifest = fixed_tables(recipe, preparation, scale)
    manifest["network"] = {"name": FACTORS_ONLY, "classes": list(NAMES)}
    if source is not None:
        manifest["network"] = dict(source.manifest["network"])
    manifest["svm"] = {
        **{k: v for k, v in dataclasses.asdict(recipe.machine).items() if k != "features_of"},
        "intercept": float(intercept),
        "slope": float(slope),
        "has_converged": fitted.has_converged,
        "support_vectors": fitted.support,
    }
    counts = {name: int(np.sum(labels[0] == n)) for n, name in enumerate(NAMES)}
    manifest["training"] = {
        "patients": len(sides.training),
        "patients_by_class": counts,
        "sites": site_counts([p.site for p in sides.training]),
    }
    _add_measured(manifest, Validated(ratings, labels[1] == 1, slices))
    text = card_text(manifest, recipe, _notes(recipe, fitted, source))
    return write_region_bundle(out, _tensors(fitted, source), manifest, text)


def _inputs(
    patients: tuple[DrawnPatient, ...], scale: FactScale, source: Bundle | None, progress: Progress
) -> NDArray[np.float64]:
    """Facts of patients, and beside them the mean image features of their slices as the bundle reads them."""
    facts = np.stack([scale.vector(patient.facts) for patient in patients])
    if source is None:
        return facts
    from overread.systems.mvi_prediction.network import network_from
    from overread.training.regions.fit import predict

    source.check_weights()
    name = source.folder.name
    network = with_weights(network_from(source.manifest["network"], name), source.weights_path, name)
    preparation = preparation_of(source.manifest, name)
    samples = samples_of(patients, preparation)
    features = predict(network, samples, 16, None, progress)[1].astype(np.float64)
    means = [features[samples.patients == n].mean(axis=0) for n in range(len(patients))]
    return np.concatenate([facts, np.stack(means)], axis=1)


def _tensors(fitted: Fitted, source: Bundle | None) -> dict[str, Any]:
    import torch

    tensors: dict[str, Any] = {name: torch.tensor(value) for name, value in fitted.machine.tensors().items()}
    if source is not None:
        from overread.engines.weights import read_tensors

        stored = read_tensors(source.weights_path, source.folder.name)
        tensors |= {NETWORK_PREFIX + name: value for name, value in stored.items()}
    return tensors


def _notes(recipe: MviRecipe, fitted: Fitted, source: Bundle | None) -> list[str]:
    assert recipe.machine is not None
    notes = [f"The machine rests on {fitted.support} support vectors."]
    if not fitted.has_converged:
        notes.append(
            f"It did not converge: the solver stopped after the {recipe.machine.iterations} iterations that the paper "
            "prints, so that its border is not the widest one."
        )
    if source is not None:
        notes.append(
            f"Its image features come from the bundle {source.system} {source.variant} {source.version}, which was "
            "trained on the same phantoms: the machine sees them better described than new ones."
        )
    return notes


def _network_table(recipe: MviRecipe, network: MviNetwork) -> dict[str, Any]:
    from overread.engines.backbones.head import parameter_count

    assert recipe.network is not None
    return {
        "name": IMAGE,
        "width": recipe.network.width,
        "in_channels": recipe.network.in_channels,
        "factors": network.factors,
        "classes": list(NAMES),
        "parameters": parameter_count(network),
    }


def _labels(samples: RegionSamples) -> NDArray[np.bool_]:
    labels: NDArray[np.bool_] = np.array(list(samples.patient_labels().values())) == 1
    return labels


def _add_measured(manifest: dict[str, Any], found: Validated) -> None:
    manifest["operating"] = operating(found)
    manifest["evaluation"] = {"validation": evaluation(found, manifest["operating"]["default"]["threshold"])}
