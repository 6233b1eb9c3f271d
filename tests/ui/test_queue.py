"""The queue of runs in the real window, with a real worker process."""

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListView, QWidget

from overread.viewing.run_queue import CANCELLED, DONE, FAILED


def _states(window):
    return [run.state for run in window.session.queue.runs]


def _rows(window):
    queue = window.run_panel.queue
    return {run.title: queue.row(run.number).state.text() for run in window.session.queue.runs}


def _wait_all(window, qtbot):
    qtbot.waitUntil(lambda: not window.running.is_running, timeout=60_000)


def test_queue_says_that_nothing_runs(livers):
    assert livers.run_panel.queue.summary.text() == "Nothing runs. Runs will be listed here."
    assert not livers.run_panel.queue.area.isVisible()
    assert not livers.menus.actions["cancel-all"].isEnabled()


def test_queue_all_lets_the_system_read_every_series_it_can_one_after_the_other(systems_module, livers, qtbot):
    systems_module("steady")
    qtbot.waitUntil(lambda: livers.run_panel.all_button.text() == "Queue all 3")
    livers.run_panel.all_button.click()
    qtbot.waitUntil(lambda: any("Network" in words for words in _rows(livers).values()), timeout=20_000)
    assert list(_rows(livers).values())[1:] == ["Waiting, 1 before it", "Waiting, 2 before it"]
    assert livers.run_panel.queue.summary.text() == "1 running, 2 waiting"
    assert not livers.run_panel.all_button.isVisible()
    _wait_all(livers, qtbot)
    assert _states(livers) == [DONE] * 3
    assert all(livers.session.has_result(v.id) for v in livers.session.scan.volumes() if v.modality == "MR")


def test_rows_of_several_studies_tell_which_study_they_are_of(systems_module, livers):
    systems_module("slow")
    livers.run_panel.start_all()
    titles = [run.title for run in livers.session.queue.runs]
    assert len(set(titles)) == 3
    assert {title.partition("study ")[2] for title in titles} == {"1 of 2026-01-02", "2 of 2026-01-02"}


