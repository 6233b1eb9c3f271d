"""The table of commands, and that every key in it works."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

from overread.ui.actions import COMMANDS, HELD, MENUS
from overread.ui.keys_page import keys_page
from overread.ui.window import MainWindow


def test_no_two_commands_share_a_key():
    keys = Counter(QKeySequence(key).toString() for c in COMMANDS for key in c.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_key_is_one_that_qt_understands():
    sequences = [QKeySequence(key) for c in COMMANDS for key in c.keys]
    assert all(sequence.count() == 1 and sequence.toString() for sequence in sequences)


def test_ids_are_unique_and_menus_known():
    assert len({c.id for c in COMMANDS}) == len(COMMANDS)
    assert {c.menu for c in COMMANDS} == set(MENUS)


def test_page_of_keys_names_every_command_with_a_key():
    page = keys_page("stack")
    assert all(c.tip in page for c in COMMANDS if c.keys)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.keys and c.scope != HELD], ids=lambda c: c.id)
def test_every_key_triggers_its_command(opened, qtbot, reading, command):
    opened.session.set_result(reading[0], reading[1])
    action = opened.menus.actions[command.id]
    action.setEnabled(True)
    action.triggered.disconnect()
    for key in command.keys:
        combination = QKeySequence(key)[0]
        with qtbot.waitSignal(action.triggered, timeout=1000):
            qtbot.keyClick(opened.image, combination.key(), combination.keyboardModifiers())


def test_commands_without_an_image_are_disabled(window):
    for command_id in ("slice-next", "fit", "invert", "overlay-toggle", "candidate-next", "window-liver"):
        assert not window.menus.actions[command_id].isEnabled()
    assert window.menus.actions["open-folder"].isEnabled()


def test_ct_presets_are_for_ct_only(opened):
    assert opened.session.layout.active.volume.modality == "MR"
    assert not opened.menus.actions["window-liver"].isEnabled()


def test_arrow_keys_belong_to_the_tree_when_it_has_the_focus(opened, qtbot):
    before = opened.session.layout.active.slice
    opened.browse.tree.setFocus()
    qtbot.keyClick(opened.browse.tree, Qt.Key.Key_Down)
    assert opened.session.layout.active.slice == before


def test_what_seals_or_judges_does_not_repeat_while_its_key_is_held(window: MainWindow) -> None:
    for name in ("second-read-on", "verdict-accept", "mark", "key-image"):
        action = window.findChild(QAction, f"action-{name}")
        assert action is not None
        assert not action.autoRepeat()
    scroll = window.findChild(QAction, "action-slice-next")
    assert scroll is not None
    assert scroll.autoRepeat()
