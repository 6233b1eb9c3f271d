"""Readings as JSON documents come back as readings: what was written is what is read, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overread.core.errors import InputError
from overread.core.reading import (
    SCHEMA,
    Confidence,
    HeatmapRef,
    Input,
    Mark,
    Message,
    OperatingPoint,
    Reader,
    Reading,
    SliceScore,
)

_PLAIN = (
    "id",
    "created",
    "case",
    "result",
    "rating",
    "times",
    "scale",
    "classes",
    "parameters",
    "region",
    "facts",
    "category",
    "previous_seal",
)


def reading_from_json(document: Mapping[str, Any], name: str = "This reading") -> Reading:
    """The reading that a document of CONTRACT section 4 holds.

    Parameters
    ----------
    document
        As ``Reading.to_json`` makes it.
    name
        What to call it in an error.

    Raises
    ------
    InputError
        It is no reading, holds what this version does not know, or was changed after it was sealed.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise InputError(f"{name} cannot be used", f"it is no document of schema {SCHEMA}", "Give a reading")
    try:
        reading = _reading(document)
        written_again = reading.to_json()
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(f"{name} cannot be used", "parts of it are missing or of another kind", _REMEDY) from problem
    if written_again != dict(document):
        raise InputError(f"{name} cannot be used", "it was changed after it was sealed", _REMEDY)
    return reading


_REMEDY = "Take the file as the program wrote it"


def _reading(document: Mapping[str, Any]) -> Reading:
    confidence, point, heatmap = (document.get(k) for k in ("confidence", "operating_point", "heatmap"))
    return Reading(
        **{key: document[key] for key in _PLAIN if key in document},
        reader=Reader(**document["reader"]),
        inputs=tuple(Input(**{**i, "shape": tuple(i["shape"])}) for i in document["inputs"]),
        marks=tuple(_mark(m) for m in document["marks"]),
        slices=tuple(SliceScore(**s) for s in document.get("slices", ())),
        messages=tuple(Message(**m) for m in document["messages"]),
        confidence=None if confidence is None else Confidence(**confidence),
        operating_point=None if point is None else OperatingPoint(**point),
        heatmap=None
        if heatmap is None
        else HeatmapRef(**{**heatmap, "affine": tuple(tuple(row) for row in heatmap["affine"])}),
    )


def _mark(document: Mapping[str, Any]) -> Mark:
    x, y, z = document["centre_mm"]
    return Mark(**{**document, "centre_mm": (x, y, z), "slices": tuple(document["slices"])})
