"""Seconds and peak memory of phantoms: a study of each kind as `overread phantom` writes it, a slice in memory.

    python benchmarks/phantom.py [--cases 4] [--jobs 2]

Studies are made by ``--jobs`` processes at once, as a cohort is; seconds per study are wall seconds over the number of
studies, CPU seconds those of the processes. The aims are 5 s (hbp), 20 s (multiphase), 0.1 s a slice and 2 GB.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from overread.core.processes import run_in_processes
from overread.core.progress import SILENT
from overread.evaluation.phantom_folder import CaseOrder, make_case_folder
from overread.phantom import KINDS, draw_patient

FIRST = 600_000
MATRIX = 320


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    for kind in KINDS:
        time_studies(kind, arguments.cases, arguments.jobs)
    time_slices()


def time_studies(kind: str, cases: int, jobs: int) -> None:
    """Wall and CPU seconds per study, and the most memory that one of the processes held."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = [(CaseOrder(kind, FIRST + n), Path(folder)) for n in range(cases)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        run_in_processes(make_and_measure, wanted, jobs, "Making phantoms", SILENT)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        held = [float(path.read_text()) for path in Path(folder).glob("*.mb")]
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{kind:<12} {cases} studies, {jobs} processes: {wall / cases:5.1f} s wall and {cpu / cases:5.1f} s CPU each, "
        f"peak {max(held) / 1024:.2f} GB a process, {size / cases / 1e6:.0f} MB on disk"
    )


def make_and_measure(order: CaseOrder, folder: Path) -> None:
    """Make a case; the peak memory of this process, MB, goes into a file beside the cases."""
    make_case_folder(order, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (folder / f"{order.name}.mb").write_text(str(peak), encoding="utf-8")


def time_slices() -> None:
    """CPU seconds per slice of 320 pixels drawn in memory: the patient once, then 24 slices."""
    patients, slices = 6, 24
    started = time.process_time()
    for seed in range(FIRST, FIRST + patients):
        patient = draw_patient("hbp", seed, roles=("t1-hbp",), matrix=MATRIX)
        count = patient.shape[0]
        patient.render([count * n // slices for n in range(slices)])
    each = (time.process_time() - started) / (patients * slices)
    print(f"training slice of {MATRIX} pixels, {slices} of a patient, drawing the patient included: {each:.3f} s CPU")


if __name__ == "__main__":
    main()
