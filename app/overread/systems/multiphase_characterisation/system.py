"""The whole way of multiphase-characterisation: five series, regions, class scores of each, a call and its sureness."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import GateRefusal
from overread.core.geometry import Grid
from overread.core.heatmap import Heatmap
from overread.core.progress import PartProgress, Progress
from overread.core.reading import Input, Mark, Message, Reading
from overread.core.slices_to_patient import sum_rule
from overread.core.study import Pixels
from overread.engines.slices import Ran, run_or_fall_back
from overread.io import pixels_sha256, read_pixels
from overread.systems.bundle import Bundle
from overread.systems.cache import cache_key, find_or_make
from overread.systems.frame import heatmap_reference, reading_frame, run_on, timed
from overread.systems.multiphase_characterisation.certainty import confidence_of, variance_of
from overread.systems.multiphase_characterisation.detect import detect
from overread.systems.multiphase_characterisation.loading import Parts, load
from overread.systems.multiphase_characterisation.prepare import T2, Stack, series_of, stack_of
from overread.systems.multiphase_characterisation.regions import Square, cut, squares_in, squares_of
from overread.systems.multiphase_characterisation.sampling import dropout_samples, softmax
from overread.systems.multiphase_characterisation.voting import most_confident, votes_of
from overread.systems.reading import admit_pixels
from overread.systems.region_maps import PatchMap, laid_together
from overread.systems.registry import SYSTEMS
from overread.systems.request import Outcome, ReadRequest

TARGET = "hcc"
STAGE = "Classifying regions"


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """What the classifier says of regions: ``vectors`` (n, classes), Grad-CAM ``maps`` of each class, variance."""

    vectors: NDArray[np.float64]
    maps: NDArray[np.float32]
    variance: float


def read(request: ReadRequest, bundle: Bundle, progress: Progress) -> Outcome:
    """Read the five series of one study."""
    started = time.perf_counter()
    progress.step("Loading the system", 0, 1)
    looks_itself = request.region is None
    parts = load(bundle, request.device, request.engine, request.precision, None if looks_itself else ())
    ready = time.perf_counter()
    volumes = dict(request.volumes)
    pixels, inputs, admitted = {}, [], []
    for n, role in enumerate(bundle.roles):
        pixels[role] = read_pixels(volumes[role], PartProgress(progress, "Decoding", n, len(bundle.roles)))
        admitted += admit_pixels(pixels[role], bundle, role)
        inputs.append(Input(volumes[role].id, role, pixels_sha256(pixels[role]), volumes[role].shape))
    parameters = {**parts.rules.parameters(), "regions": "detectors" if looks_itself else "given"}
    decoded = time.perf_counter()
    engine = parts.classifier.engine
    frame = run_on(reading_frame(request, bundle), engine)

    def make() -> Outcome:
        return _outcome(request, bundle, parts, pixels, frame, inputs, parameters, admitted, progress)

    region = None if request.region is None else request.region.to_json()
    key = cache_key(request, bundle, engine, inputs, parameters, region)
    outcome = find_or_make(key, request, frame, make)
    return timed(outcome, parts.classifier.device, started, ready, decoded, time.perf_counter())


def classify(parts: Parts, images: Sequence[NDArray[np.float32]], progress: Progress) -> tuple[Classified, Ran]:
    """Class scores of regions (planes, rows, columns), by one pass of the network and many of dropout as a product."""
    loaded = parts.classifier
    progress.report(STAGE, 0, len(images))
    ran = run_or_fall_back(
        loaded.engine, loaded.device, loaded.on_the_cpu, range(len(images)), images.__getitem__, progress
    )
    return judged(parts, ran.outputs), ran


def judged(parts: Parts, outputs: Sequence[tuple[NDArray[np.float32], ...]]) -> Classified:
    """What the classifier's outputs (logits, class maps, features) mean."""
    logits, maps, features = (np.stack([each[n] for each in outputs]) for n in range(3))
    rules = parts.rules
    samples = dropout_samples(
        features.astype(np.float64), parts.weight, parts.bias, rules.rate, rules.samples, rules.seed
    )
    cells = maps.shape[2] * maps.shape[3]
    gradient_maps = (np.maximum(maps, 0) / cells).astype(np.float32)
    return Classified(softmax(logits.astype(np.float64)), gradient_maps, variance_of(samples, rules.aggregate))


