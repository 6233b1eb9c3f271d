"""Runs in the worker process: cancel, crash, refusal, fault; nothing freezes and nothing is left behind."""

import os
import time

import pytest
from PySide6.QtWidgets import QWidget


def _confirm(window):
    if not window.run_panel.confirm.isHidden():
        window.run_panel.confirm.setChecked(True)


def _start(window, qtbot):
    qtbot.waitUntil(lambda: window.run_panel.volume is not None, timeout=5000)
    _confirm(window)
    assert window.run_panel.run_button.isEnabled(), window.run_panel.reasons.text()
    window.run_panel.run_button.click()
    qtbot.waitUntil(lambda: window.running.is_running, timeout=5000)


def _row(window):
    """The row of the newest run."""
    return window.run_panel.queue.row(window.session.queue.runs[-1].number)


def _volumes(window):
    return {v.modality: v for v in window.session.scan.volumes()}


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_cancel_works_within_a_second_even_if_the_system_does_not_listen(systems_module, opened, qtbot):
    systems_module("slow")
    _start(opened, qtbot)
    qtbot.waitUntil(lambda: "Network" in _row(opened).state.text(), timeout=20_000)
    assert _row(opened).state.isVisible()
    assert _row(opened).bar.isVisible()
    pid, began = opened.running.worker_pid, time.monotonic()
    _row(opened).cancel_button.click()
    qtbot.waitUntil(lambda: not opened.running.is_running, timeout=3000)
    assert time.monotonic() - began < 1.0
    assert not _is_alive(pid)
    assert _row(opened).state.text() == "Cancelled. Nothing was kept."
    assert opened.candidates.summary.text() == "The run on this series was cancelled. Nothing was kept."
    assert opened.run_panel.run_button.text() == "Run"
    assert opened.run_panel.run_button.isEnabled()
    assert not opened.errors.isVisible()


def test_window_stays_quick_while_a_system_reads(systems_module, opened, qtbot, own_work):
    systems_module("slow")
    _start(opened, qtbot)
    turns = own_work()
    qtbot.wait(1500)
    assert len(turns) > 50
    assert max(turns) < 0.1


def test_result_is_shown_with_a_sentence(systems_module, opened, qtbot):
    systems_module("quick")
    _start(opened, qtbot)
    qtbot.waitUntil(lambda: not opened.running.is_running, timeout=20_000)
    assert "marks nothing at the point" in opened.candidates.summary.text()
    assert _row(opened).state.text() == "Done on the CPU: no candidate down to its floor."
    assert opened.candidates.meaning.text() == (
        "On 1,218 validation slices of 40 phantoms\n"
        "Slices: sensitivity 90\u00a0%\u00a0(86–93), specificity 92\u00a0%\u00a0(90–94)\n"
        "Lesions: 1.2 marks a case, true and false")


def test_refusal_is_shown_in_the_gates_words(systems_module, opened, qtbot):
    systems_module("refused")
    _start(opened, qtbot)
    qtbot.waitUntil(lambda: not opened.running.is_running, timeout=20_000)
    assert opened.candidates.summary.text() == "This series has a gap."
    assert not opened.candidates.caution.isVisible()


def test_fault_is_told_without_a_traceback_and_kept_in_the_log(systems_module, opened, qtbot, caplog):
    systems_module("broken")
    _start(opened, qtbot)
    qtbot.waitUntil(opened.errors.isVisible, timeout=20_000)
    assert "fault" in opened.errors.why.text()
    assert "log file" in opened.errors.remedy.text()
    assert "secret" not in opened.errors.why.text() + opened.errors.what.text()
    assert "a secret detail" in caplog.text


def test_death_of_the_worker_is_told_and_the_window_lives_on(systems_module, opened, qtbot):
    systems_module("killed")
    _start(opened, qtbot)
    qtbot.waitUntil(opened.errors.isVisible, timeout=20_000)
    assert opened.run_panel.run_button.isEnabled()
    opened.session.layout.active.go_to(3)
    assert opened.session.layout.active.slice == 3


def test_closing_the_window_stops_the_run_and_leaves_no_process(systems_module, opened, qtbot):
    systems_module("slow")
    _start(opened, qtbot)
    qtbot.waitUntil(lambda: "Network" in _row(opened).state.text(), timeout=20_000)
    pid = opened.running.worker_pid
    opened.close()
    assert not _is_alive(pid)


def test_series_that_the_gate_refuses_cannot_be_run_and_says_why(opened):
    ct = next(v for v in opened.session.scan.volumes() if v.modality == "CT")
    opened.run_panel.choose(None, ct.id)
    assert not opened.run_panel.run_button.isEnabled()
    assert opened.run_panel.reasons.text().startswith("It is CT, not MR")
    assert opened.run_panel.run_button.toolTip() == opened.run_panel.reasons.text()


def test_no_system_starts_on_a_guess_without_a_word(opened, qtbot):
    from dataclasses import replace

    from overread.core.roles import Role

    scan = opened.session.scan
    studies = tuple(replace(s, series=tuple(replace(x, volumes=tuple(
        replace(v, role=Role("t1-hbp", 0.5)) for v in x.volumes)) for x in s.series)) for s in scan.studies)
    opened.session.set_scan(replace(scan, studies=studies))
    mr = next(v for v in opened.session.scan.volumes() if v.modality == "MR")
    opened.run_panel.choose(None, mr.id)
    assert not opened.run_panel.run_button.isEnabled()
    opened.run_panel.confirm.setChecked(True)
    assert opened.run_panel.run_button.isEnabled()


def test_model_card_is_one_click_away(opened, qtbot):
    opened.run_panel.card_button.click()
    assert opened.dialog.isVisible()
    assert "A card" in opened.dialog.text.toPlainText()
    caution = opened.dialog.findChild(QWidget, "card-caution")
    assert caution.text() == "Trained on phantoms, not for diagnosis."


def test_without_a_bundle_the_panel_says_so(window, qtbot, study_folder, monkeypatch, tmp_path):
    from overread.systems import installed

    monkeypatch.setattr(installed, "shipped_models", lambda: tmp_path / "none")
    window.open_paths([study_folder])
    qtbot.waitUntil(lambda: bool(window.run_panel.reasons.text()), timeout=20_000)
    assert not window.run_panel.run_button.isEnabled()
    assert "bundle" in window.run_panel.reasons.text()


@pytest.mark.parametrize("outcome", ["done", "error", "cancelled"])
def test_job_ends_in_exactly_one_way_on_the_windows_thread(qtbot, outcome):
    import threading

    from overread.core.errors import Cancelled, InputError
    from overread.ui.jobs import Job

    told = []

    def work(progress):
        progress.report("working", 1, 2)
        if outcome == "error":
            raise InputError("a", "b", "c")
        if outcome == "cancelled":
            raise Cancelled
        return 5

    def note(kind):
        return lambda *_: told.append((kind, threading.current_thread() is threading.main_thread()))

    job = Job("Test", work, on_done=note("done"), on_error=note("error"),
              on_cancelled=note("cancelled")).start()
    qtbot.waitUntil(lambda: not job.is_running, timeout=2000)
    qtbot.wait(30)
    assert told == [(outcome, True)]
