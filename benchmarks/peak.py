"""Peak memory of a way to do something: in a process that does nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def told_by_another_process(script: str, options: Sequence[str]) -> str:
    """The last line that a script prints when it is started with these options."""
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def peak_mebibytes() -> int:
    """Largest resident memory of this process so far."""
    try:  # what getrusage tells of a child includes what its parent filled before it
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    except OSError:
        import resource

        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
