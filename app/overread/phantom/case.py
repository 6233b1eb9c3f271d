"""One seed, one case: the patient, the stored volume, the labels and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine
from overread.core.progress import SILENT, Progress
from overread.core.truth import Lesion, MaskRef, Truth
from overread.phantom.artefacts import acquire
from overread.phantom.canvas import Labels
from overread.phantom.labels import FIRST_LESION, LABELS
from overread.phantom.lattice import Floats
from overread.phantom.lesions import segment_of
from overread.phantom.noise import stream
from overread.phantom.painting import paint_slice
from overread.phantom.protocols import Protocol
from overread.phantom.scene import Scene, draw_scene
from overread.phantom.sites import SITE_TABLE

VERSION = "1"
"""Version of the generator: it changes when the same seed gives other pixels."""
MASK_FILE = "truth-mask.nii.gz"
ROLE = "t1-hbp"
POSITIVE_MM2 = 25.0
"""A slice counts as positive from this area of the mask on (PHANTOM 7)."""
VISIBLE_CONTRAST = 0.10
"""A tumour with less relative contrast than this counts as not visible [A]."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Slices of a patient: signal (float32) and labels (uint8), both [n, rows, columns]."""

    values: Floats
    labels: Labels


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything drawn for one seed; pixels are made by `render`. Shape is (slices, rows, columns)."""

    kind: str
    seed: int
    site: str
    label: str
    shape: tuple[int, int, int]
    affine: Affine
    protocol: Protocol
    scene: Scene

    def render(self, slices: Sequence[int], progress: Progress = SILENT) -> Rendered:
        """Make the given slices. Each is the same whichever others are asked for.

        Parameters
        ----------
        slices
            Slice indices, 0 to ``shape[0]`` - 1.

        Returns
        -------
        Rendered
            Signal and labels in the order asked for. The signal of normal liver is ``quality.scale``.
        """
        values = np.empty((len(slices), *self.shape[1:]), dtype=np.float32)
        labels = np.empty(values.shape, dtype=np.uint8)
        for place, index in enumerate(slices):
            progress.step("Drawing slices", place, len(slices))
            picture, labels[place] = paint_slice(self.scene, index)
            values[place] = acquire(picture, self.scene.acquisition, index)
        return Rendered(values, labels)

    def without_lesions(self) -> Patient:
        """The same patient with every HCC replaced by liver; vessels, cysts and noise stay as they are."""
        return replace(self, label="none", scene=replace(self.scene, tumours=()))


@dataclass(frozen=True, slots=True)
class Case:
    """A whole study: ``stored`` and ``labels`` are [k, j, i]; value = stored * slope + intercept."""

    name: str
    patient: Patient
    stored: NDArray[np.uint16]
    slope: float
    intercept: float
    affine: Affine
    labels: Labels
    truth: Truth


def draw_patient(kind: str, seed: int, site: str = "internal", normals: float = 0.0) -> Patient:
    """Draw a patient without making any pixel.

    Parameters
    ----------
    kind
        Kind of study, one of ``KINDS``.
    seed
        Number of the patient; the same number gives the same patient.
    site
        Name of a site of that kind (``SITES``).
    normals
        Share of patients without HCC, 0 to 1.

    Raises
    ------
    InputError
        No such kind or site, or a share or seed that makes no sense.
    """
    if kind not in SITE_TABLE:
        raise InputError(
            f"No phantom of kind {kind!r} can be made",
            "this version does not draw it",
            f"Choose one of: {', '.join(SITE_TABLE)}",
        )
    if site not in SITE_TABLE[kind]:
        raise InputError(
            f"No phantom of site {site!r} can be made",
            f"{kind} has no such site",
            f"Choose one of: {', '.join(SITE_TABLE[kind])}",
        )
    if seed < 0 or not 0 <= normals <= 1:
        raise InputError(
            "This phantom cannot be made",
            f"seed {seed} or share {normals} of normals is out of range",
            "Give a seed from 0 on and a share from 0 to 1",
        )
    has_hcc = bool(stream(seed, "label").random() >= normals)
    scene = draw_scene(seed, SITE_TABLE[kind][site], has_hcc)
    return Patient(
        kind=kind,
        seed=seed,
        site=site,
        label="hcc" if has_hcc else "none",
        shape=(len(scene.z_mm), len(scene.y_mm), len(scene.x_mm)),
        affine=_affine(seed, scene),
        protocol=scene.protocol,
        scene=scene,
    )


def make_case(
    kind: str, seed: int, site: str = "internal", normals: float = 0.0, progress: Progress = SILENT
) -> Case:
    """Draw a patient, make all slices and state the truth. Same arguments, same bytes."""
    patient = draw_patient(kind, seed, site, normals)
    rendered = patient.render(range(patient.shape[0]), progress)
    slope, intercept = patient.protocol.slope, patient.protocol.intercept
    stored = np.clip(np.rint((rendered.values - intercept) / slope), 0, 65535).astype(np.uint16)
    name = f"{kind}-{seed}"
    return Case(
        name=name,
        patient=patient,
        stored=stored,
        slope=slope,
        intercept=intercept,
        affine=patient.affine,
        labels=rendered.labels,
        truth=state_truth(name, patient, rendered.labels),
    )


def state_truth(name: str, patient: Patient, labels: Labels) -> Truth:
    """The truth of a case from its label map: what can be seen counts, not what was meant."""
    scene = patient.scene
    lesions = tuple(
        lesion
        for number in range(len(scene.tumours))
        if (lesion := _lesion(patient, labels, number)) is not None
    )
    present = set(np.unique(labels).tolist())
    structures = {
        structure: MaskRef(MASK_FILE, code) for structure, code in LABELS.items() if code and code in present
    }
    protocol, person = patient.protocol, scene.person
    return Truth(
        case=name,
        label="hcc" if lesions else "none",
        lesions=lesions,
        structures=structures,
        generator={
            "name": "overread.phantom",
            "version": VERSION,
            "kind": patient.kind,
            "site": patient.site,
            "seed": patient.seed,
        },
        disease={
            "stage": scene.disease.name,
            "cirrhosis": scene.disease.stage > 0,
            "cysts": len(scene.cysts),
            "ascites": scene.disease.ascites_mm > 0,
            "uptake_per_s": round(scene.disease.uptake, 3),
        },
        facts={
            "sex": person.sex,
            "age_y": person.age_y,
            "height_m": round(person.height_m, 2),
            "weight_kg": round(person.bmi * person.height_m**2, 1),
            "delay_min": protocol.delay_min,
        },
    )


def _lesion(patient: Patient, labels: Labels, number: int) -> Lesion | None:
    """One tumour as the label map shows it; None when nothing of it is left."""
    voxels = np.argwhere(labels == FIRST_LESION + number)
    if len(voxels) == 0:
        return None
    step_k, step_j, step_i = patient.affine.spacing_mm
    areas = np.bincount(voxels[:, 0], minlength=labels.shape[0]) * step_j * step_i
    middle = voxels.mean(axis=0)
    nearest = voxels[int(np.argmin(((voxels - middle) ** 2).sum(axis=1)))]
    is_inside = labels[tuple(np.rint(middle).astype(int))] == FIRST_LESION + number
    x, y, z = patient.affine.to_mm(middle if is_inside else nearest).tolist()
    largest = voxels[voxels[:, 0] == int(np.argmax(areas)), 1:] * np.array([step_j, step_i])
    tumour, signals = patient.scene.tumours[number], patient.scene.signals
    base = signals["parenchyma"] if tumour.is_iso else signals["blood"]
    contrast = base * tumour.signal / signals["parenchyma"] - 1
    return Lesion(
        id=f"hcc-{number + 1}",
        type="hcc",
        centre_mm=(x, y, z),
        diameter_mm=round(_calliper(largest, step_i), 1),
        volume_mm3=round(len(voxels) * step_k * step_j * step_i, 1),
        visible=abs(contrast) >= VISIBLE_CONTRAST,
        segment=segment_of(tumour.centre, patient.scene.marks),
        signs={
            "mosaic": bool(tumour.seeds),
            "rim": tumour.rim_mm > 0,
            "hypointense": contrast <= -VISIBLE_CONTRAST,
        },
        mask=MaskRef(MASK_FILE, FIRST_LESION + number),
        slices={ROLE: tuple(int(k) for k in np.flatnonzero(areas >= POSITIVE_MM2))},
    )


def _calliper(points_mm: NDArray[np.float64], pixel_mm: float) -> float:
    """Greatest width of a set of pixels over all directions in 1-degree steps (PHANTOM 7), mm."""
    angle = np.radians(np.arange(180))
    along = points_mm @ np.stack([np.cos(angle), np.sin(angle)])
    return float((along.max(axis=0) - along.min(axis=0)).max() + pixel_mm)


def _affine(seed: int, scene: Scene) -> Affine:
    """Where the stack lies in the scanner: a fifth of the patients lie turned by up to 6 degrees."""
    rng = stream(seed, "position")
    angles = np.radians(rng.uniform(-6, 6, 3)) if rng.random() < 0.2 else np.zeros(3)
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [at for at in range(3) if at != axis]
        part = np.eye(3)
        part[a, a] = part[b, b] = np.cos(angle)
        part[a, b], part[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ part
    protocol = scene.protocol
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array([*protocol.pixel_spacing_mm[::-1], protocol.slice_spacing_mm])
    corner = np.array([scene.x_mm[0], scene.y_mm[0], scene.z_mm[0]], dtype=np.float64)
    matrix[:3, 3] = turn @ corner + np.round(rng.normal(0, (4, 10, 25)), 1)
    return Affine(np.round(matrix, 6))
