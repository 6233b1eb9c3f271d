"""Compare plain tables with a JSON schema, in words: the small part of JSON Schema that our own schemas use.

The program carries no validator; a test holds this one to the verdicts of the reference implementation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_LONGEST = 80


def fault_against(value: Any, schema: Mapping[str, Any], *, what: str, inside: str = "") -> str | None:
    """First point in which a value breaks a schema, in words; None when it keeps to it.

    Parameters
    ----------
    value
        Tables as dicts, arrays as lists. Figures that are not finite break every limit.
    schema
        With ``$defs`` for what ``$ref`` names. Where a part has a ``description``, that is what a value is said not to
        be.
    what
        What the value as a whole is called.
    inside
        What the names of its keys begin with, ``gate.`` for one.
    """
    return next(_Comparison(schema.get("$defs", {})).faults(value, schema, what, inside), None)


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: escaped and short."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    return "missing" if value is None else shortened(ascii(value) if isinstance(value, str) else str(value))


def shortened(text: str) -> str:
    """Text of others as it may stand in a sentence: one line, no control characters, not endless."""
    line = "".join(c if c.isprintable() else " " for c in text[:_LONGEST])
    return line if len(text) <= _LONGEST else f"{line}…"


class _Comparison:
    """One walk through a value and its schema side by side; faults come in the order of the value."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def faults(self, value: Any, schema: Mapping[str, Any], name: str, below: str) -> Iterator[str]:
        """Faults of a value that is called ``name``; its parts are called ``below`` and their key."""
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        fault = _fault_of_kind(value, schema) or _fault_of_text(value, schema) or _fault_of_number(value, schema)
        if fault is not None:
            yield f"{name} is {shown(value)}, {fault}"
        elif isinstance(value, dict):
            yield from self._of_table(value, schema, below)
        elif isinstance(value, list):
            yield from self._of_array(value, schema, name)

    def _of_table(self, table: Mapping[str, Any], schema: Mapping[str, Any], below: str) -> Iterator[str]:
        absent = [f"{below}{name}" for name in schema.get("required", ()) if name not in table]
        if absent:
            yield f"it lacks {', '.join(absent)}"
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key, value in table.items():
            name = f"{below}{shortened(key)}"
            if key not in known and others is False:
                yield f"{name} is no key that this version knows"
            yield from self.faults(key, schema.get("propertyNames", {}), f"the name of {name}", "")
            part = known.get(key, others)
            if isinstance(part, dict):
                yield from self.faults(value, part, name, f"{name}.")

    def _of_array(self, values: list[Any], schema: Mapping[str, Any], name: str) -> Iterator[str]:
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if not fewest <= len(values) <= most:
            wanted = (
                f"{fewest}" if most == fewest else f"{fewest} or more" if most == math.inf else f"{fewest} to {most}"
            )
            yield f"{name} has {len(values)} entries, not {wanted}"
        for n, value in enumerate(values):
            yield from self.faults(value, schema.get("items", {}), f"{name}[{n}]", f"{name}[{n}].")


def _fault_of_kind(value: Any, schema: Mapping[str, Any]) -> str | None:
    if "const" in schema and value != schema["const"]:
        return f"not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"which is none of {', '.join(schema['enum'])}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_KINDS[kind][0](value) for kind in kinds):
        return f"not {' or '.join(_KINDS[kind][1] for kind in kinds)}"
    return None


def _fault_of_text(value: Any, schema: Mapping[str, Any]) -> str | None:
    if not isinstance(value, str):
        return None
    is_long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf)
    if is_long_enough and re.search(schema.get("pattern", ""), value) is not None:
        return None
    return f"not {schema.get('description', 'of the form that is asked for')}"


def _fault_of_number(value: Any, schema: Mapping[str, Any]) -> str | None:
    if not _is_number(value) or not {"minimum", "maximum", "exclusiveMinimum"} & set(schema):
        return None
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above = schema.get("exclusiveMinimum", -math.inf)
    is_inside = math.isfinite(value) and low <= value <= high and value > above
    return None if is_inside else "beyond what it can be"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "object": (lambda value: isinstance(value, dict), "a table"),
    "array": (lambda value: isinstance(value, list), "an array"),
    "string": (lambda value: isinstance(value, str), "a text"),
    "number": (_is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
}
