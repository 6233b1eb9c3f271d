"""Processes of a pool end with the one that started them, however that ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.light


def test_the_helper_of_a_killed_program_ends_too(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\n"
        "from overread.io import call_apart\n"
        "if __name__ == '__main__':\n"
        "    print(call_apart(os.getpid), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        helper = int(program.stdout.readline())
        assert psutil.pid_exists(helper)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
    until = time.monotonic() + 10
    while psutil.pid_exists(helper) and psutil.Process(helper).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "the helper waits for a program that is gone"
        time.sleep(0.05)
