"""What the window remembers between two starts: one typed object, one readable file (config/settings.toml)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import InputError, StorageError
from overread.engines.devices import DEVICES
from overread.io import write_atomically
from overread.io.places import user_places
from overread.viewing.overlay import DEFAULT_OPACITY, DEFAULT_THRESHOLD
from overread.viewing.viewport import CORNER_TEXT

MOUSE_PROFILES = ("stack", "window")
DRAGS = {"stack": ("scroll", "window"), "window": ("window", "scroll")}
"""What the left and the right button do when the mouse is dragged, by profile."""
THEMES = ("dark", "dim", "light")
TEXT_SCALES = (100, 115, 125, 150)
ENGINES = ("auto", "torch", "onnx")
CHOICES: dict[str, tuple[str | int, ...]] = {
    "mouse": MOUSE_PROFILES,
    "theme": THEMES,
    "text_scale": TEXT_SCALES,
    "corner_text": CORNER_TEXT,
    "device": DEVICES,
    "engine": ENGINES,
}
"""What a setting may be, where there is a list."""
SHARES = ("heat_opacity", "heat_threshold")
"""Settings from 0 to 1."""
_TABLE = "window"
_MOST_NAMED = 4
_KINDS = {bool: "true or false", str: "a text"}


@dataclass(slots=True)
class Settings:
    """Settings of the window. Every value is checked when it is set.

    Parameters
    ----------
    mouse
        What the left button does: ``stack`` scrolls, ``window`` sets the window.
    theme
        Name of the theme.
    text_scale
        Size of all text, in per cent of the system's.
    heat_opacity, heat_threshold
        Look of the heatmap as it was last used, 0 to 1.
    corner_text
        How much text stands on the image at the start.
    device, engine
        What runs compute on and with.
    unaided_first
        Whether a second read begins alone, with the systems' findings hidden.
    last_folder
        Where the last folder or file was opened.
    hang_on_open
        Whether a study with several phases opens with all of them side by side.

    Raises
    ------
    InputError
        A value that the setting cannot take.
    """

    mouse: str = MOUSE_PROFILES[0]
    theme: str = THEMES[0]
    text_scale: int = TEXT_SCALES[0]
    heat_opacity: float = DEFAULT_OPACITY
    heat_threshold: float = DEFAULT_THRESHOLD
    corner_text: str = CORNER_TEXT[0]
    device: str = DEVICES[0]
    engine: str = ENGINES[0]
    unaided_first: bool = True
    last_folder: str = ""
    hang_on_open: bool = False

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, _checked(name, value))

    def take(self, other: Settings) -> None:
        """Become equal to other settings."""
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(other, field.name))


_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Settings)}


def settings_file() -> Path:
    """Where they are kept."""
    return user_places().config / "settings.toml"


def load_settings(on_trouble: Callable[[StorageError], None] = lambda _trouble: None) -> Settings:
    """The settings of this user. What is missing takes its default.

    Parameters
    ----------
    on_trouble
        Told once, in a sentence, when the file is damaged or holds what this version does not know. The file is
        then kept under another name, and one with what was understood takes its place.
    """
    document, faults = _document()
    table = document.get(_TABLE, {})
    if not isinstance(table, dict):
        table, faults = {}, [_TABLE]
    settings = Settings()
    for name, value in table.items():
        try:
            setattr(settings, name, value)
        except (InputError, AttributeError):
            faults.append(name)
    if faults:
        aside = _set_aside()
        with contextlib.suppress(StorageError):
            _write(document | {_TABLE: dataclasses.asdict(settings)})
        on_trouble(_trouble(faults, aside))
    return settings


def save_settings(settings: Settings) -> None:
    """Write them beside the tables of other rooms, which stay as they are.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    _write(_document()[0] | {_TABLE: dataclasses.asdict(settings)})


def _checked(name: str, value: Any) -> Any:
    if name not in _DEFAULTS:
        return value  # the slots refuse it
    if name in SHARES:
        allowed = "a number from 0 to 1"
        if type(value) in (int, float) and 0 <= value <= 1:
            return float(value)
    else:
        choices = CHOICES.get(name, (value,))
        allowed = ", ".join(str(choice) for choice in choices) if name in CHOICES else _KINDS[type(_DEFAULTS[name])]
        if type(value) is type(_DEFAULTS[name]) and value in choices:
            return value
    raise InputError(f"The setting {name} cannot be {value!r}", f"it may be {allowed}", "Choose one of these")


def _document() -> tuple[dict[str, Any], list[str]]:
    """The file's tables, and what is wrong with it as a whole."""
    try:
        return tomllib.loads(settings_file().read_text(encoding="utf-8")), []
    except FileNotFoundError:
        return {}, []
    except OSError:
        return {}, ["it cannot be read"]
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}, ["it is not a TOML file"]


def _write(document: dict[str, Any]) -> None:
    import tomli_w

    text = tomli_w.dumps(document)
    try:
        write_atomically(settings_file(), lambda beside: _write_text(beside, text))
    except StorageError as problem:
        raise StorageError(
            "The settings were not kept", problem.why, "Set OVERREAD_HOME to a folder that can be written"
        ) from problem


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _set_aside() -> Path | None:
    """Give the file another name; None where that fails."""
    file = settings_file()
    names = [file.with_name("settings.aside.toml"), *(file.with_name(f"settings.aside-{n}.toml") for n in range(2, 10))]
    aside = next((name for name in names if not name.exists()), names[-1])
    try:
        os.replace(file, aside)
    except OSError:
        return None
    return aside


def _trouble(faults: list[str], aside: Path | None) -> StorageError:
    named = ", ".join(faults[:_MOST_NAMED]) + (", and others" if len(faults) > _MOST_NAMED else "")
    kept = f"; the old file is kept as {aside.name} in {aside.parent}" if aside is not None else ""
    return StorageError(
        "Some settings could not be used", f"settings.toml: {named}", f"They have their defaults now{kept}"
    )
