"""The application from its one entry: pictures, faults, logs without patient data."""

import subprocess
import sys

import pytest

_FAULT = """
import sys
from overread.ui import app as application
from overread.ui.window import MainWindow
from PySide6.QtCore import QTimer

def fail():
    raise ZeroDivisionError("secret")

def look(window):
    print(window.errors.isVisible(), window.errors.what.text())
    window.close()

shown = MainWindow.show
def show(self):
    shown(self)
    QTimer.singleShot(50, fail)
    QTimer.singleShot(400, lambda: look(self))
MainWindow.show = show
if __name__ == "__main__":
    sys.exit(application.run([]))
"""


def _start(tmp_path, code):
    script = tmp_path / "start.py"
    script.write_text(code)
    return subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)


def test_fault_in_the_window_is_told_and_the_window_lives_on(tmp_path, own_home):
    done = _start(tmp_path, _FAULT)
    assert done.returncode == 0
    assert done.stdout.strip() == "True The last action did not work."
    assert "secret" in (own_home / "log" / "overread.log").read_text(encoding="utf-8")


def test_picture_of_a_folder_leaves_no_patient_data_and_no_process(tmp_path, own_home, study_folder, bundle):
    code = ("import multiprocessing, sys\nfrom pathlib import Path\nfrom overread.ui import run\n"
            "if __name__ == '__main__':\n"
            f"    status = run([{str(study_folder)!r}], screenshot=Path({str(tmp_path / 'shot.png')!r}))\n"
            "    print(status, len(multiprocessing.active_children()))\n")
    done = _start(tmp_path, code)
    assert done.stdout.strip() == "0 0"
    assert (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
    log = (own_home / "log" / "overread.log").read_text(encoding="utf-8")
    assert "Nobody" not in log
    assert "4711" not in log


@pytest.mark.parametrize(("what", "words"), [("gone", "gone"), ("empty", "it is empty")])
def test_picture_of_nothing_is_taken_and_says_why_in_one_sentence(tmp_path, own_home, what, words):
    (tmp_path / "empty").mkdir()
    code = ("import sys\nfrom pathlib import Path\nfrom overread.ui import run\n"
            "if __name__ == '__main__':\n"
            f"    sys.exit(run([{str(tmp_path / what)!r}], screenshot=Path({str(tmp_path / 'shot.png')!r})))\n")
    done = _start(tmp_path, code)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "shot.png").is_file()
