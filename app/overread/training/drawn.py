"""Drawn patients on disk: slices as the network sees them, with their label maps, one folder per patient."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.io import write_atomically
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS, VERSION, Patient, draw_patient
from overread.systems.hbp_detection.prepare import plan
from overread.systems.intensities import body_range_of
from overread.training.drawn_folders import ABOUT

IMAGES, LABEL_MAPS = "images.npy", "labels.npy"
LOOK_ALIKES = (
    *(LABELS[name] for name in ("vessel", "aorta-ivc", "gallbladder", "heart", "kidney", "bowel")),
    *range(FIRST_FINDING, FIRST_LESION),
)
"""Structures and findings that the paper or a trial saw taken for a lesion: negative crops are cut around them."""


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """One patient to draw."""

    kind: str
    seed: int
    site: str
    normals: float
    slices: int
    positive: int = 0
    twins: int = 0

    @property
    def folder(self) -> str:
        """Name of its folder: another order is another folder."""
        chosen = f"{self.slices}-{self.positive}-{self.twins}"
        return f"{self.kind}-v{VERSION}-{self.seed:07d}-{self.site}-{self.normals:g}-{chosen}"


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPatient:
    """Slices of one patient on the network's pixels.

    ``images`` uint8 (n, 320, 320), 0..255 for 0..1; ``labels`` uint8 likewise; ``pixel_mm2`` area of a pixel;
    ``indices`` the slice numbers, ``count`` how many slices the whole series has; ``affine`` places the pixels.
    ``twin_of`` (n,): where slice n is another one drawn again without its lesions, the place of that one, else -1.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    pixel_mm2: float
    pixel_mm: float
    indices: tuple[int, ...]
    count: int
    affine: Affine
    twin_of: tuple[int, ...]

    def lesion_areas_mm2(self) -> NDArray[np.float64]:
        """Area of HCC on each slice."""
        lesion = self.labels >= FIRST_LESION
        return np.asarray(lesion.reshape(len(lesion), -1).sum(axis=1) * self.pixel_mm2, dtype=np.float64)


def load_drawn(folder: Path) -> DrawnPatient:
    """Open a drawn patient; the arrays stay on disk until they are touched."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    return DrawnPatient(
        about["name"],
        np.load(folder / IMAGES, mmap_mode="r"),
        np.load(folder / LABEL_MAPS, mmap_mode="r"),
        about["pixel_mm2"],
        about["pixel_mm"],
        tuple(about["indices"]),
        about["count"],
        Affine(np.array(about["affine"])),
        tuple(about["twin_of"]),
    )


def keep_patient(target: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], about: dict[str, Any]) -> None:
    """Write what ``load_drawn`` opens; the facts come last, so that a folder with them is whole.

    Raises
    ------
    StorageError
        The disk is full, and the like.
    """
    write_atomically(target / IMAGES, lambda path: np.save(path, images))
    write_atomically(target / LABEL_MAPS, lambda path: np.save(path, labels))
    write_atomically(target / ABOUT, lambda path: _write_text(path, json.dumps(about)))


def iterate_slices(patients: Sequence[DrawnPatient]) -> Iterator[tuple[DrawnPatient, int]]:
    """Every slice of every patient."""
    for patient in patients:
        for n in range(len(patient.indices)):
            yield patient, n


def draw(order: DrawOrder, target: Path) -> None:
    """Draw one patient into a folder."""
    patient = draw_patient(order.kind, order.seed, order.site, order.normals, roles=("t1-hbp",))
    count = patient.shape[0]
    chosen, crossed = _choose_slices(patient, order)
    drawn = patient.render(chosen)
    values, labels = list(drawn.values), list(drawn.labels)
    again = crossed[: order.twins]
    if again:
        erased = patient.without_lesions().render([chosen[n] for n in again])
        values += list(erased.values)
        labels += list(erased.labels)
    low, high = body_range_of(drawn.values[:, ::4, ::4].ravel())
    preparation = plan(Grid(patient.shape, patient.affine), low, high)
    images = np.stack([np.rint(255 * preparation.image(v)).clip(0, 255).astype(np.uint8) for v in values])
    _, step_row, step_column = preparation.affine.spacing_mm
    about = {
        "name": f"{order.kind}-{order.seed}",
        "pixel_mm2": step_row * step_column,
        "pixel_mm": step_row,
        "indices": [*chosen, *(chosen[n] for n in again)],
        "twin_of": [-1] * len(chosen) + again,
        "count": count,
        "affine": preparation.affine.matrix.tolist(),
    }
    keep_patient(target, images, np.stack([preparation.labels(m) for m in labels]), about)


def _choose_slices(patient: Patient, order: DrawOrder) -> tuple[list[int], list[int]]:
    """Slices to draw, in order, and which of them (places in that list) were taken for the lesion they cross."""
    count = patient.shape[0]
    rng = np.random.default_rng([order.seed, 77])
    heights = patient.volumes[patient.reference].view.z_mm
    targets = [lesion for lesion in patient.scene.lesions if lesion.sketch.is_target]
    near = [abs(heights - lesion.centre[2]) <= lesion.radius for lesion in targets]
    crossing = np.flatnonzero(np.any(near, axis=0)) if near else np.zeros(0, dtype=np.intp)
    wanted = {int(k) for k in rng.permutation(crossing)[: order.positive]}
    others = [int(k) for k in rng.permutation(count) if int(k) not in wanted]
    chosen = sorted(wanted | set(others[: max(0, min(order.slices, count) - len(wanted))]))
    return chosen, [int(n) for n in rng.permutation([n for n, k in enumerate(chosen) if k in wanted])]


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
