"""Drawn patients on disk: slices as the network sees them, with their label maps, one folder per patient.

Drawing is the slow half of a quick training, so what is drawn stays: a training that is begun again goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS, VERSION, draw_patient
from overread.systems.hbp_detection.prepare import body_range_of, plan

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


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPatient:
    """Slices of one patient on the network's pixels.

    ``images`` uint8 (n, 320, 320), 0..255 for 0..1; ``labels`` uint8 likewise; ``pixel_mm2`` area of a pixel;
    ``indices`` the slice numbers, ``count`` how many slices the whole series has; ``affine`` places the pixels.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    pixel_mm2: float
    pixel_mm: float
    indices: tuple[int, ...]
    count: int
    affine: Affine

    def lesion_areas_mm2(self) -> NDArray[np.float64]:
        """Area of HCC on each slice."""
        lesion = self.labels >= FIRST_LESION
        return np.asarray(lesion.reshape(len(lesion), -1).sum(axis=1) * self.pixel_mm2, dtype=np.float64)


def draw_all(orders: Sequence[DrawOrder], folder: Path, jobs: int, progress: Progress = SILENT) -> list[Path]:
    """Draw what is not yet there; returns the patients' folders in the order of ``orders``."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f"{o.kind}-v{VERSION}-{o.seed:07d}-{o.site}-{o.normals:g}-{o.slices}" for o in orders]
    missing = [
        (order, target) for order, target in zip(orders, targets, strict=True) if not (target / "about.json").exists()
    ]
    if missing:
        run_in_processes(_draw, missing, jobs, "Drawing phantoms", progress)
    return targets


def load_drawn(folder: Path) -> DrawnPatient:
    """Open a drawn patient; the arrays stay on disk until they are touched."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return DrawnPatient(
        about["name"],
        np.load(folder / "images.npy", mmap_mode="r"),
        np.load(folder / "labels.npy", mmap_mode="r"),
        about["pixel_mm2"],
        about["pixel_mm"],
        tuple(about["indices"]),
        about["count"],
        Affine(np.array(about["affine"])),
    )


def iterate_slices(patients: Sequence[DrawnPatient]) -> Iterator[tuple[DrawnPatient, int]]:
    """Every slice of every patient."""
    for patient in patients:
        for n in range(len(patient.indices)):
            yield patient, n


def _draw(order: DrawOrder, target: Path) -> None:
    patient = draw_patient(order.kind, order.seed, order.site, order.normals, roles=("t1-hbp",))
    count = patient.shape[0]
    rng = np.random.default_rng([order.seed, 77])
    indices = np.sort(rng.choice(count, min(order.slices, count), replace=False))
    drawn = patient.render([int(k) for k in indices])
    low, high = body_range_of(drawn.values[:, ::4, ::4].ravel())
    preparation = plan(Grid(patient.shape, patient.affine), low, high)
    images = np.stack([np.rint(255 * preparation.image(v)).clip(0, 255).astype(np.uint8) for v in drawn.values])
    labels = np.stack([preparation.labels(m) for m in drawn.labels])
    _, step_row, step_column = preparation.affine.spacing_mm
    target.mkdir(parents=True, exist_ok=True)
    np.save(target / "images.npy", images)
    np.save(target / "labels.npy", labels)
    about = {
        "name": f"{order.kind}-{order.seed}",
        "pixel_mm2": step_row * step_column,
        "pixel_mm": step_row,
        "indices": indices.tolist(),
        "count": count,
        "affine": preparation.affine.matrix.tolist(),
    }
    (target / "about.json").write_text(json.dumps(about), encoding="utf-8")
