"""Drawn patients of mvi-prediction on disk: the squares round their circled tumours as grey values, and their facts.

The squares keep the scanner's pixels, so that any margin and any size are cut from them by the very code that reads
(``systems.mvi_prediction.prepare``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.circles import circles_of_mask
from overread.core.facts import Facts, facts_from
from overread.core.geometry import Affine, Grid
from overread.core.region import MASK_MARGIN_MM, Circle
from overread.io import write_json
from overread.phantom import FIRST_LESION, VERSION, Patient, draw_patient
from overread.systems.mvi_prediction.prepare import Preparation
from overread.training.drawn_folders import ABOUT, write_arrays
from overread.training.hand_circles import drawn_by_hand

KIND, ROLE = "ct-mvi", "ct-arterial"
SQUARES = "squares.npz"
_BORDER_PX = 4


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """One patient to draw. ``slices``: at most so many of those that cross the tumour, 0 for all.

    ``by_hand``: circles as a person draws them, off by a few millimetres; else exactly as a mask gives them.
    """

    seed: int
    site: str
    slices: int
    by_hand: bool

    @property
    def folder(self) -> str:
        """Name of its folder: another order is another folder."""
        return f"{KIND}-v{VERSION}-{self.seed:07d}-{self.site}-{self.slices}-{'hand' if self.by_hand else 'mask'}"


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPatient:
    """One patient's circled slices.

    ``squares``: grey values uint8 (rows, columns) round each circle, a little beyond its box; ``grids`` place them.
    ``is_positive``: MVI. ``facts`` as stated; ``signs`` those that the image shows.
    """

    name: str
    site: str
    is_positive: bool
    facts: Facts
    signs: Mapping[str, bool]
    squares: tuple[NDArray[np.uint8], ...]
    grids: tuple[Grid, ...]
    circles: tuple[Circle, ...]

    @property
    def diameter_mm(self) -> float:
        """Of the tumour as the circles tell it."""
        return max(0.0, 2 * (max(circle.radius_mm for circle in self.circles) - MASK_MARGIN_MM))

    def images(self, preparation: Preparation) -> NDArray[np.uint8]:
        """Every circled slice as the network sees it: uint8 (n, size, size), one of the equal planes."""
        planes = [
            np.rint(255 * preparation.image(square, grid, circle)[0]).astype(np.uint8)
            for square, grid, circle in zip(self.squares, self.grids, self.circles, strict=True)
        ]
        return np.stack(planes)


def draw(order: DrawOrder, target: Path) -> None:
    """Draw one patient into a folder; what is about it comes last, so that a folder with it is whole."""
    patient = draw_patient(KIND, order.seed, order.site, roles=(ROLE,))
    rng = np.random.default_rng([order.seed, 41])
    chosen = _slices_to_draw(patient, order, rng)
    rendered = patient.render(chosen)
    mask = np.zeros(patient.shape, dtype=bool)
    mask[chosen] = rendered.labels == FIRST_LESION
    circled = circles_of_mask(mask, Grid(patient.shape, patient.affine))
    preparation = Preparation()
    squares, affines, circles = [], [], []
    for k, exact in circled:
        edge = Circle(exact.centre_mm, exact.radius_mm - MASK_MARGIN_MM)
        circle = drawn_by_hand(edge, patient.affine, rng) if order.by_hand else exact
        square, affine = _square(preparation.grey(rendered.values[chosen.index(k)]), patient.affine, circle)
        squares.append(square)
        affines.append(affine.matrix.tolist())
        circles.append([*circle.centre_mm, circle.radius_mm])
    about = {
        "name": f"{KIND}-{order.seed}",
        "site": order.site,
        "label": patient.label,
        "facts": dict(patient.scene.description.facts),
        "signs": _seen_signs(patient),
        "slices": [k for k, _ in circled],
        "affines": affines,
        "circles": circles,
    }
    keep_drawn(target, squares, about)


def keep_drawn(target: Path, squares: Sequence[NDArray[np.uint8]], about: Mapping[str, Any]) -> None:
    """Write what ``load_drawn`` opens.

    Parameters
    ----------
    about
        ``name, site, label, facts, signs``; ``affines`` and ``circles`` (x, y, z, radius) of each square.

    Raises
    ------
    StorageError
        The disk is full, and the like.
    """
    write_arrays(target / SQUARES, {str(n): square for n, square in enumerate(squares)})
    write_json(target / ABOUT, about)


def load_drawn(folder: Path) -> DrawnPatient:
    """Open a drawn patient."""
    about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    with np.load(folder / SQUARES) as arrays:
        squares = tuple(arrays[str(n)] for n in range(len(about["circles"])))
    return DrawnPatient(
        about["name"],
        about["site"],
        about["label"] == "mvi+",
        facts_from(about["facts"]),
        about["signs"],
        squares,
        tuple(
            Grid((1, *square.shape), Affine(np.array(matrix)))
            for square, matrix in zip(squares, about["affines"], strict=True)
        ),
        tuple(Circle((x, y, z), radius) for x, y, z, radius in about["circles"]),
    )


def _slices_to_draw(patient: Patient, order: DrawOrder, rng: np.random.Generator) -> list[int]:
    """Slices that the tumour crosses, or may cross; of more than are wanted some from everywhere along it."""
    heights = patient.volumes[ROLE].view.z_mm
    (tumour,) = (lesion for lesion in patient.scene.lesions if lesion.sketch.is_target)
    reach = tumour.radius if order.slices else 1.4 * tumour.radius + patient.affine.spacing_mm[0]
    crossing = np.flatnonzero(abs(heights - tumour.centre[2]) <= reach)
    if crossing.size == 0:
        crossing = np.array([int(np.argmin(abs(heights - tumour.centre[2])))])
    if order.slices and crossing.size > order.slices:
        parts = np.array_split(crossing, order.slices)
        return [int(rng.choice(part)) for part in parts]
    return [int(k) for k in crossing]


def _square(grey: NDArray[np.uint8], affine: Affine, circle: Circle) -> tuple[NDArray[np.uint8], Affine]:
    """The pixels under a circle's box and a few more, as far as the slice goes, and where they lie."""
    index = affine.to_index([circle.centre_mm])[0]
    first = [0, 0]
    last = [0, 0]
    for axis in (0, 1):
        reach = circle.radius_mm / affine.spacing_mm[axis + 1] + _BORDER_PX
        first[axis] = int(max(0, np.floor(index[axis + 1] - reach)))
        last[axis] = int(min(grey.shape[axis], np.ceil(index[axis + 1] + reach) + 1))
    matrix = affine.matrix.copy()
    matrix[:3, 3] = affine.to_mm([(round(index[0]), first[0], first[1])])[0]
    return grey[first[0] : last[0], first[1] : last[1]], Affine(matrix)


def _seen_signs(patient: Patient) -> dict[str, bool]:
    """The three signs as the image shows them."""
    (sketch,) = (lesion.sketch for lesion in patient.scene.lesions if lesion.sketch.is_target)
    return {sign: sketch.shows(sign) for sign in ("artery", "halo", "difference")}
