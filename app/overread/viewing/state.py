"""State that tells its listeners what changed: one list of plain functions per object."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[str], None]


class State:
    """Something shown that can change. Listeners are called with the name of what changed."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def tell(self, what: str) -> None:
        """Call every listener."""
        for listener in tuple(self.listeners):
            listener(what)
