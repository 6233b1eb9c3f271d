"""The page of keys: complete, without doubles, searchable, on one sheet."""

import re
from collections import Counter

import pytest
from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QImage, QKeySequence

from overread.core.errors import StorageError
from overread.ui.actions import ANYWHERE, COMMANDS, IMAGE, MENUS, mouse_help
from overread.ui.keys_page import KeysDialog, draw_page, key_groups
from overread.ui.settings import DRAGS, MOUSE_PROFILES


@pytest.fixture
def dialog(qtbot):
    made = KeysDialog("stack")
    qtbot.addWidget(made)
    made.show()
    return made


def test_no_key_does_two_things_in_one_scope():
    """What counts anywhere also counts on the image: there both would answer, and Qt would run neither."""
    for scopes in ({ANYWHERE, IMAGE}, *({scope} for scope in {c.scope for c in COMMANDS} - {ANYWHERE, IMAGE})):
        keys = Counter(QKeySequence(key).toString() for c in COMMANDS if c.scope in scopes for key in c.keys)
        assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("profile", MOUSE_PROFILES)
def test_no_key_and_no_gesture_is_listed_twice(profile):
    listed = Counter(key for _title, rows in key_groups(profile) for row in rows for key in row.keys.split(" or "))
    assert [key for key, count in listed.items() if count > 1] == []


@pytest.mark.parametrize("profile", MOUSE_PROFILES)
def test_page_names_what_every_key_and_every_gesture_does(profile):
    groups = key_groups(profile)
    assert [title for title, _rows in groups[:-1]] == [
        m for m in MENUS if any(c.menu == m and c.keys for c in COMMANDS)
    ]
    meanings = [row.meaning for _title, rows in groups[:-1] for row in rows]
    assert sorted(meanings) == sorted(c.tip for c in COMMANDS if c.keys)
    assert [(row.keys, row.meaning) for row in groups[-1][1]] == list(mouse_help(profile))


def test_profiles_exchange_the_two_drags():
    one, other = (dict(mouse_help(profile)) for profile in MOUSE_PROFILES)
    assert (one["Left drag"], one["Right drag"]) == (other["Right drag"], other["Left drag"])
    assert {key for key in one if one[key] != other[key]} == {"Left drag", "Right drag"}
    assert set(DRAGS) == set(MOUSE_PROFILES)


def test_search_finds_words_in_any_order_and_case():
    found = [row for _title, rows in key_groups("stack", "SLICE next") for row in rows]
    assert "Wheel" in [row.keys for row in found]
    assert all({"slice", "next"} <= set(re.findall(r"[a-z]+", row.meaning.lower())) for row in found)
    everything = [row for _title, rows in key_groups("stack", "") for row in rows]
    assert 0 < len(found) < len(everything) / 10


def test_search_for_one_sign_looks_at_the_keys_alone():
    assert [row.keys for _title, rows in key_groups("stack", "?") for row in rows] == ["F1 or ?"]


def test_search_shows_what_is_found_and_says_when_nothing_is(dialog, qtbot):
    qtbot.keyClicks(dialog.search, "heatmap")
    words = dialog.page.toPlainText()
    assert "Heatmap 10 % more opaque" in words
    assert "Open a folder" not in words
    dialog.search.setText("<nothing & nobody>")
    assert "No key or gesture is about “<nothing & nobody>”." in dialog.page.toPlainText()
    dialog.search.clear()
    assert "Open a folder" in dialog.page.toPlainText()


def test_page_of_the_window_has_its_mouse_profile(window, qtbot):
    window.settings.mouse = "window"
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert "Mouse, profile “window”" in window.dialog.page.toPlainText()
    window.dialog.close()


def test_printed_page_is_one_sheet_with_everything_on_it(dialog, tmp_path):
    dialog.save(tmp_path / "keys.pdf")
    content = (tmp_path / "keys.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["keys.pdf"]


def test_printed_page_is_black_on_white_and_leaves_no_ink_at_the_edges(qapp):
    sheet = QImage(744, 1052, QImage.Format.Format_RGB32)
    sheet.fill(Qt.GlobalColor.white)
    draw_page(sheet, "stack")
    inner = QRectF(sheet.rect()).marginsRemoved(QMarginsF(0, 0, 2, 2)).toRect()
    ink = [(x, y) for y in range(0, 1052, 2) for x in range(744) if sheet.pixelColor(x, y).lightness() < 100]
    assert len(ink) > 3000
    assert all(inner.contains(x, y) for x, y in ink)


def test_page_that_cannot_be_saved_is_said(dialog, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        dialog.save(tmp_path / "file" / "keys.pdf")
