"""The gallery of digital livers in the window."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from overread.phantom.gallery import Sheet
from overread.phantom.gallery_tiles import Mark, Tile
from overread.ui import gallery as module
from overread.ui import theme
from overread.ui.gallery import GalleryDialog
from overread.viewing.gallery import NOTHING_DRAWN

RED = (255, 92, 64)
LONGEST_STALL_S = 0.25
"""Where nothing else runs 0.05 s were measured; the tests run beside others."""


def _sheet(tiles: int = 10) -> Sheet:
    rng = np.random.default_rng(1)
    lesions = np.zeros((300, 400), np.uint8)
    lesions[100:150, 100:160] = 100
    shown = tuple(Tile(f"role-{n}", f"SERIES {n} {'long' * 12}", f"slice {n + 1} of 40", n,
                       rng.integers(0, 255, (300, 400), dtype=np.uint8), lesions) for n in range(tiles))
    return Sheet("multiphase, internal, seed 1", ("man, 50",), ("Label hcc", "HCC 40 mm: washout"), (shown,),
                 (Mark(100, "hcc", True),))


def _has(colour: tuple[int, int, int], widget: QWidget) -> bool:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return bool((pixels[..., :3] == colour[::-1]).all(axis=2).any())


@pytest.fixture
def dialog(qtbot):
    theme.apply(QApplication.instance())
    made = GalleryDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.close()


@pytest.fixture
def shown(dialog, qtbot):
    """With a small sheet that nobody had to draw."""
    dialog.gallery.finish(dialog.gallery.wish, _sheet())
    qtbot.wait(20)
    return dialog


def test_before_anything_is_drawn_a_sentence_says_what_to_do(dialog):
    assert dialog.empty.isVisible()
    assert dialog.empty.text() == NOTHING_DRAWN
    assert not dialog.save_button.isEnabled()


def test_that_it_is_a_phantom_is_said_before_during_and_after(dialog):
    for state in (lambda: None, dialog.gallery.begin,
                  lambda: dialog.gallery.finish(dialog.gallery.wish, _sheet()), lambda: dialog.view.enlarge(2)):
        state()
        assert dialog.caution.isVisible()
        assert dialog.caution.text() == "A phantom: drawn, not a patient."


def test_every_control_has_a_name_for_people_who_cannot_see_it(dialog):
    for part in ("kind", "site", "seed", "previous", "next", "draw_button", "outlines", "about", "save_button", "bar",
                 "cancel_button", "words", "view", "legend"):
        widget = getattr(dialog, part)
        assert widget.accessibleName(), part
        assert widget.objectName(), part
    assert all(label.objectName() for label in dialog.findChildren(QLabel) if label.parent() is dialog)


def test_a_case_is_drawn_off_the_thread_of_the_window(dialog, qtbot, own_work):
    turns = own_work()
    qtbot.mouseClick(dialog.draw_button, Qt.MouseButton.LeftButton)
    assert dialog.progress.isVisible()
    qtbot.waitUntil(lambda: not dialog.gallery.is_drawing, timeout=90_000)
    qtbot.wait(50)
    assert dialog.gallery.sheet is not None
    assert dialog.area.isVisible()
    assert max(turns) < LONGEST_STALL_S


def test_cancel_ends_the_drawing_within_a_second(dialog, qtbot, tmp_path, monkeypatch):
    (tmp_path / "slow_gallery.py").write_text("import time\ndef draw(*a):\n    time.sleep(60)\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(module, "DRAW", "slow_gallery:draw")
    dialog.draw()
    qtbot.waitUntil(lambda: dialog._worker.pid is not None, timeout=20_000)
    began = time.monotonic()
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.gallery.is_drawing, timeout=5000)
    assert time.monotonic() - began < 1.5
    assert dialog.empty.text().startswith("Cancelled.")


def test_what_cannot_be_drawn_is_said_in_a_sentence(dialog, qtbot, tmp_path, monkeypatch):
    (tmp_path / "refusing_gallery.py").write_text(
        "from overread.core.errors import InputError\n"
        "def draw(*a):\n    raise InputError('This phantom cannot be made', 'it is Monday', 'Wait')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(module, "DRAW", "refusing_gallery:draw")
    dialog.draw()
    qtbot.waitUntil(dialog.errors.isVisible, timeout=20_000)
    assert "it is Monday" in dialog.empty.text()
    dialog.errors.close()


def test_key_o_hides_outlines_and_findings_and_shows_them_again(shown, qtbot):
    assert _has(RED, shown.view)
    assert "HCC 40 mm" in shown.words.text()
    qtbot.keyClick(shown.view, Qt.Key.Key_O)
    assert not _has(RED, shown.view)
    assert "HCC" not in shown.words.text() + shown.legend.text()
    qtbot.keyClick(shown.view, Qt.Key.Key_O)
    assert _has(RED, shown.view)


@pytest.mark.parametrize(("key", "by"), [(Qt.Key.Key_N, 1), (Qt.Key.Key_P, -1)])
def test_next_and_previous_draw_the_neighbours(shown, qtbot, monkeypatch, key, by):
    asked = []
    monkeypatch.setattr(shown, "draw", lambda: asked.append(shown.gallery.wish.seed))
    shown.gallery.choose_seed(41)
    qtbot.keyClick(shown.view, key)
    assert asked == [41 + by]
    assert shown.seed.value() == 41 + by


def test_no_patient_lies_before_seed_0(shown):
    shown.gallery.choose_seed(0)
    assert not shown.previous.isEnabled()


def test_a_click_enlarges_a_picture_and_escape_goes_back(shown, qtbot):
    point = shown.view._places[3].center()
    qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=point)
    assert shown.view.enlarged == 3
    qtbot.keyClick(shown.view, Qt.Key.Key_Right)
    assert shown.view.enlarged == 4
    qtbot.keyClick(shown.view, Qt.Key.Key_Escape)
    assert shown.view.enlarged is None
    assert shown.isVisible()


@pytest.mark.parametrize("size", [(1400, 900), (900, 600), (2400, 1300)])
def test_tiles_lie_side_by_side_inside_of_the_sheet_at_any_size(shown, qtbot, size):
    shown.resize(*size)
    qtbot.wait(20)
    places = shown.view._places
    assert all(p.left() >= 0 and p.right() <= shown.view.width() and p.bottom() <= shown.view.height() for p in places)
    assert not any(a.intersects(b) for n, a in enumerate(places) for b in places[:n])


def test_f1_tells_what_the_phantom_is_and_what_it_is_not(shown, qtbot):
    qtbot.keyClick(shown.view, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: shown.help is not None and shown.help.isVisible())
    text = shown.help.text.toPlainText()
    assert "drawing, not a patient" in text
    assert "limits" in text
    shown.help.close()


def test_the_sheet_is_saved_as_png_without_the_answer_where_it_is_hidden(shown, qtbot, tmp_path):
    for has_outlines in (True, False):
        shown.outlines.setChecked(has_outlines)
        path = tmp_path / f"{has_outlines}.png"
        shown.save(path)
        qtbot.waitUntil(lambda: shown.saved.text().startswith("Saved"), timeout=60_000)
        pixels = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
        found = np.frombuffer(pixels.constBits(), np.uint8).reshape(pixels.height(), -1, 4)[..., :3]
        assert (found == RED[::-1]).all(axis=2).any() == has_outlines


def test_a_picture_that_cannot_be_saved_is_said(shown, qtbot, tmp_path):
    (tmp_path / "file").write_text("")
    shown.save(tmp_path / "file" / "a.png")
    qtbot.waitUntil(shown.errors.isVisible, timeout=60_000)
    assert not shown.saved.text().startswith("Saved")
    assert (tmp_path / "file").read_text() == ""
    shown.errors.close()


def test_closing_leaves_no_process_behind(dialog, qtbot):
    dialog.draw()
    qtbot.waitUntil(lambda: dialog._worker.pid is not None, timeout=20_000)
    dialog.close()
    assert dialog._worker.pid is None


def test_the_help_menu_opens_the_gallery_and_the_page(window, qtbot):
    window.menus.actions["gallery"].trigger()
    assert isinstance(window.dialog, GalleryDialog)
    assert window.dialog.isVisible()
    window.menus.actions["phantom-help"].trigger()
    assert window.dialog.objectName() == "help-phantom-dialog"
    window.dialog.close()


def test_pressing_next_quickly_ends_with_the_last_patient_asked_for(dialog, qtbot):
    dialog.gallery.choose_seed(10)
    for _ in range(3):
        dialog.step(1)
        qtbot.wait(150)
    qtbot.waitUntil(lambda: not dialog.gallery.is_drawing, timeout=90_000)
    assert dialog.gallery.drawn == dialog.gallery.wish
    assert dialog.gallery.sheet.title.endswith("seed 13")
