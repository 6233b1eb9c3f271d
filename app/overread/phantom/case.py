"""One seed, one case: the volumes as a scanner stores them, their labels, the segments and the truth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.progress import SILENT, PartProgress, Progress
from overread.core.truth import Truth
from overread.phantom.labels import FIRST_LESION, LABELS
from overread.phantom.layers import Labels
from overread.phantom.patient import Patient, draw_patient, share_geometry
from overread.phantom.protocols import Protocol
from overread.phantom.sites import SITE_TABLE
from overread.phantom.statement import state_truth

Stored = NDArray[np.uint16] | NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as stored: [k, j, i], value = stored * slope + intercept; ``labels`` on the same grid."""

    protocol: Protocol
    stored: Stored
    slope: float
    intercept: float
    affine: Affine
    labels: Labels


@dataclass(frozen=True, slots=True)
class Case:
    """A whole study. ``segments`` [k, j, i] on the reference volume: Couinaud 1 to 8, 0 outside the liver."""

    name: str
    patient: Patient
    volumes: Mapping[str, Volume]
    segments: Labels
    truth: Truth

    @property
    def reference(self) -> Volume:
        """The volume on whose grid the truth is stated."""
        return self.volumes[self.patient.reference]


def make_case(
    kind: str,
    seed: int,
    site: str = "internal",
    normals: float = 0.0,
    diameter_mm: tuple[float, float] | None = None,
    progress: Progress = SILENT,
    roles: Collection[str] | None = None,
) -> Case:
    """Draw a patient, make all volumes and state the truth. Same arguments, same bytes. See `draw_patient`.

    ``roles`` leaves all other volumes out; those that are made have the same bytes as in the whole study.
    """
    patient = draw_patient(kind, seed, site, normals, diameter_mm, roles)
    volumes: dict[str, Volume] = {}
    groups = share_geometry(patient)
    for done, group in enumerate(groups):
        rendered = patient.render_together(group, None, PartProgress(progress, "Drawing the series", done, len(groups)))
        for role in group:
            volumes[role] = _store(patient, role, rendered[role].values, rendered[role].labels)
    grown = SITE_TABLE[kind][site].mask_grown_mm
    if grown > 0:
        for volume in volumes.values():
            _grow_lesions(volume.labels, volume.affine, grown)
    volumes = {role: volumes[role] for role in patient.volumes}
    reference = volumes[patient.reference]
    name = f"{kind}-{seed}"
    return Case(
        name=name,
        patient=patient,
        volumes=volumes,
        segments=_segments(patient, reference),
        truth=state_truth(name, patient, {r: (v.labels, v.affine, v.stored) for r, v in volumes.items()}),
    )


def _store(patient: Patient, role: str, values: NDArray[np.float32], labels: Labels) -> Volume:
    """As the scanner stores it: whole numbers, with the protocol's rescale."""
    imaging = patient.volumes[role]
    protocol = imaging.protocol
    slope = protocol.slope
    if protocol.modality == "CT":
        stored: Stored = np.clip(np.rint(values), -2048, 3071).astype(np.int16)
        slope = 1.0
    elif role == "adc":
        stored, slope = np.clip(np.rint(values), 0, 4095).astype(np.uint16), 1.0
    else:
        stored = np.clip(np.rint(values / slope), 0, 65535).astype(np.uint16)
    return Volume(protocol, stored, slope, 0.0, imaging.view.affine, labels)


def _grow_lesions(labels: Labels, affine: Affine, grown_mm: float) -> None:
    """Enlarge the lesions of a label map within their slices, in place: a reader who draws generously (PHANTOM 9)."""
    from scipy import ndimage

    _, step_j, step_i = affine.spacing_mm
    for k in range(labels.shape[0]):
        lesion = labels[k] >= FIRST_LESION
        if lesion.any():
            distance, nearest = ndimage.distance_transform_edt(~lesion, sampling=(step_j, step_i), return_indices=True)
            near = (distance > 0) & (distance <= grown_mm + 0.5 * step_i)
            labels[k][near] = labels[k][nearest[0], nearest[1]][near]


def _segments(patient: Patient, volume: Volume) -> Labels:
    """Couinaud map of the reference volume: liver, and what lies in it."""
    imaging = patient.volumes[patient.reference]
    inside = np.isin(volume.labels, [LABELS[name] for name in ("liver", "vessel")]) | (volume.labels >= 40)
    k, j, i = np.nonzero(inside)
    view = imaging.view
    points = np.stack([view.x_mm[i], view.y_mm[j], view.z_mm[k]], axis=1).astype(np.float64)
    result = np.zeros(volume.labels.shape, dtype=np.uint8)
    result[k, j, i] = patient.scene.body.segments.of(points)
    return result
