"""Circles as a person draws them round a lesion: beyond its edge, and their centre a little off."""

from __future__ import annotations

import numpy as np

from overread.core.geometry import Affine
from overread.core.region import Circle

MARGIN_MM = (8.0, 12.0)
"""How far beyond the lesion's edge a person's circle goes: about 1 cm [A]."""
CENTRE_MM = 3.0
"""How far its centre may lie beside the lesion's, along rows and along columns [A]."""


def drawn_by_hand(around: Circle, affine: Affine, rng: np.random.Generator) -> Circle:
    """A person's circle.

    Parameters
    ----------
    around
        The smallest circle round the lesion on this slice.
    affine
        Of the volume: along its rows and columns the hand slips.
    """
    along, down = rng.uniform(-CENTRE_MM, CENTRE_MM, 2)
    x, y, z = around.centre_mm + along * affine.direction("i") + down * affine.direction("j")
    return Circle((float(x), float(y), float(z)), around.radius_mm + float(rng.uniform(*MARGIN_MM)))
