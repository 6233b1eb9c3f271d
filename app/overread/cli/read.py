"""``overread read PATH --system ID``: let a system read a study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from overread.cli.output import TerminalProgress, print_json, say, tell
from overread.core.errors import GateRefusal, InputError, StorageError
from overread.core.reading import Reading
from overread.core.study import Scan, Volume
from overread.io import scan, write_json
from overread.io.facts import read_facts
from overread.io.heatmaps import HEATMAP_FILE, HEATMAP_NIFTI, write_heatmap, write_heatmap_nifti
from overread.io.regions import read_region
from overread.systems import Bundle, Outcome, ReadRequest, choose_volumes, find_bundle, load_bundle, read, system_of

READING_FILE = "reading.json"
MOST_NAMED = 8
MOST_REGIONS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="folder or file of the study")
    parser.add_argument("--system", required=True, metavar="ID", help="which system; overread systems lists them")
    parser.add_argument("--variant", metavar="V", help="which of its bundles")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="a bundle outside the usual folders")
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE=VOLUME",
        help="say which volume plays a role; overread scan lists the volumes",
    )
    parser.add_argument(
        "--region",
        type=Path,
        metavar="FILE",
        help="where to look: DICOM SEG, NIfTI or NRRD mask, truth.json, or JSON marks such as "
        '{"marks": [{"centre_mm": [x, y, z], "radius_mm": r}]}; a folder of masks as DICOM',
    )
    parser.add_argument(
        "--facts",
        type=Path,
        metavar="FILE",
        help="clinical facts as JSON: sex, age_y, diameter_mm, afp_ng_ml, child_pugh, hbsag, hcv",
    )
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", default="auto", metavar="E", help="auto, torch or onnx (an optional extra)")
    parser.add_argument(
        "--precision", default="float32", metavar="P", help="float32 (default), bfloat16 where it is safe, or auto"
    )
    parser.add_argument("--no-cache", action="store_true", help="compute anew what was read before, and keep nothing")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for reading.json and heatmap.npz")
    parser.add_argument("--nifti", action="store_true", help="also the heatmap on the volume's grid, as NIfTI")
    parser.add_argument("--json", action="store_true", help="the reading as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    system_of(arguments.system)
    if arguments.nifti and arguments.out is None:
        raise InputError("--nifti cannot be used", "there is no folder to write to", "Name one with --out")
    out = None if arguments.out is None else output_folder(arguments.out)
    progress = TerminalProgress()
    bundle = (
        find_bundle(arguments.system, arguments.variant) if arguments.bundle is None else load_bundle(arguments.bundle)
    )
    found = scan([arguments.path], progress)
    request = make_request(arguments, found)
    outcome = read(request, progress)
    progress.close()
    if out is not None:
        write_outcome(out, outcome, request, with_nifti=arguments.nifti)
    if arguments.json:
        print_json(outcome.reading.to_json())
    if outcome.reading.result == "refused":
        tell(next(m.text for m in outcome.reading.messages if m.level == "refusal"))
        return 2
    if not arguments.json:
        volume = request.volumes[0][1]
        say(f"Volume {volume.id}: {volume.description or 'no description'}, {volume.frames} slices.")
        print_reading(outcome.reading, bundle)
    for line in how_it_came_about(outcome):
        (tell if arguments.json else say)(line)
    return 0


def how_it_came_about(outcome: Outcome) -> list[str]:
    """Where it ran and with what, and whether it came from the cache: what stands beside a reading, not in it."""
    reader = outcome.reading.reader
    return [f"{outcome.device_words}; {reader.engine}, {reader.precision}.", *outcome.notes]


def make_request(arguments: argparse.Namespace, found: Scan) -> ReadRequest:
    """The request of a command line on what was found."""
    assigned = dict(_assignment(text, found) for text in arguments.role)
    named = {volume.id for volume in assigned.values()}
    studies = [s for s in found.studies if not named or named & {v.id for v in s.volumes()}]
    chosen, problems = [], []
    for study in studies:
        try:
            chosen.append((study, choose_volumes(study, arguments.system, assigned, arguments.variant)))
        except GateRefusal as refusal:
            problems.append(refusal)
    if not chosen:
        raise problems[0]
    if len(chosen) > 1:
        raise InputError(
            f"{arguments.path} cannot be read as one study",
            f"{len(chosen)} studies in it could be",
            "Name the folder of one of them, or a volume with --role",
        )
    study, volumes = chosen[0]
    grid = volumes[0][1].grid  # without one the gate refuses, whatever the region
    first = volumes[0][1]
    region = None
    if arguments.region is not None and grid is not None:
        region = read_region(arguments.region, grid, first.role.name, first.frame_of_reference)
    return ReadRequest(
        arguments.system,
        volumes,
        arguments.variant,
        arguments.device,
        arguments.engine,
        study_uid=study.study_uid,
        bundle_folder=None if arguments.bundle is None else str(arguments.bundle),
        precision=arguments.precision,
        use_cache=not arguments.no_cache,
        region=region,
        facts=None if arguments.facts is None else read_facts(arguments.facts),
    )


def output_folder(path: Path) -> Path:
    """The folder, made if need be, before the long work starts.

    Raises
    ------
    StorageError
        It cannot be made, or is no folder.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise StorageError(f"The folder {path} cannot be used", "it is a file", "Name a folder") from problem
    except OSError as problem:
        why = (problem.strerror or "the disk refuses").lower()
        raise StorageError(f"The folder {path} cannot be made", why, "Name another") from problem
    return path


