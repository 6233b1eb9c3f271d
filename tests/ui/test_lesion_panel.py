"""Circling a lesion with mouse and keys, the clinical form, the three signs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT, ALT = (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier,
                    Qt.KeyboardModifier.AltModifier)  # fmt: skip


@pytest.fixture
def lesion(opened):
    """The window on the MR series with the Lesion panel in front."""
    mr = next(v for v in opened.session.scan.volumes() if v.modality == "MR")
    opened.session.show(mr)
    opened.right.lesion_page()
    opened.session.layout.active.go_to(10)
    opened.image.setFocus()
    QApplication.processEvents()
    return opened


def _drag(window, qtbot, start, end):
    image = window.image
    qtbot.mousePress(image, LEFT, pos=start)
    qtbot.mouseMove(image, end)
    qtbot.mouseRelease(image, LEFT, pos=end)


def _circle_at(window, k):
    return window.session.regions.lesions[0].circles[k]


def _column(window, k):
    """Shown row, column and radius in pixels of the first lesion on slice k."""
    viewport, circle = window.session.layout.active, _circle_at(window, k)
    return (*viewport.shown_place(circle.centre_mm, k), circle.radius_mm / viewport.spacing_mm[1])


def test_a_circle_is_drawn_from_its_middle_to_its_edge(lesion, qtbot):
    qtbot.keyClick(lesion.image, Qt.Key.Key_D)
    assert lesion.session.measuring.tool == "circle"
    start = lesion.image.point_of(32, 40)
    _drag(lesion, qtbot, start, lesion.image.point_of(32, 50))
    row, column, radius = _column(lesion, 10)
    assert (row, column) == pytest.approx((32, 40), abs=0.3)
    assert radius == pytest.approx(10, abs=0.4)
    assert lesion.lesion.regions.table.item(0, 1).text() == "30 mm"  # pixels of 1.5 mm
    assert lesion.lesion.regions.table.item(0, 2).text() == "11"


def test_dragging_the_edge_resizes_and_the_middle_moves(lesion, qtbot):
    qtbot.keyClick(lesion.image, Qt.Key.Key_D)
    point = lesion.image.point_of
    _drag(lesion, qtbot, point(32, 40), point(32, 50))
    qtbot.keyClick(lesion.image, Qt.Key.Key_Escape)
    _drag(lesion, qtbot, point(42, 40), point(47, 40))
    assert _column(lesion, 10)[2] == pytest.approx(15, abs=0.5)
    _drag(lesion, qtbot, point(32, 40), point(25, 30))
    row, column, radius = _column(lesion, 10)
    assert (row, column) == pytest.approx((25, 30), abs=0.4)
    assert radius == pytest.approx(15, abs=0.5)
    assert lesion.session.layout.active.slice == 10


def test_keys_put_copy_resize_move_and_remove_a_circle(lesion, qtbot):
    image, regions = lesion.image, lesion.session.regions
    qtbot.keyClick(image, Qt.Key.Key_D, SHIFT)
    assert _circle_at(lesion, 10).radius_mm == 10
    qtbot.keyClick(image, Qt.Key.Key_Down, CTRL)
    assert lesion.session.layout.active.slice == 11
    before = _column(lesion, 11)
    qtbot.keyClick(image, Qt.Key.Key_Up, SHIFT)
    qtbot.keyClick(image, Qt.Key.Key_Up, SHIFT)
    qtbot.keyClick(image, Qt.Key.Key_Down, SHIFT)
    assert _circle_at(lesion, 11).radius_mm == pytest.approx(11)
    qtbot.keyClick(image, Qt.Key.Key_Right, ALT)
    qtbot.keyClick(image, Qt.Key.Key_Up, ALT)
    row, column, _ = _column(lesion, 11)
    assert ((column - before[1]) * 1.5, (row - before[0]) * 1.5) == pytest.approx((1, -1), abs=1e-6)
    qtbot.keyClick(image, Qt.Key.Key_Delete)
    assert sorted(regions.lesions[0].drawn) == [10]
    qtbot.keyClick(image, Qt.Key.Key_Z, CTRL)
    assert sorted(regions.lesions[0].drawn) == [10, 11]
    for _ in range(10):
        qtbot.keyClick(image, Qt.Key.Key_Z, CTRL)
    assert regions.lesions == ()
    qtbot.keyClick(image, Qt.Key.Key_Y, CTRL)
    assert sorted(regions.lesions[0].drawn) == [10]
    qtbot.keyClick(image, Qt.Key.Key_Delete, CTRL)
    assert regions.lesions == ()


def test_circles_stay_through_other_series_and_layouts(lesion, qtbot):
    qtbot.keyClick(lesion.image, Qt.Key.Key_D, SHIFT)
    with_circle = lesion.image.grab().toImage()
    ct = next(v for v in lesion.session.scan.volumes() if v.modality == "CT")
    mr = lesion.session.layout.active.volume
    lesion.session.show(ct)
    lesion.session.layout.arrange(1, 2)
    lesion.session.show(mr)
    lesion.session.layout.arrange(1, 1)
    lesion.session.layout.active.go_to(10)
    QApplication.processEvents()
    qtbot.waitUntil(lambda: lesion.session.layout.active.pixels is not None or True, timeout=100)
    assert len(lesion.session.regions.circles_in(lesion.session.layout.active)) == 1
    assert with_circle.size() == lesion.image.grab().toImage().size()


def test_a_mark_and_a_candidate_become_circles(lesion, qtbot, reading):
    session = lesion.session
    session.set_result(*reading)
    session.findings.select(2)
    lesion.lesion.regions.buttons["region-from-candidate"].click()
    assert session.regions.lesions[0].source == "detector"
    assert session.regions.lesions[0].diameter_mm == 20
    session.layout.active.go_to(3)
    mark = session.second.mark_at(3, session.layout.active.patient_point(20, 20))
    session.second.select(mark.number)
    lesion.lesion.regions.buttons["region-from-mark"].click()
    assert [one.source for one in session.regions.lesions] == ["detector", "mark"]


def test_a_file_of_circles_is_read_and_a_wrong_one_is_told(lesion, qtbot, tmp_path, monkeypatch):
    centre = list(lesion.session.layout.active.patient_point(32, 40))
    path = tmp_path / "where.json"
    path.write_text(json.dumps({"marks": [{"centre_mm": centre, "radius_mm": 25.0}]}))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    lesion.lesion.regions.buttons["region-file"].click()
    qtbot.waitUntil(lambda: bool(lesion.session.regions.lesions), timeout=10_000)
    assert lesion.session.regions.lesions[0].diameter_mm == pytest.approx(30)
    path.write_text("{}")
    lesion.lesion.regions.buttons["region-file"].click()
    qtbot.waitUntil(lesion.errors.isVisible, timeout=10_000)
    assert "here.json cannot be used as a region" in lesion.errors.what.text()


def _drop(window, path, at):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    window.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier))


def test_a_dropped_file_of_marks_or_facts_leaves_the_study_open(lesion, qtbot, tmp_path):
    session = lesion.session
    shown = session.layout.active.volume.id
    centre = list(session.layout.active.patient_point(32, 40))
    marks, facts = tmp_path / "where.json", tmp_path / "facts.json"
    marks.write_text(json.dumps({"marks": [{"centre_mm": centre, "radius_mm": 25.0}]}))
    facts.write_text(json.dumps({"sex": "female", "age_y": 61}))
    lesion.right.show_page(0)
    _drop(lesion, marks, QPointF(600, 400))
    qtbot.waitUntil(lambda: bool(session.regions.lesions), timeout=10_000)
    assert lesion.right.tabs.currentIndex() == 2
    _drop(lesion, facts, QPointF(600, 400))
    assert session.form.facts.age_y == 61
    assert session.layout.active.volume.id == shown


def test_dropped_facts_join_what_is_typed_and_wrong_json_is_told_for_what_it_is(lesion, qtbot, tmp_path):
    session = lesion.session
    session.form.set_text("age_y", "61")
    facts, other = tmp_path / "facts.json", tmp_path / "other.json"
    facts.write_text(json.dumps({"hcv": False}))
    other.write_text(json.dumps({"age": 61}))
    session.layout.arrange(1, 2)
    session.layout.activate(session.layout.on_screen[1])  # nothing is shown in it: the study is open all the same
    _drop(lesion, facts, QPointF(600, 400))
    assert (session.form.facts.age_y, session.form.facts.hcv) == (61, False)
    assert session.scan is not None
    _drop(lesion, other, QPointF(600, 400))
    assert "neither clinical facts nor marks" in lesion.errors.why.text()


def test_a_mask_dropped_on_the_panel_is_a_region_and_says_what_it_left_out(lesion, qtbot, tmp_path):
    import SimpleITK

    volume = lesion.session.layout.active.volume
    labels = np.zeros(volume.shape, np.uint8)
    labels[8:12, 20:30, 30:40] = 1
    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing(tuple(float(s) for s in reversed(volume.spacing_mm)))
    image.SetOrigin(tuple(float(v) for v in volume.affine.to_mm((0, 0, 0))))
    path = tmp_path / "mask.nrrd"
    SimpleITK.WriteImage(image, str(path))
    panel = lesion.lesion.panel
    _drop(lesion, path, QPointF(panel.mapTo(lesion, panel.rect().center())))
    qtbot.waitUntil(lambda: bool(lesion.session.regions.lesions), timeout=20_000)
    assert lesion.session.regions.lesions[0].source == "mask"
    notes = lesion.lesion.regions.notes
    assert not notes.isVisible()
    taken = lesion.session.regions.region_for(volume)
    lesion.session.regions.take(replace(taken, notes=("mask.nrrd: not taken for lesions: Liver.",)))
    assert notes.isVisible()
    assert notes.text() == "mask.nrrd: not taken for lesions: Liver."


def test_a_wrong_value_is_named_below_its_field_while_it_is_typed(lesion, qtbot):
    form = lesion.lesion.form
    age = form.fields["age_y"]
    age.setFocus()
    qtbot.keyClicks(age, "16")
    assert not form.errors["age_y"].isVisible()
    qtbot.keyClicks(age, "0")
    assert form.errors["age_y"].isVisible()
    assert form.errors["age_y"].text() == "Age cannot be “160”: it is a number from 0 to 120 (years)."
    assert not form.save_button.isEnabled()
    qtbot.keyClick(age, Qt.Key.Key_Backspace)
    assert lesion.session.form.facts.age_y == 16
    assert age.text() == "16"


def test_the_diameter_of_the_circle_is_offered(lesion, qtbot):
    form = lesion.lesion.form
    assert not form.offer.isVisible()
    qtbot.keyClick(lesion.image, Qt.Key.Key_D, SHIFT)
    assert form.offer.text() == "Take 20 mm from lesion L1"
    form.offer.click()
    assert lesion.session.form.facts.diameter_mm == 20
    assert form.fields["diameter_mm"].text() == "20"
    assert not form.offer.isVisible()


def test_facts_are_written_and_read(lesion, qtbot, tmp_path, monkeypatch):
    form, path = lesion.lesion.form, tmp_path / "facts.json"
    sex = form.fields["sex"]
    sex.setFocus()
    qtbot.keyClick(sex, Qt.Key.Key_End)
    assert lesion.session.form.facts.sex == "female"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    form.save_button.click()
    assert json.loads(path.read_text()) == {"sex": "female"}
    form.clear_button.click()
    assert lesion.session.form.facts.sex is None
    form.load_button.click()
    assert sex.currentText() == "female"
    path.write_text('{"weight": 3}')
    form.load_button.click()
    assert lesion.errors.isVisible()
    assert "weight" in lesion.errors.why.text()


def test_the_signs_give_the_rules_answer(lesion, qtbot):
    signs = lesion.lesion.signs
    assert signs.rule.text().startswith("Not judged yet")
    for combo, key in zip(signs.combos.values(), (Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_End), strict=True):
        combo.setFocus()
        qtbot.keyClick(combo, key)
    assert signs.rule.text().startswith("By the rule, the signs speak for microvascular invasion.")
    assert not signs.systems.isVisible()


def test_shift_s_brings_the_lesion_panel_and_s_the_systems(opened, qtbot):
    opened.image.setFocus()
    qtbot.keyClick(opened.image, Qt.Key.Key_S, SHIFT)
    assert opened.right.tabs.currentIndex() == 2
    qtbot.keyClick(opened.image, Qt.Key.Key_S)
    assert opened.right.tabs.currentIndex() == 0


def test_tab_reaches_every_field_of_the_lesion_panel_and_each_has_a_name(lesion, qtbot):
    form = lesion.lesion.form
    form.fields["sex"].setFocus()
    seen = []
    for _ in range(8):
        seen.append(QApplication.focusWidget().objectName())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    names = [field.objectName() for field in form.fields.values()]
    assert [name for name in seen if name in names] == names
    assert all(field.accessibleName() for field in form.fields.values())


def test_a_press_beside_a_circle_still_scrolls(lesion, qtbot):
    qtbot.keyClick(lesion.image, Qt.Key.Key_D, SHIFT)
    start = QPoint(20, lesion.image.height() // 2)
    _drag(lesion, qtbot, start, start + QPoint(0, 60))
    assert lesion.session.layout.active.slice != 10
