"""How the six networks do on validation patients, read as a study is read, as far as their drawn slices go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.progress import SILENT, Progress
from overread.engines.devices import on_cpu
from overread.phantom import FIRST_LESION
from overread.systems.multiphase_characterisation.detect import detect
from overread.systems.multiphase_characterisation.loading import Parts, Rules
from overread.systems.multiphase_characterisation.prepare import Stack
from overread.systems.multiphase_characterisation.regions import Square, cut, squares_of
from overread.systems.multiphase_characterisation.system import Classified, judged
from overread.systems.multiphase_characterisation.voting import Found, most_confident
from overread.systems.ready import Loaded
from overread.training.multiphase.drawing import ROLES, DrawnPatient
from overread.training.multiphase.regions import CLASSES, square_of
from overread.training.multiphase.targets import lesion_boxes

if TYPE_CHECKING:
    from torch import nn

NEAR_MM = 10.0
"""A region hits where its place lies no farther from a voxel of a lesion (CONTRACT section 7)."""


@dataclass(frozen=True, slots=True)
class StudyResult:
    """What was made of one study.

    Of ``lesion_slices`` that show a lesion ``found`` have a region there; ``regions`` were kept after the vote,
    ``false_regions`` of them off any lesion. ``call`` is None without a region. ``peaks`` are the strongest activations
    of the called class, one a region.
    """

    label: str
    lesion_slices: int
    found: int
    regions: int
    false_regions: int
    call: str | None
    confidence: float | None
    call_on_true_regions: str | None
    peaks: tuple[float, ...]


def parts_in_memory(networks: Mapping[str, nn.Module], rules: Rules) -> Parts:
    """Networks by role, and the one called ``classifier``, as a reading uses them."""
    from overread.engines.torch_engine import TorchEngine

    cpu = on_cpu("it is being trained")
    loaded = {name: Loaded(TorchEngine(network.cpu()), cpu, None) for name, network in networks.items()}
    last: Any = networks["classifier"].get_submodule("classifier")
    weight, bias = (part.detach().cpu().numpy().astype(np.float64) for part in (last.weight, last.bias))
    return Parts({role: loaded[role] for role in ROLES if role in loaded}, loaded["classifier"], weight, bias, rules)


def validate(parts: Parts, patients: Sequence[DrawnPatient], progress: Progress = SILENT) -> list[StudyResult]:
    """Read every patient's drawn slices."""
    results = []
    for n, patient in enumerate(patients):
        progress.step("Reading validation phantoms", n, len(patients))
        results.append(_result(parts, patient))
    progress.report("Reading validation phantoms", len(patients), len(patients))
    return results


def figures(results: Sequence[StudyResult]) -> dict[str, Any]:
    """Figures of a validation as they stand in a manifest."""
    called = [r for r in results if r.call is not None]
    slices, found = (sum(getattr(r, key) for r in results) for key in ("lesion_slices", "found"))
    told = [r for r in results if r.call_on_true_regions is not None]
    return {
        "test_set": "validation",
        "patients": len(results),
        "not_localised": len(results) - len(called),
        "lesion_slices": slices,
        "lesion_slices_found": round(found / max(slices, 1), 4),
        "false_regions_per_study": round(float(np.mean([r.false_regions for r in results])), 3),
        "accuracy": round(float(np.mean([r.call == r.label for r in results])), 4),
        "accuracy_on_true_regions": round(float(np.mean([r.call_on_true_regions == r.label for r in told])), 4),
        "called": {name: sum(r.call == name for r in called) for name in CLASSES},
        "truth": {name: sum(r.label == name for r in results) for name in CLASSES},
        "right": {name: sum(r.call == r.label == name for r in called) for name in CLASSES},
    }


def confidence_pairs(results: Sequence[StudyResult]) -> list[list[float]]:
    """Confidence, and 1 or 0 for right or wrong, of each study with a region, the surest first."""
    pairs = [[round(r.confidence, 5), int(r.call == r.label)] for r in results if r.confidence is not None]
    return sorted(pairs, key=lambda pair: -pair[0])


def stack_of_drawn(patient: DrawnPatient) -> Stack:
    """A drawn patient's slices as a reading lays them; their distance is of no account."""
    planes = np.asarray(patient.images, dtype=np.float32) / np.float32(255)
    grid = Grid((len(planes), *planes.shape[2:]), Affine(np.diag([patient.pixel_mm, patient.pixel_mm, 1000.0, 1.0])))
    return Stack(planes, grid, ROLES, {})


def _result(parts: Parts, patient: DrawnPatient) -> StudyResult:
    stack = stack_of_drawn(patient)
    labels = [np.asarray(each) for each in patient.labels]
    detected = detect(parts, stack, range(len(labels)))
    by_slice = {region.k: region for region in detected.regions}
    has_lesion = [k for k, each in enumerate(labels) if (each >= FIRST_LESION).any()]
    kept = most_confident(detected.regions, parts.rules.share)
    own = _classified(parts, stack, squares_of(kept))
    told = _classified(parts, stack, [square_of(box, k) for k in has_lesion for box in lesion_boxes(labels[k])])
    call = None if own is None else _call(own)
    return StudyResult(
        patient.label,
        len(has_lesion),
        sum(k in by_slice and _hits(by_slice[k], labels[k], patient.pixel_mm) for k in has_lesion),
        len(kept),
        sum(not _hits(region, labels[region.k], patient.pixel_mm) for region in kept),
        call,
        None if own is None else 1 - own.variance,
        None if told is None else _call(told),
        () if own is None or call is None else tuple(own.maps[:, CLASSES.index(call)].max(axis=(1, 2)).tolist()),
    )


def _classified(parts: Parts, stack: Stack, squares: Sequence[Square]) -> Classified | None:
    if not squares:
        return None
    rules, engine = parts.rules, parts.classifier.engine
    return judged(parts, [engine.run(cut(stack.planes[s.k], s, rules.region_size, rules.enlarged)) for s in squares])


def _call(classified: Classified) -> str:
    return CLASSES[int(classified.vectors.sum(axis=0).argmax())]


def _hits(region: Found, labels: NDArray[np.uint8], pixel_mm: float) -> bool:
    voxels = np.argwhere(labels >= FIRST_LESION)
    if not len(voxels):
        return False
    return bool(np.sqrt(((voxels - np.array(region.centre)) ** 2).sum(axis=1).min()) * pixel_mm <= NEAR_MM)
