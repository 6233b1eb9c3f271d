"""What is kept of one case once it is read and compared: everything the figures need, no pixels. Plain JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.hits import MARGIN_MM
from overread.evaluation.case_truth import TargetLesion

SYSTEM = "system"
"""Name of the evaluated bundle among the readers of a case."""
MARGINS_MM = (5.0, MARGIN_MM, 15.0)
"""Margins of a hit: the rule's own, and those printed beside it (CONTRACT section 7)."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mark: hit, repeat or false, and which lesion (its place in the list) it reached."""

    kind: str
    lesion: int | None


@dataclass(frozen=True, slots=True)
class CountedMark:
    """A candidate: its score, on what it lies, and its fate at each of ``MARGINS_MM``."""

    score: float
    structure: str
    fates: tuple[Fate, ...]

    @property
    def fate(self) -> Fate:
        """By the rule of hits."""
        return self.fates[MARGINS_MM.index(MARGIN_MM)]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Positive slices (n,): where the map is hottest, mm to the nearest lesion voxel of the slice; ``chance`` is the
    share of the liver that lies within 15 mm of the lesion there, NaN where no liver is mapped."""

    slices: NDArray[np.intp]
    distance_mm: NDArray[np.float64]
    chance: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One case.

    ``slice_labels`` (k,): 1 positive, 0 negative, -1 neither. ``diameter_mm`` (k,): of the largest lesion on the slice.
    ``is_typical``, ``is_visible`` (k,): whether that lesion is typical, is visible; None where nobody says.
    ``scores``: reader -> (k,), the evaluated system under ``SYSTEM``. ``times`` in seconds, ``engine`` what computed;
    ``jobs``: how many cases were read at once.
    """

    case: str
    patient: str
    site: str
    label: str
    is_phantom: bool
    slice_labels: NDArray[np.int8]
    diameter_mm: NDArray[np.float64]
    is_typical: NDArray[np.bool_] | None
    is_visible: NDArray[np.bool_] | None
    scores: Mapping[str, NDArray[np.float64]]
    lesions: tuple[TargetLesion, ...]
    marks: tuple[CountedMark, ...]
    placement: Placement
    times: Mapping[str, float]
    engine: Mapping[str, str]
    jobs: int = 1

    @property
    def is_diseased(self) -> bool:
        """Whether the case holds a target lesion, shown by a slice or not."""
        return bool(self.lesions)

    def rating(self, reader: str = SYSTEM) -> float:
        """Rating of the case: the highest slice."""
        return float(self.scores[reader].max())

    def found(self, threshold: float, margin: int = MARGINS_MM.index(MARGIN_MM)) -> set[int]:
        """Lesions (places in the list) that marks from the threshold on hit."""
        fates = [m.fates[margin] for m in self.marks if m.score >= threshold]
        return {f.lesion for f in fates if f.kind == "hit" and f.lesion is not None}

    def to_json(self) -> dict[str, Any]:
        """As ``json.dump`` takes it."""
        return {
            "case": self.case,
            "patient": self.patient,
            "site": self.site,
            "label": self.label,
            "is_phantom": self.is_phantom,
            "slice_labels": self.slice_labels.tolist(),
            "diameter_mm": np.round(self.diameter_mm, 2).tolist(),
            "is_typical": None if self.is_typical is None else self.is_typical.tolist(),
            "is_visible": None if self.is_visible is None else self.is_visible.tolist(),
            "scores": {name: values.tolist() for name, values in self.scores.items()},
            "lesions": [
                [lesion.id, lesion.diameter_mm, lesion.is_typical, lesion.is_visible] for lesion in self.lesions
            ],
            "marks": [[m.score, m.structure, [[f.kind, f.lesion] for f in m.fates]] for m in self.marks],
            "placement": [
                [int(k), round(float(d), 3), None if np.isnan(c) else round(float(c), 5)]
                for k, d, c in zip(
                    self.placement.slices, self.placement.distance_mm, self.placement.chance, strict=True
                )
            ],
            "times": dict(self.times),
            "engine": dict(self.engine),
            "jobs": self.jobs,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Measured:
        """What ``to_json`` made."""
        placed = document["placement"]
        return cls(
            case=document["case"],
            patient=document["patient"],
            site=document["site"],
            label=document["label"],
            is_phantom=document["is_phantom"],
            slice_labels=np.array(document["slice_labels"], dtype=np.int8),
            diameter_mm=np.array(document["diameter_mm"], dtype=np.float64),
            is_typical=_flags(document["is_typical"]),
            is_visible=_flags(document["is_visible"]),
            scores={name: np.array(v, dtype=np.float64) for name, v in document["scores"].items()},
            lesions=tuple(TargetLesion(*lesion) for lesion in document["lesions"]),
            marks=tuple(
                CountedMark(score, structure, tuple(Fate(*f) for f in fates))
                for score, structure, fates in document["marks"]
            ),
            placement=Placement(
                np.array([p[0] for p in placed], dtype=np.intp),
                np.array([p[1] for p in placed], dtype=np.float64),
                np.array([np.nan if p[2] is None else p[2] for p in placed], dtype=np.float64),
            ),
            times=document["times"],
            engine=document["engine"],
            jobs=document["jobs"],
        )


def file_name(case: str) -> str:
    """A name for the files of a case, whatever signs its own name has, also where A and a are one file."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", case)[:80].lstrip(".")
    return plain if plain == case == case.lower() else f"{plain}-{sha256(case.encode()).hexdigest()[:8]}"


def kept(path: Path, key: str) -> dict[str, Any] | None:
    """The document of an earlier run, if it is whole and belongs to the same bundle, case and settings."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("key") == key else None


def _flags(values: list[bool] | None) -> NDArray[np.bool_] | None:
    return None if values is None else np.array(values, dtype=np.bool_)
