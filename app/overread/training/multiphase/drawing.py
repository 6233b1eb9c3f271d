"""Drawn multiphase patients on disk: some of T2's slices with all five series on them, and where the lesions are.

A slice is cut as a reading cuts it (``prepare``). Drawing takes about three seconds a patient: images are painted on
256 columns with the detail of the whole protocol, and of a series only the slices that are needed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.io import write_atomically, write_json
from overread.phantom import FIRST_LESION, VERSION, Patient, draw_patient
from overread.phantom.artefacts import prepare as prepare_acquisition
from overread.phantom.patient import Imaging
from overread.phantom.protocols import draw_protocols
from overread.phantom.quality import Quality
from overread.systems.intensities import body_range_of
from overread.systems.multiphase_characterisation.prepare import SIZE, T2, Series, common_plan, plane, t2_plane
from overread.systems.resampling import crossed
from overread.training.drawn_folders import ABOUT

KIND = "multiphase"
ROLES = ("t2", "t1-pre", "t1-arterial", "t1-portal", "dwi")
"""In the order of the planes."""
IMAGES, LABEL_MAPS = "images.npy", "labels.npy"
_DRAWN_ROLES = ("t2-fs", "dwi", "t1-pre", "t1-arterial", "t1-portal")
_BODY_SAMPLE = 4
_DRAWING = 2
"""Counted up whenever the same patient is drawn otherwise: what lies there from before is another drawing."""
_GRAIN = 1.16
"""Noise on the grid of 256 columns drawn as such, over that of 512 columns brought to it: 1.09 to 1.27 in 32 series of
eight validation patients, measured as the difference of two drawings that differ in their noise alone."""
_FOR_RANGE = 7
"""T2's brightness is told from so many slices from end to end: within 4 % of the whole volume's, where the slices
that are drawn may miss the bright fluid by 12 %."""


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """One patient to draw: how many slices that a lesion crosses, and how many others."""

    seed: int
    site: str
    crossing: int
    others: int

    @property
    def folder(self) -> str:
        """Name of its folder: another order is another folder."""
        return f"{KIND}-v{VERSION}.{_DRAWING}-{self.seed:07d}-{self.site}-{self.crossing}-{self.others}"


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPatient:
    """Slices of one patient on the common grid.

    ``images`` uint8 (n, 5, 256, 256), 0..255 for 0..1, planes as ``ROLES``; ``labels`` uint8 (n, 256, 256) as T2 shows
    the patient; ``pixel_mm`` edge of a pixel; ``indices`` the slice numbers of T2's ``count`` slices.
    """

    name: str
    label: str
    seed: int
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    pixel_mm: float
    indices: tuple[int, ...]
    count: int


def load_drawn(folder: Path) -> DrawnPatient:
    """Open a drawn patient; the arrays stay on disk until they are touched."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return DrawnPatient(
        about["name"],
        about["label"],
        about["seed"],
        np.load(folder / IMAGES, mmap_mode="r"),
        np.load(folder / LABEL_MAPS, mmap_mode="r"),
        about["pixel_mm"],
        tuple(about["indices"]),
        about["count"],
    )


def detailed(patient: Patient) -> Patient:
    """A patient drawn on fewer columns, with as fine detail as those columns can hold.

    ``draw_patient(matrix=...)`` takes the acquired lines down with the columns, and leaves the noise of a pixel; a
    reading takes whole images down to its grid, whose detail is that of the protocol, and whose noise is averaged.
    """
    body = patient.scene.body
    trunk = 2 * body.person.half_width, 2 * body.person.half_depth
    protocols = draw_protocols(patient.seed, patient.kind, patient.site, trunk, tuple(patient.volumes))
    whole = {protocol.role: protocol for protocol in protocols}
    volumes = {}
    for role, imaging in patient.volumes.items():
        lines, most = whole[role].acquired_matrix, imaging.protocol.columns
        protocol = replace(imaging.protocol, acquired_matrix=(min(lines[0], most), min(lines[1], most)))
        view = replace(imaging.view, protocol=protocol)
        quality = imaging.how[0].quality
        assert isinstance(quality, Quality)
        if whole[role].columns > most:
            quality = replace(quality, snr=quality.snr * _GRAIN)
        taken = prepare_acquisition(patient.seed, view, quality, body.person, body.fat_patch_level)
        volumes[role] = Imaging(view, imaging.looks, (taken,))
    return replace(patient, volumes=volumes)


