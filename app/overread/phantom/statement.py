"""The truth of a case: what was drawn, measured on its label maps; a lesion that no slice shows is stated as such."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.truth import Lesion, MaskRef, Truth, mask_file
from overread.phantom.labels import LABELS
from overread.phantom.layers import Labels
from overread.phantom.painting import label_of
from overread.phantom.patient import Patient

VERSION = "2"
"""Version of the generator: it changes when the same seed gives other pixels."""
POSITIVE_MM2 = 25.0
"""A slice counts as positive from this area of the mask on (PHANTOM 7)."""
VISIBLE_CONTRAST = 0.10
"""A lesion with less relative contrast than this counts as not visible [A]."""
RING_MM = (3.0, 10.0)
"""Where the surround of a lesion is measured for its visibility (PHANTOM 7)."""

Maps = Mapping[str, tuple[Labels, Affine, NDArray[np.generic]]]


def state_truth(name: str, patient: Patient, maps: Maps) -> Truth:
    """State the truth.

    Parameters
    ----------
    name
        Of the case.
    patient
        As drawn.
    maps
        Role -> label map [k, j, i], its affine, the stored values.
    """
    scene = patient.scene
    stated = [_lesion(patient, maps, number) for number in range(len(scene.lesions))]
    lesions = tuple(lesion for lesion in stated if lesion is not None)
    reference = maps[patient.reference][0]
    present = set(np.unique(reference).tolist())
    file = mask_file(patient.reference)
    person, disease = scene.body.person, scene.body.disease
    return Truth(
        case=name,
        label=patient.label,
        lesions=lesions,
        structures={key: MaskRef(file, code) for key, code in LABELS.items() if code and code in present},
        generator={
            "name": "overread.phantom",
            "version": VERSION,
            "kind": patient.kind,
            "site": patient.site,
            "seed": patient.seed,
        },
        disease={
            "stage": disease.name,
            "cirrhosis": disease.stage > 0,
            "steatosis": round(disease.fat, 3),
            "iron_r2s": round(disease.iron_r2s, 1),
            "ascites": disease.ascites_mm > 0,
            "uptake_per_s": round(disease.uptake, 3),
        },
        facts={
            "sex": person.sex,
            "age_y": person.age_y,
            "height_m": round(person.height_m, 2),
            "weight_kg": round(person.bmi * person.height_m**2, 1),
            **scene.description.facts,
        },
    )


def _lesion(patient: Patient, maps: Maps, number: int) -> Lesion | None:
    """One lesion as the reference label map shows it; a finding of which nothing is left is None."""
    labels, affine, _ = maps[patient.reference]
    drawn = patient.scene.lesions[number]
    code = label_of(patient.scene, number)
    voxels = np.argwhere(labels == code)
    if len(voxels) == 0:
        return _unseen(patient, affine, number) if drawn.sketch.is_target else None
    step_k, step_j, step_i = affine.spacing_mm
    areas = np.bincount(voxels[:, 0], minlength=labels.shape[0]) * step_j * step_i
    middle = voxels.mean(axis=0)
    nearest = voxels[int(np.argmin(((voxels - middle) ** 2).sum(axis=1)))]
    is_inside = labels[tuple(np.rint(middle).astype(int))] == code
    x, y, z = affine.to_mm(middle if is_inside else nearest).tolist()
    largest = voxels[voxels[:, 0] == int(np.argmax(areas)), 1:] * np.array([step_j, step_i])
    sketch = drawn.sketch
    slices, slivers = _slices(maps, code)
    (segment,) = patient.scene.body.segments.of(np.array([drawn.centre], dtype=np.float64)).tolist()
    return Lesion(
        id=f"{sketch.type}-{number + 1}",
        type=sketch.type,
        centre_mm=(x, y, z),
        diameter_mm=round(_calliper(largest, step_i), 1),
        volume_mm3=round(len(voxels) * step_k * step_j * step_i, 1),
        visible=_is_visible(patient, number),
        typical=_is_typical(patient.kind, number, patient),
        is_target=sketch.is_target,
        variant=sketch.variant,
        segment=f"S{segment}",
        signs=dict(sketch.signs),
        hidden=sketch.hidden,
        mask=MaskRef(mask_file(patient.reference), code),
        slices=slices,
        slivers=slivers,
        visibility=_visibility(maps, code),
    )


def _unseen(patient: Patient, affine: Affine, number: int) -> Lesion:
    """A target too small for any voxel of the reference volume: as drawn, without a mask."""
    drawn = patient.scene.lesions[number]
    view = patient.volumes[patient.reference].view
    steps = ((view.z_mm, 2), (view.y_mm, 1), (view.x_mm, 0))
    index = tuple(float((drawn.centre[axis] - mm[0]) / (mm[1] - mm[0])) for mm, axis in steps)
    x, y, z = affine.to_mm(index).tolist()
    sketch = drawn.sketch
    return Lesion(
        id=f"{sketch.type}-{number + 1}",
        type=sketch.type,
        centre_mm=(x, y, z),
        diameter_mm=round(sketch.diameter_mm, 1),
        volume_mm3=round(np.pi / 6 * sketch.diameter_mm**3, 1),
        visible=False,
        typical=_is_typical(patient.kind, number, patient),
        variant=sketch.variant,
        signs=dict(sketch.signs),
        hidden=sketch.hidden,
        slices=dict.fromkeys(patient.volumes, ()),
    )


def _slices(maps: Maps, code: int) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    """Role -> slices on which a lesion counts, and slices that hold too little of it to count either way."""
    positive, slivers = {}, {}
    for role, (labels, affine, _) in maps.items():
        _, step_j, step_i = affine.spacing_mm
        areas = (labels == code).reshape(len(labels), -1).sum(axis=1) * step_j * step_i
        positive[role] = tuple(int(k) for k in np.flatnonzero(areas >= POSITIVE_MM2))
        slivers[role] = tuple(int(k) for k in np.flatnonzero((areas > 0) & (areas < POSITIVE_MM2)))
    return positive, slivers


def _visibility(maps: Maps, code: int) -> dict[str, float]:
    """Role -> contrast to the liver around it over that liver's sd, on the slice that shows most of the lesion."""
    from scipy import ndimage

    result = {}
    for role, (labels, affine, stored) in maps.items():
        areas = (labels == code).reshape(len(labels), -1).sum(axis=1)
        k = int(np.argmax(areas))
        if areas[k] == 0:
            continue
        inside = labels[k] == code
        _, step_j, step_i = affine.spacing_mm
        distance = ndimage.distance_transform_edt(~inside, sampling=(step_j, step_i))
        ring = (distance >= RING_MM[0]) & (distance <= RING_MM[1]) & (labels[k] == LABELS["liver"])
        if np.count_nonzero(ring) >= 12:
            values = stored[k].astype(np.float64)
            spread = float(values[ring].std())
            if spread > 0:
                result[role] = round(abs(float(values[inside].mean() - values[ring].mean())) / spread, 2)
    return result