def _outcome(
    request: ReadRequest,
    bundle: Bundle,
    parts: Parts,
    pixels: Mapping[str, Pixels],
    frame: Mapping[str, Any],
    inputs: Sequence[Input],
    parameters: Mapping[str, Any],
    admitted: Sequence[Message],
    progress: Progress,
) -> Outcome:
    """Everything between decoded pixels and a reading without times."""
    volumes = dict(request.volumes)
    grids = {role: _grid_of(volumes[role].grid) for role in bundle.roles}
    stack = stack_of({role: series_of(pixels[role], grids[role]) for role in bundle.roles}, parts.rules.size, progress)
    _check_cover(stack, bundle)
    squares, ran, told = _squares(request, parts, stack, pixels, progress)
    classified = None
    if squares:
        images = [cut(stack.planes[s.k], s, parts.rules.region_size, parts.rules.enlarged) for s in squares]
        classified, last = classify(parts, images, progress)
        ran = (*ran, last)
    answer = _answer(bundle, parts, stack, squares, classified, volumes[T2].id)
    heatmap = _heatmap(bundle, parts, stack, grids[T2], squares, classified, answer, volumes[T2].id)
    notes = _notes(parts, ran)
    reading = Reading(
        **run_on(frame, ran[-1].engine if ran else parts.classifier.engine),
        **answer,
        inputs=tuple(inputs),
        heatmap=None if heatmap is None else heatmap_reference(heatmap),
        parameters={**parameters, **told},
        region=None if request.region is None else request.region.to_json(),
        messages=(
            *(Message("warning", note) for note in notes),
            *admitted,
            *_own_messages(stack, pixels, request, squares),
        ),
    )
    device = ran[-1].device if ran else parts.classifier.device
    return Outcome(reading, heatmap, device.words, is_regular=not notes)


def _squares(
    request: ReadRequest, parts: Parts, stack: Stack, pixels: Mapping[str, Pixels], progress: Progress
) -> tuple[list[Square], tuple[Ran, ...], dict[str, Any]]:
    """What is to be classified: the given regions, else those that the detectors vote for and the rule keeps."""
    missing = set(pixels[T2].missing)
    if request.region is not None:
        there = squares_in(request.region, stack.grid)
        squares = [square for square in there if square.k not in missing]
        if not squares:
            why = "lies only on slices of t2 that could not be decoded" if there else "lies outside the slices of t2"
            raise GateRefusal(
                "multiphase-characterisation cannot start",
                f"the region that was given {why}",
                "Give one that was drawn on this study, or none to let the system look for itself",
            )
        return squares, (), {"slices_with_region": len({square.k for square in squares})}
    slices = [k for k in range(stack.grid.shape[0]) if k not in missing]
    detected = detect(parts, stack, slices, progress)
    kept = most_confident(detected.regions, parts.rules.share)
    votes = {f"R{n}": list(votes_of(detected.boxes[region.k], region)) for n, region in enumerate(kept, start=1)}
    told = {"regions_found": len(detected.regions), "regions_kept": len(kept), "votes": votes}
    return squares_of(kept), detected.ran, told


def _answer(
    bundle: Bundle,
    parts: Parts,
    stack: Stack,
    squares: Sequence[Square],
    classified: Classified | None,
    volume: str,
) -> dict[str, Any]:
    """Result, class scores, call, rating, confidence and marks of a reading."""
    names = class_names(bundle)
    call = None if classified is None else sum_rule(classified.vectors)
    if classified is None or call is None:
        return {"result": "no-region", "rating": None}
    scores = dict(zip(names, call.scores, strict=True))
    return {
        "result": "classes",
        "rating": scores[TARGET],
        "classes": scores,
        "category": names[call.call],
        "confidence": confidence_of(classified.variance, bundle.manifest.get("confidence", {}), bundle.trained_on),
        "marks": tuple(
            _mark(n, square, vector, names, stack, parts, volume)
            for n, (square, vector) in enumerate(zip(squares, classified.vectors, strict=True), start=1)
        ),
    }


def class_names(bundle: Bundle) -> tuple[str, ...]:
    """Classes in the order of the classifier's outputs."""
    return tuple(str(name) for name in bundle.manifest["network"].get("classes", SYSTEMS[bundle.system].classes))


