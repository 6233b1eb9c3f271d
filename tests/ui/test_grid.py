"""Several views in the real window: laid out, linked, dragged into, enlarged, read, kept back, kept smooth."""


import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.ui.phases import write_liver_ct, write_phase

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Reader, Reading, SliceScore
from overread.ui import theme
from overread.ui.settings import Settings
from overread.ui.window import MainWindow
from overread.viewing.operating import Point
from overread.viewing.session import Result
from overread.viewing.window_level import Window

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LESION = (10.0, -10.0, 0.0)
PHASES = ["ct-pre", "ct-arterial", "ct-portal", "ct-delayed"]


@pytest.fixture(scope="session")
def ct_folder(tmp_path_factory):
    return write_liver_ct(tmp_path_factory.mktemp("ct"))


def _settle(window, qtbot):
    layout = window.session.layout
    qtbot.waitUntil(
        lambda: (
            window.session.scan is not None
            and not window.opening.is_busy
            and all(v.volume is None or v.pixels is not None for v in layout.viewports)
            and window.image.frames_painted > 0
        ),
        timeout=20_000,
    )
    QApplication.processEvents()


@pytest.fixture(scope="module")
def one_window(qapp, tmp_path_factory):
    """One window for many tests: to make one and to scan takes longer than what most of them do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVERREAD_HOME", str(tmp_path_factory.mktemp("home")))
        theme.apply(qapp)
        made = MainWindow(Settings(unaided_first=False))
        made.show()
        yield made
        made.close()
        made.deleteLater()


@pytest.fixture
def ct(one_window, qtbot, ct_folder):
    """The window with four phases, a coronal series and one of another frame of reference, in one view."""
    window, session = one_window, one_window.session
    if session.scan is None:
        window.open_paths([ct_folder])
        _settle(window, qtbot)
    window.resize(1400, 900)
    window.activateWindow()
    session.second.set_unaided_first(False)
    session.measuring.forget()
    session.layout.arrange(1, 1)
    session.layout.active.overlay.shown = True
    session.layout.active.is_linked = True
    window.opening.show(_volume(window, "Abdomen native"))
    _settle(window, qtbot)
    window.image.setFocus()
    return window


@pytest.fixture
def hung(ct, qtbot):
    """The four phases side by side, opened by the key."""
    QTest.keyClick(ct.image, Qt.Key.Key_H, CONTROL)
    _settle(ct, qtbot)
    return ct


def _view(window, role):
    return next(w for w in window.views.widgets if w.viewport.volume and w.viewport.volume.role.name == role)


def _volume(window, description):
    return next(v for v in window.session.scan.volumes() if v.description == description)


def _heights(window):
    return [v.viewport.patient_point(0, 0)[2] for v in window.views.widgets]


def _wheel(widget, notches, held=Qt.KeyboardModifier.NoModifier):
    at = QPointF(widget.width() / 2, widget.height() / 2)
    event = QWheelEvent(at, widget.mapToGlobal(at), QPoint(), QPoint(0, -120 * notches), Qt.MouseButton.NoButton,
                        held, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(widget, event)


def _move(widget, point, held=Qt.KeyboardModifier.NoModifier):
    at = QPointF(point)
    none = Qt.MouseButton.NoButton
    QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, at, widget.mapToGlobal(at), none, none, held))


def _result(volume):
    """One candidate at the lesion, with its map."""
    inner = np.diag([6.0, 6.0, 1.0, 1.0])
    inner[:2, 3] = 2.5
    affine = volume.affine.then(Affine(inner))
    values = np.zeros((volume.frames, volume.shape[1] // 6, volume.shape[2] // 6), dtype=np.float16)
    k, j, i = (round(float(v)) for v in affine.to_index(LESION))
    values[k, j, i] = 4.0
    mark = Mark("a", LESION, 0.9, 20.0, volume.id, k, (k - 1, k, k + 1))
    scores = tuple(SliceScore(volume.id, n, 0.9 if n == k else 0.1) for n in range(volume.frames))
    made = Reading("r", "2026-01-01", Reader("system", "hbp-detection"), {}, (), "marks", 0.9, (mark,), scores)
    return Result(made, Heatmap(values, affine, volume.id, 4.0), "hbp-detection", (Point("default", 0.5),))


# How many views


def test_study_opens_in_one_view_and_can_be_hung(ct):
    assert len(ct.views.widgets) == 1
    assert ct.menus.actions["hang"].isEnabled()


def test_hang_key_shows_the_phases_in_time_order_and_keeps_the_one_that_was_looked_at(ct, qtbot):
    ct.opening.show(_volume(ct, "Abdomen portal venous phase"))
    _settle(ct, qtbot)
    shown = ct.session.layout.active.volume
    ct.session.layout.active.go_to(3)
    ct.session.layout.active.set_window(Window(70.0, 300.0))
    at = ct.session.layout.active.patient_point(0, 0)[2]
    QTest.keyClick(ct.image, Qt.Key.Key_H, CONTROL)
    _settle(ct, qtbot)
    assert [w.viewport.volume.role.name for w in ct.views.widgets] == PHASES
    assert ct.session.layout.active.volume.id == shown.id
    assert ct.session.layout.active.window == Window(70.0, 300.0)
    assert ct.image.hasFocus()
    assert all(abs(height - at) <= 2.5 for height in _heights(ct))


@pytest.mark.slow
def test_study_hangs_by_itself_when_the_setting_says_so(qtbot, ct_folder, bundle):
    made = MainWindow(Settings(unaided_first=False, hang_on_open=True))
    made.show()
    qtbot.waitExposed(made)
    made.open_paths([ct_folder])
    _settle(made, qtbot)
    assert [w.viewport.volume.role.name for w in made.views.widgets] == PHASES
    made.close()
    made.deleteLater()


def test_study_with_one_phase_does_not_hang(opened):
    assert not opened.menus.actions["hang"].isEnabled()


@pytest.mark.parametrize(("key", "count"), [(Qt.Key.Key_2, 2), (Qt.Key.Key_4, 4), (Qt.Key.Key_6, 6)])
def test_layout_keys_fill_the_views_with_other_series(ct, qtbot, key, count):
    QTest.keyClick(ct.image, key, CONTROL)
    _settle(ct, qtbot)
    shown = [w.viewport.volume.id for w in ct.views.widgets]
    assert len(set(shown)) == len(shown) == count
    assert all(w.isVisible() for w in ct.views.widgets)
    QTest.keyClick(ct.image, Qt.Key.Key_1, CONTROL)
    assert [w.viewport.volume.id for w in ct.views.widgets] == shown[:1]


def test_empty_view_says_how_to_fill_it_and_a_click_in_the_list_does(opened, qtbot):
    QTest.keyClick(opened.image, Qt.Key.Key_4, CONTROL)
    _settle(opened, qtbot)
    empty = opened.views.widgets[2]
    assert empty.viewport.volume is None
    before = empty.grab().toImage()
    assert any(before.pixelColor(x, empty.height() // 2).red() > 60 for x in range(empty.width()))
    QTest.mouseClick(empty, Qt.MouseButton.LeftButton)
    assert opened.middle.currentWidget() is not opened.empty
    row = opened.browse.tree.row_ids()[0]
    opened.browse.tree.chosen.emit(row)
    _settle(opened, qtbot)
    assert empty.viewport.volume.id == row


def test_double_click_enlarges_a_view_and_another_brings_all_back(hung, qtbot):
    view = _view(hung, "ct-portal")
    small = view.width()
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert [w.isVisible() for w in hung.views.widgets] == [False, False, True, False]
    assert view.width() > 1.8 * small
    QTest.keyClick(view, Qt.Key.Key_F11)
    QApplication.processEvents()
    assert all(w.isVisible() for w in hung.views.widgets)


def test_tab_and_shift_tab_go_from_view_to_view_and_control_tab_goes_round(hung):
    widgets = hung.views.widgets
    widgets[0].setFocus()
    for n in (1, 2, 3):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert hung.image is widgets[n] is QApplication.focusWidget()
    QTest.keyClick(widgets[3], Qt.Key.Key_Tab, SHIFT)
    assert hung.image is widgets[2]
    for n in (3, 0):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab, CONTROL)
        assert hung.image is widgets[n] is QApplication.focusWidget()


def test_active_view_has_a_frame_that_the_others_lack(hung):
    def framed(widget):
        colour = QColor(widget.grab().toImage().pixelColor(1, widget.height() // 2))
        return colour.blue() - colour.red() > 60

    assert [framed(w) for w in hung.views.widgets] == [w is hung.image for w in hung.views.widgets]


@pytest.mark.parametrize("over", [0, 3])
def test_series_dragged_from_the_list_falls_into_the_view_under_it(hung, qtbot, over):
    volume, target = _volume(hung, "Coronal"), hung.views.widgets[over]
    tree = hung.browse.tree
    data = tree.mimeData([tree.item_of(volume.id)])
    at = QPointF(target.mapTo(hung, target.rect().center()))
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(hung, QDragEnterEvent(at.toPoint(), copy, data, buttons, none))
    QApplication.sendEvent(hung, QDragMoveEvent(at.toPoint(), copy, data, buttons, none))
    assert [w.is_target for w in hung.views.widgets] == [n == over for n in range(4)]
    QApplication.sendEvent(hung, QDropEvent(at, copy, data, buttons, none))
    _settle(hung, qtbot)
    assert target.viewport.volume.id == volume.id
    assert hung.image is target
    assert not any(w.is_target for w in hung.views.widgets)


def test_foreign_data_dropped_on_a_view_changes_nothing(hung):
    before = [w.viewport.volume.id for w in hung.views.widgets]
    data = QMimeData()
    data.setData("text/plain", QByteArray(b"f109168a10a0"))
    at = QPointF(hung.views.mapTo(hung, QPoint(50, 50)))
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(hung, QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, none))
    assert [w.viewport.volume.id for w in hung.views.widgets] == before


# What goes together


def test_wheel_over_any_view_moves_all_by_position_and_leaves_the_active_one(hung):
    active = hung.image
    other = next(w for w in hung.views.widgets if w is not active and w.viewport.frames == 21)
    _wheel(other, 2)
    assert hung.image is active
    at = other.viewport.patient_point(0, 0)[2]
    assert all(abs(height - at) <= 2.5 for height in _heights(hung)[:3])


def test_zoom_of_one_view_shows_the_lesion_at_the_same_point_of_all(hung):
    lead = hung.views.widgets[0]
    _wheel(lead, -3, CONTROL)
    points = []
    for widget in hung.views.widgets:
        row, column, _ = widget.viewport.shown_point(LESION)
        points.append(widget.point_of(row, column))
    assert all((point - points[0]).manhattanLength() <= 2 for point in points)


def test_x_unlinks_the_active_view_and_says_so_on_it(hung):
    lead, other = hung.image, next(w for w in hung.views.widgets if w is not hung.image)
    before = other.viewport.slice
    QTest.keyClick(lead, Qt.Key.Key_X)
    assert not hung.menus.actions["link"].isChecked()
    assert hung.session.linking.words(lead.viewport) == "unlinked"
    QTest.keyClick(lead, Qt.Key.Key_Home)
    assert other.viewport.slice == before
    QTest.keyClick(lead, Qt.Key.Key_X)
    assert lead.viewport.slice != 0
    assert hung.session.linking.words(lead.viewport) == ""


def test_shift_x_ties_a_view_of_another_frame_of_reference_with_its_offset(ct, qtbot):
    QTest.keyClick(ct.image, Qt.Key.Key_6, CONTROL)
    _settle(ct, qtbot)
    lead = _view(ct, "ct-portal")
    QTest.mouseClick(lead, Qt.MouseButton.LeftButton)
    foreign = next(w for w in ct.views.widgets if w.viewport.volume.description == "Arterial, earlier")
    assert "frame of reference" in ct.session.linking.reason(foreign.viewport)
    QTest.mouseClick(foreign, Qt.MouseButton.LeftButton)
    foreign.viewport.go_to(lead.viewport.slice + 2)
    QTest.keyClick(foreign, Qt.Key.Key_X, SHIFT)
    assert ct.session.linking.words(foreign.viewport) == "linked by hand, -6.0 mm"
    _wheel(lead, 1)
    assert foreign.viewport.slice == lead.viewport.slice + 2


def test_shift_and_move_shows_the_place_in_the_other_views_until_the_pointer_goes(ct, qtbot):
    QTest.keyClick(ct.image, Qt.Key.Key_6, CONTROL)
    _settle(ct, qtbot)
    lead = _view(ct, "ct-portal")
    coronal = next(w for w in ct.views.widgets if w.viewport.volume.orientation == "coronal")
    lead.viewport.go_to(10)
    row, column, _ = lead.viewport.shown_point(LESION)
    _move(lead, lead.point_of(row, column), SHIFT)
    assert coronal.viewport.patient_point(0, 0)[1] == pytest.approx(-10.0, abs=1.5)
    at = ct.session.linking.cursor_in(coronal.viewport)
    there = coronal.viewport.shown_point(LESION)[:2]
    assert at == pytest.approx(there, abs=1.0)
    drawn = coronal.grab().toImage()
    _move(lead, lead.point_of(row, column))
    assert ct.session.linking.cursor is None
    assert coronal.grab().toImage() != drawn


def test_lines_of_the_active_slice_are_painted_on_the_coronal_view_alone(ct, qtbot):
    QTest.keyClick(ct.image, Qt.Key.Key_6, CONTROL)
    _settle(ct, qtbot)
    axial = _view(ct, "ct-portal")
    QTest.mouseClick(axial, Qt.MouseButton.LeftButton)
    axial.viewport.go_to(17)
    coronal = next(w for w in ct.views.widgets if w.viewport.volume.orientation == "coronal")
    (line,) = ct.session.linking.lines_in(coronal.viewport)
    at = coronal.point_of(line.a[0], 20)
    bluest = max(
        c.blue() - c.red() for dy in (-1, 0, 1) for c in [coronal.grab().toImage().pixelColor(at + QPoint(0, dy))]
    )
    assert bluest > 30
    assert [w for w in ct.views.widgets if ct.session.linking.lines_in(w.viewport)] in (
        [axial, coronal],
        [coronal, axial],
    )


# What systems found


@pytest.fixture
def read(hung):
    """The arterial phase read by a system, active, its candidate chosen."""
    view = _view(hung, "ct-arterial")
    hung.session.layout.activate(view.viewport)
    hung.session.set_result(view.viewport.volume.id, _result(view.viewport.volume))
    for widget in hung.views.widgets:
        widget.viewport.go_to(2)
    QTest.keyClick(view, Qt.Key.Key_N)
    return hung


def test_choosing_a_candidate_takes_every_linked_view_to_it_and_all_show_it(read):
    for widget in read.views.widgets:
        height = widget.viewport.patient_point(0, 0)[2]
        assert abs(height) <= 2.5
        (found,) = read.session.found_in(widget.viewport)
        assert (found.row, found.column) == pytest.approx(widget.viewport.shown_point(LESION)[:2])
        assert found.is_chosen


def test_candidate_stays_on_all_phases_when_another_becomes_active_and_says_where_it_is_from(read):
    portal = _view(read, "ct-portal")
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    assert read.candidates.table.rowCount() == 0
    assert all(read.session.found_in(w.viewport) for w in read.views.widgets)
    assert read.session.layer_words(portal.viewport).split() == ["hbp-detection", "on", "CT", "arterial"]


def test_candidate_is_not_drawn_in_another_frame_of_reference_nor_far_from_its_slice(read, qtbot):
    read.opening.show(_volume(read, "Arterial, earlier"), read.views.widgets[3].viewport)
    _settle(read, qtbot)
    foreign = read.views.widgets[3].viewport
    assert read.session.found_in(foreign) == []
    portal = _view(read, "ct-portal").viewport
    read.session.linking.toggle(portal)
    portal.go_to(0)
    assert read.session.found_in(portal) == []


def test_map_stays_on_the_volume_it_belongs_to(read):
    portal = _view(read, "ct-portal")
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    with_map = [w.viewport.volume.role.name for w in read.views.widgets if w.viewport.overlay.heatmap is not None]
    assert with_map == ["ct-arterial"]
    QTest.keyClick(portal, Qt.Key.Key_W)
    assert not any(w.viewport.overlay.shown for w in read.views.widgets)
    QTest.mouseClick(_view(read, "ct-arterial"), Qt.MouseButton.LeftButton)
    assert not read.image.viewport.overlay.shown


def test_hold_key_hides_map_and_marks_in_every_view(read):
    view = _view(read, "ct-portal")
    marked = view.grab().toImage()
    QTest.keyPress(view, Qt.Key.Key_H)
    assert view.grab().toImage() != marked
    assert not any(w.viewport.overlay.is_visible for w in read.views.widgets)
    QTest.keyRelease(view, Qt.Key.Key_H)


def test_nothing_of_a_system_is_shown_beside_a_volume_that_is_read_alone(read):
    arterial, portal = _view(read, "ct-arterial"), _view(read, "ct-portal")
    read.session.second.set_unaided_first(True)  # the arterial phase has been seen with its result, and stays so
    assert read.session.found_in(arterial.viewport)
    assert read.session.found_in(portal.viewport) == []
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    for widget in read.views.widgets:
        assert widget.viewport.overlay.heatmap is None
        assert read.session.found_in(widget.viewport) == []
        assert read.session.layer_words(widget.viewport) == ""


def test_panels_follow_the_active_view(read):
    assert read.candidates.table.rowCount() == 1
    portal = _view(read, "ct-portal")
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    assert not read.heat.opacity.isEnabled()
    QTest.mouseClick(read.strip, Qt.MouseButton.LeftButton, pos=QPoint(round(read.strip.x_of(4)), 10))
    assert portal.viewport.slice == 4
    QTest.mouseClick(_view(read, "ct-arterial"), Qt.MouseButton.LeftButton)
    assert read.candidates.table.rowCount() == 1
    assert read.heat.opacity.isEnabled()


def test_views_keep_their_size_when_one_without_scores_becomes_active(read):
    portal = _view(read, "ct-portal")
    QApplication.processEvents()
    before = portal.size()
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert portal.size() == before


# What the reader does in one of them


def _drag(widget, a, b):
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=a)
    QTest.mouseMove(widget, (a + b) / 2)
    QTest.mouseMove(widget, b)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=b)


def test_length_belongs_to_its_view_and_stays_when_another_is_active(hung):
    portal, delayed = _view(hung, "ct-portal"), _view(hung, "ct-delayed")
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    QTest.keyClick(portal, Qt.Key.Key_L)
    _drag(portal, portal.point_of(20, 20), portal.point_of(20, 40))
    QTest.keyClick(portal, Qt.Key.Key_Escape)
    (length,) = hung.session.measuring.measures
    assert length.length == pytest.approx(20 * 1.5, abs=0.5)
    QTest.mouseClick(delayed, Qt.MouseButton.LeftButton)
    assert hung.session.measuring.measures == ()
    portal.grab()
    delayed.grab()
    assert [one.measure for one in portal.drawn] == [length]
    assert delayed.drawn == []


def test_own_mark_goes_to_the_record_of_the_view_it_was_placed_in(hung):
    delayed = _view(hung, "ct-delayed")
    QTest.mouseClick(delayed, Qt.MouseButton.LeftButton)
    _move(delayed, delayed.point_of(20, 25))
    QTest.keyClick(delayed, Qt.Key.Key_M)
    assert [m.number for m in hung.session.second.record.marks] == [1]
    assert hung.session.second.volume.role.name == "ct-delayed"
    QTest.mouseClick(_view(hung, "ct-pre"), Qt.MouseButton.LeftButton)
    assert hung.session.second.record.marks == ()
    assert [m.label for m in hung.session.second.drawn_marks(delayed.viewport)] == ["M1"]


def test_key_image_is_of_the_active_view(hung, qtbot):
    portal = _view(hung, "ct-portal")
    QTest.mouseClick(portal, Qt.MouseButton.LeftButton)
    QTest.keyClick(portal, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: len(hung.desk.images.images) == 1, timeout=5000)
    (image,) = hung.desk.images.images
    assert image.slice == portal.viewport.slice
    assert image.path.is_file()


def test_picture_of_the_window_shows_all_views_and_no_text_of_the_files(hung):
    picture = hung.picture().toImage()
    ratio = picture.devicePixelRatio()
    for widget in hung.views.widgets:
        at = widget.mapTo(hung, widget.point_of(*widget.viewport.shown_point((0.0, 0.0, 0.0))[:2]))
        assert picture.pixelColor(round(at.x() * ratio), round(at.y() * ratio)).lightness() > 5
    assert not any(w._blinded for w in hung.views.widgets)


def test_corner_texts_of_small_views_do_not_run_into_each_other(hung, qtbot, monkeypatch):
    from overread.ui.read import annotations

    boxes = []
    real = annotations.draw_text

    def noting(painter, x, y, text, colour=annotations.INK):
        metrics = painter.fontMetrics()
        boxes.append((x, y - metrics.ascent(), metrics.horizontalAdvance(text), metrics.height() - 3, text))
        real(painter, x, y, text, colour)

    QTest.keyClick(hung.image, Qt.Key.Key_6, CONTROL)
    _settle(hung, qtbot)
    hung.resize(1000, 700)
    QApplication.processEvents()
    monkeypatch.setattr(annotations, "draw_text", noting)
    for widget in hung.views.widgets:
        boxes.clear()
        widget.grab()
        for n, (x, y, wide, high, text) in enumerate(boxes):
            assert x >= 0
            assert x + wide <= widget.width() + 1, text
            for x2, y2, wide2, high2, other in boxes[n + 1 :]:
                apart = x + wide <= x2 or x2 + wide2 <= x or y + high <= y2 or y2 + high2 <= y
                assert apart, f"{text!r} lies on {other!r}"


@pytest.mark.slow
def test_opening_another_folder_goes_back_to_one_view(opened, qtbot, ct_folder):
    QTest.keyClick(opened.image, Qt.Key.Key_2, CONTROL)
    _settle(opened, qtbot)
    opened.open_paths([ct_folder])
    _settle(opened, qtbot)
    assert len(opened.views.widgets) == 1
    assert opened.session.layout.active.volume.modality == "CT"


@pytest.mark.slow
def test_series_that_cannot_be_read_says_so_in_its_view_and_the_others_are_read(window, qtbot, tmp_path, bundle):
    folder = tmp_path / "ct"
    write_liver_ct(folder)
    window.open_paths([folder])
    _settle(window, qtbot)
    for file in (folder / "4").iterdir():
        file.unlink()
    QTest.keyClick(window.image, Qt.Key.Key_H, CONTROL)
    others = [w for w in window.views.widgets if w.viewport.volume.role.name != "ct-delayed"]
    qtbot.waitUntil(lambda: all(w.viewport.pixels is not None for w in others), timeout=10_000)
    qtbot.waitUntil(lambda: bool(_view(window, "ct-delayed").viewport.fault), timeout=5000)
    qtbot.waitUntil(lambda: not window.opening.is_busy, timeout=5000)
    assert len(others) == 3


@pytest.mark.slow
def test_six_volumes_load_without_a_stall_of_a_tenth_of_a_second(window, qtbot, tmp_path, bundle, own_work):
    for n, name in enumerate(("native", "arterial phase", "portal venous phase", "delayed phase", "A", "B"), start=1):
        write_phase(tmp_path / str(n), n, f"Abdomen {name}", slices=16, shape=(512, 512), spacing_mm=0.7)
    window.open_paths([tmp_path])
    _settle(window, qtbot)
    turns = own_work()
    QTest.keyClick(window.image, Qt.Key.Key_6, CONTROL)
    _settle(window, qtbot)
    assert len({w.viewport.volume.id for w in window.views.widgets}) == 6
    assert max(turns) < 0.1
