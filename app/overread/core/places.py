"""Where the program's own files lie, shipped and written."""

from __future__ import annotations

from pathlib import Path

import overread

_PACKAGE = Path(overread.__file__).resolve().parent


def resources() -> Path:
    """Folder of schemas, recipes, help and icons: inside the wheel, or at the top of a checkout."""
    return _shipped("resources")


def shipped_models() -> Path:
    """Folder of the bundles that come with the program."""
    return _shipped("models")


def _shipped(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parents[1] / name
