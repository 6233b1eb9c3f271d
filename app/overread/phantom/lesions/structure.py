"""From a sketch and a place to a lesion: surface, inner parts, surroundings, tissues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from overread.phantom.disease import Disease
from overread.phantom.lesions import benign, tumours
from overread.phantom.lesions.around import surroundings
from overread.phantom.lesions.material import Bench
from overread.phantom.lesions.parts import Cells, Filling, Part
from overread.phantom.lesions.shape import Point, Shape, draw_shape
from overread.phantom.lesions.sites import EXOPHYTIC, site_of
from overread.phantom.lesions.sketch import Sketch
from overread.phantom.lesions.tumours import Inside
from overread.phantom.noise import stream
from overread.phantom.tissues import Surroundings, Tissue

_TEXTURE: Mapping[str, tuple[float, float]] = {
    "cyst": (0.002, 0.006),
    "haemangioma": (0.010, 0.022),
    "fnh": (0.010, 0.020),
    "regenerative-nodule": (0.012, 0.022),
    "dysplastic-nodule": (0.012, 0.022),
}
"""Type -> range of the relative depth of the texture; solid tumours (.015, .042) [A]."""
INFILTRATIVE_WITHOUT_PUSH = 0.30
"""Share of infiltrative HCC without mass effect (PHANTOM 4.1)."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion in its place, ready to be painted.

    ``body`` fills it up to its surface; ``parts`` are laid over it in order; ``around`` lies outside of its mask and is
    painted before everything else. ``tissues`` holds what all of them are made of, under names that no other lesion
    has. ``retraction_mm``: how far it draws the capsule of the liver in. ``push_mm``: radius of its mass effect, 0 if
    there is none. ``texture``: depth of its inner texture.
    """

    sketch: Sketch
    number: int
    shape: Shape
    body: str | Cells
    parts: tuple[Part, ...]
    around: tuple[Part, ...]
    tissues: Mapping[str, Tissue]
    texture: float
    is_exophytic: bool = False
    lets_vessels_through: bool = False
    retraction_mm: float = 0.0
    push_mm: float = 0.0

    @property
    def centre(self) -> Point:
        """Centre in patient mm."""
        return self.shape.centre

    @property
    def radius(self) -> float:
        """Radius of the body without its buds, mm."""
        return self.shape.radius

    @property
    def reach_mm(self) -> float:
        """No part of it, nor of its surroundings but wedges and ducts, lies farther from the centre."""
        return self.shape.reach_mm

    @property
    def changes_with_time(self) -> bool:
        """Whether its geometry depends on the time after the injection."""
        return any(isinstance(part, Filling) for part in self.parts)

    @property
    def has_thrombus(self) -> bool:
        """Whether it grows into a portal branch."""
        return self.sketch.shows("thrombus")


def build(
    sketch: Sketch,
    centre: Point,
    number: int,
    tissues: Mapping[str, Tissue],
    shared: Surroundings,
    disease: Disease,
    seed: int,
) -> Lesion:
    """Draw a lesion's surface, parts and tissues.

    Parameters
    ----------
    sketch
        What it is and which signs it shows.
    centre
        Patient mm, from `placement.place`.
    number
        Its position among the sketches given to `placement.place`; names its tissues and its random streams.
    tissues
        The patient's tissues; only the liver is looked at.
    shared
        Field strength, agent, circulation.
    disease
        Background disease (not looked at: it acts through the liver's tissue).
    seed
        Seed of the study.
    """
    del disease
    shape = draw_shape(sketch, centre, stream(seed, f"lesion-{number}-shape"))
    bench = Bench(
        sketch=sketch,
        number=number,
        centre=centre,
        radius=shape.radius,
        liver=tissues["liver"],
        shared=shared,
        seed=seed,
        rng=stream(seed, f"lesion-{number}-tissue"),
    )
    body, parts = _recipe(sketch)(bench)
    around = surroundings(bench, shape)
    rng = stream(seed, f"lesion-{number}-manner")
    is_flat = sketch.variant.startswith("focal")
    is_flat |= sketch.variant == "infiltrative" and rng.random() < INFILTRATIVE_WITHOUT_PUSH
    return Lesion(
        sketch=sketch,
        number=number,
        shape=shape,
        body=body,
        parts=parts,
        around=around,
        tissues=bench.made,
        texture=float(rng.uniform(*_TEXTURE.get(sketch.type, (0.015, 0.042)))),
        is_exophytic=site_of(sketch, number, seed) == EXOPHYTIC,
        lets_vessels_through=sketch.variant.startswith("focal"),
        retraction_mm=float(rng.uniform(3, 12)) if sketch.has("retraction") else 0.0,
        push_mm=0.0 if is_flat else shape.radius,
    )


def _recipe(sketch: Sketch) -> Callable[[Bench], Inside]:
    if sketch.variant.startswith("focal"):
        return benign.focal_fat
    if sketch.type == "other-primary":
        return {"combined": tumours.hcc, "rare": tumours.metastasis}.get(sketch.variant, tumours.cholangio)
    return {
        "hcc": tumours.hcc,
        "icc": tumours.cholangio,
        "metastasis": tumours.metastasis,
        "cyst": benign.cyst,
        "haemangioma": benign.haemangioma,
        "fnh": benign.hyperplasia,
        "abscess": benign.abscess,
        "regenerative-nodule": benign.nodule,
        "dysplastic-nodule": benign.nodule,
    }[sketch.type]
