"""H: held it hides overlay and marks wherever the focus is, tapped it switches the overlay."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from overread.viewing.layout import Layout

_TAP_S = 0.25


class HoldKey(QObject):
    """Watches the keys of the whole application while a window is active; not where text is typed."""

    def __init__(self, layout: Layout, window: QWidget) -> None:
        super().__init__(window)
        self._layout, self._window = layout, window
        self._began_s: float | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the key; forget that it is held when the window is left."""
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(event, QKeyEvent) \
                and event.key() == Qt.Key.Key_H and not event.modifiers() and self._window.isActiveWindow() \
                and not isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit):  # fmt: skip
            if not event.isAutoRepeat():
                self._hold(kind == QEvent.Type.KeyPress)
            return True
        if kind == QEvent.Type.WindowDeactivate and watched is self._window:
            self._layout.active.overlay.hold(False)
            self._began_s = None
        return False

    def _hold(self, pressed: bool) -> None:
        overlay = self._layout.active.overlay
        if pressed and self._began_s is None:
            self._began_s = time.monotonic()
            overlay.hold(True)
        elif not pressed and self._began_s is not None:
            tapped = time.monotonic() - self._began_s < _TAP_S
            self._began_s = None
            overlay.hold(False)
            if tapped and self._layout.has_heat:
                overlay.toggle()
