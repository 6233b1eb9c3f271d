"""The window over a real folder: tree, candidates, errors, no heavy library in its process."""

import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from overread.core.errors import DecodeError, InputError


def test_empty_window_says_how_to_open_something(window):
    assert window.middle.currentWidget() is window.empty
    assert "Open" in window.empty.title.text()


def test_tree_lists_both_series_and_the_footer_adds_up(opened):
    assert len(opened.browse.tree.row_ids()) == 2
    assert opened.browse.footer.text() == "33 files read, 32 shown in 2 stacks, 1 set aside"
    assert opened.browse.set_aside.isVisible()


def test_series_for_the_system_is_shown_first(opened):
    assert opened.session.layout.active.volume.modality == "MR"


def test_title_and_widgets_hold_no_patient_data(opened):
    texts = [opened.windowTitle(), *(w.accessibleName() for w in opened.findChildren(QWidget))]
    texts += [w.text() for w in opened.findChildren(QWidget) if hasattr(w, "text") and callable(w.text)]
    assert not any("Nobody" in text or "4711" in text for text in texts)


def test_click_on_a_row_shows_its_series(opened, qtbot):
    tree = opened.browse.tree
    other = next(i for i in tree.row_ids() if i != opened.session.layout.active.volume.id)
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton,
                     pos=tree.visualItemRect(tree.item_of(other)).center())
    qtbot.waitUntil(lambda: opened.session.layout.active.pixels is not None, timeout=5000)
    assert opened.session.layout.active.volume.id == other
    assert opened.session.layout.active.volume.modality == "CT"
    assert opened.menus.actions["window-liver"].isEnabled()
    assert opened.session.layout.active.units == "HU"


def test_every_row_gets_its_thumbnail(opened):
    assert not any(opened.browse.tree.lacks_picture(i) for i in opened.browse.tree.row_ids())


def test_folder_without_images_says_what_was_found(window, qtbot, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    window.open_paths([tmp_path])
    qtbot.waitUntil(lambda: "No images" in window.empty.title.text(), timeout=10_000)
    assert "1 file looked at" in window.empty.words.text()


def test_path_that_is_not_there_is_one_dialog(window, qtbot, tmp_path):
    window.open_paths([tmp_path / "gone"])
    qtbot.waitUntil(window.errors.isVisible, timeout=10_000)
    assert window.errors.what.text()
    assert window.errors.remedy.text()


def test_error_dialog_says_what_why_and_remedy_and_counts_repeats(window):
    window.tell(DecodeError("Slice 4 cannot be shown", "its pixels are cut off", "Export it again"))
    dialog = window.errors
    assert (dialog.what.text(), dialog.why.text(), dialog.remedy.text()) == (
        "Slice 4 cannot be shown.", "Its pixels are cut off.", "Export it again.")
    assert not dialog.count.isVisible()
    window.tell(DecodeError("Slice 4 cannot be shown", "its pixels are cut off", "Export it again"))
    assert dialog.count.text() == "This happened 2 times."
    window.tell(InputError("Another thing", "it is so", "Do this"))
    assert not dialog.count.isVisible()


def test_click_on_a_candidate_jumps_every_time(opened, reading, qtbot):
    opened.session.set_result(*reading)
    viewport, table = opened.session.layout.active, opened.candidates.table
    assert [table.item(r, 0).text() for r in range(table.rowCount())] == ["1", "2"]
    for _ in range(2):
        viewport.go_to(0)
        item = table.item(0, 1)
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(item).center())
        assert viewport.slice == 17
    assert opened.session.findings.selected == 1


def test_candidate_keys_go_round(opened, reading, qtbot):
    opened.session.set_result(*reading)
    seen = []
    for key in (Qt.Key.Key_N, Qt.Key.Key_N, Qt.Key.Key_P):
        qtbot.keyClick(opened.image, key)
        seen.append(opened.session.layout.active.slice)
    assert seen == [17, 5, 17]


def test_candidate_row_tells_score_extent_slices_and_peak(opened, reading):
    opened.session.set_result(*reading)
    table = opened.candidates.table
    assert [table.item(0, c).text() for c in range(5)] == ["1", "0.90", "20 mm", "17–19", "18"]


