"""Labels, rules and panels as the whole window uses them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QWidget


def label(name: str, text: str = "", *, quiet: bool = False, heading: bool = False, caution: bool = False,
          wrap: bool = True) -> QLabel:
    """A label with an object name; plain text, so that nothing in a file can be taken for markup."""
    made = QLabel(text)
    made.setObjectName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    for prop, is_set in (("quiet", quiet), ("heading", heading), ("caution", caution)):
        if is_set:
            made.setProperty(prop, True)
    return made


def button(name: str, text: str, tip: str = "", *, primary: bool = False, link: bool = False) -> QPushButton:
    """A push button with object name, accessible name and tool tip."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(text)
    made.setToolTip(tip)
    if primary:
        made.setProperty("primary", True)
    if link:
        made.setProperty("link", True)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made


def rule() -> QFrame:
    """A thin line between two parts of a panel."""
    line = QFrame()
    line.setProperty("rule", True)
    return line


def panel(name: str, accessible: str, parent: QWidget | None = None) -> QFrame:
    """A surface of its own colour."""
    made = QFrame(parent)
    made.setObjectName(name)
    made.setAccessibleName(accessible)
    made.setProperty("panel", True)
    return made
