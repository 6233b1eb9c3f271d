"""What goes to the terminal: results to stdout, messages and progress to stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from overread.core.progress import Progress, Stage

_BAR_WIDTH = 24


def say(text: str = "") -> None:
    """A line of the result."""
    print(text)


def tell(text: str) -> None:
    """A line for the person at the terminal, beside the result."""
    print(text, file=sys.stderr)


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of stdout."""
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a head, columns aligned, numbers to the right."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(len(row[n]) for row in [list(head), *cells]) for n in range(len(head))]
    lines = ["  ".join(h.ljust(w) for h, w in zip(head, widths, strict=True)).rstrip()]
    for row, raw in zip(cells, rows, strict=True):
        lines.append(
            "  ".join(
                text.rjust(w) if isinstance(value, int | float) else text.ljust(w)
                for text, value, w in zip(row, raw, widths, strict=True)
            ).rstrip()
        )
    return "\n".join(lines)


def clear_bar() -> None:
    """Take a bar that broke off away, so that what is told stands on a line of its own."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


class TerminalProgress(Progress):
    """A bar on stderr, on a terminal only. Ctrl+C arrives as KeyboardInterrupt, so it never says cancelled."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last = 0.0
        self._name = ""

    def report(self, name: str, done: float = 0, total: float | None = None) -> None:
        if not self._is_terminal:
            return
        now = time.monotonic()
        if name == self._name and now - self._last < 0.1 and done != total:
            return
        if self._name and name != self._name:
            sys.stderr.write("\n")
        self._name, self._last = name, now
        fraction = Stage(name, done, total).fraction
        bar = "" if fraction is None else f" [{'#' * round(fraction * _BAR_WIDTH):<{_BAR_WIDTH}}] {fraction:4.0%}"
        sys.stderr.write(f"\r{name}{bar}\x1b[K")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line of the bar."""
        if self._is_terminal and self._name:
            sys.stderr.write("\n")
            self._name = ""
