"""Drawn patients of noncontrast-triage on disk: the squares round their largest lesion, six series deep.

Every variant learns from a part of the same six. A study that lacks a series has it blank and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.circles import circles_of_mask
from overread.core.geometry import Affine, Grid
from overread.core.region import MASK_MARGIN_MM, Circle
from overread.io import write_json
from overread.phantom import FIRST_LESION, POSITIVE_MM2, VERSION, Patient, draw_patient
from overread.phantom.lesions.describe import describe
from overread.systems.intensities import body_range_of
from overread.systems.noncontrast_triage.prepare import Cut, Plane, Source, crop, sampling_of, side_of, slices_needed
from overread.systems.noncontrast_triage.variants import STACKS
from overread.training.drawn_folders import ABOUT, write_arrays
from overread.training.hand_circles import drawn_by_hand

KIND = "triage"
ROLES = STACKS["six"]
CROPS = "crops.npz"
STORED_PX = 160
_WANTED_B = 800.0
_SAMPLE = 4
_CERTAIN = 0.9
"""Within this share of its radius a lesion, which is no ball, crosses a slice nearly always."""


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """One patient to draw. ``planes``: at most so many of the slices every 10 mm that cross its largest lesion.

    ``by_hand``: circles as a person draws them, off by a few millimetres, on planes picked at random; else as a mask
    gives them, on planes from end to end.
    """

    seed: int
    site: str
    planes: int
    by_hand: bool

    @property
    def folder(self) -> str:
        """Name of its folder: another order is another folder."""
        return f"{KIND}-v{VERSION}-{self.seed:07d}-{self.site}-{self.planes}-{'hand' if self.by_hand else 'mask'}"


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPatient:
    """The squares of one patient.

    ``images`` uint8 (n, 6, STORED_PX, STORED_PX) in the order of ``ROLES``; ``roles`` are those that the study has.
    ``label`` is the class's name, ``type`` and ``diameter_mm`` the lesion's.
    """

    seed: int
    images: NDArray[np.uint8]
    roles: tuple[str, ...]
    label: str
    type: str
    diameter_mm: float


def seeds_of(first: int, count: int, shares: Mapping[str, float], site: str = "internal") -> list[int]:
    """Seeds from ``first`` on whose classes come in these shares; every beginning of the list has them nearly too.

    A study is described in well under a millisecond, so that rare classes need not be waited for. The class follows
    from the mix of ``site``; a seed has the same one at ``stress``, whose mix is that of ``internal``.
    """
    chosen: list[int] = []
    counts = dict.fromkeys(shares, 0)
    for seed in count_from(first):
        if len(chosen) >= count:
            return chosen
        label = describe(KIND, seed, site).label
        if counts[label] < shares[label] * (len(chosen) + 1) + 1:
            counts[label] += 1
            chosen.append(seed)
    raise AssertionError("there is always a further seed")


def load_drawn(folder: Path) -> DrawnPatient:
    """Open a drawn patient."""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    with np.load(folder / CROPS) as file:
        images = file["images"]
    return DrawnPatient(
        about["seed"], images, tuple(about["roles"]), about["label"], about["type"], float(about["diameter_mm"])
    )


def draw(order: DrawOrder, target: Path) -> None:
    """Draw one patient; its facts come last, so that a folder with them is whole.

    Raises
    ------
    StorageError
        The disk is full, and the like.
    """
    patient = draw_patient(KIND, order.seed, order.site, roles=("t2-fs", *ROLES[1:]))
    cut = Cut(STORED_PX)
    painter = Painter(patient)
    planes = [p for k in _heights(patient, order) if (p := _plane(painter, k, order, cut)) is not None]
    images = np.zeros((len(planes), len(ROLES), STORED_PX, STORED_PX), dtype=np.uint8)
    reference = painter.grid("t2")
    for n, plane in enumerate(planes):
        where, count = sampling_of(reference, plane, cut)
        for c, role in enumerate(painter.roles_present(ROLES)):
            if role is not None:
                for k in slices_needed(painter.grid(role), where, count):
                    painter.values(role, k)
                image, _ = crop(painter.source(role), where, count, cut)
                images[n, c] = np.rint(255 * image).astype(np.uint8)
    lesion = patient.scene.lesions[0].sketch
    write_arrays(target / CROPS, {"images": images})
    about = {
        "seed": order.seed,
        "roles": [role for role in painter.roles_present(ROLES) if role is not None],
        "label": patient.label,
        "type": lesion.type,
        "diameter_mm": lesion.diameter_mm,
        "planes": [{"k": p.k, "centre_mm": list(p.centre_mm), "side_mm": p.side_mm} for p in planes],
    }
    write_json(target / ABOUT, about)


class Painter:
    """Slices of a patient's volumes, painted when they are first asked for, by the contract's names of the roles."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._names = {role: name for role in ROLES if (name := _volume_of(patient, role)) is not None}
        self._values: dict[tuple[str, int], NDArray[np.float32]] = {}
        self._labels: dict[int, NDArray[np.uint8]] = {}

    def roles_present(self, roles: Sequence[str]) -> list[str | None]:
        """The roles, with None in place of those that the study lacks."""
        return [role if role in self._names else None for role in roles]

    def grid(self, role: str) -> Grid:
        """Where a role's volume lies."""
        view = self._patient.volumes[self._names[role]].view
        return Grid(view.shape, view.affine)

    def values(self, role: str, k: int) -> NDArray[np.float32]:
        """Slice k of a role's volume."""
        if (role, k) not in self._values:
            drawn = self._patient.render([k], self._names[role])
            self._values[role, k] = drawn.values[0]
            if role == "t2":
                self._labels[k] = drawn.labels[0]
        return self._values[role, k]

    def labels(self, k: int) -> NDArray[np.uint8]:
        """Label map of slice k of T2."""
        self.values("t2", k)
        return self._labels[k]

    def source(self, role: str) -> Source:
        """A role's volume, to cut from.

        Its intensity range is that of the slices painted so far and of one a quarter up the stack, where kidneys and
        spine stand for the rest of the volume (within some per cent of the range of the whole).
        """
        grid = self.grid(role)
        self.values(role, grid.shape[0] // 4)
        sample = [values[::_SAMPLE, ::_SAMPLE].ravel() for (name, _), values in self._values.items() if name == role]
        low, high = body_range_of(np.concatenate(sample))
        return Source(grid, lambda k: self.values(role, k), low, high)


def _volume_of(patient: Patient, role: str) -> str | None:
    """Name of the patient's volume that plays a role; None where there is none."""
    if role == "t2":
        return "t2-fs"
    if role != "dwi":
        return role if role in patient.volumes else None
    found = [name for name in patient.volumes if name.startswith("dwi:") and float(name[4:]) >= 500]
    return min(found, key=lambda name: abs(float(name[4:]) - _WANTED_B), default=None)


def _heights(patient: Patient, order: DrawOrder) -> list[int]:
    """Slices of T2 that cross the largest lesion, every 10 mm, at most as many as ordered."""
    view = patient.volumes["t2-fs"].view
    lesion = patient.scene.lesions[0]
    step = Cut(STORED_PX).step_mm
    count = int(2 * _CERTAIN * lesion.radius / step) + 1
    heights = lesion.centre[2] + (np.arange(count) - (count - 1) / 2) * step
    slices = sorted({int(np.argmin(np.abs(view.z_mm - z))) for z in heights})
    if order.by_hand:
        rng = np.random.default_rng([order.seed, 78])
        return sorted(int(k) for k in rng.permutation(slices)[: order.planes])
    picked = np.unique(np.linspace(0, len(slices) - 1, min(order.planes, len(slices))).round().astype(int))
    return [slices[n] for n in picked]


def _plane(painter: Painter, k: int, order: DrawOrder, cut: Cut) -> Plane | None:
    """The square round the largest lesion on slice k of T2; None where too little of it is there."""
    grid = painter.grid("t2")
    mask = painter.labels(k) == FIRST_LESION
    _, step_j, step_i = grid.affine.spacing_mm
    if mask.sum() * step_j * step_i < POSITIVE_MM2:
        return None
    place = np.eye(4)
    place[2, 3] = k
    single = Grid((1, *grid.shape[1:]), grid.affine.then(Affine(place)))
    (_, circle), *_ = circles_of_mask(mask[None], single, 0.0)
    if order.by_hand:
        circle = drawn_by_hand(circle, grid.affine, np.random.default_rng([order.seed, 79, k]))
    else:
        circle = Circle(circle.centre_mm, circle.radius_mm + MASK_MARGIN_MM)
    return Plane(k, circle.centre_mm, side_of(circle.radius_mm, cut))
