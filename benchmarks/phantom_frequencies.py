"""Case descriptions against the tables they are drawn from, and the ceilings of MVI prediction.

    python benchmarks/phantom_frequencies.py [--cases 5000] [--site internal] [--first-seed 0] [--all]

One line per frequency: what the table says, what it means for the sizes drawn, what was drawn, its binomial standard
error, and whether the draw lies within three of them. Signs are counted on one lesion of a type and patient (those of
one patient are alike) and apart for 2-5 cm, for which the table stands, and up to 1 cm. Without ``--all`` only the
signs that lie outside are printed. About one line in 370 lies outside by chance.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import exp, log, sqrt
from statistics import NormalDist, fmean

import numpy as np

from overread.phantom import mvi
from overread.phantom.ceiling import MISREAD, SETS, ceilings
from overread.phantom.lesions.describe import CYSTS, HAEMANGIOMAS, IF_CIRRHOSIS, NODULES, describe
from overread.phantom.lesions.mix import cohort, size_of
from overread.phantom.lesions.signs import TABLED, chance, looks_like
from overread.phantom.lesions.sketch import Description, Sketch
from overread.phantom.tables import table

KINDS = ("hbp", "multiphase", "triage", "ct-mvi")
NODULE_TYPES = ("regenerative-nodule", "dysplastic-nodule")
OVERLAPS = {
    ("hcc", "icc"): (0.06, 0.10),
    ("icc", "hcc"): (0.10, 0.15),
    ("metastasis", "hcc"): (0.12, 0.18),
    ("metastasis", "icc"): (0.15, 0.20),
    ("fnh", "hcc"): (0.08, 0.08),
    ("abscess", "metastasis"): (0.20, 0.20),
}
"""Rates of PHANTOM 4.4."""


class Tally:
    """Counts lines inside and outside three standard errors, and prints them."""

    def __init__(self) -> None:
        self.lines, self.outside = 0, 0

    def line(
        self, name: str, tabled: float | None, expected: Iterable[float], hits: int, *, is_shown: bool = True
    ) -> None:
        """Compare ``hits`` with the chances ``expected`` of every case."""
        chances = list(expected)
        n = len(chances)
        if n == 0:
            return
        share, mean = hits / n, fmean(chances)
        error = sqrt(max(sum(p * (1 - p) for p in chances), 1e-12)) / n
        is_inside = abs(share - mean) <= 3 * error + 1e-9
        self.lines += 1
        self.outside += not is_inside
        if is_shown or not is_inside:
            table_text = "     " if tabled is None else f"{tabled:.3f}"
            verdict = "inside" if is_inside else f"OUTSIDE ({(share - mean) / error:+.1f} s.e.)"
            print(f"  {name:<52} {table_text}  {mean:.4f}  {share:.4f} +- {error:.4f}  n {n:<5} {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--site", default="internal")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    tally = Tally()
    for kind in KINDS:
        started = time.perf_counter()
        seeds = range(options.first_seed, options.first_seed + options.cases)
        cases = [describe(kind, seed, options.site) for seed in seeds]
        spent = 1000 * (time.perf_counter() - started) / len(cases)
        print(f"\n{kind}, {len(cases)} cases, {spent:.2f} ms each        table  expected   drawn")
        print_mix(tally, kind, options.site, cases)
        stages = np.mean([case.stages for case in cases], axis=0)
        print("  no cirrhosis, Child-Pugh A, B, C: " + ", ".join(f"{share:.3f}" for share in stages))
        print_sizes(tally, kind, cases)
        print_signs(tally, cases, is_shown=options.all)
        print_overlaps(cases)
    print(f"\n{tally.lines} lines, {tally.outside} outside three standard errors ({tally.lines / 370:.1f} by chance)")
    print_ceilings()


def print_mix(tally: Tally, kind: str, site: str, cases: list[Description]) -> None:
    """Classes, background findings, numbers of lesions."""
    row = cohort(kind, site)
    n = len(cases)
    if kind == "ct-mvi":
        tally.line("mvi+", row["mvi-positive"], [row["mvi-positive"]] * n, sum(d.label == "mvi+" for d in cases))
    else:
        types = Counter(class_of(d.lesions[0]) for d in cases)
        total = sum(row.get(name, 0.0) for name in row if f"{kind}.{name}" in table("sizes"))
        for name in (name for name in row if f"{kind}.{name}" in table("sizes")):
            tally.line(f"class {name}", row[name], [row[name] / total] * n, types[name])
    beside = [[s for s in d.lesions if not s.is_target] for d in cases]
    if kind in ("hbp", "multiphase"):
        for name, share in (("cyst", CYSTS), ("haemangioma", HAEMANGIOMAS)):
            hits = sum(any(s.type == name for s in found) for found in beside)
            tally.line(f"background {name}", share, [share] * n, hits)
        hits = sum(any(s.variant == IF_CIRRHOSIS for s in found) for found in beside)
        tally.line("background nodules, if cirrhosis", NODULES, [NODULES] * n, hits)
    if kind != "ct-mvi":
        for name in sorted({class_of(d.lesions[0]) for d in cases}):
            counts = [sum(s.is_target for s in d.lesions) for d in cases if class_of(d.lesions[0]) == name]
            shares = size_of(f"{kind}.{name}").shares
            for low, high, share in shares if len(shares) > 1 else ():
                hits = sum(low <= count <= high for count in counts)
                tally.line(f"{name}: {low}-{high} lesions", share, [share] * len(counts), hits)


def print_sizes(tally: Tally, kind: str, cases: list[Description]) -> None:
    """Largest lesions against the log-normal distributions, and what a slice-wise reader meets."""
    largest = [d.lesions[0] for d in cases]
    normal = NormalDist()
    if kind == "ct-mvi":
        for sign in "+-":
            values = [d.lesions[0].diameter_mm for d in cases if d.label == f"mvi{sign}"]
            median = float(table("mvi")[f"internal.mvi{sign}"]["diameter"])
            tally.line(f"mvi{sign}: below {median:g} mm", 0.5, [0.5] * len(values), sum(v < median for v in values))
        return
    for name in sorted({class_of(s) for s in largest}):
        size = size_of(f"{kind}.{name}")
        values = [s.diameter_mm for s in largest if class_of(s) == name]
        ends = [normal.cdf(log(edge / size.median_mm) / size.sigma) for edge in (size.least_mm, size.most_mm)]
        for reach in (-1, 0, 1):
            edge = size.median_mm * exp(reach * size.sigma)
            expected = (normal.cdf(reach) - ends[0]) / (ends[1] - ends[0])
            hits = sum(value < edge for value in values)
            tally.line(f"{name}: below {edge:.1f} mm", normal.cdf(reach), [expected] * len(values), hits)
    values = [s.diameter_mm for s in largest]
    print(f"  all: median {np.median(values):.1f}, mean {np.mean(values):.1f}, sd {np.std(values):.1f} mm", end="")
    print(f", up to 20 mm {np.mean(np.array(values) <= 20):.3f}")
    if kind == "hbp":
        slices = [positive_slices(d) for d in cases]
        few = np.mean([3 <= n <= 10 for n in slices])
        print(f"  positive slices at 2.1-2.9 mm: median {np.median(slices):.0f}, 3 to 10 in {few:.2f} of studies")


def positive_slices(case: Description) -> float:
    """Slices with at least 25 mm2 of a target, for balls and slices 2.5 mm apart that no two targets share."""
    radii = [s.diameter_mm / 2 for s in case.lesions if s.is_target]
    return round(sum(2 * sqrt(max(r**2 - 25 / np.pi, 0)) / 2.5 for r in radii))


def print_signs(tally: Tally, cases: list[Description], *, is_shown: bool) -> None:
    """Signs of one lesion of every type and patient."""
    found: dict[str, list[Sketch]] = defaultdict(list)
    for case in cases:
        first: dict[str, Sketch] = {}
        for sketch in case.lesions:
            first.setdefault(f"{sketch.type}{'' if sketch.is_target else ' beside'}", sketch)
        for name, sketch in first.items():
            found[name].append(sketch)
    before = tally.lines, tally.outside
    for name, sketches in sorted(found.items()):
        for band, low, high in (("2-5 cm", 20.0, 50.0), ("up to 1 cm", 0.0, 10.0)):
            chosen = [s for s in sketches if low < s.diameter_mm <= high]
            if len(chosen) < 50:
                continue
            for sign in (sign for sign in TABLED if sign in chosen[0].signs and sign != "thrombus"):
                column = class_of(chosen[0])
                tabled = table("signs")[sign].get(column)
                tally.line(
                    f"{name}, {band}: {sign}",
                    float(tabled) if tabled else None,
                    [chance(s.type, sign, s.diameter_mm, s.variant) for s in chosen],
                    sum(s.has(sign) for s in chosen),
                    is_shown=is_shown,
                )
    lines, outside = tally.lines - before[0], tally.outside - before[1]
    print(f"  signs: {lines} frequencies, {outside} outside three standard errors")


def print_overlaps(cases: list[Description]) -> None:
    """Rates of lesions built to be taken for another type."""
    largest = [d.lesions[0] for d in cases if "t1-dark" in d.lesions[0].signs]
    for (own, other), (low, high) in OVERLAPS.items():
        chosen = [s for s in largest if s.type == own]
        if len(chosen) < 100:
            continue
        share = fmean(looks_like(s) == other for s in chosen)
        error = sqrt(share * (1 - share) / len(chosen))
        verdict = "inside" if low - 3 * error <= share <= high + 3 * error else "OUTSIDE"
        print(
            f"  {own} that looks like {other:<12} target {low:.2f}-{high:.2f}  "
            f"drawn {share:.3f} +- {error:.3f} {verdict}"
        )


def print_ceilings() -> None:
    """PHANTOM 6.3 for the factors of every site and for `other`, whose figures the specification prints."""
    for name in ("other", "internal", "external-1"):
        factors = mvi.factors_of(name)
        print(f"\nMVI ceilings, factors {name}: every sign seen | as visible | misread {MISREAD:.0%}")
        for scenario in ("weak", "mid", "strong"):
            ways = (
                ceilings(factors, scenario),
                ceilings(factors, scenario, is_visible=True),
                ceilings(factors, scenario, misread=MISREAD),
            )
            shown = SETS if scenario == "mid" else ("signs", "image", "everything")
            for key in shown:
                print(f"  {scenario:<7} {key:<36} " + " | ".join(f"{way[key]:.3f}" for way in ways))
        for low, high in ((0, 20), (20, 50), (50, 1000)):
            way = ceilings(factors, is_visible=True, within_mm=(low, high))
            print(f"  mid, visible, {low}-{high} mm: image {way['image']:.3f}, everything {way['everything']:.3f}")


def class_of(sketch: Sketch) -> str:
    """Class of the mix: both kinds of nodule are one."""
    return "benign-nodule" if sketch.type in NODULE_TYPES else sketch.type


if __name__ == "__main__":
    main()
