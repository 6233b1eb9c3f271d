"""Quantiles of the drawn livers against the cohorts of PHANTOM 1.2, and the acceptance rules of PHANTOM 1.3.

    python benchmarks/phantom_anatomy.py [--draws 500] [--stage 0] [--european]

Prints volumes (5, 50, 95 %), shares of segments, LSVR, spleen, where the lobes reach, contact with the wall and the
seconds per patient. Stage 0 to 3: no cirrhosis, Child-Pugh A, B, C.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np
from numpy.typing import NDArray

from overread.phantom.disease import draw_disease
from overread.phantom.lattice import STEP_MM, Field, Lattice
from overread.phantom.liver import draw_landmarks
from overread.phantom.person import draw_person
from overread.phantom.scene import lay_out
from overread.phantom.segments import shares
from overread.phantom.sites import SITE_TABLE
from overread.phantom.vessels import grow_vessels

VOXEL_ML = STEP_MM**3 / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--stage", type=int, default=0)
    parser.add_argument("--european", action="store_true")
    options = parser.parse_args()
    rows = np.array([measure(seed, options.stage, options.european) for seed in range(options.draws)])
    names = (
        "liver mL", "of the draw", "largest piece", "left lobe beyond x=40", "below the kidney pole", "wall contact",
        "gallbladder contact", "spleen mL", "S1", "S2+3", "S4", "S5+8", "S6+7", "LSVR", "height mm", "seconds",
    )  # fmt: skip
    print(f"{'stage ' + str(options.stage):<24}{'mean':>9}{'sd':>9}{'5 %':>9}{'50 %':>9}{'95 %':>9}")
    for name, column in zip(names, rows.T, strict=True):
        known = column[np.isfinite(column)]
        values = (known.mean(), known.std(), *np.percentile(known, [5, 50, 95]))
        print(f"{name:<24}" + "".join(f"{value:>9.3g}" if value < 10 else f"{value:>9.0f}" for value in values))


def measure(seed: int, stage: int, is_european: bool) -> list[float]:
    """One row of the table."""
    start = time.process_time()
    site = dataclasses.replace(SITE_TABLE["hbp"]["internal"], european=float(is_european))
    disease = draw_disease(seed, tuple(float(at == stage) for at in range(4)), 1.0)  # type: ignore[arg-type]
    person = draw_person(seed, site, disease.volume_ratio)
    marks = draw_landmarks(seed, person, disease)
    lattice, fields, _ = lay_out(person, disease, marks, seed)
    vessels = grow_vessels(lattice, fields, marks, person, disease, seed)
    seconds = time.process_time() - start
    liver = fields["liver"]
    part = shares(lattice, liver, vessels.segments)
    ml = np.count_nonzero(liver.values < 0) * VOXEL_ML
    return [
        ml,
        ml / person.liver_ml,
        largest_share(liver),
        float(np.any(liver.values[:, :, lattice.axis("x") > 40] < 0)),
        float(lowest(lattice, liver, -50) < lowest(lattice, fields["kidney-right"], 200)),
        wall_contact(lattice, liver, fields["cavity"]),
        bag_contact(lattice, liver, fields.get("gallbladder")),
        np.count_nonzero(fields["spleen"].values < 0) * VOXEL_ML,
        part[1],
        part[2] + part[3],
        part[4],
        part[5] + part[8],
        part[6] + part[7],
        part[1:4].sum() / part[4:].sum(),
        height(lattice, liver),
        seconds,
    ]


def largest_share(field: Field) -> float:
    """Share of the largest connected piece."""
    from scipy import ndimage

    pieces, _ = ndimage.label(field.values < 0)
    sizes = np.bincount(pieces.ravel())[1:]
    return float(sizes.max() / sizes.sum())


def lowest(lattice: Lattice, field: Field, right_of: float) -> float:
    """Lowest z of a field to the right of a position."""
    k, _, i = field.block
    inside = np.any((field.values < 0) & (lattice.axis("x")[i] < right_of), axis=(1, 2))
    return float(lattice.axis("z")[k][np.argmax(inside)])


def height(lattice: Lattice, liver: Field) -> float:
    """Height in the right midclavicular line (x = -75), mm."""
    at = int(np.argmin(np.abs(lattice.axis("x") + 75)))
    return float(np.count_nonzero(np.any(liver.values[:, :, at] < 0, axis=1)) * STEP_MM)


def wall_contact(lattice: Lattice, liver: Field, cavity: Field) -> float:
    """Share of the right half of the inner wall at z = 0 to 40 that liver touches."""
    z, x = lattice.axis("z"), lattice.axis("x")
    levels = np.flatnonzero((z >= 0) & (z <= 40))
    ring = (cavity.values[levels] < -2) & (cavity.values[levels] > -8) & (x < 0)[None, None, :]
    return float(np.mean(liver.values[levels][ring] < 3))


def bag_contact(lattice: Lattice, liver: Field, bag: Field | None) -> float:
    """Share of the gallbladder's surface that liver touches, between the heights where both are."""
    if bag is None:
        return float("nan")
    k, j, i = bag.block
    near: NDArray[np.bool_] = (bag.values > 0) & (bag.values < 5)
    part = liver.values[k, j, i]
    levels = np.any(near & (part < 2), axis=(1, 2))
    return float(np.mean(part[levels][near[levels]] < 2)) if levels.any() else 0.0


if __name__ == "__main__":
    main()
