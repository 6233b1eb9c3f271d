"""What is kept of one case that a system of classes has read: everything the figures need, no pixels. Plain JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SYSTEM = "system"
"""The answer of the evaluated system, in the way it is meant to be used."""
TRUE_REGIONS = "true regions"
"""The answer of a system that finds its regions itself, when it is told them."""


@dataclass(frozen=True, slots=True)
class ClassLesion:
    """A target lesion of the truth. ``type``, ``is_visible``: None where a bare mask is all there is.

    ``signs`` that are present, by name; ``hidden``: those of them that no image shows.
    """

    id: str
    diameter_mm: float
    type: str | None = None
    is_visible: bool | None = None
    signs: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionAnswer:
    """A region on a slice: its score, its class vector, and by the rule of hits which lesion (its place) it reached.

    ``fate``: hit, repeat or false.
    """

    score: float
    slice: int | None
    extent_mm: float | None
    category: str | None
    classes: Mapping[str, float] | None
    fate: str
    lesion: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system said of a case: ``result`` is ``classes`` or ``no-region``.

    ``classes``: class -> probability of the patient. ``any_slice``: what the any-slice rule says, where the system
    tells it. ``slice_scores``: suspicion on each slice with a region. ``seconds``: wall time without loading.
    """

    result: str
    category: str | None
    classes: Mapping[str, float] | None
    rating: float | None
    confidence: float | None
    any_slice: str | None
    slice_scores: tuple[float, ...]
    regions: tuple[RegionAnswer, ...]
    seconds: float

    @property
    def is_answered(self) -> bool:
        """Whether a class was named."""
        return self.result == "classes"


@dataclass(frozen=True, slots=True)
class ClassCase:
    """One case: what is true of it, and what was answered.

    ``label`` is the true class. ``region_mm2``, ``region_slices``: area and count of the truth's circles, with their
    margin. ``facts``: of the patient, by the keys of ``--facts``.
    """

    case: str
    patient: str
    site: str
    split: str
    label: str
    is_phantom: bool
    lesions: tuple[ClassLesion, ...]
    facts: Mapping[str, Any]
    region_mm2: float
    region_slices: int
    answers: Mapping[str, Answer]
    engine: Mapping[str, str]
    jobs: int = 1

    @property
    def largest(self) -> ClassLesion | None:
        """The largest lesion, the first of equals."""
        return max(self.lesions, key=lambda lesion: lesion.diameter_mm, default=None)

    @property
    def diameter_mm(self) -> float:
        """Of the largest lesion; 0 without any."""
        return 0.0 if self.largest is None else self.largest.diameter_mm

    def to_json(self) -> dict[str, Any]:
        """As ``json.dump`` takes it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ClassCase:
        """What ``to_json`` made; keys beside its own are passed over."""
        names = {field.name for field in dataclasses.fields(cls)}
        parts = {name: value for name, value in document.items() if name in names}
        parts["lesions"] = tuple(ClassLesion(**{**item, "hidden": tuple(item["hidden"])}) for item in parts["lesions"])
        parts["answers"] = {name: _answer(item) for name, item in parts["answers"].items()}
        return cls(**parts)


def _answer(item: Mapping[str, Any]) -> Answer:
    regions = tuple(RegionAnswer(**region) for region in item["regions"])
    return Answer(**{**item, "slice_scores": tuple(item["slice_scores"]), "regions": regions})