def test_operating_point_hides_candidates_and_states_what_it_meant(opened, reading):
    opened.session.set_result(*reading)
    opened.candidates.operating.slider.setValue(200)
    assert opened.candidates.table.rowCount() == 3
    assert opened.candidates.meaning.text() == "On 40 phantoms."


def test_wherever_a_score_stands_the_caution_stands(opened, reading):
    opened.session.set_result(*reading)
    assert opened.candidates.caution.isVisible()
    assert opened.candidates.caution.text() == "Trained on phantoms, not for diagnosis."
    labels = [w.text() for w in opened.findChildren(QWidget, "research-use")]
    assert labels == ["Research use. Not a medical device."]


def test_click_on_the_strip_goes_to_that_slice(opened, reading, qtbot):
    opened.session.set_result(*reading)
    x = round(opened.strip.x_of(20))
    qtbot.mouseClick(opened.strip, Qt.MouseButton.LeftButton, pos=opened.strip.rect().topLeft() +
                     type(opened.strip.rect().topLeft())(x, 40))
    assert opened.session.layout.active.slice == 20


def test_sliders_follow_and_change_the_overlay(opened, reading):
    opened.session.set_result(*reading)
    overlay = opened.session.layout.active.overlay
    opened.heat.opacity.setValue(60)
    assert overlay.opacity == 0.6
    overlay.set_threshold(0.5)
    assert opened.heat.threshold.value() == 50


def test_every_named_widget_that_takes_the_focus_has_an_accessible_name(opened):
    for widget in opened.findChildren(QWidget):
        is_ours = widget.objectName() and not widget.objectName().startswith("qt_")
        if is_ours and widget.focusPolicy() != Qt.FocusPolicy.NoFocus and widget.isEnabled():
            assert widget.accessibleName() or getattr(widget, "text", str)(), widget.objectName()


def test_settings_come_back(window, own_home):
    from overread.ui.settings import load_settings, settings_file

    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text('[other]\nkept = "yes"\n', encoding="utf-8")
    window.settings.mouse = "window"
    window.session.layout.active.overlay.set_opacity(0.5)
    window.close()
    assert load_settings().mouse == "window"
    assert load_settings().heat_opacity == 0.5
    assert 'kept = "yes"' in settings_file().read_text(encoding="utf-8")


def test_damaged_settings_take_their_defaults(own_home):
    from overread.ui.settings import Settings, load_settings, settings_file

    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("[window]\nmouse = 3\nheat_opacity = ", encoding="utf-8")
    assert load_settings() == Settings()


def test_folder_dropped_on_the_window_is_opened(window, qtbot, study_folder):
    from PySide6.QtCore import QMimeData, QPointF, QUrl
    from PySide6.QtGui import QDropEvent

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(study_folder))])
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                                Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: window.image.frames_painted > 0, timeout=10_000)
    assert window.session.layout.active.volume is not None


def test_opening_another_folder_forgets_the_first(opened, reading, qtbot, tmp_path):
    opened.session.set_result(*reading)
    (tmp_path / "notes.txt").write_text("nothing")
    opened.open_paths([tmp_path])
    qtbot.waitUntil(lambda: "No images" in opened.empty.title.text(), timeout=10_000)
    assert opened.browse.tree.row_ids() == []
    assert opened.session.findings.reading is None
    assert opened.candidates.table.rowCount() == 0


def test_row_of_a_partial_scan_keeps_its_place_picture_and_selection(opened):
    tree, scan = opened.browse.tree, opened.session.scan
    before = [tree.item_of(i) for i in tree.row_ids()]
    opened.browse.set_scan(scan, is_running=True)
    assert [tree.item_of(i) for i in tree.row_ids()] == before
    assert not any(tree.lacks_picture(i) for i in tree.row_ids())


@pytest.mark.parametrize("name", ["torch", "SimpleITK", "matplotlib", "pyqtgraph", "scipy"])
def test_open_window_has_not_imported(name, study_folder, tmp_path):
    code = ("import sys\nfrom pathlib import Path\nfrom overread.ui import run\n"
            "if __name__ == '__main__':\n"
            f"    run([{str(study_folder)!r}], screenshot=Path({str(tmp_path / 'shot.png')!r}))\n"
            f"    print([m for m in sys.modules if m.split('.')[0] == {name!r}])\n")
    script = tmp_path / "start.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    assert (tmp_path / "shot.png").stat().st_size > 10_000
