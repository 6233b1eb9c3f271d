"""What the jackknife of a figure of merit costs: all left-out values in closed form beside a plain leave-one-out loop.

    python benchmarks/reader_study.py [--figures wafroc-auc ...] [--cases 200 2000] [--readers 2 8] [--limit 60]

Two conditions; half the cases diseased, up to 3 lesions and 2 false marks a case, ties and unmarked cases. The loop is
the one that the tests of `overread.stats.merit` compare with: it leaves a case out and works the figure out again
from a table of all pairs. It is run where it would end within the limit, judged by its first cases, and then its
numbers are compared; elsewhere its seconds are a first case's times the number of cases and marked with ~, and
above 5,000 cases, where its tables fill the memory, it is not tried. Best of three for the closed form. The last lines
are the aim: 2 x 8 x 2,000 under 1 s and 200 times the loop.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from overread.core.reader_data import Paradigm, ReaderData
from overread.stats.merit.figures import figure_cells, figure_names

sys.path.append(str(Path(__file__).resolve().parents[1]))
from tests.stats.plain_figures import plain_left_out, plain_values, without_case
from tests.stats.random_studies import study

SEED = 814_000
LARGEST_TABLE = 5_000
AIM_S, AIM_RATIO = 1.0, 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", nargs="+", default=["roc-auc", "lroc-auc", "lroc-pcl@0.2", "wafroc-auc"])
    parser.add_argument("--cases", nargs="+", type=int, default=[200, 800, 2000, 20_000])
    parser.add_argument("--readers", nargs="+", type=int, default=[2, 8, 20])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a loop may take")
    arguments = parser.parse_args()
    print(f"{'figure':<14} {'study':>15} {'closed form s':>14} {'loop s':>10} {'times':>9}  largest difference")
    aims = []
    for name in arguments.figures:
        for cases in arguments.cases:
            for readers in arguments.readers:
                closed, loop = row(name, cases, readers, arguments.limit)
                if (cases, readers) == (2000, 8):
                    aims.append((name, closed, loop))
    for name, closed, loop in aims:
        ratio = loop / closed
        told = "met" if closed < AIM_S and ratio > AIM_RATIO else "MISSED"
        print(
            f"aim, {name} at 2 x 8 x 2,000: {closed:.3f} s (under {AIM_S:g}), {ratio:,.0f} times ({AIM_RATIO}): {told}"
        )


def row(name: str, cases: int, readers: int, limit_s: float) -> tuple[float, float]:
    """Print a line; seconds of the closed form, and of the loop, measured or reckoned."""
    data = study(SEED + cases + readers, paradigm_of(name), cases // 2, cases - cases // 2, readers, levels=100)
    closed, cells = np.inf, None
    for _ in range(3):
        started = time.perf_counter()
        cells = figure_cells(data, name)
        closed = min(closed, time.perf_counter() - started)
    assert cells is not None
    loop, difference, mark = np.nan, "loop not tried", " "
    if cases <= LARGEST_TABLE:
        loop, difference, mark = one_turn(data, name) * cells.cases.size, "loop not run", "~"
        if loop <= limit_s:
            started = time.perf_counter()
            plain = plain_left_out(data, name, cells.cases)
            loop, mark = time.perf_counter() - started, " "
            difference = f"{np.nanmax(np.abs(plain - cells.left_out)):.1e}"
    told = f"{mark}{loop:.2f}" if np.isfinite(loop) else "-"
    times = f"{mark}{loop / closed:,.0f}" if np.isfinite(loop) else "-"
    print(
        f"{name:<14} {f'2 x {readers} x {cases}':>15} {closed:>14.4f} {told:>10} {times:>9}  {difference}", flush=True
    )
    return closed, loop


def one_turn(data: ReaderData, name: str) -> float:
    """Seconds of one turn of the loop, the better of two."""
    taken = []
    for k in (0, 1):
        started = time.perf_counter()
        plain_values(without_case(data, k), name, like=data)
        taken.append(time.perf_counter() - started)
    return min(taken)


def paradigm_of(name: str) -> Paradigm:
    """The kind of study that a figure belongs to; ROC where all have it."""
    base = name.partition("@")[0]
    kinds: tuple[Paradigm, ...] = ("roc", "lroc", "froc")
    return next(
        (k for k in kinds if any(base == pattern.partition("[")[0].partition("@")[0] for pattern in figure_names(k))),
        "roc",
    )


if __name__ == "__main__":
    main()
