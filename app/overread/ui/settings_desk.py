"""What the settings do in the window: the dialog, the mouse profile in the status bar, what is kept on the way out."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from overread.core.errors import StorageError
from overread.ui import theme
from overread.ui.actions import mouse_words
from overread.ui.settings import MOUSE_PROFILES, Settings, save_settings
from overread.ui.settings_dialog import AskDevice, SettingsDialog
from overread.ui.widgets.parts import button
from overread.viewing.session import Session

logger = logging.getLogger(__name__)


class SettingsDesk(QObject):
    """Owns the settings' button of the status bar, and carries what was chosen into the session.

    ``failed`` with an error to show, ``opened`` with a dialog to show, ``dressed`` after another theme or text size.
    """

    failed = Signal(object)
    opened = Signal(object)
    dressed = Signal()

    def __init__(self, settings: Settings, session: Session, ask_device: AskDevice, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings, self._session, self._ask_device, self._parent = settings, session, ask_device, parent
        viewport = session.layout.active
        viewport.overlay.opacity, viewport.overlay.threshold = settings.heat_opacity, settings.heat_threshold
        viewport.text = settings.corner_text
        self.mouse_button = button(
            "mouse-profile", mouse_words(settings.mouse), "Click to exchange left and right drag", link=True
        )
        self.mouse_button.clicked.connect(self._next_mouse_profile)

    def ask(self) -> None:
        """Show the dialog."""
        self._take_look()
        dialog = SettingsDialog(self._settings, self._show_look, self._parent, self._ask_device)
        dialog.kept.connect(self._kept)
        self.opened.emit(dialog)

    def set_unaided_first(self, unaided_first: bool) -> None:
        """Begin second reads alone, or show what systems find from the start; remembered."""
        self._settings.unaided_first = unaided_first
        self._session.second.set_unaided_first(unaided_first)

    def close(self) -> None:
        """Keep them, the last look of the heatmap among them."""
        self._take_look()
        try:
            save_settings(self._settings)
        except StorageError as problem:  # too late for a dialog: the window is closing
            logger.warning("%s", problem)

    def _take_look(self) -> None:
        overlay = self._session.layout.active.overlay
        self._settings.heat_opacity, self._settings.heat_threshold = overlay.opacity, overlay.threshold

    def _kept(self, changed: frozenset[str]) -> None:
        settings, viewport = self._settings, self._session.layout.active
        viewport.overlay.set_opacity(settings.heat_opacity)
        viewport.overlay.set_threshold(settings.heat_threshold)
        if "corner_text" in changed:
            viewport.text = settings.corner_text
            viewport.tell("text")
        if "unaided_first" in changed:
            self._session.second.set_unaided_first(settings.unaided_first)
        self._show_mouse()
        try:
            save_settings(settings)
        except StorageError as problem:
            self.failed.emit(problem)

    def _next_mouse_profile(self) -> None:
        at = (MOUSE_PROFILES.index(self._settings.mouse) + 1) % len(MOUSE_PROFILES)
        self._settings.mouse = MOUSE_PROFILES[at]
        self._show_mouse()

    def _show_mouse(self) -> None:
        self.mouse_button.setText(mouse_words(self._settings.mouse))
        self.mouse_button.setAccessibleName(self.mouse_button.text())

    def _show_look(self, theme_name: str, text_scale: int) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)  # a widget cannot be made before
        theme.apply(app, theme_name, text_scale)
        self.dressed.emit()