def write_outcome(out: Path, outcome: Outcome, request: ReadRequest, with_nifti: bool) -> None:
    """The heatmap first, then the reading that names it; nothing of an earlier reading stays beside them."""
    for name in (READING_FILE, HEATMAP_FILE, HEATMAP_NIFTI):
        (out / name).unlink(missing_ok=True)
    if outcome.heatmap is not None:
        write_heatmap(out / HEATMAP_FILE, outcome.heatmap)
    write_json(out / READING_FILE, outcome.reading.to_json())
    grid = request.volumes[0][1].grid
    if outcome.heatmap is not None and with_nifti and grid is not None:
        write_heatmap_nifti(out / HEATMAP_NIFTI, outcome.heatmap, grid)


def print_reading(reading: Reading, bundle: Bundle) -> None:
    """A reading in words."""
    if reading.result in ("classes", "no-region"):
        print_classes(reading)
    else:
        _print_candidates(reading, bundle)
    for message in reading.messages:
        say(f"  {message.level}: {message.text}")
    seconds: Any = reading.times.get("total")
    say(f"Read in {seconds:.1f} s. {bundle.caution}")


def print_classes(reading: Reading) -> None:
    """What was called, the scores of all classes, how sure, and what each region said."""
    name = f"{reading.reader.id} {reading.reader.variant}"
    if reading.result == "no-region":
        say(f"{name}: no region was found, so that nothing could be called.")
        return
    classes = reading.classes or {}
    scores = ", ".join(f"{label} {score:.2f}" for label, score in classes.items())
    point = reading.operating_point
    cut = "" if point is None else f" at the {point.name} operating point of {point.threshold:.2f}"
    say(f"{name}: {reading.category}{cut} ({scores}).")
    if reading.confidence is not None:
        say(f"  confidence {reading.confidence.value:.4g}: {reading.confidence.words}")
    strongest = sorted(reading.marks, key=lambda mark: -(mark.score or 0.0))[:MOST_REGIONS]
    for mark in (mark for mark in reading.marks if mark in strongest):
        x, y, z = mark.centre_mm
        own = ", ".join(f"{label} {score:.2f}" for label, score in (mark.classes or {}).items())
        at = "" if mark.peak_slice is None else f" slice {mark.peak_slice + 1}"
        say(f"  {mark.id:<4}{at} {mark.category} ({own}), at x {x:.0f} y {y:.0f} z {z + 0.0:.0f} mm")
    if len(reading.marks) > MOST_REGIONS:
        say(f"  and {len(reading.marks) - MOST_REGIONS} more regions with lower scores")


def _print_candidates(reading: Reading, bundle: Bundle) -> None:
    point = bundle.operating["default"]
    shown = reading.marks_at(point.threshold)
    say(
        f"{reading.reader.id} {reading.reader.variant}: {len(shown)} of {len(reading.marks)} candidates reach the "
        f"default operating point of {point.threshold:.2f}; highest slice score {reading.rating:.2f}."
    )
    for mark in reading.marks[:10]:
        x, y, z = mark.centre_mm
        extent = "none" if mark.extent_mm is None else f"{mark.extent_mm:.0f} mm"
        first, last = mark.slices[0] + 1, mark.slices[-1] + 1
        say(
            f"  {mark.id:<4} score {mark.score:.2f}{' ' if mark in shown else '*'} slices {first}-{last}, peak "
            f"{(mark.peak_slice or 0) + 1}, at x {x:.0f} y {y:.0f} z {z + 0.0:.0f} mm, activation extent {extent}"
        )
    if len(reading.marks) > len(shown):
        say(
            "  * below the default operating point"
            + (f"; {len(reading.marks) - 10} more" if len(reading.marks) > 10 else "")
        )


def _assignment(text: str, found: Scan) -> tuple[str, Volume]:
    role, _, name = text.partition("=")
    volume = found.volume(name) if name else None
    if volume is None:
        ids = [v.id for v in found.volumes()]
        known = ", ".join(ids[:MOST_NAMED]) + (f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else "")
        raise InputError(
            f"--role {text} cannot be used",
            f"there is no volume {name!r} here (there are: {known})",
            "Write --role ROLE=VOLUME with an id that overread scan lists",
        )
    return role, volume
