"""How many viewports there are, how they lie, and which one the keys speak to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from overread.viewing.overlay import Look
from overread.viewing.state import State
from overread.viewing.viewport import Viewport

Watcher = Callable[[Viewport, str], None]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a viewport lies in the grid, and over how many rows and columns it reaches."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


def plain_cells(rows: int, columns: int) -> tuple[Cell, ...]:
    """The cells of a grid without spans, row by row."""
    return tuple(Cell(row, column) for row in range(rows) for column in range(columns))


class Layout(State):
    """A grid of viewports. Tells ``layout`` or ``active``.

    The look of the overlay and the state of the corner text are the reader's, not a view's: all viewports share them.
    ``watchers`` hear what every viewport tells, with the viewport that told it, whichever viewports come and go.
    """

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.watchers: list[Watcher] = []
        self._heard: dict[Viewport, Callable[[str], None]] = {}
        self.cells = plain_cells(1, 1)
        self.viewports = [self._made(None)]
        self.is_maximised = False
        self._active = 0
        self._before: Viewport | None = None

    @property
    def active(self) -> Viewport:
        """The viewport that keys and panels speak to."""
        return self.viewports[self._active]

    @property
    def before(self) -> Viewport | None:
        """The viewport that was active before this one, None when it is gone."""
        return self._before if self._before in self.viewports else None

    @property
    def is_single(self) -> bool:
        """Whether there is one viewport only."""
        return len(self.viewports) == 1

    @property
    def is_empty(self) -> bool:
        """Whether no viewport shows a volume."""
        return all(viewport.volume is None for viewport in self.viewports)

    @property
    def has_heat(self) -> bool:
        """Whether a map lies over any of the volumes shown."""
        return any(viewport.overlay.heatmap is not None for viewport in self.viewports)

    @property
    def on_screen(self) -> list[Viewport]:
        """The viewports that are seen: all, or the enlarged one."""
        return [self.active] if self.is_maximised else self.viewports

    def arrange(
        self, rows: int, columns: int, cells: Sequence[Cell] | None = None, active_at: int | None = None
    ) -> None:
        """Lay out another grid; viewports that stay keep what they show, and the active one always stays.

        Parameters
        ----------
        cells
            Where each viewport lies; None fills the grid row by row.
        active_at
            In which of the cells the active viewport shall be; None leaves it where it is, if there is such a cell.
        """
        if rows < 1 or columns < 1:
            raise ValueError(f"a layout of {rows} x {columns} shows nothing")
        self.cells = tuple(cells) if cells is not None else plain_cells(rows, columns)
        active, count = self.active, len(self.cells)
        at = min(self._active if active_at is None else active_at, count - 1)
        kept = [viewport for viewport in self.viewports if viewport is not active][: count - 1]
        for viewport in [v for v in self._heard if v is not active and v not in kept]:
            viewport.listeners.remove(self._heard.pop(viewport))
            viewport.overlay.release()
        others = kept + [self._made(active.text) for _ in range(count - 1 - len(kept))]
        self.viewports, self._active = [*others[:at], active, *others[at:]], at
        self.is_maximised = False
        self.tell("layout")

    def activate(self, viewport: Viewport) -> None:
        """Let keys and panels speak to this viewport."""
        if viewport is not self.active:
            self._before, self._active = self.active, self.viewports.index(viewport)
            self.tell("active")

    def step(self, by: int) -> None:
        """Activate the viewport so many places further, going round at the ends."""
        self.activate(self.viewports[(self._active + by) % len(self.viewports)])
        if self.is_maximised:
            self.tell("layout")

    def toggle_maximised(self) -> None:
        """Let the active viewport fill the room of all, or show all again."""
        if not self.is_single:
            self.is_maximised = not self.is_maximised
            self.tell("layout")

    def _made(self, text: str | None) -> Viewport:
        viewport = Viewport(self.look)
        if text is not None:
            viewport.text = text
        self._heard[viewport] = lambda what: self._viewport_told(viewport, what)
        viewport.listeners.append(self._heard[viewport])
        return viewport

    def _viewport_told(self, viewport: Viewport, what: str) -> None:
        for watcher in tuple(self.watchers):
            watcher(viewport, what)
        if what == "text":
            for other in self.viewports:
                if other.text != viewport.text:
                    other.text = viewport.text
                    other.tell("text")
