"""A reading is a reading: a person's marks and a system's candidates are the same record (overread.reading/1)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "overread.reading/1"
RESULTS = ("marks", "none", "rated", "classes", "no-region", "refused")
VERDICTS = ("accept", "dismiss", "unsure", "edited")

_NOT_CONTENT = ("id", "created", "times", "study", "seal", "previous_seal", "content_digest")
_NOT_SEALED = ("seal",)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who read: a person, or a system with its bundle, engine and device."""

    kind: str
    id: str
    variant: str | None = None
    bundle_digest: str | None = None
    engine: str | None = None
    precision: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A volume that was read: its id, the role it played, the SHA-256 of its decoded pixels."""

    volume: str
    role: str
    pixels_sha256: str | None
    shape: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The score of one slice, 0 to 1."""

    volume: str
    index: int
    score: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place with a score. ``extent_mm`` is an activation extent or a person's estimate, never a lesion size."""

    id: str
    centre_mm: tuple[float, float, float]
    score: float | None
    extent_mm: float | None = None
    volume: str | None = None
    peak_slice: int | None = None
    slices: tuple[int, ...] = ()
    category: str | None = None
    classes: Mapping[str, float] | None = None
    verdict: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.verdict is not None and self.verdict not in VERDICTS:
            raise ValueError(f"no such verdict: {self.verdict}")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A named threshold of a system. It hides what lies below; it never regroups."""

    name: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the reader is of the call; not the rating."""

    value: float
    words: str
    method: str


@dataclass(frozen=True, slots=True)
class HeatmapRef:
    """The file that holds the heatmap, the volume it belongs to, its coarse affine and its SHA-256."""

    file: str
    volume: str
    affine: tuple[tuple[float, ...], ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Message:
    """What the reader of the result must know: ``info``, ``warning`` or ``refusal``."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one case. ``rating`` is the suspicion that a target lesion is present.

    ``created`` and ``times`` come from the caller: nothing here looks at a clock.
    """

    id: str
    created: str
    reader: Reader
    case: Mapping[str, Any]
    inputs: tuple[Input, ...]
    result: str
    rating: float | None
    marks: tuple[Mark, ...] = ()
    slices: tuple[SliceScore, ...] = ()
    messages: tuple[Message, ...] = ()
    times: Mapping[str, float | str | None] = field(default_factory=dict)
    scale: Mapping[str, Any] | None = None
    classes: Mapping[str, float] | None = None
    confidence: Confidence | None = None
    operating_point: OperatingPoint | None = None
    heatmap: HeatmapRef | None = None
    parameters: Mapping[str, Any] | None = None
    region: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None
    category: str | None = None
    previous_seal: str | None = None

    def __post_init__(self) -> None:
        if self.result not in RESULTS:
            raise ValueError(f"no such result: {self.result}")
        if (self.result == "marks") != bool(self.marks) and self.result != "classes":
            raise ValueError(f"a reading with result {self.result!r} cannot have {len(self.marks)} marks")
        if self.result == "refused" and not any(m.level == "refusal" for m in self.messages):
            raise ValueError("a refused reading says why in a message of level 'refusal'")

    def marks_at(self, threshold: float) -> tuple[Mark, ...]:
        """The marks whose score reaches an operating point."""
        return tuple(m for m in self.marks if m.score is None or m.score >= threshold)

    def to_json(self) -> dict[str, Any]:
        """The document with both digests."""
        document: dict[str, Any] = {"schema": SCHEMA, **_plain(self)}
        document["case"] = dict(self.case)
        document["content_digest"] = content_digest(document)
        document["seal"] = seal(document)
        return document


def content_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of what was read and answered: without id, times, device and the study's bookkeeping.

    The heatmap enters by its SHA-256, not by the name of its file.
    """
    content = {key: value for key, value in document.items() if key not in _NOT_CONTENT}
    content["reader"] = {k: v for k, v in content["reader"].items() if k != "device"}
    if content.get("heatmap"):
        content["heatmap"] = {k: v for k, v in content["heatmap"].items() if k != "file"}
    return _sha256(content)


def seal(document: Mapping[str, Any]) -> str:
    """SHA-256 of everything but the seal itself."""
    return _sha256({key: value for key, value in document.items() if key not in _NOT_SEALED})


def canonical_json(value: Any) -> str:
    """Sorted keys, no white space, floats as the shortest text that reads back equal, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _sha256(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    """Dataclasses, tuples and mappings as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value
