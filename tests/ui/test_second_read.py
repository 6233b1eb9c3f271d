"""The second read in the real window, by keys and mouse: alone, reveal, verdicts, finished, reopened, exported."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from overread.study.standing import LOOKING

CONTROL = Qt.KeyboardModifier.ControlModifier


def _open(qtbot, made, folder):
    made.open_paths([folder])
    qtbot.waitUntil(
        lambda: made.session.scan is not None and not made.opening.is_busy and made.image.frames_painted > 0,
        timeout=20_000,
    )
    made.image.setFocus()
    return made


@pytest.fixture
def windows(qtbot):
    """Makes windows that read alone first, and closes them."""
    from overread.ui import theme
    from overread.ui.settings import Settings
    from overread.ui.window import MainWindow

    theme.apply(QApplication.instance())
    made = []

    def make(**settings):
        one = MainWindow(Settings(**settings))
        one.show()
        qtbot.waitExposed(one)
        one.activateWindow()
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
        one.deleteLater()


@pytest.fixture
def alone(windows, qtbot, study_folder, bundle):
    """A window that reads alone first, with the MR series shown."""
    return _open(qtbot, windows(), study_folder)


def _point(window, row, column):
    return window.image.point_of(row, column)


def _drag(window, start, end):
    QTest.mousePress(window.image, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(window.image, (start + end) / 2)
    QTest.mouseMove(window.image, end)
    QTest.mouseRelease(window.image, Qt.MouseButton.LeftButton, pos=end)


def _length(window, start=(20, 20), end=(20, 40)):
    QTest.keyClick(window.image, Qt.Key.Key_L)
    _drag(window, _point(window, *start), _point(window, *end))
    QTest.keyClick(window.image, Qt.Key.Key_Escape)


def _mark(window, row=30, column=30):
    QTest.mouseMove(window.image, _point(window, row, column))
    QTest.keyClick(window.image, Qt.Key.Key_M)


def _record_on_disk(home: Path):
    files = list((home / "data" / "second-reads").glob("*.json"))
    return json.loads(files[0].read_text(encoding="utf-8")) if files else None


def _kinds(home):
    """What was done, beyond looking."""
    return [event["kind"] for event in _record_on_disk(home)["events"] if event["kind"] not in LOOKING]


# Measuring


def test_drag_with_the_tool_draws_a_length_in_mm(alone):
    _length(alone, (20, 20), (20, 40))
    (length,) = alone.session.measuring.measures
    assert length.length == pytest.approx(20 * 1.5, abs=0.4)  # 1.5 mm a pixel; the pointer stops at whole points


def test_two_clicks_draw_a_length_too(alone):
    QTest.keyClick(alone.image, Qt.Key.Key_L)
    QTest.mouseClick(alone.image, Qt.MouseButton.LeftButton, pos=_point(alone, 10, 10))
    QTest.mouseMove(alone.image, _point(alone, 10, 30))
    QTest.mouseClick(alone.image, Qt.MouseButton.LeftButton, pos=_point(alone, 10, 40))
    (length,) = alone.session.measuring.measures
    assert length.length == pytest.approx(30 * 1.5, abs=0.4)
    assert alone.session.measuring.pending is None


def test_left_drag_is_the_profiles_own_without_a_tool(alone):
    viewport = alone.session.layout.active
    k = viewport.slice
    _drag(alone, QPoint(200, 100), QPoint(200, 170))
    assert viewport.slice > k
    assert alone.session.measuring.measures == ()


def test_end_of_a_length_can_be_dragged_without_the_tool(alone):
    _length(alone, (20, 20), (20, 40))
    k = alone.session.layout.active.slice
    _drag(alone, _point(alone, 20, 40), _point(alone, 20, 60))
    (length,) = alone.session.measuring.measures
    assert length.length == pytest.approx(40 * 1.5, abs=0.4)
    assert alone.session.layout.active.slice == k


def test_delete_removes_the_chosen_length_and_undo_brings_it_back(alone):
    _length(alone)
    QTest.keyClick(alone.image, Qt.Key.Key_Escape)
    QTest.mouseClick(alone.image, Qt.MouseButton.LeftButton, pos=_point(alone, 20, 30))
    QTest.keyClick(alone.image, Qt.Key.Key_Delete)
    assert alone.session.measuring.measures == ()
    QTest.keyClick(alone.image, Qt.Key.Key_Z, CONTROL)
    assert len(alone.session.measuring.measures) == 1


def test_region_shows_mean_and_unit_beside_the_circle(alone):
    from overread.ui.read.drawn import measure_words

    QTest.keyClick(alone.image, Qt.Key.Key_O)
    _drag(alone, _point(alone, 30, 40), _point(alone, 30, 46))
    alone.image.grab()
    (drawn,) = alone.image.drawn
    words = measure_words(drawn.measure, alone.session.layout.active, alone.image._values)
    assert words[0].startswith("signal mean 12")  # slice 12, columns about 40: 1240
    assert drawn.label is not None


def test_measurements_stay_with_their_series(alone, qtbot):
    _length(alone)
    mr = alone.session.layout.active.volume.id
    QTest.keyClick(alone.image, Qt.Key.Key_Right)
    assert alone.session.layout.active.volume.id != mr
    assert alone.session.measuring.measures == ()
    QTest.keyClick(alone.image, Qt.Key.Key_Left)
    assert len(alone.session.measuring.measures) == 1


# Reading alone


def test_nothing_a_system_found_is_shown_while_reading_alone(alone, reading):
    alone.session.set_result(*reading)
    QApplication.processEvents()
    session = alone.session
    assert session.findings.reading is None
    assert session.layout.active.overlay.heatmap is None
    assert session.findings.slice_scores() == {}
    assert alone.candidates.table.rowCount() == 0
    shown = [w for w in alone.findChildren(QLabel) if w.isVisibleTo(alone)]
    texts = [alone.windowTitle(), *(w.text() for w in shown), *(w.accessibleName() for w in shown)]
    assert not any("candidate" in t.lower() and any(c.isdigit() for c in t) for t in texts)
    assert not any("0.9" in t or "0.6" in t for t in texts)
    assert not alone.menus.actions["candidate-next"].isEnabled()
    assert not alone.menus.actions["overlay-toggle"].isEnabled()
    tree = alone.session.state_words(reading[0])
    assert not any(character.isdigit() for character in tree)


def test_image_while_reading_alone_is_the_same_with_and_without_a_result(alone, reading):
    alone.session.layout.active.go_to(17)
    before = alone.image.grab().toImage()
    alone.session.set_result(*reading)
    alone.session.layout.active.go_to(17)
    assert alone.image.grab().toImage() == before
    assert alone.strip.sizeHint().height() < 100


def test_m_marks_the_place_under_the_pointer(alone):
    _mark(alone, 30, 44)
    (mark,) = alone.session.second.record.marks
    viewport = alone.session.layout.active
    assert mark.slice == viewport.slice
    assert viewport.shown_place(mark.centre_mm, mark.slice) == pytest.approx((30, 44), abs=0.01)


def test_tool_marks_at_the_next_click(alone):
    alone.image._cursor = None
    tool = alone.findChild(QWidget, "tool-mark")
    QTest.mouseClick(tool, Qt.MouseButton.LeftButton)
    QTest.mouseClick(alone.image, Qt.MouseButton.LeftButton, pos=_point(alone, 25, 35))
    (mark,) = alone.session.second.record.marks
    assert alone.session.layout.active.shown_place(mark.centre_mm, mark.slice) == pytest.approx((25, 35), abs=0.3)
    assert alone.session.measuring.tool is None


def test_length_drawn_before_a_mark_becomes_its_diameter(alone):
    _length(alone, (20, 20), (20, 40))
    _mark(alone, 21, 31)
    (mark,) = alone.session.second.record.marks
    assert mark.length_mm == pytest.approx(30, abs=0.4)


def test_length_drawn_around_a_chosen_mark_becomes_its_diameter(alone):
    _mark(alone, 20, 30)
    _length(alone, (20, 20), (20, 40))
    (mark,) = alone.session.second.record.marks
    assert mark.length_mm == pytest.approx(30, abs=0.4)


def test_length_elsewhere_is_no_diameter(alone):
    _length(alone, (10, 10), (10, 20))
    _mark(alone, 50, 60)
    assert alone.session.second.record.marks[0].length_mm is None


def test_digit_rates_only_after_the_row_was_opened(alone):
    _mark(alone)
    QTest.keyClick(alone.image, Qt.Key.Key_4)
    assert alone.session.second.mark.rating is None
    QTest.keyClick(alone.image, Qt.Key.Key_G)
    row = alone.desk.panel.marks.rating
    assert row.is_open
    assert "Press 1 to 5" in row.words.text()
    window_before = alone.session.layout.active.window
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_4)
    assert alone.session.second.mark.rating == 4
    assert alone.session.layout.active.window == window_before
    assert QApplication.focusWidget() is alone.image


def test_removed_mark_stays_in_the_record_and_undo_brings_it_back(alone, own_home):
    _mark(alone)
    QTest.keyClick(alone.image, Qt.Key.Key_Delete)
    assert alone.session.second.record.marks == ()
    assert _kinds(own_home) == ["mark-added", "mark-withdrawn"]
    QTest.keyClick(alone.image, Qt.Key.Key_Z, CONTROL)
    assert len(alone.session.second.record.marks) == 1


def test_a_note_still_being_typed_is_in_what_is_sealed(alone):
    _mark(alone)
    for word, press in (("rim", Qt.Key.Key_Return), ("rim and washout", Qt.Key.Key_Return)):
        note = alone.desk.panel.marks.note
        note.setFocus()
        note.selectAll()
        QTest.keyClicks(note, word)
        QTest.keyClick(note, press, CONTROL)
        assert alone.session.second.record.sealed[-1].marks[0].note == word
    assert alone.session.second.record.stage == "finished"


def test_sealing_without_a_mark_names_the_pixels_that_were_read(alone, qtbot):
    from overread import io

    record = alone.session.second.record
    qtbot.waitUntil(lambda: bool(record.inputs), timeout=5000)
    alone.desk.go_on()
    assert [i.pixels_sha256 for i in record.sealed[0].inputs] == [io.pixels_sha256(alone.session.layout.active.pixels)]


def test_letters_typed_into_a_note_are_text_and_no_commands(alone):
    _mark(alone)
    note = alone.desk.panel.marks.note
    note.setFocus()
    QTest.keyClicks(note, "homily 4")
    QTest.keyClick(note, Qt.Key.Key_Return)
    assert alone.session.second.mark.note == "homily 4"
    assert len(alone.session.second.record.marks) == 1
    assert alone.session.measuring.tool is None


def test_who_only_looks_leaves_no_record(alone, reading, own_home):
    alone.session.second.set_unaided_first(False)
    alone.session.set_result(*reading)
    assert alone.session.findings.reading is not None
    assert _record_on_disk(own_home) is None


# The whole way


def test_whole_way_by_keys_is_kept_and_comes_back(alone, windows, qtbot, reading, study_folder, own_home):
    session = alone.session
    _length(alone, (20, 20), (20, 40))
    _mark(alone, 20, 30)
    session.set_result(*reading)
    assert alone.desk.panel.waits.isVisible()
    QTest.keyClick(alone.image, Qt.Key.Key_Return, CONTROL)
    assert session.second.step == 2
    assert session.layout.active.overlay.heatmap is not None
    assert alone.desk.panel.verdicts.progress.text() == "2 of 2 without verdict"
    assert alone.desk.panel.finish.text() == "Finish: 2 open"
    for key in (Qt.Key.Key_N, Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_J):
        QTest.keyClick(alone.image, key)
    assert alone.desk.panel.verdicts.progress.text() == "All 2 have a verdict."
    assert alone.desk.panel.finish.text() == "Finish"
    assert [v.call for v in session.second.record.verdicts] == ["accept", "dismiss"]
    QTest.keyClick(alone.image, Qt.Key.Key_Return, CONTROL)
    record = session.second.record
    assert record.stage == "finished"
    assert len(record.change_list()) == 2
    assert not alone.menus.actions["mark"].isEnabled()
    alone.close()

    again = _open(qtbot, windows(), study_folder)
    kept = again.session.second.record
    assert kept.stage == "finished"
    assert [m.length_mm for m in kept.marks] == pytest.approx([30], abs=0.4)
    assert kept.sealed == record.sealed
    assert [c.call for c in kept.verdicts] == ["accept", "dismiss"]
    qtbot.waitUntil(lambda: again.session.findings.reading is not None, timeout=5000)
    assert again.desk.panel.verdicts.table.rowCount() > 0
    QTest.mouseClick(again.desk.panel.reopen, Qt.MouseButton.LeftButton)
    assert again.session.second.record.stage == "revealed"
    assert "reopened" in _kinds(own_home)


def test_whole_way_by_mouse(alone, reading):
    session, panel = alone.session, alone.desk.panel
    session.set_result(*reading)
    QTest.mouseClick(panel.done, Qt.MouseButton.LeftButton)
    assert session.second.record.stage == "revealed"
    table = panel.verdicts.table
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(table.item(1, 1)).center())
    assert session.layout.active.slice == 5
    QTest.mouseClick(panel.verdicts.calls["unsure"], Qt.MouseButton.LeftButton)
    assert table.item(1, 3).text() == "? Unsure"
    assert panel.verdicts.progress.text() == "1 of 2 without verdict"
    QTest.mouseClick(panel.verdicts.calls["unsure"], Qt.MouseButton.LeftButton)
    assert panel.verdicts.progress.text() == "2 of 2 without verdict"
    QTest.mouseClick(panel.finish, Qt.MouseButton.LeftButton)
    assert session.second.record.stage == "finished"
    assert not panel.verdicts.editor.isVisible()


def test_done_alone_before_any_run_waits_for_a_system(alone, reading):
    panel = alone.desk.panel
    QTest.mouseClick(panel.done, Qt.MouseButton.LeftButton)
    assert alone.session.second.step == 1
    assert "No system has read this series yet" in panel.task.text()
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    assert alone.right.tabs.currentIndex() == 0
    alone.session.set_result(*reading)
    assert alone.session.second.step == 2
    assert alone.session.findings.reading is not None


def test_showing_without_reading_alone_is_written_into_the_record(alone, reading, own_home):
    alone.session.set_result(*reading)
    QTest.mouseClick(alone.desk.panel.show_now, Qt.MouseButton.LeftButton)
    assert alone.session.findings.reading is not None
    assert alone.session.second.record.shown_from_start
    assert _kinds(own_home)[:1] == ["shown-from-start"]
    assert "nothing was read alone" in alone.desk.panel.task.text()


def test_with_the_switch_off_results_come_at_once_and_marks_say_so(
    windows, qtbot, study_folder, bundle, reading, own_home
):
    made = _open(qtbot, windows(unaided_first=False), study_folder)
    made.session.set_result(*reading)
    assert made.session.layout.active.overlay.heatmap is not None
    _mark(made)
    assert _kinds(own_home)[:2] == ["shown-from-start", "revealed"]
    assert made.session.second.record.marks[0].added == "after"


def test_what_was_marked_alone_keeps_its_place_after_the_reveal(alone, reading):
    _mark(alone, 20, 30)
    alone.session.set_result(*reading)
    QTest.keyClick(alone.image, Qt.Key.Key_Return, CONTROL)
    assert not alone.menus.actions["undo"].isEnabled()
    alone.session.second.select(1)
    QTest.keyClick(alone.image, Qt.Key.Key_Delete)
    assert [c.kind for c in alone.session.second.record.change_list()] == ["withdrawn"]
    assert "made alone, withdrawn" in alone.desk.panel.changes.text()


def test_a_mark_and_a_candidate_are_never_chosen_together(alone, reading):
    _mark(alone)
    alone.session.set_result(*reading)
    QTest.keyClick(alone.image, Qt.Key.Key_Return, CONTROL)
    alone.session.second.select(1)
    QTest.keyClick(alone.image, Qt.Key.Key_N)
    assert (alone.session.second.selected, alone.session.findings.selected) == (None, 1)
    alone.session.second.select(1)
    assert (alone.session.second.selected, alone.session.findings.selected) == (1, None)


def test_damaged_record_is_told_once_and_kept_aside(windows, qtbot, study_folder, bundle, own_home, alone):
    volume_id = alone.session.layout.active.volume.id
    _mark(alone)
    alone.close()
    path = own_home / "data" / "second-reads" / f"{volume_id}.json"
    path.write_text("{", encoding="utf-8")
    again = _open(qtbot, windows(), study_folder)
    assert again.errors.isVisible()
    assert again.session.second.record.marks == ()
    assert list(path.parent.glob(f"{volume_id}.damaged-*.json"))


def test_record_names_no_patient(alone, own_home):
    _mark(alone)
    for path in (own_home / "data").rglob("*"):
        assert "Nobody" not in path.name
        if path.suffix == ".json":
            assert "Nobody" not in path.read_text(encoding="utf-8")
            assert "4711" not in path.read_text(encoding="utf-8")


# Pictures


def _keep_picture(window, qtbot):
    QTest.keyClick(window.image, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: bool(window.desk.images.images), timeout=5000)


def test_key_image_of_the_chosen_mark_is_kept_and_can_be_removed(alone, qtbot):
    _mark(alone)
    _keep_picture(alone, qtbot)
    (image,) = alone.desk.images.images
    assert image.words == "Mark M1, slice 13"
    assert QImage(str(image.path)).width() == alone.image.width() * alone.image.devicePixelRatio()
    assert alone.session.second.record.marks[0].key_image
    pictures = alone.desk.panel.images
    assert pictures.count() == 1
    pictures.setCurrentRow(0)
    pictures.setFocus()
    QTest.keyClick(pictures, Qt.Key.Key_Delete)
    assert not image.path.exists()
    assert len(alone.session.second.record.marks) == 1


@pytest.fixture
def renamed_folder(study_folder, tmp_path):
    """The same study with another patient name, number, date and other descriptions; all else equal."""
    import pydicom

    folder = tmp_path / "renamed"
    shutil.copytree(study_folder, folder)
    for path in folder.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.PatientName, data.PatientID, data.StudyDate = "Somebody^Else", "ID-0815", "19991231"
        data.StudyDescription = f"{data.StudyDescription} of Somebody Else"
        data.SeriesDescription = f"{data.SeriesDescription} Somebody Else"
        data.save_as(path)
    return folder


def test_picture_of_the_window_is_the_same_whatever_the_files_say_of_the_patient(
    windows, qtbot, study_folder, renamed_folder, bundle
):
    pictures, plain = [], []
    for folder in (study_folder, renamed_folder):
        made = _open(qtbot, windows(unaided_first=False), folder)
        made.image._cursor = None
        assert made.session.layout.active.volume.modality == "MR"
        pictures.append(made.picture().toImage())
        plain.append(made.grab().toImage())
        made.close()
    assert plain[0] != plain[1]
    assert pictures[0] == pictures[1]


def test_blinded_image_says_what_it_is_for_and_hides_series_text(alone):
    from overread.viewing.corner import corner_text

    viewport = alone.session.layout.active
    text = corner_text(viewport, (1, 1), "a system", blinded=True)
    everything = " ".join((*text.top_left, *text.top_right, *text.bottom_left, *text.bottom_right))
    assert "Research use. Not a medical device." in everything
    assert "eTHRIVE" not in everything
    assert "2026" not in everything
    assert f"Slice {viewport.slice + 1} of 24" in everything


def test_blinded_image_is_full_even_with_the_corner_text_off(alone):
    alone.session.layout.active.text = "none"
    from overread.viewing.corner import corner_text

    assert corner_text(alone.session.layout.active, blinded=True).bottom_right


# Export


def _finish(window, qtbot, reading):
    _mark(window)
    _keep_picture(window, qtbot)
    window.session.set_result(*reading)
    for key in (Qt.Key.Key_N, Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_J):
        if window.session.second.step == 0:
            QTest.keyClick(window.image, Qt.Key.Key_Return, CONTROL)
        QTest.keyClick(window.image, key)
    QTest.keyClick(window.image, Qt.Key.Key_Return, CONTROL)


def _ask_export(window, folder):
    QTest.keyClick(window.image, Qt.Key.Key_E, CONTROL)
    dialog = window.dialog
    dialog.folder.setText(str(folder))
    return dialog


@pytest.mark.slow
def test_every_format_is_written_off_the_window_and_names_no_patient(alone, qtbot, reading, tmp_path):
    import pydicom

    loaded = set(sys.modules)  # by other tests, in this same process
    _finish(alone, qtbot, reading)
    dialog = _ask_export(alone, tmp_path / "out")
    QTest.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.is_busy, timeout=60_000)
    assert dialog.outcome.text() == "5 files written to out: PDF, CSV, SR, SEG, 1 key image."
    assert dialog.open_button.isVisible()
    for path in dialog.written:
        assert b"Nobody" not in path.read_bytes()
        assert b"4711" not in path.read_bytes()
        if path.suffix == ".dcm":
            assert "Nobody" not in str(pydicom.dcmread(path).PatientName)
    assert not {"matplotlib", "highdicom", "torch"} & (set(sys.modules) - loaded)
    dialog.close()


@pytest.mark.slow
def test_patient_data_are_written_only_when_asked_for(alone, qtbot, reading, tmp_path):
    import pydicom

    _finish(alone, qtbot, reading)
    dialog = _ask_export(alone, tmp_path / "out")
    for name in ("pdf", "csv", "seg", "images"):
        dialog.formats[name].setChecked(False)
    dialog.identified.setChecked(True)
    assert "will hold the patient's name" in dialog.consequence.text()
    dialog.start()
    qtbot.waitUntil(lambda: not dialog.is_busy, timeout=60_000)
    (path,) = dialog.written
    assert str(pydicom.dcmread(path).PatientName) == "Nobody^Known"
    dialog.close()


def test_export_into_a_place_that_cannot_be_written_is_a_sentence(alone, qtbot, reading, tmp_path):
    _finish(alone, qtbot, reading)
    (tmp_path / "file").write_text("in the way")
    dialog = _ask_export(alone, tmp_path / "file" / "out")
    for name in ("pdf", "sr", "seg", "images"):
        dialog.formats[name].setChecked(False)
    dialog.start()
    qtbot.waitUntil(lambda: not dialog.is_busy, timeout=60_000)
    assert "cannot be written" in dialog.outcome.text()
    assert "Traceback" not in dialog.outcome.text()
    assert dialog.written == ()
    dialog.close()


def test_export_without_a_folder_says_so(alone, qtbot, reading):
    _finish(alone, qtbot, reading)
    dialog = _ask_export(alone, "")
    dialog.start()
    assert dialog.outcome.text() == "Nothing was written: no folder is named. Choose a folder."
    dialog.close()


# What a person sees and reaches


def test_everything_that_takes_the_focus_has_names(alone, qtbot, reading):
    _finish(alone, qtbot, reading)
    for widget in alone.desk.panel.findChildren(QWidget):
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not widget.objectName().startswith("qt_"):
            assert widget.objectName(), widget
            assert widget.accessibleName() or getattr(widget, "text", str)(), widget.objectName()


def test_empty_panel_says_what_belongs_here(windows):
    made = windows()
    assert "open one first" in made.desk.panel.task.text()
    assert not made.desk.panel.done.isVisible()
    assert not made.menus.actions["mark"].isEnabled()


@pytest.mark.parametrize("scale", [100, 150])
def test_no_button_or_label_of_the_panel_is_cut_at_1280_by_800(windows, qtbot, study_folder, bundle, reading, scale):
    from overread.ui import theme

    made = windows()
    theme.apply(QApplication.instance(), "dark", scale)
    try:
        made.resize(1280, 800)
        _open(qtbot, made, study_folder)
        _mark(made)
        made.session.set_result(*reading)
        panel = made.desk.panel
        widths = []
        choose = lambda: made.session.findings.step(1)  # noqa: E731
        for go_on in (lambda: None, panel.done.click, choose, panel.finish.click):
            go_on()
            QApplication.processEvents()
            for widget in panel.findChildren(QPushButton):
                if widget.isVisible():
                    assert widget.width() >= widget.sizeHint().width(), (widget.objectName(), scale)
            for widget in panel.findChildren(QLabel):
                if widget.isVisible():
                    assert widget.height() >= widget.heightForWidth(widget.width()), (widget.objectName(), scale)
            assert made.width() == 1280
            widths.append(made.image.width())
        assert len(set(widths)) == 1
    finally:
        theme.apply(QApplication.instance(), "dark", 100)
