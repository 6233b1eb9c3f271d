"""Shortcut probes of the digital liver: what a network could learn without looking at a lesion (PHANTOM 11).

    python benchmarks/phantom_probes.py OUT --kind hbp [--cases 2000] [--first 100000] [--site internal] [--jobs 2]

Phase 1 draws cases at low resolution and keeps cheap features of each in OUT, 50 cases in a file; files that are there
already are taken as they are (delete them when the generator's pixels have changed). Phase 2 fits logistic regression
and gradient-boosted trees in five folds, patients kept together, classes weighted alike, apart for livers with and
without cirrhosis. Every AUC compares pairs of the same fold and stratum only; its 95 % interval is DeLong's, clustered
by patient.

The rule: with L the limit of PHANTOM 11, a probe is OUTSIDE when the lower end of the interval of abs(AUC - .5)
exceeds L - .5. A fitted probe that errs to the other side is called BELOW and counted apart: where nothing can be
learned, every fold left out leans away from the folds trained on, and AUCs fall below .5, the farther the fewer the
cases. The limits of shuffled labels (.50 +- .04) and of correlated noise (.2) are read likewise. For a probe outside,
the three features that tell most by themselves are printed. "Erased twin" rows see the same cases, slices and noise
with all lesions they are about replaced by liver: what is outside there cannot be the lesions' own content. Age and
sex may tell what the commission prints of them by class (`limits.people_limit`). Baselines (size, cirrhosis) are no
image features and run over both strata together. Lesion counts of classes other than metastasis leave metastases out
of the rest, whose number PHANTOM 11 declares to tell. The depth of a lesion's centre follows from its size, which has
a limit of its own: location is judged with sizes matched, and reported as it is. Slices are judged among those that
hold liver, and again matched by height and liver area; the whole stack, with ends that hold no liver, is reported.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from probes.collect import CHUNK, chunk_path, collect, load
from probes.fit import FOLDS, Auc, auc, cross_validated, strongest
from probes.limits import FITTED, USUAL, Probe, probes_of
from probes.places import CALLIPER, gather, matched, print_places

from overread.core.processes import run_in_processes
from overread.core.progress import CallbackProgress, Stage
from overread.phantom import KINDS

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Data = dict[str, NDArray[np.generic]]
RARE = 0.01
"""Words in fewer headers than this share are one word."""
CORRELATION = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--first", type=int, default=100_000)
    parser.add_argument("--site", default="internal")
    parser.add_argument("--matrix", type=int, default=96)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    data = load(drawn(options))
    print(f"{options.kind}, site {options.site}, {len(data['seed'])} cases from seed {options.first} on")
    table = Table()
    for positive in sorted(set(data["label"].tolist())):
        if positive not in ("none", "mvi-"):
            print_comparison(table, data, options.kind, options.site, str(positive))
    if options.kind == "hbp":
        print_slices(table, data)
    print_erased(table, data)
    outside = table.outside + print_correlations(data)
    outside += print_places(gather(data, options.kind == "ct-mvi"))
    print(f"\n{table.rows} rows of AUC; outside in all: {outside}; fitted probes below .5: {table.below}")


def drawn(options: argparse.Namespace) -> list[Path]:
    """Draw what is missing; the files of all cases asked for."""
    calls = [
        (
            options.out,
            options.kind,
            options.site,
            first,
            min(CHUNK, options.first + options.cases - first),
            options.matrix,
        )
        for first in range(options.first, options.first + options.cases, CHUNK)
    ]
    missing = [call for call in calls if not chunk_path(*call).exists()]
    started = time.perf_counter()
    if missing:
        run_in_processes(collect, missing, options.jobs, "Drawing cases", CallbackProgress(_tell))
        cases, seconds = sum(call[4] for call in missing), time.perf_counter() - started
        print(
            f"{cases} cases drawn in {seconds:.0f} s, {100 * seconds / cases:.0f} s per 100, {options.jobs} processes"
        )
    return [chunk_path(*call) for call in calls]


def _tell(stage: Stage) -> None:
    print(f"  {stage.name}: {stage.done:g} of {stage.total:g} files", flush=True)


class Table:
    """Prints rows and counts those outside, and those of fitted probes below .5."""

    def __init__(self) -> None:
        self.rows, self.outside, self.below = 0, 0, 0

    def line(self, name: str, model: str, found: Auc | None, limit: float | None, more: str = "") -> bool:
        """One probe; returns whether it is outside."""
        if found is None:
            print(f"  {name:<34} {model:<8} too few cases of a class in every stratum")
            return False
        low, high = found.interval
        excess = 0 if limit is None else found.excess(limit)
        is_below = excess < 0 and model in FITTED
        is_outside = excess != 0 and not is_below
        self.rows, self.outside, self.below = self.rows + 1, self.outside + is_outside, self.below + is_below
        verdict = "reported" if limit is None else "OUTSIDE" if is_outside else "BELOW" if is_below else "inside"
        shown = "  - " if limit is None else f"{limit:.2f}"
        print(
            f"  {name:<34} {model:<8} n {found.positive:5d} + {found.negative:5d}  AUC {found.value:.3f} "
            f"({low:.3f}-{high:.3f})  limit {shown}  {verdict:<8} {more}",
            flush=True,
        )
        return is_outside


def print_comparison(table: Table, data: Data, kind: str, site: str, positive: str) -> None:
    """One class against the rest, all case-level probes."""
    print(f"\n{positive} against the rest" + " " * 66 + "without, with cirrhosis")
    for probe in probes_of(kind, site, positive):
        _run(table, data, probe, positive)
    _shuffled(table, data, positive)


def _run(table: Table, data: Data, probe: Probe, positive: str) -> None:
    features, names = assemble(data, probe)
    labels, owners = data["label"] == positive, data["seed"].astype(np.int64)
    strata = (data["stage"].astype(np.int64) > 0).astype(np.int64) * (not probe.is_baseline)
    if probe.by_sex:
        strata += 2 * (data["person"][:, 1] > 0)
    folds = None
    chosen = np.flatnonzero(data["label"] != probe.leave_out)
    if probe.by_size:
        folds = owners % FOLDS
        chosen = pairs(labels, strata * FOLDS + folds, np.log(data["diameter"].astype(np.float64))[:, None], CALLIPER)
        folds = folds[chosen]
    features, labels, owners, strata = features[chosen], labels[chosen], owners[chosen], strata[chosen]
    was_outside = False
    for model in probe.models:
        found, scores, groups = cross_validated(features, labels, strata, owners, model, folds)
        parts = [_part(scores, labels, groups, owners, strata % 2 == stratum) for stratum in np.unique(strata % 2)]
        was_outside |= table.line(probe.name, model, found, probe.limit, ", ".join(parts) if len(parts) > 1 else "")
    if was_outside and len(names) > 1:
        best = strongest(features, names, labels, strata, owners)
        print("      by themselves: " + ", ".join(f"{name} {value:.3f}" for name, value in best))


def pairs(labels: Flags, cells: NDArray[np.int64], features: Numbers, reach: float) -> NDArray[np.int64]:
    """Positive rows with one negative each whose features lie within ``reach``, both of the same cell.

    Cells are folds within strata: a row whose partner was trained on would be taken for its opposite.
    """
    chosen = [np.zeros(0, dtype=np.int64)]
    for cell in np.unique(cells):
        up, down = np.flatnonzero((cells == cell) & labels), np.flatnonzero((cells == cell) & ~labels)
        if len(up) and len(down):
            left, right = matched(features[up], features[down], reach)
            chosen += [up[left], down[right]]
    return np.concatenate(chosen)


def _part(scores: Numbers, labels: Flags, groups: NDArray[np.int64], owners: NDArray[np.int64], chosen: Flags) -> str:
    kept = chosen & (groups >= 0)
    found = auc(scores[kept], labels[kept], groups[kept], owners[kept]) if kept.any() else None
    return "-" if found is None else f"{found.value:.3f} +- {found.error:.3f}"


def assemble(data: Data, probe: Probe) -> tuple[Numbers, list[str]]:
    """Features of a probe [cases, features] with their names; words as one column for each that is not rare."""
    parts: list[Numbers] = []
    names: list[str] = []
    for group in probe.groups:
        if group == "words":
            part, own = _one_hot(data)
        elif group in ("cirrhosis", "log diameter", "count"):
            made: dict[str, Callable[[], NDArray[np.generic]]] = {
                "cirrhosis": lambda: data["stage"] > 0,
                "log diameter": lambda: np.log(data["diameter"].astype(np.float64)),
                "count": lambda: data["count"],
            }
            part, own = made[group]().astype(np.float64)[:, None], [group]
        else:
            part, own = data[group].astype(np.float64), [str(name) for name in data[f"names:{group}"]]
        if "segment" in own:
            part, own = _split_segment(part, own)
        kept = [n for n, name in enumerate(own) if probe.keep(name.split("=")[0])]
        parts.append(part[:, kept])
        names += [own[n] for n in kept]
    return np.concatenate(parts, axis=1), names


def _one_hot(data: Data) -> tuple[Numbers, list[str]]:
    columns, names = [], []
    for place, name in enumerate(data["names:words"]):
        words, shares = np.unique(data["words"][:, place], return_counts=True)
        for word, count in zip(words, shares, strict=True):
            if RARE * len(data["words"]) <= count < len(data["words"]):
                columns.append(data["words"][:, place] == word)
                names.append(f"{name}={word}")
    return np.array(columns, dtype=np.float64).reshape(len(names), -1).T, names


def _split_segment(part: Numbers, names: list[str]) -> tuple[Numbers, list[str]]:
    place = names.index("segment")
    flags = np.stack([part[:, place] == n for n in range(1, 9)], axis=1).astype(np.float64)
    return np.concatenate([np.delete(part, place, axis=1), flags], axis=1), [
        *(name for name in names if name != "segment"),
        *(f"segment={n}" for n in range(1, 9)),
    ]


def _shuffled(table: Table, data: Data, positive: str) -> None:
    """Labels moved within strata: must end at .50 +- .04."""
    probe = Probe("shuffled labels, all images", ("brightness", "liver", "noise", "spectrum", "border", "header"))
    features, _ = assemble(data, probe)
    strata = (data["stage"].astype(np.int64) > 0).astype(np.int64)
    labels = (data["label"] == positive).copy()
    rng = np.random.default_rng(1)
    for stratum in (0, 1):
        rows = np.flatnonzero(strata == stratum)
        labels[rows] = labels[rng.permutation(rows)]
    for model in FITTED:
        found, _, _ = cross_validated(features, labels, strata, data["seed"].astype(np.int64), model)
        table.line(probe.name, model, found, 0.54)


def print_slices(table: Table, data: Data) -> None:
    """HBP: slices with HCC against slices without, of all patients; then matched by height and liver area."""
    print("\nslices with HCC against slices without")
    planes, slices = data["planes"].astype(np.float64), data["slices"].astype(np.float64)
    bright = data["slice brightness"].astype(np.float64)
    liver = planes[planes[:, 2] > 0]
    _slice_rows(table, data, "whole stack: slice index", planes, planes[:, 1:2], None)
    _slice_rows(table, data, "whole stack: liver area", planes, planes[:, 2:3], None)
    _slice_rows(table, data, "slice index", liver, liver[:, 1:2], 0.62)
    _slice_rows(table, data, "liver area", liver, liver[:, 2:3], 0.60)
    _slice_rows(table, data, "slice brightness", slices, bright, 0.58)
    chosen = alike(data, liver)
    _slice_rows(table, data, "matched: slice index", liver[chosen], liver[chosen, 1:2], 0.52)
    _slice_rows(table, data, "matched: liver area", liver[chosen], liver[chosen, 2:3], 0.52)
    chosen = alike(data, slices)
    _slice_rows(table, data, "matched: slice brightness", slices[chosen], bright[chosen], 0.58)


def _slice_rows(table: Table, data: Data, name: str, owned: Numbers, features: Numbers, limit: float | None) -> None:
    owners, labels, strata = owned[:, 0].astype(np.int64), owned[:, 3] > 0, _strata_of(data, owned)
    for model in FITTED:
        found, scores, groups = cross_validated(features, labels, strata, owners, model, owners % FOLDS)
        parts = [_part(scores, labels, groups, owners, strata == stratum) for stratum in (0, 1)]
        if table.line(name, model, found, limit, ", ".join(parts)) and features.shape[1] > 1:
            names = [str(n) for n in data["names:slice brightness"]]
            best = strongest(features, names, labels, strata, owners)
            print("      by themselves: " + ", ".join(f"{n} {value:.3f}" for n, value in best))


def _strata_of(data: Data, owned: Numbers) -> NDArray[np.int64]:
    """Stratum of the owner (first column) of every row."""
    stage = dict(zip(data["seed"].tolist(), data["stage"].tolist(), strict=True))
    return np.array([int(stage[int(owner)] > 0) for owner in owned[:, 0]], dtype=np.int64)


def alike(data: Data, owned: Numbers) -> NDArray[np.int64]:
    """Positive slices with one negative each of like height (2 % of the stack) and liver area (2 % of the largest)."""
    scaled = owned[:, 1:3] / np.array([1.0, owned[:, 2].max()])
    cells = _strata_of(data, owned) * FOLDS + owned[:, 0].astype(np.int64) % FOLDS
    return pairs(owned[:, 3] > 0, cells, scaled, 0.02)


def print_erased(table: Table, data: Data) -> None:
    """Mask leakage: a lesion filled from the ring round it against the same hole filled in the erased twin."""
    print("\nlesion filled from its surround against the same hole in the erased twin")
    if "erased" not in data:
        print("  no lesions")
        return
    features, owner = data["erased"].astype(np.float64), data["erased owner"].astype(np.float64)
    labels, owners = owner[:, 1] > 0, owner[:, 0].astype(np.int64)
    names = [str(name) for name in data["names:erased"]]
    strata = np.zeros(len(owners), dtype=np.int64)
    for title, kept in (("rim gradient", slice(0, 2)), ("rim gradient and ring level", slice(None))):
        for model in FITTED:
            found, _, _ = cross_validated(features[:, kept], labels, strata, owners, model)
            if table.line(title, model, found, 0.53 if kept.stop else USUAL):
                best = strongest(features[:, kept], names[kept], labels, strata, owners)
                print("      by themselves: " + ", ".join(f"{name} {value:.3f}" for name, value in best))


def print_correlations(data: Data) -> int:
    """Nearest neighbour of noise fields between two halves of the cases."""
    print(f"\nnoise fields, largest correlation between cases of two halves, limit {CORRELATION:g}")
    count = 0
    for name in ("texture", "grain"):
        fields = data[name].astype(np.float32)
        fields = fields - fields.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(fields, axis=1, keepdims=True)
        has_noise = norm[:, 0] > 1e-3
        if np.count_nonzero(has_noise) < 20:
            print(f"  {name:<8} too few fields that vary")
            continue
        fields = fields[has_noise] / norm[has_noise]
        found = np.abs(fields[::2] @ fields[1::2].T)
        is_outside = bool(found.max() > CORRELATION)
        count += is_outside
        usual = float(np.sqrt(np.mean(found**2)))
        chance = usual * np.sqrt(2 * np.log(found.size))
        print(
            f"  {name:<8} {found.max():.3f}, by chance about {chance:.3f} (sd {usual:.3f}, {found.size} pairs)  "
            + ("OUTSIDE" if is_outside else "inside")
        )
    return count


if __name__ == "__main__":
    main()
