"""The whole way of noncontrast-triage: series, a region, squares about every 10 mm, classes, a reading."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import GateRefusal
from overread.core.geometry import Grid
from overread.core.progress import PartProgress, Progress
from overread.core.reading import Input, Message, Reading
from overread.core.region import Region
from overread.core.study import Pixels, Volume
from overread.engines.slices import run_or_fall_back
from overread.io import pixels_sha256, read_pixels
from overread.systems.bundle import Bundle
from overread.systems.cache import cache_key, find_or_make
from overread.systems.frame import heatmap_reference, reading_frame, run_on, timed
from overread.systems.intensities import body_range
from overread.systems.noncontrast_triage.findings import call_of, grad_cam, map_of, marks_of, probabilities
from overread.systems.noncontrast_triage.loading import check_bundle, load
from overread.systems.noncontrast_triage.prepare import Cut, Plane, Source, crop, sampling_of, slices_needed
from overread.systems.noncontrast_triage.regions import FOUND, GIVEN, Chosen, choose, detected
from overread.systems.noncontrast_triage.variants import CLASSES
from overread.systems.reading import admit_pixels
from overread.systems.ready import Loaded
from overread.systems.request import Outcome, ReadRequest

T2 = "t2"
LEAST_INSIDE = 0.5
"""A square is read where at least this share of it lies inside every series [A]."""
_NOT_READ = "noncontrast-triage does not read this study"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A volume of the request with its decoded pixels."""

    role: str
    volume: Volume
    grid: Grid
    pixels: Pixels

    def source(self) -> Source:
        low, high = body_range(self.pixels)
        return Source(self.grid, self.pixels.slice_values, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """What the network is given: squares of T2 and their images (planes, size, size), and sentences about the rest."""

    planes: tuple[Plane, ...]
    images: tuple[NDArray[np.float32], ...]
    notes: tuple[str, ...]


def read(request: ReadRequest, bundle: Bundle, progress: Progress) -> Outcome:
    """Read one liver lesion on MR."""
    volumes = dict(request.volumes)
    check_bundle(bundle)
    check_places(volumes)
    cut, started = Cut.of(bundle.manifest), time.perf_counter()
    if request.region is not None:  # before anything is loaded: most mistakes end here
        choose(request.region, _grid(volumes[T2]), cut)
    progress.step("Loading the system", 0, 1)
    loaded = load(bundle, request.device, request.engine, request.precision)
    ready = time.perf_counter()
    series, admitted = decoded(volumes, bundle, progress)
    inputs = [Input(s.volume.id, s.role, pixels_sha256(s.pixels), s.volume.shape) for s in series]
    region, parameters, said = request.region, {"rule": "sum", "region_from": GIVEN}, admitted
    if region is None:
        found = detected({s.role: (s.pixels, s.grid) for s in series}, request.device, request.engine, progress)
        region, said = found.region, [*admitted, Message("warning", found.words)]
        parameters |= {"region_from": FOUND, "detecting_bundle": found.bundle}
    engine, known = loaded.engine, time.perf_counter()
    frame = run_on(reading_frame(request, bundle), engine)

    def make() -> Outcome:
        if region is None:
            return _no_region(frame, inputs, parameters, said, loaded)
        return _outcome(bundle, loaded, series, region, cut, frame, inputs, parameters, said, progress)

    key = cache_key(request, bundle, engine, inputs, parameters, None if region is None else region.to_json())
    outcome = find_or_make(key, request, frame, make)
    return timed(outcome, loaded.device, started, ready, known, time.perf_counter())


def check_places(volumes: Mapping[str, Volume]) -> None:
    """Refuse series whose headers say that they are not of one patient space.

    Raises
    ------
    GateRefusal
        The region could not be carried over by origin and spacing.
    """
    places = {v.frame_of_reference for v in volumes.values() if v.frame_of_reference is not None}
    if len(places) > 1:
        other = [r for r, v in volumes.items() if v.frame_of_reference != volumes[T2].frame_of_reference]
        raise GateRefusal(
            _NOT_READ,
            f"{', '.join(other)} and T2 have different frames of reference, so that a region cannot be carried over",
            "Choose series of one examination, taken without moving the patient off the table",
        )


def decoded(volumes: Mapping[str, Volume], bundle: Bundle, progress: Progress) -> tuple[list[Series], list[Message]]:
    """All series in the order of the bundle's roles; the gate's warnings, each naming its series."""
    series, messages = [], []
    for n, role in enumerate(bundle.roles):
        volume = volumes[role]
        pixels = read_pixels(volume, PartProgress(progress, "Decoding", n, len(bundle.roles)))
        messages += admit_pixels(pixels, bundle, role)
        series.append(Series(role, volume, _grid(volume), pixels))
    return series, messages


def stack_of(bundle: Bundle) -> tuple[str, ...]:
    """The series that are the network's planes, in their order, one of them perhaps twice."""
    return tuple(bundle.manifest["input"].get("stack", bundle.roles))


def cut_out(chosen: Chosen, series: Sequence[Series], stack: Sequence[str], cut: Cut, progress: Progress) -> Squares:
    """The images of every square that lies well inside all series, and sentences about those that do not.

    Raises
    ------
    GateRefusal
        None does.
    """
    reference = series[0].grid
    sources = {s.role: s.source() for s in series}
    planes, images, outside = [], [], dict.fromkeys(sources, 0)
    for n, plane in enumerate(chosen.planes):
        progress.step("Cutting out the lesion", n, len(chosen.planes))
        where, count = sampling_of(reference, plane, cut)
        made = {role: crop(source, where, count, cut) for role, source in sources.items()}
        lost = {s.role for s in series if set(slices_needed(s.grid, where, count)) & set(s.pixels.missing)}
        bad = [role for role, (_, inside) in made.items() if role in lost or (role != T2 and inside < LEAST_INSIDE)]
        for role in bad:
            outside[role] += 1
        if not bad:
            planes.append(plane)
            images.append(np.stack([made[role][0] for role in stack]))
    left_out = [role for role, number in outside.items() if number]
    if not planes:
        raise GateRefusal(
            _NOT_READ,
            f"the region lies outside {', '.join(left_out)}, or on slices that could not be decoded",
            "Choose series that show the whole liver",
        )
    total = len(chosen.planes)
    notes = tuple(
        f"{outside[role]} of {total} slices of the region lie outside {role}, or could not be decoded: left out."
        for role in left_out
    )
    return Squares(tuple(planes), tuple(images), notes)


def _outcome(
    bundle: Bundle,
    loaded: Loaded,
    series: Sequence[Series],
    region: Region,
    cut: Cut,
    frame: Mapping[str, Any],
    inputs: Sequence[Input],
    parameters: Mapping[str, Any],
    said: Sequence[Message],
    progress: Progress,
) -> Outcome:
    """Everything between decoded pixels and a reading without times."""
    reference = series[0]
    chosen = choose(region, reference.grid, cut)
    squares = cut_out(chosen, series, stack_of(bundle), cut, progress)
    count = len(squares.planes)
    ran = run_or_fall_back(
        loaded.engine, loaded.device, loaded.on_the_cpu, range(count), lambda n: squares.images[n], progress, count
    )
    vectors = probabilities(np.stack([outputs[0] for outputs in ran.outputs]))
    call = call_of(vectors)
    maps = [grad_cam(outputs[1], CLASSES.index(call.category)) for outputs in ran.outputs]
    heatmap = map_of(squares.planes, maps, reference.grid, reference.volume.id, cut.size, bundle.activation_scale)
    notes = [note for note in (loaded.note, ran.note) if note is not None]
    reading = Reading(
        **run_on(frame, ran.engine),
        inputs=tuple(inputs),
        result="classes",
        rating=call.rating,
        classes=call.classes,
        category=call.category,
        marks=marks_of(squares.planes, vectors, reference.volume.id),
        heatmap=heatmap_reference(heatmap),
        parameters={
            **parameters,
            "any_slice": call.any_slice,
            "malignant_slices": call.malignant_slices,
            "slices": count,
            "lesion": chosen.lesion.id,
            "diameter_mm": round(chosen.lesion.diameter_mm, 2),
        },
        region=region.to_json(),
        messages=(
            *(Message("warning", note) for note in notes),
            *said,
            *(Message("warning", note) for note in (*chosen.notes, *squares.notes)),
            *_thinned(chosen),
            *_rules_part(call.category, call.any_slice),
        ),
    )
    progress.report("Reading slices", count, count)
    return Outcome(reading, heatmap, ran.device.words, is_regular=not notes)


def _thinned(chosen: Chosen) -> list[Message]:
    """How many of the circled slices were looked at, where it is not all."""
    count = len(chosen.planes)
    words = f"{count} of {chosen.circled} circled slices were chosen to be read, about every 10 mm."
    return [Message("info", words)] if count < chosen.circled else []


def _rules_part(category: str, any_slice: str) -> list[Message]:
    """Where the two rules part, that is said."""
    if category == "benign" and any_slice == "malignant":
        return [
            Message("info", "The rules part: benign by the sum over slices, malignant by at least one slice alone.")
        ]
    return []


def _no_region(
    frame: Mapping[str, Any],
    inputs: Sequence[Input],
    parameters: Mapping[str, Any],
    said: Sequence[Message],
    loaded: Loaded,
) -> Outcome:
    """No region is an answer of its own: never benign."""
    reading = Reading(
        **frame,
        inputs=tuple(inputs),
        result="no-region",
        rating=None,
        parameters=dict(parameters),
        messages=tuple(said),
    )
    return Outcome(reading, None, loaded.device.words)


def _grid(volume: Volume) -> Grid:
    grid = volume.grid
    assert grid is not None, "the gate lets regular volumes in only"
    return grid
