"""The panel of systems: what is run above, what was found in the middle, how its map is drawn below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from overread.ui.widgets.parts import label, panel, rule
from overread.ui.widgets.upright import UprightScroll

_NARROWEST = 272


def found_panel(run: QWidget, found: Sequence[QWidget], map_controls: QWidget) -> UprightScroll:
    """The panel, in an area that scrolls; the last of ``found`` takes the height that is left."""
    inside = panel("found", "What was found")
    column = QVBoxLayout(inside)
    column.setContentsMargins(14, 12, 14, 12)
    column.setSpacing(9)
    parts: tuple[QWidget, ...] = (
        run, rule(), label("heading-candidates", "WHAT SYSTEMS FOUND", heading=True), *found, rule(),
        label("heading-overlay", "OVERLAY", heading=True), map_controls,
    )  # fmt: skip
    for part in parts:
        column.addWidget(part, 1 if part is found[-1] else 0)
    inside.setMinimumWidth(_NARROWEST)
    return UprightScroll("found-area", "What was found", inside)
