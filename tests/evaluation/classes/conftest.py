"""Cases of systems of classes made by hand or drawn from a seed, and whole evaluations of them without reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.progress import SILENT
from overread.evaluation.classes import CLASS_WAYS
from overread.evaluation.classes.case import SYSTEM, TRUE_REGIONS, Answer, ClassCase, ClassLesion, RegionAnswer
from overread.evaluation.evaluate import Evaluation, document_of
from overread.evaluation.rows import Patients
from overread.evaluation.run import Run, Wish
from overread.io import CaseRow
from overread.systems.bundle import Bundle
from overread.systems.registry import SYSTEMS

NO_FACTS = dict.fromkeys(("sex", "age_y", "diameter_mm", "afp_ng_ml", "child_pugh", "hbsag", "hcv"))
TYPES = {"benign": "haemangioma", "primary": "hcc", "mvi+": "hcc", "mvi-": "hcc"}


def class_answer(
    classes: Mapping[str, float] | None,
    *,
    regions: Sequence[tuple[float, str]] = ((0.9, "hit"),),
    confidence: float | None = None,
    any_slice: str | None = None,
    category: str | None = None,
    slice_scores: Sequence[float] = (),
    rating: float | None = None,
) -> Answer:
    """An answer with a vector, or none at all; ``regions`` are (score, fate), each with the case's vector."""
    if classes is None:
        return Answer("no-region", None, None, None, None, None, (), (), 0.1)
    called = category or max(classes, key=lambda name: classes[name])
    return Answer(
        "classes",
        called,
        dict(classes),
        next(iter(classes.values())) if rating is None else rating,
        confidence,
        any_slice,
        tuple(slice_scores),
        tuple(
            RegionAnswer(score, n, 40.0, called, dict(classes), fate, None if fate == "false" else 0)
            for n, (score, fate) in enumerate(regions)
        ),
        0.5,
    )


def class_case(name: str, label: str, answer: Answer, **changes: Any) -> ClassCase:
    """A case with one lesion of 25 mm unless told otherwise."""
    parts: dict[str, Any] = {
        "patient": name,
        "site": "internal",
        "split": "test",
        "is_phantom": True,
        "lesions": (ClassLesion("L1", 25.0, TYPES.get(label, label), True),),
        "facts": NO_FACTS,
        "region_mm2": 900.0,
        "region_slices": 3,
        "engine": {"engine": "torch", "precision": "float32", "device": "cpu"},
        "answers": {SYSTEM: answer},
        **changes,
    }
    return ClassCase(case=name, label=label, **parts)


def drawn_cases(system: str, count: int, seed: int = 3, skill: float = 2.0) -> list[ClassCase]:
    """Cases whose vectors point at their class by ``skill``, some without a region where that can be."""
    rng = np.random.default_rng(seed)
    names = SYSTEMS[system].classes
    cases = []
    for n in range(count):
        k = n % len(names)
        logits = rng.normal(size=len(names)) + skill * (np.arange(len(names)) == k)
        vector = np.exp(logits) / np.exp(logits).sum()
        classes = {name: float(v) for name, v in zip(names, vector, strict=True)}
        is_missed = system.startswith("multiphase") and n % 17 == 5
        positive = float(vector[-1])
        said = class_answer(
            None if is_missed else classes,
            regions=[(0.9, "hit"), (0.7, "repeat"), (0.6, "false" if n % 3 else "repeat")],
            confidence=float(vector.max()) if system.startswith("multiphase") else None,
            any_slice="malignant" if vector[1:].max() > 0.3 else "benign",
            slice_scores=[positive, positive / 2] if system.startswith("mvi") else (),
            rating=positive if system.startswith("mvi") else None,
        )
        diameter = float(np.exp(rng.normal(3.2 + 0.5 * (k == len(names) - 1), 0.6)))
        signs = {s: bool(rng.random() < 0.3 + 0.3 * (k == 1)) for s in ("artery", "halo", "difference")}
        lesion = ClassLesion("L1", round(diameter, 1), TYPES.get(names[k], names[k]), True, signs)
        answers = {SYSTEM: said}
        if system.startswith("multiphase"):
            answers[TRUE_REGIONS] = class_answer(classes)
        facts = {
            "sex": "male" if rng.random() < 0.7 else "female", "age_y": float(rng.integers(40, 80)),
            "diameter_mm": lesion.diameter_mm, "afp_ng_ml": float(np.exp(rng.normal(3, 2))),
            "child_pugh": "AB"[int(rng.random() < 0.2)], "hbsag": bool(rng.random() < 0.6),
            "hcv": bool(rng.random() < 0.2),
        }  # fmt: skip
        site = "internal" if n % 4 else "external-1"
        cases.append(class_case(f"c{n}", names[k], said, lesions=(lesion,), answers=answers, facts=facts, site=site))
    return cases


def bundle_of(system: str, folder: Path) -> Bundle:
    """A bundle whose manifest says what an evaluation asks of it."""
    manifest: dict[str, Any] = {
        "bundle": {"system": system, "variant": "tiny", "version": "0", "trained_on": "phantoms"},
    }
    if system == "mvi-prediction":
        manifest["operating"] = {"default": {"threshold": 0.5, "chosen_on": "validation phantoms"}}
    return Bundle(folder, manifest, "", "0" * 64)


def evaluation_of(system: str, cases: list[ClassCase], folder: Path) -> Evaluation:
    """The document of cases that were not read but made."""
    run = Run(bundle_of(system, folder), Wish(), [], cases, Patients([c.patient for c in cases], 1), [], SILENT)
    rows = [CaseRow(c.case, c.patient, c.site, c.split, folder, label=c.label) for c in cases]
    return Evaluation(document_of(run, CLASS_WAYS[system], folder / "cases.csv", rows, []), cases)


Evaluate = Callable[[str, list[ClassCase]], Evaluation]


@pytest.fixture
def evaluated(tmp_path: Path) -> Evaluate:
    """See ``evaluation_of``."""
    return lambda system, cases: evaluation_of(system, cases, tmp_path)
