"""The manifest of a bundle: read within limits, compared with its schema in plain code, and its digest.

The schema (resources/schemas/manifest.schema.json) is the only list of keys; ``overread.systems.schema`` compares.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import overread
from overread.core.errors import BundleError
from overread.core.places import resources
from overread.core.reading import canonical_json
from overread.systems.schema import fault_against, shortened, shown

SCHEMA = "overread.bundle/1"
MANIFEST = "manifest.toml"
EXTERNAL = "onnx"
"""Name of the network of a bundle that brings an ONNX model of somebody else's instead of weights of ours."""
LARGEST_MANIFEST = 64 << 10
MOST_DOTS = 200
"""A manifest is a few kB. Larger ones, and lines with more dots, are refused before they are parsed: the memory that
the parser takes grows with the square of the parts of a dotted key (100 kB of ``a.a.a`` take tens of GB)."""
DEEPEST = 12
"""Tables within tables; deeper ones would only exhaust the stack of whoever walks through them."""
_AGAIN = "Install the bundle again"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a bundle, whole and of the schema this version reads.

    Raises
    ------
    BundleError
        There is none, it is damaged, too large, of another program, or made for a newer Overread.
    """
    what = f"The bundle {_name_of(folder)} cannot run"
    manifest = _parsed(folder / MANIFEST, what)
    _check_age(manifest, what)
    fault = fault_of(manifest)
    if fault is not None:
        raise BundleError(what, f"its {MANIFEST} is damaged: {fault}", _AGAIN)
    return manifest


def claim_of(folder: Path) -> tuple[str | None, str | None]:
    """System and variant that a folder claims to be of, also when its manifest is otherwise unusable."""
    try:
        head = _parsed(folder / MANIFEST, "").get("bundle")
    except BundleError:
        return None, None
    if not isinstance(head, dict):
        return None, None
    return _name_or_none(head.get("system")), _name_or_none(head.get("variant"))


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a manifest without its ``[evaluation.*]`` and ``[control]`` tables.

    What was measured later, and what it is compared with, do not make it another bundle: readings kept by this digest
    and the count of evaluations beside the bundle stay true. Comments and the order of keys do not enter; the weights
    enter by their own digest, which the manifest holds. Figures that are not finite enter as null.
    """
    content = {key: _as_json(value) for key, value in manifest.items() if key not in ("evaluation", "control")}
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()


def fault_of_gate(table: Mapping[str, Any]) -> str | None:
    """What is wrong with a ``[gate]`` table alone; None when it is whole."""
    schema = _schema()
    return fault_against(table, {**schema["properties"]["gate"], "$defs": schema["$defs"]}, what="gate", inside="gate.")


def fault_of(manifest: Mapping[str, Any]) -> str | None:
    """What is wrong with a manifest, in words that name the key; None when it is whole."""
    return _unwritable(manifest) or fault_against(manifest, _schema(), what="the manifest") or _contradiction(manifest)


def _contradiction(manifest: Mapping[str, Any]) -> str | None:
    """What no schema can say: keys that do not go together."""
    network, weights = manifest["network"]["name"], manifest["bundle"]["weights"]
    if (network == EXTERNAL) != weights.endswith(".onnx"):
        return f"network.name is {network!r} but bundle.weights is {weights!r}"
    for table in (manifest["gate"], *manifest["gate"].get("roles", {}).values()):
        for key, limits in table.items():
            if isinstance(limits, dict) and key != "roles" and not _is_ordered(limits):
                return f"gate.{key} refuses what it only warns of, or the reverse"
    return None


def _is_ordered(limits: Mapping[str, float]) -> bool:
    edges = [limits[k] for k in ("refuse_below", "warn_below", "warn_above", "refuse_above") if k in limits]
    return edges == sorted(edges)


def _parsed(path: Path, what: str) -> dict[str, Any]:
    """The tables of a TOML file, whatever they hold, without parsing what is too large."""
    try:
        if path.is_symlink() or path.exists():
            if not path.is_file():
                raise BundleError(what, f"its {MANIFEST} is no plain file", _AGAIN)
            if path.stat().st_size > LARGEST_MANIFEST:
                raise BundleError(what, f"its {MANIFEST} is larger than {LARGEST_MANIFEST >> 10} kB", _AGAIN)
        text = path.read_bytes().decode("utf-8")
        if any(line.count(".") > MOST_DOTS for line in text.split("\n")):
            raise BundleError(what, f"its {MANIFEST} is damaged (a line has more than {MOST_DOTS} dots)", _AGAIN)
        return tomllib.loads(text)
    except OSError as problem:
        why = f"its {MANIFEST} cannot be read ({problem.strerror})"
        raise BundleError(what, why, f"{_AGAIN}, or name another folder") from problem
    except RecursionError as problem:
        raise BundleError(what, f"its {MANIFEST} is damaged (its tables are nested too deeply)", _AGAIN) from problem
    except ValueError as problem:
        raise BundleError(what, f"its {MANIFEST} is damaged ({shortened(str(problem))})", _AGAIN) from problem


def _check_age(manifest: Mapping[str, Any], what: str) -> None:
    """Whether this version reads such a manifest at all, before anything else is asked of it."""
    head = manifest.get("bundle")
    schema = head.get("schema") if isinstance(head, dict) else None
    if schema != SCHEMA:
        family, _, number = schema.partition("/") if isinstance(schema, str) else ("", "", "")
        is_ours = family == SCHEMA.partition("/")[0] and number.isdecimal()
        raise BundleError(
            what,
            f"its schema is {shown(schema)}, this version reads {SCHEMA}",
            "Install the version of Overread it was made for"
            if is_ours
            else "Look for a bundle that was made for Overread",
        )
    needs = head.get("needs") if isinstance(head, dict) else None
    if isinstance(needs, str) and _version(needs) > _version(overread.__version__):
        raise BundleError(
            what,
            f"it needs Overread {shortened(needs)} or newer, and this is {overread.__version__}",
            "Install a newer version of Overread",
        )


def _version(text: str) -> tuple[int, ...]:
    """Numbers of a version, without a pre-release ending."""
    return tuple(int(part[:9]) for part in re.findall(r"[0-9]+", text[:40])[:3])


def _unwritable(value: Any, depth: int = 0) -> str | None:
    """Values that have no place in a manifest: too deep, or whole numbers beyond what TOML allows (64 bits)."""
    if depth > DEEPEST:
        return "its tables are nested too deeply"
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return next((fault for part in parts if (fault := _unwritable(part, depth + 1)) is not None), None)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "it holds a whole number of more than 64 bits"
    return None


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_json(part) for part in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _name_of(folder: Path) -> str:
    """The folder's own name, also for ``.``."""
    return shortened(folder.resolve().name)


def _name_or_none(value: Any) -> str | None:
    return value if fault_against(value, _schema()["$defs"]["name"], what="") is None else None


@functools.cache
def _schema() -> dict[str, Any]:
    text = (resources() / "schemas" / "manifest.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
