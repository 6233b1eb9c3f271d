"""All benchmarks, one after the other: ``python benchmarks/run.py [FOLDER]`` (FOLDER: what the window opens)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "window.py",
    "paint.py",
    "read.py",
    "systems.py",
    "engines_agree.py",
    "evaluation.py",
    "phantom.py",
    "phantom_anatomy.py",
    "phantom_frequencies.py",
    "phantom_signals.py",
)


def main() -> None:
    here = Path(__file__).parent
    for name in SCRIPTS:
        print(f"\n== {name}", flush=True)
        folder = sys.argv[1:2] if name == "window.py" else []
        subprocess.run([sys.executable, str(here / name), *folder], check=True)


if __name__ == "__main__":
    main()
