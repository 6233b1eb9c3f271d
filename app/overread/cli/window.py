"""``overread [PATH ...]``: the window."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from overread.core.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders or files to open")
    parser.add_argument("--screenshot", metavar="FILE", type=Path, help="open, let everything settle, save a PNG, quit")


def run(arguments: argparse.Namespace) -> int:
    for path in arguments.paths:
        if not Path(path).exists():
            raise InputError(
                f"{path} cannot be opened",
                "there is no such file, folder or command",
                "Check the spelling; overread --help lists the commands",
            )
    return open_window(arguments.paths, arguments.screenshot)


def open_window(paths: list[str], screenshot: Path | None, read_on_open: bool = False) -> int:
    """Start the window.

    Raises
    ------
    InputError
        There is no screen.
    """
    if screenshot is None and not has_screen():
        raise InputError(
            "The window cannot open",
            "there is no screen here",
            "Work at a desktop, set QT_QPA_PLATFORM=offscreen for screenshots, or use the commands "
            "that need no window (overread --help)",
        )
    if screenshot is not None and not screenshot.resolve().parent.is_dir():
        raise InputError(
            f"The screenshot {screenshot} cannot be written",
            "its folder does not exist",
            "Make the folder or name another file",
        )
    from overread import ui

    return ui.run(paths, screenshot=screenshot, read_on_open=read_on_open)


def has_screen() -> bool:
    """Whether a window could be shown: always on Windows and macOS, elsewhere with a display or a chosen platform."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
