"""What the window remembers between two starts: one typed object, one readable file
(config/settings.toml)."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import StorageError
from overread.io.places import user_places
from overread.viewing.overlay import DEFAULT_OPACITY, DEFAULT_THRESHOLD

MOUSE_PROFILES = ("stack", "window")
_TABLE = "window"


@dataclass(slots=True)
class Settings:
    """Settings of the window. ``mouse``: what the left button does, ``stack`` scrolls, ``window`` sets the
    window."""

    mouse: str = MOUSE_PROFILES[0]
    heat_opacity: float = DEFAULT_OPACITY
    heat_threshold: float = DEFAULT_THRESHOLD
    last_folder: str = ""

    def __post_init__(self) -> None:
        if self.mouse not in MOUSE_PROFILES:
            self.mouse = MOUSE_PROFILES[0]


def settings_file() -> Path:
    """Where they are kept."""
    return user_places().config / "settings.toml"


def load_settings() -> Settings:
    """The settings of this user. What is missing, of another type or unreadable takes its default."""
    table = _document().get(_TABLE, {})
    known = {f.name: f.default for f in dataclasses.fields(Settings)}
    return Settings(**{name: table[name] for name, default in known.items()
                       if isinstance(table, dict) and type(table.get(name)) is type(default)})


def save_settings(settings: Settings) -> None:
    """Write them beside the tables of other rooms, which stay as they are.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    path = settings_file()
    document = _document() | {_TABLE: dataclasses.asdict(settings)}
    beside = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(_toml(document), encoding="utf-8")
        os.replace(beside, path)
    except OSError as problem:
        raise StorageError("The settings were not kept", f"{path.parent} cannot be written",
                           "Set OVERREAD_HOME to a folder that can") from problem


def _document() -> dict[str, Any]:
    try:
        return tomllib.loads(settings_file().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _toml(document: dict[str, Any], path: str = "") -> str:
    """TOML of nested tables of plain values."""
    plain = [f"{_key(k)} = {_value(v)}" for k, v in document.items() if not isinstance(v, dict)]
    head = [f"[{path}]"] if path and plain else []
    parts = ["\n".join(head + plain)] if plain else []
    for name, table in document.items():
        if isinstance(table, dict):
            parts.append(_toml(table, f"{path}.{_key(name)}" if path else _key(name)).rstrip("\n"))
    return "\n\n".join(parts) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
