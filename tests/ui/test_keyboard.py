"""The window without a mouse: Tab reaches everything, everything has a name, and the focus is seen."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from overread.ui import theme
from overread.ui.actions import COMMANDS, MENUS, menu_titles
from overread.ui.keys_page import KeysDialog
from overread.ui.settings import Settings
from overread.ui.settings_dialog import SettingsDialog

_MOST_STOPS = 80


@pytest.fixture
def read(opened, reading):
    """The window with a reading on the screen."""
    opened.session.set_result(*reading)
    QApplication.processEvents()
    return opened


@pytest.fixture
def alone(opened):
    """The window at the start of a second read."""
    opened.session.second.set_unaided_first(True)
    opened.menus.actions["second-read-panel"].trigger()
    QApplication.processEvents()
    return opened


@pytest.fixture
def settings_dialog(qtbot):
    return _shown(SettingsDialog(Settings(), lambda *_look: None), qtbot)


@pytest.fixture
def keys_dialog(qtbot):
    return _shown(KeysDialog("stack"), qtbot)


def _shown(dialog, qtbot):
    theme.apply(QApplication.instance())
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    return dialog


@pytest.fixture(params=["window", "read", "alone", "settings_dialog", "keys_dialog"])
def top(request):
    """What stands on the screen."""
    return request.getfixturevalue(request.param)


def _stops(top):
    """Widgets that Tab should reach: those that take the focus and can be used now."""
    return [
        w
        for w in top.findChildren(QWidget)
        if w.focusPolicy() & Qt.FocusPolicy.TabFocus
        and w.isVisibleTo(top)
        and w.isEnabled()
        and w.window() is top
        and not w.focusProxy()
        and not isinstance(w.parent(), QComboBox)
    ]


def _walked(top, qtbot):
    """Widgets that Tab does reach, from the one that has the focus now, in their order."""
    qtbot.waitUntil(
        lambda: QApplication.focusWidget() is not None and QApplication.focusWidget().window() is top, timeout=3000
    )
    seen = []
    for _ in range(_MOST_STOPS):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        if here in seen[:1]:
            break
        seen.append(here)
    return seen


def _pages(top):
    """Pages to look at one after the other: those of a dialog with tabs, or just what is there."""
    if not isinstance(top, SettingsDialog):
        return [None]
    return range(top.pages.count())


def test_everything_that_takes_the_focus_has_both_its_names(top):
    for widget in _stops(top):
        assert widget.objectName(), f"a {type(widget).__name__} without an object name"
        assert widget.accessibleName(), widget.objectName()


def test_tab_reaches_everything_that_takes_the_focus(top, qtbot):
    for page in _pages(top):
        if page is not None:
            top.pages.setCurrentIndex(page)
            top.pages.tabBar().setFocus()
        walked = {widget.objectName() for widget in _walked(top, qtbot)}
        wanted = {widget.objectName() for widget in _stops(top)}
        assert len(wanted) >= 2
        radios = {name for name in wanted if name.startswith("settings-mouse-")}  # arrows go on inside a group
        assert wanted - radios <= walked
        assert not radios or radios & walked


def test_focus_is_seen_on_everything_that_takes_it(top, qtbot):
    for page in _pages(top):
        if page is not None:
            top.pages.setCurrentIndex(page)
        for widget in _stops(top):
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            QApplication.processEvents()
            with_focus = widget.grab().toImage()
            widget.clearFocus()
            QApplication.processEvents()
            assert widget.grab().toImage() != with_focus, f"{widget.objectName()} looks the same with the focus"


def test_every_command_stands_in_a_menu_that_alt_opens(window):
    bar = window.menuBar()
    titles = [action.text() for action in bar.actions()]
    assert [title.replace("&", "") for title in titles] == list(MENUS)
    in_menus = {action.objectName() for menu in window.menus.menus.values() for action in menu.actions()}
    assert {f"action-{command.id}" for command in COMMANDS} <= in_menus


def test_no_two_menus_share_their_alt_key():
    letters = [title[title.index("&") + 1].casefold() for title in menu_titles().values()]
    assert len(set(letters)) == len(MENUS)


@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit])
def test_letters_typed_into_a_text_are_no_commands(opened, reading, qtbot, kind):
    opened.session.set_result(*reading)
    note = kind(opened)
    note.show()
    note.setFocus()
    before = opened.session.layout.active.overlay.shown, opened.session.findings.selected
    qtbot.keyClicks(note, "hwnpaei")
    text = note.text() if isinstance(note, QLineEdit) else note.toPlainText()
    assert text == "hwnpaei"
    assert (opened.session.layout.active.overlay.shown, opened.session.findings.selected) == before
