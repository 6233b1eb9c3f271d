"""``overread scan PATH...``: what is there, what was set aside and why."""

from __future__ import annotations

import argparse

from overread.cli.output import TerminalProgress, print_json, say, table
from overread.core.study import Scan, Volume
from overread.io import scan, scan_to_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folders or files")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(arguments: argparse.Namespace) -> int:
    progress = TerminalProgress()
    found = scan(arguments.paths, progress)
    progress.close()
    if arguments.json:
        print_json(scan_to_json(found))
    else:
        _print(found)
    return 0


def _print(found: Scan) -> None:
    for study in found.studies:
        say(" ".join(part for part in ("Study", study.date, study.description) if part))
        rows = [_row(volume) for volume in study.volumes()]
        if rows:
            say(
                table(("volume", "mod", "role", "slices", "rows x columns", "spacing mm", "plane", "description"), rows)
            )
        for volume in study.volumes():
            for warning in volume.warnings:
                say(f"  ! {volume.id}: {warning.text}")
        objects = [o for s in study.series for o in s.objects]
        if objects:
            say(f"  and {len(objects)} other objects ({', '.join(sorted({o.kind for o in objects}))})")
        say()
    counts = found.files
    volumes = sum(1 for _ in found.volumes())
    say(
        f"{counts.found} files: {counts.image} image, {counts.other_dicom} other DICOM, {counts.volume_file} volume "
        f"files, {counts.not_dicom} not DICOM, {counts.unreadable} unreadable, {counts.duplicate} duplicates; "
        f"{volumes} volumes."
    )
    for item in found.set_aside:
        frames = "" if item.frames is None else f" ({item.frames} frames)"
        say(f"  set aside: {item.path}{frames}: {item.reason}")


def _row(volume: Volume) -> tuple[object, ...]:
    spacing = volume.spacing_mm
    return (
        volume.id,
        volume.modality or "-",
        volume.role.label,
        volume.shape[0],
        f"{volume.shape[1]} x {volume.shape[2]}",
        " x ".join(f"{s:.3g}" for s in spacing) if spacing else "-",
        volume.orientation,
        ", ".join(filter(None, (volume.description, *volume.told_apart))) or "-",
    )
