"""Pictures of the window that are given away: nothing on them comes as text or date from a file or from a note.

By construction, not by luck: the image area and the tree paint themselves in a blinded form, and every other widget
that shows such text says so with the property ``file_text`` and is covered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QLineEdit, QWidget

from overread.ui import theme

Shown = TypeVar("Shown", bound=QWidget)
FILE_TEXT = "file_text"
_WORDS = "left out of pictures"


def holds_file_text(widget: Shown) -> Shown:
    """Say of a widget that it shows text of files, or typed text: pictures cover it."""
    widget.setProperty(FILE_TEXT, True)
    return widget


def blinded_picture(window: QWidget) -> QPixmap:
    """The window as it stands, without text of files, dates and notes."""
    with contextlib.ExitStack() as stack:
        for child in window.findChildren(QWidget):
            blinded = getattr(child, "blinded", None)
            if callable(blinded):
                stack.enter_context(_blinded(child))
        picture = window.grab()
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for child in window.findChildren(QWidget):
        if child.property(FILE_TEXT) and child.isVisible() and not _is_empty(child):
            area = child.visibleRegion().boundingRect()
            if not area.isEmpty():
                place = QRectF(area.translated(child.mapTo(window, QPoint(0, 0))))
                _cover(painter, place, child)
    painter.end()
    return picture


def _blinded(widget: QWidget) -> contextlib.AbstractContextManager[None]:
    made: contextlib.AbstractContextManager[None] = widget.blinded()  # type: ignore[attr-defined]
    return made


def _is_empty(widget: QWidget) -> bool:
    return isinstance(widget, QLineEdit) and not widget.text()


def _cover(painter: QPainter, place: QRectF, widget: QWidget) -> None:
    painter.setPen(QColor(theme.BORDER))
    painter.setBrush(QColor(theme.RAISED))
    painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setFont(widget.font())
    painter.setPen(QColor(theme.QUIET))
    words = painter.fontMetrics().elidedText(_WORDS, Qt.TextElideMode.ElideRight, int(place.width()) - 12)
    painter.drawText(place.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


@contextlib.contextmanager
def switched(widget: QWidget, name: str) -> Iterator[None]:
    """Set a flag of a widget for as long as this lasts, and paint it anew afterwards."""
    setattr(widget, name, True)
    try:
        yield
    finally:
        setattr(widget, name, False)
        widget.update()
