"""A phantom on disk, made once, and the program called from outside."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from overread.evaluation.cohort import make_cohort
from overread.evaluation.phantom_folder import CaseOrder


@dataclass(frozen=True)
class Ended:
    """How a call of the program ended."""

    status: int
    out: str
    err: str

    def refuses(self) -> str:
        """The one sentence of a refusal: checked to be just that, then returned."""
        assert self.status == 2, self.err
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.strip()]
        assert len(lines) == 1, self.err
        what, _, rest = lines[0].partition(": ")
        assert what
        assert rest.count(". ") >= 1
        assert lines[0].endswith(".")
        return lines[0]


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two validation phantoms, one with and one without HCC, as ``overread phantom`` makes them."""
    folder = tmp_path_factory.mktemp("cohort")
    wanted = [CaseOrder("hbp", 810_001), CaseOrder("hbp", 810_002, normals=1.0)]
    make_cohort(folder, wanted, jobs=1)
    return folder


@pytest.fixture
def overread(own_home: Path) -> Callable[..., Ended]:
    """Calls the program in a process of its own."""

    def call(*arguments: object, largest_file: int | None = None, **environment: str) -> Ended:
        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        done = subprocess.run(
            [sys.executable, "-m", "overread", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            preexec_fn=limit,
            env={**os.environ, "OVERREAD_HOME": str(own_home), **environment},
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
