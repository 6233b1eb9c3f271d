"""What each command of the table does, as small functions on the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from overread.viewing.overlay import OPACITY_STEP
from overread.viewing.scroll import PAGE
from overread.viewing.session import Session
from overread.viewing.viewport import Viewport
from overread.viewing.window_level import CT_PRESETS, Window

if TYPE_CHECKING:
    from overread.ui.opening import Opening

ZOOM_STEP = 1.25
LAYOUTS = {"layout-1": (1, 1), "layout-2": (1, 2), "layout-4": (2, 2), "layout-6": (2, 3)}
"""Rows and columns of the plain layouts, by command."""


def layout_commands(session: Session, opening: Opening) -> dict[str, Callable[[], None]]:
    """Handlers of the commands about the views: how many, which is active, what hangs in them, what goes together."""
    layout, linking = session.layout, session.linking

    def arrange(rows: int, columns: int) -> Callable[[], None]:
        def act() -> None:
            layout.arrange(rows, columns)
            opening.fill()

        return act

    def hang() -> None:
        hanging = session.hanging()
        if hanging is not None:
            opening.touch()
            opening.hang(hanging)

    def link_here() -> None:
        linking.tie(layout.active)

    return {
        **{command: arrange(*shape) for command, shape in LAYOUTS.items()},
        "hang": hang,
        "maximise": layout.toggle_maximised,
        "view-next": lambda: layout.step(1),
        "view-previous": lambda: layout.step(-1),
        "link": lambda: linking.toggle(layout.active),
        "link-here": link_here,
    }


def state_commands(session: Session, image_size: Callable[[], tuple[float, float]],
                   show_neighbour: Callable[[int], None]) -> dict[str, Callable[[], None]]:
    """Handlers of the commands that only change the view state.

    Parameters
    ----------
    image_size
        Size of the active image area, in points.
    show_neighbour
        Shows the series so many places further.
    """
    layout, findings = session.layout, session.findings

    def on_active(act: Callable[[Viewport], None]) -> Callable[[], None]:
        return lambda: act(layout.active)

    def zoom(factor: float) -> None:
        width, height = image_size()
        layout.active.zoom_at(factor, (width / 2, height / 2), (width, height))

    def set_window(window: Window) -> Callable[[], None]:
        return lambda: layout.active.set_window(window)

    def opacity(step: float) -> None:
        layout.active.overlay.set_opacity(layout.active.overlay.opacity + step)

    def jump() -> None:
        if findings.selected is None:
            findings.step(1)
        else:
            findings.select(findings.selected)

    return {
        "slice-next": lambda: layout.active.scroll(1),
        "slice-previous": lambda: layout.active.scroll(-1),
        "slice-next-page": lambda: layout.active.scroll(PAGE),
        "slice-previous-page": lambda: layout.active.scroll(-PAGE),
        "slice-first": lambda: layout.active.go_to(0),
        "slice-last": lambda: layout.active.go_to(layout.active.frames - 1),
        "series-next": lambda: show_neighbour(1),
        "series-previous": lambda: show_neighbour(-1),
        "fit": on_active(Viewport.fit),
        "zoom-in": lambda: zoom(ZOOM_STEP),
        "zoom-out": lambda: zoom(1 / ZOOM_STEP),
        "reset": on_active(Viewport.reset),
        "corner-text": on_active(Viewport.next_text),
        "window-header": on_active(Viewport.use_header_window),
        "window-auto": on_active(Viewport.use_auto_window),
        "invert": on_active(Viewport.invert),
        **{f"window-{preset.id}": set_window(preset.window) for preset in CT_PRESETS},
        "overlay-toggle": on_active(lambda viewport: viewport.overlay.toggle()),
        "overlay-hold": on_active(lambda viewport: viewport.overlay.toggle()),
        "overlay-less": lambda: opacity(-OPACITY_STEP),
        "overlay-more": lambda: opacity(OPACITY_STEP),
        "candidate-next": lambda: findings.step(1),
        "candidate-previous": lambda: findings.step(-1),
        "candidate-jump": jump,
        "reading-next": lambda: session.step_reading(1),
        "reading-previous": lambda: session.step_reading(-1),
        "point-higher": lambda: findings.step_point(1),
        "point-lower": lambda: findings.step_point(-1),
    }