def _mark(
    n: int,
    square: Square,
    vector: NDArray[np.float64],
    names: Sequence[str],
    stack: Stack,
    parts: Parts,
    volume: str,
) -> Mark:
    """``extent_mm`` is the edge of the square that was looked at, not the size of a lesion."""
    return Mark(
        f"R{n}",
        _centre_mm(square, stack.grid),
        square.score,
        square.edge * parts.rules.enlarged * stack.grid.affine.spacing_mm[1],
        volume,
        square.k,
        (square.k,),
        names[int(vector.argmax())],
        {name: float(value) for name, value in zip(names, vector, strict=True)},
    )


def _heatmap(
    bundle: Bundle,
    parts: Parts,
    stack: Stack,
    grid: Grid,
    squares: Sequence[Square],
    classified: Classified | None,
    answer: Mapping[str, Any],
    volume: str,
) -> Heatmap | None:
    """Grad-CAM of the class that was called, of all regions on one map of T2.

    Layers begin their strides at the first pixel, so that cells lie before the middle of their parts of the image: the
    manifest's offset.
    """
    if classified is None:
        return None
    place = class_names(bundle).index(answer["category"])
    down, across = bundle.manifest["placing"]["offset_px"]
    pixel_mm = stack.grid.affine.spacing_mm[1]
    pieces = []
    for square, maps in zip(squares, classified.maps, strict=True):
        side = square.edge * parts.rules.enlarged * pixel_mm
        step = side / parts.rules.region_size
        centre = _centre_mm(square, stack.grid)
        pieces.append(PatchMap(square.k, centre, side, maps[place], (down * step, across * step)))
    return laid_together(pieces, grid, volume, bundle.activation_scale)


def _centre_mm(square: Square, grid: Grid) -> tuple[float, float, float]:
    x, y, z = grid.affine.to_mm([(square.k, *square.centre)])[0].tolist()
    return x, y, z


def _check_cover(stack: Stack, bundle: Bundle) -> None:
    """Refuse series that lie elsewhere in the patient altogether."""
    beyond = [role for role, count in stack.uncovered.items() if count == stack.grid.shape[0]]
    if beyond:
        raise GateRefusal(
            f"{bundle.system} cannot start",
            f"{_listed(beyond)} {'lies' if len(beyond) == 1 else 'lie'} wholly outside the slices of t2",
            "Choose volumes of one part of the body, from one examination",
        )


def _own_messages(
    stack: Stack, pixels: Mapping[str, Pixels], request: ReadRequest, squares: Sequence[Square]
) -> list[Message]:
    messages = []
    count = stack.grid.shape[0]
    for beyond in sorted({number for number in stack.uncovered.values() if number}):
        roles = [role for role, number in stack.uncovered.items() if number == beyond]
        reach, them = ("does not reach", "it was") if len(roles) == 1 else ("do not reach", "they were")
        words = f"{_listed(roles)} {reach} {beyond} of the {count} slices of t2: {them} taken for dark there."
        messages.append(Message("warning", words))
    for role, decoded in pixels.items():
        if decoded.missing:
            words = f"{len(decoded.missing)} slices of {role} could not be decoded."
            messages.append(Message("warning", words))
    for role, volume in request.volumes:
        if role == "dwi" and volume.b_value is not None:
            messages.append(Message("info", f"Diffusion was read at b {volume.b_value:g} s/mm²."))
    if request.region is not None:
        lost = len(squares_in(request.region, stack.grid)) - len(squares)
        if lost:
            words = f"{lost} circles lie on slices of t2 that could not be decoded, and were left out."
            messages.append(Message("warning", words))
    if not squares:
        words = (
            "No detector found a region that reaches the cut: this is no answer, and does not mean that none is there."
        )
        messages.append(Message("info", words))
    return messages


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _notes(parts: Parts, ran: Sequence[Ran]) -> list[str]:
    """What did not run as planned, each sentence once."""
    loaded = [*parts.detectors.values(), parts.classifier]
    notes = [part.note for part in loaded] + [each.note for each in ran]
    return list(dict.fromkeys(note for note in notes if note is not None))


def _grid_of(grid: Grid | None) -> Grid:
    assert grid is not None, "the gate lets regular volumes in only"
    return grid
