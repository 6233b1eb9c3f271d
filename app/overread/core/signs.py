"""The three signs of microvascular invasion that a reader looks for in one arterial-phase CT."""

from __future__ import annotations

SIGNS = ("internal arteries", "hypodense halo", "tumour-liver difference")
"""In the order in which they are asked."""


def three_signs(arteries: bool, halo: bool, difference: bool) -> bool:
    """Whether the signs together say invasion: arteries inside, no halo, no difference between tumour and liver.

    Parameters
    ----------
    arteries
        Discrete arteries are seen inside the tumour.
    halo
        A hypodense rim lies around it, wholly or in part.
    difference
        The tumour's edge parts sharply from the liver in attenuation.

    Returns
    -------
    bool
        True for (yes, no, no) and for nothing else.

    References
    ----------
    SEEDS sections 4.4 and 5, row 7 (Liu).
    """
    return arteries and not halo and not difference
