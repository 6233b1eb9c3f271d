"""The operating-point slider: keys and mouse; list, strip, map and words follow at once."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QPushButton

from overread.core.reading import Message
from overread.ui import theme
from overread.ui.read.operating import StopRow
from overread.viewing.operating import Point
from overread.viewing.session import Result


@pytest.fixture
def shown(opened, reading):
    """The window with the reading of three candidates (0.9, 0.6, 0.3) and three stops (0.2, 0.5, 0.8)."""
    volume_id, result = reading
    points = tuple(replace(p, meaning=f"On 40 phantoms\nLesions: {share:.0%} marked", lesion_sensitivity=share,
                           test_set="40 phantoms") for p, share in zip(result.points, (0.9, 0.8, 0.6), strict=True))
    opened.session.set_result(volume_id, Result(result.reading, result.heatmap, result.system, points, floor=0.15))
    return opened


def _listed(window):
    table = window.candidates.table
    return [table.item(row, 0).text() for row in range(table.rowCount())]


def test_slider_goes_from_the_floor_to_one_and_starts_at_the_default(shown):
    slider = shown.candidates.operating.slider
    assert (slider.minimum(), slider.value(), slider.maximum()) == (150, 500, 1000)


def test_every_stop_is_named_within_the_row_at_any_width(shown):
    """A scroll bar beside the panel takes a few points: names that stood in one row then need two."""
    control = shown.candidates.operating
    points = tuple(Point(name, at, "") for name, at in (("high-sensitivity", 0.38), ("default", 0.56),
                                                        ("high-precision", 0.77)))  # fmt: skip
    control.stops.set_points(points)
    for wide in range(260, 400, 3):
        control.stops.resize(wide, control.stops.heightForWidth(wide))
        names = [stop for stop in control.stops.findChildren(QPushButton) if not stop.isHidden()]
        assert [stop.text() for stop in names] == ["High sensitivity", "Default", "High precision"]
        assert all(control.stops.rect().contains(stop.geometry()) for stop in names), wide


def test_stops_get_the_same_room_whether_or_not_they_were_seen_before(shown):
    findings = shown.session.findings
    row = StopRow(shown.candidates.operating.slider, findings)
    row.set_points(findings.points)
    before = [row.heightForWidth(wide) for wide in range(200, 400, 10)]
    row.show()
    QApplication.processEvents()
    assert [row.heightForWidth(wide) for wide in range(200, 400, 10)] == before
    row.close()


def test_moving_it_hides_without_renumbering(shown):
    slider, seen = shown.candidates.operating.slider, {}
    for value in (150, 500, 700, 950):
        slider.setValue(value)
        seen[value] = _listed(shown)
    assert seen == {150: ["1", "2", "3"], 500: ["1", "2"], 700: ["1"], 950: []}


def test_right_and_left_move_it_by_a_hundredth(shown, qtbot):
    slider = shown.candidates.operating.slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert shown.session.findings.threshold == 0.51
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert shown.session.findings.threshold == 0.5


def test_keys_go_to_the_next_stop_up_and_down_and_stop_at_the_ends(shown, qtbot):
    seen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(shown.image, key, Qt.KeyboardModifier.ControlModifier)
        seen.append(shown.session.findings.point.name)
    assert seen == ["high-precision", "high-precision", "default", "high-sensitivity", "high-sensitivity"]


def test_stop_below_the_slider_is_a_button_that_goes_there_and_lights_up(shown, qtbot):
    stops = {b.objectName(): b for b in shown.candidates.operating.stops.findChildren(QPushButton)}
    stop = stops["stop-high-sensitivity"]
    qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    assert shown.session.findings.threshold == 0.2
    assert stop.isChecked()
    assert not stops["stop-default"].isChecked()


def test_between_stops_it_says_so_and_labels_the_nearer_ones_figures(shown):
    control = shown.candidates.operating
    control.slider.setValue(600)
    assert control.place.text() == "Between default and high precision"
    assert control.meaning.text() == ("Not measured here. Default (0.50), the nearer point, has meant:\n"
                                      "On 40 phantoms\nLesions: 80% marked")
    control.slider.setValue(500)
    assert not control.place.isVisible()


def test_map_has_colour_only_on_slices_that_reach_the_point(shown):
    viewport = shown.session.layout.active
    overlay = viewport.overlay
    coloured = {}
    for value in (150, 500, 950):
        shown.candidates.operating.slider.setValue(value)
        coloured[value] = [k for k in range(viewport.frames) if overlay.heat_slice(k) is not None]
    scores = shown.session.findings.slice_scores()
    assert coloured == {value: [k for k, s in scores.items() if s >= value / 1000] for value in coloured}
    assert coloured[500] == [5, 11, 17]


def test_contour_goes_with_the_colour(shown):
    overlay = shown.session.layout.active.overlay
    assert overlay.contour(5)
    shown.candidates.operating.slider.setValue(950)
    assert overlay.contour(5) == []


def test_what_is_painted_follows_the_slider(shown):
    viewport = shown.session.layout.active
    viewport.go_to(17)
    row, column, _ = viewport.shown_point(shown.session.findings.candidate(1).mark.centre_mm)
    at = shown.image.point_of(row, column + 2)

    def is_coloured():
        colour = QColor(shown.image.grab().toImage().pixelColor(at))
        return max(colour.red(), colour.green(), colour.blue()) - min(colour.red(), colour.green(), colour.blue()) > 20

    assert is_coloured()
    shown.candidates.operating.slider.setValue(950)
    assert not is_coloured()


def test_map_says_on_how_many_slices_it_shows(shown):
    assert shown.heat.called.text().startswith("Colour on 3 of 24 slices")
    shown.candidates.operating.slider.setValue(950)
    assert shown.heat.called.text().startswith("Colour on 0 of 24 slices")


def test_nothing_at_the_point_is_a_result_in_words(shown):
    shown.candidates.operating.slider.setValue(950)
    words = shown.candidates.summary.text()
    assert words == ("hbp-detection marks nothing at a score of 0.95 or more. 3 below it are hidden. "
                     "Highest slice score: 0.80, on slice 6. That does not rule a lesion out: at this point it missed "
                     "at least 40 of 100 lesions of its test set (40 phantoms).")
    assert not shown.candidates.table.isVisible()
    assert shown.candidates.operating.slider.isVisible()


def test_every_listed_score_has_caution_and_meaning_one_hover_away(shown):
    table = shown.candidates.table
    for row in range(table.rowCount()):
        tip = table.item(row, 1).toolTip()
        assert "not a probability" in tip
        assert shown.session.findings.caution in tip
        assert "On 40 phantoms" in tip


def test_messages_of_the_reading_are_listed_warnings_on_top(shown, reading):
    volume_id, result = reading
    messages = (Message("info", "Read on one core."), Message("warning", "Only 24 slices."), Message("info", "b"),
                Message("info", "c"))
    shown.session.set_result(volume_id, replace(result, reading=replace(result.reading, messages=messages)))
    assert shown.candidates.warnings.text() == "Only 24 slices."
    assert shown.candidates.warnings.isVisible()
    assert shown.candidates.notes.text() == "Read on one core.\nb"
    shown.candidates.notes_button.click()
    assert shown.candidates.notes.text() == "Read on one core.\nb\nc"


def test_refused_and_no_region_have_a_sentence_and_no_slider(shown, reading):
    volume_id, result = reading
    for kind, messages, words in (
            ("refused", (Message("refusal", "It is CT, not MR."),), "It is CT, not MR."),
            ("no-region", (), "hbp-detection did not read: it was given no region to look at.")):
        made = replace(result.reading, result=kind, marks=(), slices=(), messages=messages)
        shown.session.set_result(volume_id, replace(result, reading=made, heatmap=None))
        assert shown.candidates.summary.text() == words
        assert not shown.candidates.operating.isVisible()


def test_stop_without_figures_says_that_nobody_measured(shown, reading):
    volume_id, result = reading
    shown.session.set_result(volume_id, replace(result, points=(Point("default", 0.5),)))
    assert shown.candidates.operating.meaning.text() == "What this point has meant was not measured."


def _cut(window):
    """Names of what is shown with less room than its words need."""
    parts = (window.run_panel, window.candidates, window.heat)
    widgets = [w for part in parts for kind in (QLabel, QAbstractButton) for w in part.findChildren(kind)
               if w.isVisible() and w.objectName() and w.text()]
    assert len(widgets) > 15
    found = [w.objectName() for w in widgets
             if w.height() < (w.heightForWidth(w.width()) if w.hasHeightForWidth() else w.sizeHint().height())
             or (not w.hasHeightForWidth() and w.width() < w.sizeHint().width())]
    combo, header = window.run_panel.systems, window.candidates.table.horizontalHeader()
    if combo.width() - 40 < combo.fontMetrics().horizontalAdvance(combo.currentText()):
        found.append("system")
    return found + [n for n in range(header.count()) if header.sectionSize(n) < header.sectionSizeHint(n)]


@pytest.mark.parametrize(("size", "scale"), [((1280, 800), 100), ((1280, 800), 150), ((1400, 900), 125)])
def test_nothing_in_the_system_zone_is_cut(shown, qtbot, size, scale):
    theme.apply(QApplication.instance(), "dark", scale)
    try:
        shown.resize(*size)
        shown.candidates.operating.slider.setValue(600)
        qtbot.waitUntil(lambda: _cut(shown) == [], timeout=5000)
        assert shown.width() == size[0]
    finally:
        theme.apply(QApplication.instance(), "dark", 100)


def test_other_sets_are_one_hover_away_and_take_no_room(shown):
    control = shown.candidates.operating
    before = control.meaning.text()
    findings = shown.session.findings
    points = tuple(replace(p, elsewhere="On somewhere else\nLesions: 10 % marked") for p in findings.points)
    findings.show(findings.reading, system="hbp-detection", points=points)
    assert "somewhere else" in control.meaning.toolTip()
    assert "somewhere else" not in control.meaning.text()
    assert len(control.meaning.text().splitlines()) == len(before.splitlines()) + 1
