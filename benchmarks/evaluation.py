"""What an evaluation costs: the reading, by the paper's protocol, and the counting of hundreds of cases.

    python benchmarks/evaluation.py [--cases 360] [--phantoms 2]

The first table reads drawn phantoms as ``overread evaluate`` does and prints seconds an image and per 100 images
beside the paper's. The second counts made-up scores of many cases: areas by pairs of patients, as shipped, against
the loop that draws all slices of all drawn patients again; both give the same interval.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from overread.evaluation.cohort import make_cohort
from overread.evaluation.evaluate import evaluate
from overread.evaluation.phantom_folder import CaseOrder
from overread.evaluation.published import PAPER, PUBLISHED
from overread.stats.merit.roc import cluster_pairs, roc_auc
from overread.stats.resampling import auc_bootstrap, cluster_bootstrap, cluster_weights
from overread.systems import find_bundle

SEED = 899_000
SLICES, DRAWS, SLOW_DRAWS = 100, 2000, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=360)
    parser.add_argument("--phantoms", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.phantoms:
        reading(arguments.phantoms)
    counting(arguments.cases)


def reading(count: int) -> None:
    """Seconds an image, the system once loaded."""
    with tempfile.TemporaryDirectory() as folder:
        cases = make_cohort(Path(folder), [CaseOrder("hbp", SEED + n) for n in range(count)])
        started = time.perf_counter()
        document = evaluate(find_bundle("hbp-detection"), cases).document
        whole = time.perf_counter() - started
    timing = document["timing"]
    print(
        f"{timing['cases']} cases, {timing['images']} images; {timing['engine']}, {timing['device']}, "
        f"{timing['cores']} cores"
    )
    for key in ("seconds_per_image", "seconds_per_100_images"):
        paper = next(p[key] for p in PUBLISHED if key in p)
        found = timing[key]
        print(
            f"{key.replace('_', ' '):<24} median {found['median']:.3f}, {found['min']:.3f} to {found['max']:.3f}; "
            f"{PAPER} {paper:g} (desktop i5)"
        )
    print(f"whole evaluation, with trivial readers and control: {whole / timing['cases']:.1f} s a case\n")


def counting(count: int) -> None:
    """Area with its interval over patients: as shipped, and by the loop."""
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(count), SLICES)
    truth = (rng.random(patient.size) < 0.08) & (patient % 3 > 0)
    values = rng.normal(size=patient.size) + 2.0 * truth

    def area(index: np.ndarray) -> float:
        return roc_auc(values[index][truth[index]], values[index][~truth[index]])

    started = time.perf_counter()
    pairs = cluster_pairs(values, truth, patient, count)
    sums = [np.bincount(patient[part], minlength=count).astype(float) for part in (truth, ~truth)]
    fast = auc_bootstrap(pairs, *sums, cluster_weights(count, np.random.default_rng(2), DRAWS))
    shipped = time.perf_counter() - started
    started = time.perf_counter()
    cluster_bootstrap([f"{p:05d}" for p in patient], area, np.random.default_rng(2), SLOW_DRAWS)
    loop = (time.perf_counter() - started) * DRAWS / SLOW_DRAWS
    print(
        f"{count} patients x {SLICES} slices, {DRAWS} draws: area {pairs.sum() / truth.sum() / (~truth).sum():.4f} "
        f"({fast[0]:.4f} to {fast[1]:.4f})"
    )
    print(f"as shipped {shipped:6.2f} s; loop {loop:6.1f} s (from {SLOW_DRAWS} draws); x {loop / shipped:.0f}")


if __name__ == "__main__":
    main()
