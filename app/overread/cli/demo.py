"""``overread demo``: a phantom is made on first use, read and shown."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, say, tell
from overread.cli.read import print_reading
from overread.cli.window import has_screen, open_window
from overread.core.hits import match_marks
from overread.evaluation.phantom_folder import TRUTH_FILE, CaseOrder, case_folder, make_case_folder
from overread.io import read_mask, read_truth, scan
from overread.io.places import user_places
from overread.phantom import VERSION
from overread.systems import ReadRequest, choose_volumes, find_bundle, read
from overread.systems.hbp_detection.measure import truth_of

SYSTEM = "hbp-detection"
DEMO = CaseOrder("hbp", 999_010)
"""A test seed that no test set uses: the cohorts begin at 900,000."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="no window: read it and say in words what was found")
    parser.add_argument("--screenshot", metavar="FILE", type=Path, help="show it, save a PNG, quit")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")


def run(arguments: argparse.Namespace) -> int:
    folder = _demo_case()
    if arguments.headless or (arguments.screenshot is None and not has_screen()):
        if not arguments.headless:
            tell("There is no screen here, so the demo is told in words.")
        return _headless(folder, arguments.device)
    return open_window([str(folder / "series")], arguments.screenshot, read_on_open=True)


def _demo_case() -> Path:
    """The phantom, made on first use. A new version of the digital liver makes its own."""
    root = user_places().practice / f"demo-{VERSION}"
    folder = case_folder(root, DEMO)
    if not (folder / TRUTH_FILE).exists():
        progress = TerminalProgress()
        make_case_folder(DEMO, root, progress)
        progress.close()
    return folder


def _headless(folder: Path, device: str) -> int:
    progress = TerminalProgress()
    study = scan([folder / "series"], progress).studies[0]
    volumes = choose_volumes(study, SYSTEM, {})
    outcome = read(
        ReadRequest(SYSTEM, volumes, device=device, case_id=folder.name, study_uid=study.study_uid), progress
    )
    progress.close()
    volume = volumes[0][1]
    spacing = " x ".join(f"{s:.2f}" for s in volume.spacing_mm or ())
    say(
        f"Phantom {folder.name}: {volume.description}, {volume.shape[0]} slices of "
        f"{volume.shape[1]} x {volume.shape[2]}, {spacing} mm."
    )
    print_reading(outcome.reading, find_bundle(SYSTEM))
    grid = volume.grid
    assert grid is not None
    truth = read_truth(folder / TRUTH_FILE)
    lesions = [lesion for lesion in truth.targets if lesion.mask is not None]
    labels = read_mask(folder / str(lesions[0].mask.file if lesions[0].mask else ""), grid)
    targets = truth_of(labels, grid.affine).lesions
    marks = outcome.reading.marks
    hits = match_marks([m.centre_mm for m in marks], [m.score or 0 for m in marks], targets)
    for lesion, target in zip(lesions, targets, strict=True):
        found = next(
            (m.id for m, h in zip(marks, hits, strict=True) if h.target == target.id and h.kind == "hit"), None
        )
        say(
            f"  truth: {lesion.type} of {lesion.diameter_mm:.0f} mm, "
            + (f"marked by {found}" if found else "not marked")
        )
    return 0