def _is_visible(patient: Patient, number: int) -> bool:
    """Whether the lesion's body differs from the patient's liver in the reference volume."""
    look = patient.volumes[patient.reference].looks[-1]
    body = f"lesion{patient.scene.lesions[number].number}/body"
    contrast = look.water.get(body, 0.0) / max(look.water["liver"], 1e-6) - 1
    if patient.volumes[patient.reference].protocol.modality == "CT":
        return abs(look.water.get(body, 0.0) - look.water["liver"]) * 1000 >= 8
    return abs(contrast) >= VISIBLE_CONTRAST


def _is_typical(kind: str, number: int, patient: Patient) -> bool:
    """HCC as the textbook has it: dark in the hepatobiliary phase; with enhancement and washout elsewhere."""
    sketch = patient.scene.lesions[number].sketch
    if sketch.type != "hcc":
        return sketch.variant == "classic"
    return sketch.has("hbp-dark") if kind == "hbp" else sketch.has("aphe") and sketch.has("washout")


def _calliper(points_mm: NDArray[np.float64], pixel_mm: float) -> float:
    """Greatest width of a set of pixels over all directions in 1-degree steps (PHANTOM 7), mm."""
    angle = np.radians(np.arange(180))
    along = points_mm @ np.stack([np.cos(angle), np.sin(angle)])
    return float((along.max(axis=0) - along.min(axis=0)).max() + pixel_mm)
