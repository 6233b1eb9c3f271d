"""A folder of readers' answers with everything in it: two conditions, three readers and a system, classes, confidence,
times, two sites, properties of the cases, sizes of the lesions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CLASSES = ("hcc", "icc", "metastasis", "none")
SKILLS = {"r1": 1.6, "r2": 1.2, "r3": 0.9, "system": 1.5}
CONDITIONS = ("unaided", "aided")
HEAD = ("reader", "condition", "case", "mark", "lesion", "rating", "category", "confidence", "time_s")


def write_study(folder: Path, paradigm: str, cases: int = 48, seed: int = 7) -> Path:
    """Write the folder; the system reads under the first condition alone, without a time.

    Parameters
    ----------
    paradigm
        As design.toml has it; every study but the FROC one also calls classes with a confidence.
    cases
        Half of them with disease.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    ill = np.arange(cases) < cases // 2
    classes = [CLASSES[k % 3] if ill[k] else CLASSES[3] for k in range(cases)]
    rows = (
        (f"c{k}", int(ill[k]), classes[k], f"p{k // 2}", "north" if k % 3 else "south", f"{rng.normal(58, 10):.0f}",
         "male" if k % 5 else "female")
        for k in range(cases)
    )  # fmt: skip
    _write(folder / "cases.csv", ("case", "truth", "category", "patient", "site", "age_y", "sex"), rows)
    lesions = ((f"c{k}", f"L{n}", 10 + k) for k in np.flatnonzero(ill) for n in range(_lesions(k)))
    if paradigm in ("lroc", "froc"):
        _write(folder / "lesions.csv", ("case", "lesion", "diameter_mm"), lesions)
    (folder / "design.toml").write_text(f'paradigm = "{paradigm}"\nconditions = ["unaided", "aided"]\n')
    _write(folder / "ratings.csv", HEAD, _answers(paradigm, ill, classes, rng))
    return folder


def _answers(
    paradigm: str, ill: np.ndarray, classes: list[str], rng: np.random.Generator
) -> Iterator[tuple[object, ...]]:
    for reader, skill in SKILLS.items():
        for n, condition in enumerate(CONDITIONS[: 1 if reader == "system" else 2]):
            for k in range(ill.size):
                sense = rng.normal() + (skill + 0.4 * n) * ill[k]
                rating = round(100 / (1 + np.exp(0.9 - 1.5 * sense)))
                is_right = rng.random() < 0.5 + 0.1 * skill + 0.15 * n
                called = classes[k] if is_right else CLASSES[(CLASSES.index(classes[k]) + 1) % 4]
                sure = int(np.clip(round(3 + is_right + rng.normal()), 1, 5))
                seconds = "" if reader == "system" else f"{np.exp(3.5 - 0.25 * n + 0.3 * rng.normal()):.1f}"
                who, said = (reader, condition, f"c{k}"), (called, sure, seconds)
                if paradigm == "categorical":
                    yield (*who, "", "", "", *said)
                elif paradigm == "roc":
                    yield (*who, "", "", rating, *said)
                elif paradigm == "lroc":
                    yield (*who, 1, "L0" if ill[k] and rng.random() < 0.8 else "", rating, *said)
                else:
                    yield from _marks(who, int(k), bool(ill[k]), sense, seconds, rng)


def _marks(
    who: tuple[str, ...], k: int, is_ill: bool, sense: float, seconds: str, rng: np.random.Generator
) -> Iterator[tuple[object, ...]]:
    found = [(f"L{n}", sense + 0.3 * rng.normal()) for n in range(_lesions(k)) if is_ill and rng.random() < 0.8]
    marks = [*found, *(("", rng.normal()) for _ in range(rng.poisson(0.5)))]
    if not marks:
        yield (*who, "", "", "", "", "", seconds)
    for n, (lesion, rating) in enumerate(marks):
        yield (*who, n + 1, lesion, f"{rating:.3f}", "", "", seconds if n == 0 else "")


def _lesions(k: int) -> int:
    return 1 + (k % 4 == 0)


def _write(path: Path, head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