def test_run_while_another_runs_adds_and_the_same_series_cannot_be_added_twice(systems_module, livers, qtbot):
    systems_module("steady")
    panel = livers.run_panel
    first, second, _third = [v for v in livers.session.scan.volumes() if v.modality == "MR"]
    panel.choose(None, first.id)
    panel.start()
    assert panel.run_button.text() == "In the queue"
    assert not panel.run_button.isEnabled()
    panel.choose(None, second.id)
    assert panel.run_button.text() == "Add to the queue"
    qtbot.keyClick(livers, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert [run.volume_id for run in livers.session.queue.runs] == [first.id, second.id]
    _wait_all(livers, qtbot)
    assert _states(livers) == [DONE, DONE]


def test_failure_of_one_run_is_told_in_its_row_and_the_next_one_starts(systems_module, livers, qtbot):
    systems_module("fussy")
    livers.run_panel.start_all()
    _wait_all(livers, qtbot)
    assert sorted(_states(livers)) == sorted([DONE, DONE, FAILED])
    failed = next(run for run in livers.session.queue.runs if run.state == FAILED)
    assert failed.words == "The series cannot be read: its pixels are cut off. Export it again."
    row = livers.run_panel.queue.row(failed.number)
    assert row.isVisible()
    assert row.state.property("caution")
    livers.opening.choose(failed.volume_id)
    assert livers.candidates.summary.text() == f"The run on this series did not finish. {failed.words}"


def test_waiting_run_is_cancelled_by_its_button_and_all_by_the_key(systems_module, livers, qtbot):
    systems_module("slow")
    livers.run_panel.start_all()
    queue = livers.run_panel.queue
    last = livers.session.queue.runs[-1]
    qtbot.mouseClick(queue.row(last.number).cancel_button, Qt.MouseButton.LeftButton)
    assert livers.session.queue.get(last.number).state == CANCELLED
    assert livers.running.is_running
    began = time.monotonic()
    qtbot.keyClick(livers, Qt.Key.Key_Period,
                   Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    _wait_all(livers, qtbot)
    assert _states(livers) == [CANCELLED] * 3
    assert time.monotonic() - began < 3
    assert livers.session.queue.runs[0].words == "Cancelled. Nothing was kept."


def test_opening_another_study_keeps_the_run_and_the_results(systems_module, livers, qtbot, study_folder, liver_folder):
    systems_module("steady")
    livers.run_panel.start_all()
    ids = [run.volume_id for run in livers.session.queue.runs]
    livers.open_paths([study_folder])
    qtbot.waitUntil(lambda: not livers.opening.is_busy and livers.session.layout.active.volume is not None,
                    timeout=20_000)
    assert livers.session.findings.reading is None
    _wait_all(livers, qtbot)
    assert _states(livers) == [DONE] * 3
    livers.open_paths([liver_folder])
    qtbot.waitUntil(lambda: not livers.opening.is_busy and livers.session.layout.active.volume is not None,
                    timeout=20_000)
    livers.opening.choose(ids[1])
    assert livers.session.findings.reading is not None
    item = livers.browse.tree.item_of(ids[1])
    assert "read by a system" in {item.data(0, Qt.ItemDataRole.UserRole + n) for n in range(6)
                                  if isinstance(item.data(0, Qt.ItemDataRole.UserRole + n), str)}


def test_finished_run_moves_neither_slice_nor_selection_nor_focus(systems_module, livers, qtbot):
    systems_module("steady")
    livers.image.setFocus()
    livers.session.layout.active.go_to(3)
    shown = livers.session.layout.active.volume.id
    livers.run_panel.start_all()
    livers.image.setFocus()
    _wait_all(livers, qtbot)
    viewport = livers.session.layout.active
    assert (viewport.volume.id, viewport.slice, livers.session.findings.selected) == (shown, 3, None)
    assert livers.image.hasFocus()


def test_closing_with_runs_waiting_asks_once_and_can_be_taken_back(systems_module, livers, qtbot):
    systems_module("slow")
    livers.run_panel.start_all()
    livers.close()
    assert livers.isVisible()
    question = livers.dialog
    assert question.words.text().startswith("2 runs still wait and one is being read.")
    question.stay_button.click()
    assert livers.isVisible()
    assert livers.running.is_running
    livers.close()
    livers.dialog.drop_button.click()
    qtbot.waitUntil(lambda: not livers.isVisible(), timeout=3000)
    assert livers.running.worker_pid is None


def test_ended_runs_fold_away_and_can_be_listed_and_cleared(systems_module, livers, qtbot):
    systems_module("quick")
    livers.run_panel.start_all()
    _wait_all(livers, qtbot)
    queue = livers.run_panel.queue
    assert queue.summary.text() == "Last run: done."
    assert not queue.area.isVisible()
    queue.done_button.click()
    assert queue.area.isVisible()
    assert all(queue.row(run.number).isVisible() for run in livers.session.queue.runs)
    queue.clear_button.click()
    assert livers.session.queue.runs == ()
    assert livers.session.has_result(livers.session.layout.active.volume.id)


def test_row_shows_its_series_on_enter_and_cancels_on_delete(systems_module, livers, qtbot):
    systems_module("slow")
    livers.run_panel.start_all()
    shown = livers.session.layout.active.volume.id
    run = next(r for r in livers.session.queue.runs if r.volume_id != shown and r.state == "waiting")
    row = livers.run_panel.queue.row(run.number)
    qtbot.keyClick(row, Qt.Key.Key_Return)
    assert livers.session.layout.active.volume.id == run.volume_id
    qtbot.keyClick(row, Qt.Key.Key_Delete)
    assert livers.session.queue.get(run.number).state == CANCELLED


def test_series_read_alone_tells_nothing_of_what_was_found(systems_module, livers, qtbot, reading):
    from overread.viewing.session import Result

    shown = livers.session.layout.active.volume
    livers.session.withhold({shown.id: True})
    made = reading[1]
    livers.session.set_result(shown.id, Result(made.reading, None, made.system, made.points))
    assert livers.session.findings.reading is None
    assert livers.candidates.table.rowCount() == 0
    livers.session.withhold({shown.id: False})
    assert livers.session.findings.reading is made.reading


def test_every_widget_of_the_queue_has_a_name(systems_module, livers):
    systems_module("slow")
    livers.run_panel.start_all()
    for widget in livers.run_panel.findChildren(QWidget):
        is_part_of_another = widget.objectName().startswith("qt_") or isinstance(widget, QListView)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not is_part_of_another:
            assert widget.objectName(), widget
            assert widget.accessibleName(), widget.objectName()


def test_device_line_of_the_worker_stands_in_the_panel(systems_module, livers, qtbot):
    qtbot.waitUntil(lambda: livers.run_panel.device.text() == "CPU, because auto was asked for", timeout=20_000)


@pytest.mark.slow
def test_device_line_of_this_machine_says_what_computes_and_why(livers, qtbot):
    qtbot.waitUntil(lambda: livers.run_panel.device.text().startswith(("CPU", "GPU")), timeout=60_000)
    assert livers.run_panel.device.text()[3:].startswith((",", ":"))


@pytest.mark.slow
def test_window_stays_quick_with_a_full_queue(systems_module, livers, qtbot, own_work):
    systems_module("steady")
    livers.run_panel.start_all()
    turns = own_work()
    _wait_all(livers, qtbot)
    assert len(turns) > 100
    assert max(turns) < 0.1
