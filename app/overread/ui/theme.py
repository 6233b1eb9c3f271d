"""The themes: three tables of colours, one style sheet, icons in their colours, the size of all text.

Code that paints reads the colours of the present theme, as in ``theme.TEXT``, when it paints: a change then shows at
the next paint. What lies on the image takes ``IMAGE_TEXT`` and the like: images have black around in any theme.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from overread.core.places import resources
from overread.ui.style_sheet import STYLE

READABLE, VISIBLE = 4.5, 3.0
"""Least contrast of text, and of large text, disabled text and focus frames (WCAG 2.2, 1.4.3 and 1.4.11)."""
_SYSTEM_SIZE, _LOOK = "overread-system-text-size", "overread-look"
"""Properties of the application: the size of text it came with, and how it is dressed now."""
_SMALLEST_PT = 8.0


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``: three grounds, lines, inks, the accent and its ground, what is written on that."""

    title: str
    background: str
    panel: str
    raised: str
    border: str
    text: str
    quiet: str
    disabled: str
    accent: str
    accent_dark: str
    on_accent: str
    warning: str
    pictures: str = ""
    """Ending of the small pictures that suit it."""

    def pairs(self) -> Iterator[tuple[str, str, float]]:
        """Every ink with every ground it is drawn on, and the least contrast they need."""
        for ground in (self.background, self.panel, self.raised):
            for ink in (self.text, self.quiet, self.accent, self.warning):
                yield ink, ground, READABLE
            yield self.disabled, ground, VISIBLE
        yield self.on_accent, self.accent_dark, READABLE
        yield "#ffffff", self.accent_dark, READABLE


THEMES: dict[str, Theme] = {
    "dark": Theme(
        "Dark", background="#1d1f22", panel="#232629", raised="#2e3236", border="#3b4046", text="#e6e8ea",
        quiet="#a8b0b8", disabled="#8b929a", accent="#6cb8c4", accent_dark="#285c66", on_accent="#ffffff",
        warning="#e0b050",
    ),
    "dim": Theme(
        "Reading room (dimmer)", background="#0f1011", panel="#141617", raised="#1c1f21", border="#2b2f33",
        text="#b4b9be", quiet="#8b9298", disabled="#6b7177", accent="#5a9ca7", accent_dark="#1c434b",
        on_accent="#d6dadd", warning="#b38c3f",
    ),
    "light": Theme(
        "Light (offices)", background="#e6e8ea", panel="#f1f2f3", raised="#dadde0", border="#aeb5bb",
        text="#1b1e21", quiet="#454c53", disabled="#6f767d", accent="#14596a", accent_dark="#245f6a",
        on_accent="#ffffff", warning="#704700", pictures="-light",
    ),
}  # fmt: skip

_FIRST = THEMES["dark"]
BACKGROUND, PANEL, RAISED, BORDER = _FIRST.background, _FIRST.panel, _FIRST.raised, _FIRST.border
TEXT, QUIET, DISABLED = _FIRST.text, _FIRST.quiet, _FIRST.disabled
ACCENT, ACCENT_DARK, ON_ACCENT, WARNING = _FIRST.accent, _FIRST.accent_dark, _FIRST.on_accent, _FIRST.warning
IMAGE_SURROUND, IMAGE_TEXT, IMAGE_QUIET, IMAGE_ACCENT = "#000000", _FIRST.text, _FIRST.quiet, _FIRST.accent


def apply(app: QApplication, name: str = "dark", text_scale: int = 100) -> None:
    """Dress the application; at once, and as often as it is asked for another look.

    Parameters
    ----------
    name
        Key of ``THEMES``.
    text_scale
        Size of all text, in per cent of the system's.
    """
    look, before = f"{name} {text_scale}", app.property(_LOOK)
    if look == before:
        return
    chosen = THEMES[name]
    globals().update({field.upper(): colour for field, colour in _colours(chosen).items()})
    own = _set_text_size(app, text_scale)
    if before is None:
        app.setStyle("Fusion")
    app.setPalette(_palette())
    icons = (resources() / "icons").as_posix()
    pictures = {part: f"{icons}/{part}{chosen.pictures}.svg" for part in ("down", "check", "dot")}
    app.setStyleSheet(Template(STYLE).substitute(_colours(chosen), **pictures))
    for widget, font in own:  # a new style gives such widgets the font back that they had first
        widget.setFont(font)
    app.setProperty(_LOOK, look)


def icon(name: str, colour: str = "") -> QIcon:
    """An icon of ours in a colour of the theme (its text's by default), sharp at one and two device pixels a point."""
    return _drawn(name, colour or TEXT, DISABLED, ON_ACCENT)


def scaled_font(base: QFont, factor: float, bold: bool = False) -> QFont:
    """The same font larger or smaller."""
    font = QFont(base)
    font.setPointSizeF(max(base.pointSizeF(), _SMALLEST_PT) * factor)
    font.setBold(bold)
    return font


def _colours(chosen: Theme) -> dict[str, str]:
    named = {field.name: getattr(chosen, field.name) for field in dataclasses.fields(chosen)}
    return {name: colour for name, colour in named.items() if name not in ("title", "pictures")}


def _set_text_size(app: QApplication, text_scale: int) -> list[tuple[QWidget, QFont]]:
    """Scale the system's font; returns the widgets that have a font of their own, with that at its new size."""
    font = app.font()
    before = max(font.pointSizeF(), _SMALLEST_PT)
    system = app.property(_SYSTEM_SIZE)
    if not isinstance(system, float):
        system = before
        app.setProperty(_SYSTEM_SIZE, system)
    wanted = system * text_scale / 100
    own = []
    for widget in app.allWidgets():
        if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont):
            size = QFont(widget.font())
            size.setPointSizeF(size.pointSizeF() * wanted / before)
            own.append((widget, size))
    if wanted != before:
        font.setPointSizeF(wanted)
        app.setFont(font)
    return own


@functools.cache
def _drawn(name: str, colour: str, disabled: str, checked: str) -> QIcon:
    source = (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    made = QIcon()
    mode, state = QIcon.Mode, QIcon.State
    tints = (
        (mode.Normal, state.Off, colour), (mode.Normal, state.On, checked),
        (mode.Disabled, state.Off, disabled), (mode.Disabled, state.On, disabled),
    )  # fmt: skip
    for for_mode, for_state, tint in tints:
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for side in (18, 36, 54):
            pixmap = QPixmap(side, side)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter)
            painter.end()
            made.addPixmap(pixmap, for_mode, for_state)
    return made


def _palette() -> QPalette:
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, BACKGROUND), (roles.WindowText, TEXT), (roles.Base, PANEL), (roles.Text, TEXT),
        (roles.AlternateBase, RAISED), (roles.Button, RAISED), (roles.ButtonText, TEXT),
        (roles.Highlight, ACCENT_DARK), (roles.HighlightedText, ON_ACCENT), (roles.ToolTipBase, RAISED),
        (roles.ToolTipText, TEXT), (roles.Link, ACCENT), (roles.PlaceholderText, QUIET),
    ):  # fmt: skip
        palette.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED))
    return palette
