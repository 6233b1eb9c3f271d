"""Which lesion is read, and where that is known from: a given region, or the detectors of another system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from overread.core.errors import BundleError, GateRefusal
from overread.core.geometry import Grid
from overread.core.progress import Progress
from overread.core.region import LesionRegion, Region
from overread.core.study import Pixels
from overread.systems.installed import find_bundle
from overread.systems.noncontrast_triage.prepare import Cut, Plane, planes_of

SYSTEM = "noncontrast-triage"
DETECTING_SYSTEM = "multiphase-characterisation"
DETECTORS = "overread.systems.multiphase_characterisation.detect"
DETECTED_ON = ("t2", "dwi")
GIVEN, FOUND = "given", "detectors"
_NOT_READ = f"{SYSTEM} does not read this study"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The lesion that is read, its squares on T2, and what a reader of the result must know about the choice.

    ``circled``: how many of its circles lie on T2; squares are about 10 mm apart and may be fewer.
    """

    lesion: LesionRegion
    planes: tuple[Plane, ...]
    notes: tuple[str, ...]
    circled: int


def choose(region: Region, grid: Grid, cut: Cut) -> Chosen:
    """The first lesion of a region that lies on T2: the largest, or the surest of those that detectors found.

    Raises
    ------
    GateRefusal
        None of it does.
    """
    lesion = region.lesions[0]
    planes = planes_of(lesion, grid, cut)
    if not planes:
        raise GateRefusal(
            _NOT_READ, "the region lies outside its T2 series", "Give a region that was drawn on this very study"
        )
    notes = []
    if len(region.lesions) > 1:
        count = len(region.lesions)
        first = "surest" if lesion.source == "detector" else "largest"
        notes.append(f"The region holds {count} lesions; the {first}, {lesion.id}, was read and the others were not.")
    outside = sum(not grid.contains(circle.centre_mm) for circle in lesion.circles)
    if outside:
        notes.append(f"{outside} of {len(lesion.circles)} circles lie outside the T2 series and were left out.")
    return Chosen(lesion, planes, tuple(notes), len(lesion.circles) - outside)


@dataclass(frozen=True, slots=True)
class Detected:
    """Where detectors saw lesions, None for nowhere; a sentence about it, and the digest of the bundle that looked."""

    region: Region | None
    words: str
    bundle: str


def detected(series: Mapping[str, tuple[Pixels, Grid]], device: str, engine: str, progress: Progress) -> Detected:
    """Let the T2 and DWI detectors of the other system look for lesions.

    Parameters
    ----------
    series
        Decoded pixels and grid by role.
    device, engine
        As in the request.

    Raises
    ------
    GateRefusal
        No bundle of that system is installed: somebody has to say where the lesion is.
    """
    wanted = tuple(role for role in DETECTED_ON if role in series)
    try:
        if find_spec(DETECTORS) is None:
            raise BundleError(DETECTING_SYSTEM, "this version has no detectors", "Give a region")
        bundle = find_bundle(DETECTING_SYSTEM, None)
    except BundleError as problem:
        raise GateRefusal(
            _NOT_READ,
            f"nobody has said where the lesion is, and no bundle of {DETECTING_SYSTEM} is installed that could find it",
            "Circle the lesion on T2 in the window, or give the region with --region FILE",
        ) from problem
    find = import_module(DETECTORS).find_regions
    region: Region | None = find(bundle, series, wanted, progress, device, engine)
    by = f"the {' and '.join(role.upper() for role in wanted)} detectors of {DETECTING_SYSTEM}"
    if region is None:
        words = f"No region was given, and {by} found none: this is no answer about a lesion."
    else:
        words = f"No region was given: where to look was found by {by}, not by a person."
    return Detected(region, words, bundle.digest)
