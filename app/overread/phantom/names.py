"""What the series of a study are called: one language per study, the vendor's own words in it (PHANTOM 8)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overread.phantom.noise import pick, stream
from overread.phantom.tables import table

LANGUAGES = ("en", "de", "fr", "es", "zh", "ko", "ja", "coded")
"""Columns of ``series_names.csv``; ``coded`` are the names that protocols have when nobody renames them."""
VENDORS = ("siemens", "philips", "ge", "uih", "canon")
_SHARES: dict[str, tuple[float, ...]] = {
    "internal": (0.15, 0.0, 0.0, 0.0, 0.35, 0.15, 0.10, 0.25),
}
_ELSEWHERE = (0.20, 0.15, 0.10, 0.10, 0.15, 0.05, 0.05, 0.20)
"""[A] Shares of the languages: the published cohorts are East Asian, the external sites are spread over the world."""


def draw_language(seed: int, site: str) -> str:
    """The language of a study: one of ``LANGUAGES``, whatever the study shows."""
    return LANGUAGES[pick(stream(seed, "language"), _SHARES.get(site, _ELSEWHERE))]


def series_name(
    role: str,
    vendor: str,
    language: str,
    rng: np.random.Generator,
    b_values: Sequence[float] = (),
    *,
    states_b: bool = False,
) -> str:
    """Draw the description of a series.

    Parameters
    ----------
    role
        A role as of `overread.core.roles`, or ``mip``.
    vendor
        One of ``VENDORS``.
    language
        One of ``LANGUAGES``.
    rng
        Source of the choice.
    b_values
        Of a diffusion series, s/mm2.
    states_b
        Only names that hold a b-value: for headers that hold none.
    """
    entries = names_of(role, vendor, language)
    if states_b:
        entries = [e for e in entries if "{" in e] or [f"{entry} b={{top}}" for entry in entries]
    chosen = entries[int(rng.integers(len(entries)))]
    return filled(chosen, b_values)


def names_of(role: str, vendor: str, language: str) -> list[str]:
    """The names that a vendor's scanner may give a role in one language, with ``{b}`` and ``{top}`` still open."""
    names = []
    for entry in table("series_names")[role][language].split(";"):
        name, _, makers = entry.strip().partition("@")
        if not makers or vendor in makers.split("+"):
            names.append(name)
    return names


def filled(name: str, b_values: Sequence[float] = ()) -> str:
    """A name with its b-values: ``{b}`` all of them joined by underscores, ``{top}`` the highest."""
    numbers = [f"{b:g}" for b in sorted(b_values)]
    return name.replace("{b}", "_".join(numbers)).replace("{top}", numbers[-1] if numbers else "")