def draw_planes(order: DrawOrder) -> tuple[Patient, list[int], NDArray[np.float32], NDArray[np.uint8], Grid]:
    """Draw one patient's chosen slices.

    Returns
    -------
    patient, slices
        Whose, and which of T2's.
    planes
        float32 (n, 5, 256, 256), 0 to 1.
    labels
        uint8 (n, 256, 256), T2's label map.
    grid
        The common grid of all of T2's slices.
    """
    patient = detailed(draw_patient(KIND, order.seed, order.site, roles=_DRAWN_ROLES, matrix=SIZE))
    names = _names_of(patient)
    chosen = _choose_slices(patient, names[T2], order)
    grids = {role: _grid_of(patient, name) for role, name in names.items()}
    _, common = common_plan(grids[T2], 0.0, 1.0)
    rendered = patient.render(chosen, names[T2])
    low, high = _range_of(patient.render(_evenly(grids[T2].shape[0]), names[T2]).values)
    preparation, _ = common_plan(grids[T2], low, high)
    planes = np.empty((len(chosen), len(ROLES), SIZE, SIZE), dtype=np.float32)
    for n, values in enumerate(rendered.values):
        planes[n, ROLES.index(T2)] = t2_plane(preparation, values)
    for role in ROLES:
        if role != T2:
            needed = sorted({at for k in chosen for at in crossed(grids[role], common, k)})
            drawn = patient.render(needed, names[role]).values
            values = np.zeros(grids[role].shape, dtype=np.float32)
            values[needed] = drawn
            series = Series(values, grids[role], *_range_of(drawn))
            for n, k in enumerate(chosen):
                planes[n, ROLES.index(role)] = plane(series, common, k)
    return patient, chosen, planes, np.stack([preparation.labels(m) for m in rendered.labels]), common


def draw(order: DrawOrder, target: Path) -> None:
    """Draw one patient into a folder."""
    patient, chosen, planes, labels, grid = draw_planes(order)
    about: dict[str, Any] = {
        "name": f"{KIND}-{order.seed}",
        "label": patient.label,
        "seed": order.seed,
        "pixel_mm": grid.affine.spacing_mm[1],
        "indices": chosen,
        "count": grid.shape[0],
    }
    images = np.rint(255 * planes).astype(np.uint8)
    write_atomically(target / IMAGES, lambda path: np.save(path, images))
    write_atomically(target / LABEL_MAPS, lambda path: np.save(path, labels))
    write_json(target / ABOUT, about)


def _grid_of(patient: Patient, name: str) -> Grid:
    view = patient.volumes[name].view
    return Grid(view.shape, view.affine)


def _names_of(patient: Patient) -> dict[str, str]:
    """Which of a patient's volumes plays which role: of the diffusion images those nearest to b 800, from b 500 on."""
    diffusion = [name for name in patient.volumes if name.startswith("dwi:") and float(name[4:]) >= 500]
    names = {role: role for role in ROLES}
    return {**names, T2: "t2-fs", "dwi": min(diffusion, key=lambda name: abs(float(name[4:]) - 800))}


def _choose_slices(patient: Patient, name: str, order: DrawOrder) -> list[int]:
    """T2 slices that a target lesion crosses, the middle of the largest always among them, and some others."""
    rng = np.random.default_rng([order.seed, 78])
    heights = patient.volumes[name].view.z_mm
    targets = [lesion for lesion in patient.scene.lesions if lesion.sketch.is_target]
    near = [np.abs(heights - lesion.centre[2]) <= lesion.radius for lesion in targets]
    crossing = [int(k) for k in rng.permutation(np.flatnonzero(np.any(near, axis=0)))] if near else []
    if targets:
        largest = max(targets, key=lambda lesion: lesion.radius)
        middle = int(np.argmin(np.abs(heights - largest.centre[2])))
        crossing = [middle, *(k for k in crossing if k != middle)]
    wanted = crossing[: order.crossing]
    others = [int(k) for k in rng.permutation(len(heights)) if int(k) not in crossing]
    return sorted({*wanted, *others[: order.others]})


def _evenly(count: int) -> list[int]:
    """Some slices of a stack from end to end, neither the first nor the last."""
    return sorted({round(k) for k in np.linspace(0, count - 1, _FOR_RANGE + 2)[1:-1]})


def _range_of(values: NDArray[np.float32]) -> tuple[float, float]:
    return body_range_of(values[:, ::_BODY_SAMPLE, ::_BODY_SAMPLE].ravel())


def lesion_codes(labels: NDArray[np.uint8]) -> list[int]:
    """Codes of the target lesions on a label map, in order."""
    return [int(code) for code in np.unique(labels) if code >= FIRST_LESION]
