"""What a trained network says of the validation patients: figures for the manifest, and how far its maps go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.slices_to_patient import any_slice_rule
from overread.stats.estimate import Estimate
from overread.stats.multiclass import confusion, macro_f1, one_vs_rest_areas
from overread.stats.proportions import proportion
from overread.systems.noncontrast_triage.variants import CLASSES, MALIGNANT
from overread.training.regions.judge import patient_vectors
from overread.training.regions.samples import RegionSamples

if TYPE_CHECKING:
    from torch import nn

SCALE_PERCENTILE = 95
_BATCH = 16


def figures_of(vectors: NDArray[np.float64], samples: RegionSamples) -> dict[str, Any]:
    """The ``[evaluation.validation]`` table.

    Parameters
    ----------
    vectors
        Class probabilities (n, 3) of the samples.
    """
    means, truth = patient_vectors(vectors, samples)
    counts = confusion(truth, means.argmax(axis=1), len(CLASSES))
    places = [CLASSES.index(name) for name in MALIGNANT]
    is_malignant = np.isin(truth, places)
    share = means[:, places].sum(axis=1)
    binary = one_vs_rest_areas(np.stack([1 - share, share], axis=1), is_malignant.astype(int))[1]
    by_sum = np.isin(means.argmax(axis=1), places)
    any_slice = _any_slice(vectors, samples, places)
    table: dict[str, Any] = {
        "test_set": "validation",
        "patients": len(truth),
        "regions": len(samples),
        "accuracy": _list(proportion(int((means.argmax(axis=1) == truth).sum()), len(truth))),
        "macro_f1": round(float(macro_f1(counts)), 4),
        "malignant_auc": _list(binary),
        "confusion": counts[:, :-1].astype(int).tolist(),
    }
    for name, area in zip(CLASSES, one_vs_rest_areas(means, truth), strict=True):
        table[f"{name}_auc"] = _list(area)
    for rule, calls in (("sum", by_sum), ("any_slice", any_slice)):
        table[f"{rule}_sensitivity"] = _list(proportion(int(calls[is_malignant].sum()), int(is_malignant.sum())))
        table[f"{rule}_specificity"] = _list(proportion(int((~calls[~is_malignant]).sum()), int((~is_malignant).sum())))
    return table


def activation_scale(network: nn.Module, samples: RegionSamples, size: int) -> float:
    """Grad-CAM of the called class that is shown as full colour: a high percentile of the regions' maxima."""
    import torch

    from overread.systems.noncontrast_triage.findings import grad_cam
    from overread.training.regions.augment import seen
    from overread.training.regions.recipe import ClassifierRecipe

    view = ClassifierRecipe(0, 2, 1, 0.0, input_size=size)
    peaks: list[float] = []
    with torch.inference_mode():
        for at in range(0, len(samples), _BATCH):
            index = np.arange(at, min(at + _BATCH, len(samples)))
            images = torch.from_numpy(samples.stored(index)).float() / 255
            logits, maps, _ = network(seen(images[:, list(samples.planes)], view))
            called = logits.argmax(dim=1).tolist()
            peaks += [float(grad_cam(m.numpy(), c).max()) for m, c in zip(maps, called, strict=True)]
    found = float(np.percentile(peaks, SCALE_PERCENTILE)) if peaks else 0.0
    return found if found > 0 else 1.0


def _any_slice(vectors: NDArray[np.float64], samples: RegionSamples, places: list[int]) -> NDArray[np.bool_]:
    calls = []
    for patient in samples.patient_labels():
        found = any_slice_rule(vectors[samples.patients == patient], places)
        assert found is not None, "a patient of the samples has regions"
        calls.append(found.is_positive)
    return np.array(calls)


def _list(estimate: Estimate) -> list[float]:
    """Value, lower and upper limit; the value alone where there is no interval."""
    values = (estimate.value, estimate.low, estimate.high)
    return [round(float(v), 4) for v in values if np.isfinite(v)]
