"""Four systems in one window: what can run and why not, series and roles, readings side by side, class scores."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from tests.ui.conftest import write_series

from overread.core.reading import Confidence, Input, Mark, Reader, Reading
from overread.viewing.evidence import Evidence
from overread.viewing.results import Result

TRIAGE, MVI = "noncontrast-triage/t2-dwi", "mvi-prediction/image-factors"


def _volume(window, role):
    return next(v for v in window.session.scan.volumes() if v.role.name == role)


def _show(window, qtbot, role):
    volume = _volume(window, role)
    window.opening.choose(volume.id)
    qtbot.waitUntil(lambda: window.session.layout.active.pixels is not None, timeout=10_000)
    window.image.setFocus()


def _circle(window, k=10):
    viewport = window.session.layout.active
    window.session.regions.put(k, viewport.patient_point(32, 40), 12.0)


def _read_triage(window, qtbot):
    """What triage would say of the T2 and diffusion series, on the screen."""
    _show(window, qtbot, "t2")
    t2, dwi = _volume(window, "t2"), _volume(window, "dwi")
    scores = {"benign": 0.2, "primary": 0.7, "metastasis": 0.1}
    centre = window.session.layout.active.patient_point(32, 40)
    mark = Mark("R1", centre, 0.8, 20.0, t2.id, 10, (10,), "primary", scores)
    made = Reading(
        "c", "2026-01-01", Reader("system", "noncontrast-triage", "t2-dwi", "d"), {},
        (Input(t2.id, "t2", None, t2.shape), Input(dwi.id, "dwi", None, dwi.shape)), "classes", 0.8, (mark,),
        classes=scores, category="primary",
        parameters={"rule": "sum", "any_slice": "malignant", "malignant_slices": 1, "slices": 1},
    )  # fmt: skip
    result = Result(made, None, "noncontrast-triage t2-dwi", volumes=(t2.id, dwi.id))
    window.session.set_result(t2.id, result)


def test_every_system_says_before_the_run_whether_it_can_and_why_not(four, qtbot):
    combo = four.run_panel.systems
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(combo.view().isVisible, timeout=2000)
    lines = {combo.itemData(n): combo.itemData(n, Qt.ItemDataRole.UserRole + 1) for n in range(combo.count())}
    combo.hidePopup()
    assert len(lines) == 10
    assert lines[TRIAGE] == (
        "Cannot run: no lesion is circled on this study: circle it in the Lesion panel (Shift+S)."
    )
    assert lines[MVI] == "Cannot run: no series is known to be CT arterial."
    assert lines["noncontrast-triage/six"] == "Cannot run: no bundle of it is installed."


def test_a_study_is_opened_with_a_system_that_fits_it(window, qtbot, phases, install):
    """The first of the list reads the hepatobiliary phase, which this study does not have."""
    install("hbp-detection", "kim-11", ["t1-hbp"])
    install("noncontrast-triage", "t2-dwi", ["t1-arterial", "dwi"])
    install("noncontrast-triage", "six", ["t2", "dwi", "t1-delayed"])
    window.open_paths([phases])
    qtbot.waitUntil(lambda: not window.opening.is_busy and window.image.frames_painted > 0, timeout=20_000)
    assert window.run_panel.choice.key == TRIAGE
    window.run_panel.choose("noncontrast-triage/six")
    window.run_panel.offer()
    assert window.run_panel.choice.key == "noncontrast-triage/six"  # somebody's word stands


def test_an_offered_system_stands_at_the_shown_series_and_leaves_the_readings_alone(
    window, qtbot, tmp_path, bundle, install
):
    for n, (modality, words, slices) in enumerate((("CT", "arterial phase", 12), ("MR", "T1 HBP 20 min Primovist", 20),
                                                   ("MR", "T1 HBP 20 min Primovist", 16))):  # fmt: skip
        root = f"1.2.826.0.1.3680043.10.9{n}"
        write_series(tmp_path / "studies" / str(n), uid=f"{root}.1", number=1, modality=modality, slices=slices,
                     shape=(64, 80), spacing=(1.5, 1.5), description=words, study=root)  # fmt: skip
    point = {"default": {"threshold": 0.4, "chosen_on": "validation: 60 phantoms"}}
    open_to_all = {figure: {"refuse_below": 1} for figure in ("slices", "field_mm", "coverage_mm", "matrix")}
    gate = {"modality": ["CT"], **open_to_all}
    install("mvi-prediction", "image-factors", ["ct-arterial"], operating=point, gate=gate)
    window.open_paths([tmp_path / "studies"])
    qtbot.waitUntil(lambda: not window.opening.is_busy and window.image.frames_painted > 0, timeout=20_000)
    session, panel = window.session, window.run_panel
    ct = next(v for v in session.scan.volumes() if v.modality == "CT")
    last = [v for v in session.scan.volumes() if v.modality == "MR"][-1]
    asked = []
    session.prefer = lambda *what: asked.append(what)
    session.show(ct)
    assert panel.choice.key == MVI
    assert panel.volume.id == ct.id
    session.show(last)
    assert panel.choice.key == "hbp-detection"
    assert panel.volume.id == last.id
    assert asked == []


def test_the_closed_list_keeps_the_variant_in_sight(four, qtbot):
    combo = four.run_panel.systems
    four.run_panel.choose(MVI)
    full = combo.currentText()
    room = combo.fontMetrics().horizontalAdvance(full)
    assert combo.shown_title(room + 2) == full
    cut = combo.shown_title(room // 2)
    assert cut.endswith("\u2026: image-factors")
    assert combo.fontMetrics().horizontalAdvance(cut) <= room // 2 + 2


def test_no_reason_in_the_list_of_systems_is_cut(four, qtbot):
    combo = four.run_panel.systems
    combo.showPopup()
    qtbot.waitUntil(combo.view().isVisible, timeout=2000)
    view, wrap = combo.view(), Qt.TextFlag.TextWordWrap
    for row in range(combo.count()):
        index = combo.model().index(row, 0)
        box = view.visualRect(index)
        words = combo.itemData(row, Qt.ItemDataRole.UserRole + 1)
        needed = view.fontMetrics().boundingRect(0, 0, box.width() - 38, 1000, wrap, words).height()
        assert box.height() >= view.fontMetrics().height() + needed, words
    combo.hidePopup()


def test_roles_are_preset_marked_as_guesses_and_changed_by_hand(four, qtbot):
    _show(four, qtbot, "t2")
    _circle(four)
    four.run_panel.choose(TRIAGE)
    combos = four.run_panel.roles.combos
    assert list(combos) == ["t2", "dwi"]
    assert combos["t2"].currentText().endswith("?")
    assert not combos["dwi"].currentText().endswith("?")
    assert four.run_panel.confirm.text() == "I confirm T2 as chosen"
    assert not four.run_panel.run_button.isEnabled()
    qtbot.mouseClick(four.run_panel.confirm, Qt.MouseButton.LeftButton, pos=four.run_panel.confirm.rect().center() / 8)
    four.run_panel.confirm.setChecked(True)
    assert four.run_panel.run_button.isEnabled()
    combos["dwi"].setFocus()
    qtbot.keyClick(combos["dwi"], Qt.Key.Key_Home)  # to "missing"
    assert not four.run_panel.run_button.isEnabled()
    assert "No series is known to be diffusion." in four.run_panel.reasons.text()


def test_a_run_on_two_series_is_shown_with_its_card(systems_module, four, qtbot):
    systems_module("classes")
    _show(four, qtbot, "t2")
    _circle(four)
    four.run_panel.choose(TRIAGE)
    four.run_panel.confirm.setChecked(True)
    four.run_panel.run_button.click()
    qtbot.waitUntil(lambda: four.classes.card is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not four.running.is_running, timeout=10_000)
    card = four.classes
    assert card.isVisible()
    assert card.call.text() == "Called: Primary malignant"
    assert card.bars.accessibleName() == "Class scores: Benign 0.20, Primary malignant 0.70, Metastasis 0.10"
    assert "Any slice: malignant (1 of 1 slices malignant)." in card.rules.text()
    assert card.meaning.text() == "On internal, 60 patients: accuracy 0.70 (0.60–0.80)"
    assert card.caution.text() == "Trained on phantoms, not for diagnosis."
    assert four.candidates.table.item(0, 4).text() == "Primary malignant"
    assert four.session.panel_result.reading.region is not None
    _show(four, qtbot, "dwi")
    assert card.isVisible()
    _show(four, qtbot, "t1-arterial")
    assert not card.isVisible()
    assert list(four.legend.boxes) == ["noncontrast-triage t2-dwi"]


def test_legend_hides_turns_and_goes_to_the_series_that_was_read(four, qtbot, reading):
    _read_triage(four, qtbot)
    volume = _volume(four, "t1-arterial")
    made = reading[1].reading
    marks = tuple(_with_volume(mark, volume) for mark in made.marks)
    four.session.set_result(volume.id, _result(reading[1], marks, volume))
    legend = four.legend
    assert list(legend.boxes) == ["noncontrast-triage t2-dwi", "hbp-detection"]
    four.session.layout.active.go_to(10)
    assert {f.letter for f in four.session.found_in(four.session.layout.active)} >= {"A"}
    QApplication.processEvents()
    box = legend.boxes["noncontrast-triage t2-dwi"]
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(12, box.height() // 2))
    assert {f.letter for f in four.session.found_in(four.session.layout.active)} <= {"B"}
    qtbot.mouseClick(legend.names["hbp-detection"], Qt.MouseButton.LeftButton)
    assert four.session.layout.active.volume.id == volume.id
    assert four.session.findings.system == "hbp-detection"
    assert not four.classes.isVisible()


def test_t_turns_to_the_next_systems_reading(four, qtbot):
    _read_triage(four, qtbot)
    first = four.session.panel_result
    other = _renamed(first, "noncontrast-triage t2")
    four.session.set_result(first.volumes[0], other)
    assert four.session.findings.system == "noncontrast-triage t2"
    four.image.setFocus()
    qtbot.keyClick(four.image, Qt.Key.Key_T)
    assert four.session.findings.system == "noncontrast-triage t2-dwi"
    assert four.legend.names["noncontrast-triage t2-dwi"].isChecked()


def test_nothing_of_a_class_reading_is_seen_before_done_alone(four, qtbot):
    four.session.second.set_unaided_first(True)
    _read_triage(four, qtbot)
    assert four.session.has_result(_volume(four, "t2").id)
    four.right.show_page(0)
    QApplication.processEvents()
    assert not four.classes.isVisible()
    assert not four.legend.isVisible()
    words = " ".join(w.text() for kind in (QLabel, QPushButton) for w in four.findChildren(kind) if w.isVisible())
    assert "Primary malignant" not in words
    assert "0.70" not in words
    four.session.second.done_alone()
    assert four.classes.isVisible()
    assert four.legend.isVisible()


def test_run_all_queues_every_system_that_can_run(systems_module, four, qtbot, install):
    systems_module("classes")
    install("noncontrast-triage", "t2", ["dwi"])
    install("noncontrast-triage", "tri", ["dwi", "t1-arterial"])
    _show(four, qtbot, "dwi")
    _circle(four)
    qtbot.waitUntil(lambda: four.run_panel.every_button.text() == "Run all 2 that can run on this study")
    four.image.setFocus()
    qtbot.keyClick(
        four.image, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    qtbot.waitUntil(lambda: len(four.session.queue.runs) == 2 and not four.running.is_running, timeout=60_000)
    assert [run.request.variant for run in four.session.queue.runs] == ["t2", "tri"]
    assert list(four.legend.boxes) == ["noncontrast-triage t2", "noncontrast-triage tri"]
    qtbot.waitUntil(lambda: not four.run_panel.every_button.isVisible())


def test_no_region_is_said_in_words(four, qtbot):
    _read_triage(four, qtbot)
    first = four.session.panel_result
    made = _changed(first, result="no-region", marks=(), classes=None, category=None, rating=None)
    four.session.set_result(first.volumes[0], made)
    assert four.classes.call.text() == "No class"
    assert "never one of “benign”" in four.classes.rules.text()
    assert not four.classes.bars.isVisible()
    assert not four.candidates.table.isVisible()


def test_confidence_stands_with_its_place_among_validation_cases(four, qtbot):
    _read_triage(four, qtbot)
    first = four.session.panel_result
    sureness = tuple((n / 100, True) for n in range(80, 100))
    made = _changed(first, Evidence((), sureness, "validation phantoms"), confidence=Confidence(0.97, "", ""))
    four.session.set_result(first.volumes[0], made)
    assert four.classes.picture.isVisible()
    words = four.classes.sureness.text()
    assert words == "Confidence of the call: 0.970, no probability; surer than 17 of 20 validation phantoms"
    assert "among the 70" in four.classes.sureness_words.text()
    picture = four.classes.picture.grab().toImage()
    four.session.set_result(first.volumes[0], _changed(made, confidence=Confidence(0.81, "", "")))
    assert four.classes.picture.grab().toImage() != picture


@pytest.mark.parametrize(("size", "scale"), [((1280, 800), 1.0), ((1400, 900), 1.25), ((1400, 900), 1.5)])
def test_no_words_of_the_new_panels_are_cut(four, qtbot, size, scale):
    from overread.ui import theme

    _read_triage(four, qtbot)
    theme.apply(QApplication.instance(), text_scale=round(100 * scale))
    try:
        four.resize(*size)
        for page in (0, 2):
            four.right.show_page(page)
            QApplication.processEvents()
            qtbot.wait(50)
            panel = four.right.stack.currentWidget()
            for widget in panel.findChildren(QPushButton):
                if widget.isVisible() and widget.text():
                    assert widget.width() >= widget.fontMetrics().horizontalAdvance(widget.text()), widget.objectName()
            for widget in panel.findChildren(QLabel):
                if widget.isVisible() and widget.text():
                    needed = widget.heightForWidth(widget.width()) if widget.wordWrap() else widget.sizeHint().height()
                    assert widget.height() >= needed - 1, widget.objectName()
    finally:
        theme.apply(QApplication.instance())


def _with_volume(mark, volume):
    return replace(mark, volume=volume.id)


def _result(result, marks, volume):
    return replace(result, reading=replace(result.reading, marks=marks, slices=()), heatmap=None)


def _renamed(result, name):
    return replace(result, system=name)


def _changed(before, evidence=None, **changes):
    made = replace(before, reading=replace(before.reading, **changes))
    return made if evidence is None else replace(made, evidence=evidence)
