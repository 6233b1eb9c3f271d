"""How often, how many and how large: case mixes of the sites, sizes and numbers of lesions (PHANTOM 4.5, 9).

Sizes of targets are those of a patient's largest lesion, as the papers print them (SEEDS 2.6, 3.1). [A] HCC of the kind
``hbp`` are smaller (median 16 mm, sigma .45, from 8 mm) than the 30 mm of PHANTOM 4.5: SEEDS 1.1 has 3 to 10 positive
slices of about 100, which are lesions of about 10 to 26 mm at 2.1 to 2.9 mm between slices, and below 8 mm a tumour may
leave no slice that counts as positive. [A] Medians of ``triage`` are 1.07 times those listed there, so that all classes
together have the median of 39.9 mm that PHANTOM 4.5 asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, log, pi
from statistics import NormalDist

import numpy as np

from overread.core.errors import InputError
from overread.phantom.noise import pick
from overread.phantom.tables import numbers, table

SPAN_MM = (3.0, 200.0)
"""Least and greatest diameter of any lesion."""

LITTLE_MASS = 0.02
"""[A] A range of sizes with a smaller share of all lesions than this is drawn log-uniformly."""

EXTRA_ML = 400.0
"""[A] Lesions beside the largest one share at most this volume: the liver has to have room for them."""

Range = tuple[float, float]
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Size:
    """Log-normal diameters of one set of lesions, and how many a patient has: shares of ranges, or 1 + Poisson."""

    median_mm: float
    sigma: float
    least_mm: float
    most_mm: float
    shares: tuple[tuple[int, int, float], ...]
    base: int = 0
    poisson: float = 0.0

    def draw_number(self, rng: np.random.Generator) -> int:
        """How many lesions one patient has."""
        if not self.shares:
            return self.base + int(rng.poisson(self.poisson))
        low, high, _ = self.shares[pick(rng, tuple(share for *_, share in self.shares))]
        return low + int(rng.integers(0, high - low + 1))

    def draw_diameter(self, rng: np.random.Generator, within: Range | None = None) -> float:
        """A diameter in mm, inside ``within`` or else inside the limits of the set."""
        low, high = within or (self.least_mm, self.most_mm)
        below, above = (_NORMAL.cdf(log(edge / self.median_mm) / self.sigma) for edge in (low, high))
        share = float(rng.random())
        if above - below < LITTLE_MASS:
            return float(low * (high / low) ** share)
        reach = _NORMAL.inv_cdf(min(max(below + share * (above - below), 1e-12), 1 - 1e-12))
        return min(max(self.median_mm * exp(self.sigma * reach), low), high)


@cache
def size_of(name: str) -> Size:
    """Sizes of a set, such as ``triage.cyst`` or ``background.cyst``."""
    row = table("sizes")[name]
    numbers_of = row["number"]
    base, _, poisson = numbers_of.partition("+poisson:")
    is_poisson = bool(poisson)
    return Size(
        float(row["median_mm"]),
        float(row["sigma"]),
        float(row["least_mm"]),
        float(row["most_mm"]),
        shares=() if is_poisson else tuple(_share(part) for part in numbers_of.split()),
        base=int(base) if is_poisson else 0,
        poisson=float(poisson) if is_poisson else 0.0,
    )


def draw_diameters(
    rng: np.random.Generator, size: Size, within: Range | None, *, has_satellites: bool = False
) -> tuple[float, ...]:
    """Diameters of a patient's lesions, the largest first; satellites are much smaller than it.

    The others follow the same distribution below the largest and below what leaves them room (`EXTRA_ML`).
    """
    count = size.draw_number(rng)
    largest = size.draw_diameter(rng, within)
    least = within[0] if within else min(size.least_mm, largest)
    room = 10 * (6 * EXTRA_ML / pi / max(count - 1, 1)) ** (1 / 3)
    most = max(min(largest, room), least)
    others = []
    for _ in range(count - 1):
        if has_satellites:
            least_satellite = within[0] if within else SATELLITE_MM
            others.append(min(max(largest * float(rng.uniform(0.1, 0.35)), least_satellite), most))
        else:
            others.append(size.draw_diameter(rng, (least, most)) if most > least else largest)
    return (largest, *sorted(others, reverse=True))


SATELLITE_MM = 5.0
"""[A] Smallest satellite nodule of an ICC."""


def cohort(kind: str, site: str) -> Mapping[str, float]:
    """Numbers of a kind of case at a site: class mix, stages, prevalence; ``stress`` is as ``internal``.

    Raises
    ------
    InputError
        If there is no such kind, or no such site for it.
    """
    name = f"{kind}.{'internal' if site == 'stress' else site}"
    if name in table("mixes"):
        return numbers("mixes", name)
    kinds = sorted({key.split(".")[0] for key in table("mixes")})
    if kind not in kinds:
        raise InputError(f"No case of kind {kind!r}", "there is no such kind", f"Kinds are {', '.join(kinds)}")
    raise InputError(f"No {kind} case from {site!r}", "there is no such site", f"Sites are {', '.join(sites_of(kind))}")


def sites_of(kind: str) -> tuple[str, ...]:
    """Names of the sites of a kind."""
    return (*(key.split(".")[1] for key in table("mixes") if key.split(".")[0] == kind), "stress")


def check_range(diameter_mm: Range | None) -> None:
    """Refuse a range of diameters that no lesion can have."""
    if diameter_mm is None:
        return
    low, high = diameter_mm
    if not SPAN_MM[0] <= low < high <= SPAN_MM[1]:
        raise InputError(
            f"No lesions of {low:g} to {high:g} mm",
            f"diameters lie between {SPAN_MM[0]:g} and {SPAN_MM[1]:g} mm, the smaller one first",
            "Give a range LO-HI inside these limits",
        )


def _share(part: str) -> tuple[int, int, float]:
    span, _, share = part.partition(":")
    low, _, high = span.partition("-")
    return int(low), int(high or low), float(share)
