"""Menus, tool bar and shortcuts, made from the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from overread.ui import theme
from overread.ui.actions import COMMANDS, HELD, IMAGE, MENUS, Command, menu_titles
from overread.viewing.session import Session


class Menus:
    """Every command as a Qt action, in menus, on the tool bar, with its keys."""

    def __init__(self, window: QMainWindow, image_area: QWidget, session: Session,
                 handlers: Mapping[str, Callable[[], None]]) -> None:
        self._session = session
        self.actions = {c.id: _action(c, window, handlers[c.id]) for c in COMMANDS}
        for command in COMMANDS:
            (image_area if command.scope == IMAGE else window).addAction(self.actions[command.id])
        self.menus = {name: self._menu(window, name) for name in MENUS}
        self.tool_bar = self._tool_bar(window)
        self.refresh()

    def refresh(self) -> None:
        """Enable what makes sense now."""
        for command in COMMANDS:
            action = self.actions[command.id]
            action.setEnabled(command.enabled(self._session))
            if command.checked is not None:
                action.setChecked(command.checked(self._session))
        self.window_button.setEnabled(self._session.layout.active.volume is not None)

    def dress(self) -> None:
        """Take the icons of the present theme."""
        for command in COMMANDS:
            if command.icon:
                self.actions[command.id].setIcon(theme.icon(command.icon))
        self.window_button.setIcon(theme.icon("window"))

    def _menu(self, window: QMainWindow, name: str) -> QMenu:
        menu = window.menuBar().addMenu(menu_titles()[name])
        menu.setObjectName(f"menu-{name.lower().replace(' ', '-')}")
        menu.setToolTipsVisible(True)
        group = 0
        for command in (c for c in COMMANDS if c.menu == name):
            if command.group != group:
                menu.addSeparator()
                group = command.group
            menu.addAction(self.actions[command.id])
        return menu

    def _tool_bar(self, window: QMainWindow) -> QToolBar:
        bar = window.addToolBar("Tools")
        bar.setObjectName("tool-bar")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        on_bar = [c for c in COMMANDS if c.icon]
        for command in on_bar:
            if command.menu == "Help":
                stretch = QWidget()
                stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(stretch)
            action = self.actions[command.id]
            bar.addAction(action)
            made = bar.widgetForAction(action)
            if isinstance(made, QToolButton):
                made.setObjectName(f"tool-{command.id}")
                made.setAccessibleName(command.text)
                style = Qt.ToolButtonStyle
                made.setToolButtonStyle(style.ToolButtonTextBesideIcon if command.id in _WITH_TEXT
                                        else style.ToolButtonIconOnly)
            if command.id == "open-folder":
                bar.addSeparator()
            elif command.id == "corner-text":
                bar.addSeparator()
                self.window_button = self._window_button(bar)
        return bar

    def _window_button(self, bar: QToolBar) -> QToolButton:
        made = QToolButton()
        made.setObjectName("tool-window")
        made.setAccessibleName("Window presets")
        made.setToolTip("Window presets: keys 0 to 9")
        made.setText("Window")
        made.setIcon(theme.icon("window"))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setMenu(self.menus["Window"])
        bar.addWidget(made)
        return made


_WITH_TEXT = ("open-folder", "overlay-toggle")


def _action(command: Command, window: QMainWindow, handler: Callable[[], None]) -> QAction:
    action = QAction(command.text, window)
    action.setObjectName(f"action-{command.id}")
    native = QKeySequence.SequenceFormat.NativeText
    keys = QKeySequence(command.keys[0]).toString(native) if command.keys else ""
    action.setToolTip(f"{command.tip}  ({keys})" if keys else command.tip)
    action.setCheckable(command.checked is not None)
    if command.icon:
        action.setIcon(theme.icon(command.icon))
    if command.scope != HELD:
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut if command.scope == IMAGE
                                  else Qt.ShortcutContext.WindowShortcut)
    action.setAutoRepeat(command.repeats)
    action.triggered.connect(lambda _checked=False: handler())
    return action
