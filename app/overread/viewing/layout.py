"""How many viewports there are, how they lie, and which one the keys speak to."""

from __future__ import annotations

from overread.viewing.state import State
from overread.viewing.viewport import Viewport


class Layout(State):
    """A grid of viewports. Tells ``layout`` or ``active``."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = 1, 1
        self.viewports = [Viewport()]
        self._active = 0

    @property
    def active(self) -> Viewport:
        """The viewport that keys and panels speak to."""
        return self.viewports[self._active]

    def arrange(self, rows: int, columns: int) -> None:
        """Lay out rows x columns viewports; those that are there already keep what they show."""
        if rows < 1 or columns < 1:
            raise ValueError(f"a layout of {rows} x {columns} shows nothing")
        self.rows, self.columns = rows, columns
        kept = self.viewports[: rows * columns]
        self.viewports = kept + [Viewport() for _ in range(rows * columns - len(kept))]
        self._active = min(self._active, len(self.viewports) - 1)
        self.tell("layout")

    def activate(self, viewport: Viewport) -> None:
        """Let keys and panels speak to this viewport."""
        if viewport is not self.active:
            self._active = self.viewports.index(viewport)
            self.tell("active")
