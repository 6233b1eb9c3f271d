"""A second read's document: values as JSON has them, and the way back through its events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overread.core.errors import InputError, OverreadError
from overread.core.reading import Input
from overread.study.standing import Event, Standing

_WHAT, _REMEDY = "This second read cannot be used", "Start anew"


def replay(document: Mapping[str, Any], schema: str) -> tuple[dict[str, Any], list[Event], Standing]:
    """Head, events and standing of a document.

    Raises
    ------
    InputError
        It is of another schema, is damaged, or a sealed reading in it was changed.
    """
    if not isinstance(document, Mapping) or document.get("schema") != schema:
        raise InputError(_WHAT, f"it is no document of schema {schema}", _REMEDY)
    try:
        head = {name: document[name] for name in ("volume", "reader", "study_uid")}
        head["inputs"] = tuple(Input(**{**i, "shape": tuple(i["shape"])}) for i in document["inputs"])
        standing = Standing(str(head["volume"]))
        events: list[Event] = []
        for number, event in enumerate(document["events"], 1):
            if event["n"] != number:
                raise ValueError(f"event {number} is missing")
            standing.apply(event)
            events.append(dict(event))
    except OverreadError as problem:
        raise InputError(_WHAT, problem.why, _REMEDY) from problem
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InputError(_WHAT, "parts of it are missing or damaged", _REMEDY) from problem
    return head, events, standing


def plain(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def plain_input(given: Input) -> dict[str, Any]:
    """A volume that was read, as JSON has it."""
    return {
        "volume": given.volume,
        "role": given.role,
        "pixels_sha256": given.pixels_sha256,
        "shape": list(given.shape),
    }
