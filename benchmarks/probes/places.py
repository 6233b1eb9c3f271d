"""Matching of observations, and whether lesions of two classes lie in the same places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp

Numbers = NDArray[np.float64]
AXES = ("x", "y", "z", "depth")
FEWEST = 25
"""Lesions of a class below which nothing is compared."""
CALLIPER = 0.15
"""Greatest difference of logarithmic diameters within a pair."""
LEVEL = 0.05
HILAR, SUBCAPSULAR = ("icc", "other-primary"), ("metastasis", "fnh")


@dataclass(frozen=True, slots=True)
class Lesions:
    """Largest lesion of a class in every patient that has one: place [n, 4] as ``AXES``, diameter in mm."""

    place: Numbers
    diameter: Numbers


def matched(
    first: Numbers, second: Numbers, reach: float, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows of ``first`` and ``second`` no farther apart than ``reach``, each row used once; greedy."""
    tree = cKDTree(second)
    free = np.ones(len(second), dtype=bool)
    pairs = []
    for row in np.random.default_rng(seed).permutation(len(first)):
        near = [n for n in tree.query_ball_point(first[row], reach) if free[n]]
        if near:
            best = min(near, key=lambda n: float(np.linalg.norm(second[n] - first[row])))
            free[best] = False
            pairs.append((row, best))
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return left, right


def gather(data: Mapping[str, NDArray[np.generic]], is_mvi: bool) -> dict[str, Lesions]:
    """Lesions by type (by label in a study of MVI), background findings apart from targets."""
    table, types = data["lesions"].astype(np.float64), data["lesion types"]
    label_of = dict(zip(data["seed"].tolist(), data["label"].tolist(), strict=True))
    largest: dict[tuple[str, int], NDArray[np.float64]] = {}
    for row, type_ in zip(table, types, strict=True):
        is_target = bool(row[1])
        name = str(type_) if is_target else f"{type_} beside"
        if is_mvi and is_target:
            name = str(label_of[int(row[0])])
        key = (name, int(row[0]))
        if key not in largest or row[2] > largest[key][2]:
            largest[key] = row
    result = {}
    for name in sorted({name for name, _ in largest}):
        rows = np.array([row for (own, _), row in largest.items() if own == name])
        result[name] = Lesions(rows[:, 3:7], rows[:, 2])
    return result


def declared(first: str, second: str, diameter: float) -> str:
    """Why PHANTOM 4.5 lets the places of two classes differ; empty where it does not."""
    names = {name.removesuffix(" beside") for name in (first, second)}
    if (
        len(names & set(HILAR)) == 1
        or len(names & set(SUBCAPSULAR)) == 1
        or (names & set(HILAR) and names & set(SUBCAPSULAR))
    ):
        return "hilar or subcapsular by class"
    if "hcc" in names and len(names) == 2 and diameter < 20:
        return "HCC below 20 mm keeps off the hilum"
    return ""


def print_places(groups: Mapping[str, Lesions]) -> int:
    """Kolmogorov-Smirnov between all pairs of classes, sizes matched; returns how many undeclared ones differ."""
    lines = []
    for one, two in combinations(groups, 2):
        a, b = groups[one], groups[two]
        left, right = matched(np.log(a.diameter)[:, None], np.log(b.diameter)[:, None], CALLIPER)
        if len(left) < FEWEST:
            continue
        why = declared(one, two, float(np.median(a.diameter[left])))
        for axis, name in enumerate(AXES):
            plain = ks_2samp(a.place[:, axis], b.place[:, axis])
            like = ks_2samp(a.place[left, axis], b.place[right, axis])
            lines.append((one, two, name, len(left), plain, like, why))
    undeclared = sum(not line[-1] for line in lines)
    print(f"\nLesion positions, Kolmogorov-Smirnov, matched by diameter; differs: p < {LEVEL:g} / {undeclared} tests")
    count = 0
    for one, two, name, pairs, plain, like, why in lines:
        differs = not why and like.pvalue * undeclared < LEVEL
        count += differs
        verdict = f"declared: {why}" if why else "DIFFERS" if differs else "same"
        print(
            f"  {one:<22} {two:<22} {name:<6} pairs {pairs:4d}  D {like.statistic:.3f}  p {like.pvalue:.4f}  "
            f"(unmatched D {plain.statistic:.3f} p {plain.pvalue:.4f})  {verdict}"
        )
    if not lines:
        print("  too few lesions of two classes")
    return count
