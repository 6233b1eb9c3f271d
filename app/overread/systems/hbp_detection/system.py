"""The whole way of hbp-detection: pixels, slices, maps, candidates, a reading."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.progress import Progress
from overread.core.reading import (
    Confidence,
    Input,
    Message,
    OperatingPoint,
    Reading,
    SliceScore,
)
from overread.core.study import Pixels
from overread.engines.engine import Engine
from overread.engines.slices import Ran, run_or_fall_back
from overread.io import pixels_sha256, read_pixels
from overread.systems.bundle import Bundle
from overread.systems.cache import cache_key, find_or_make
from overread.systems.frame import heatmap_reference, reading_frame, run_on, timed
from overread.systems.hbp_detection.findings import LINK_MM, Peak, find_peaks, group_peaks, sigmoid, to_marks
from overread.systems.hbp_detection.loading import Loaded, build_engine, load, score_of
from overread.systems.hbp_detection.prepare import SIZE, prepare
from overread.systems.reading import admit_pixels
from overread.systems.request import Outcome, ReadRequest

__all__ = ["CELL_PX", "MAP_CELLS", "build_engine", "interpret", "map_affine", "placed_maps", "read", "read_slice_image"]

CELL_PX = 16
MAP_CELLS = (20, 20)


def read(request: ReadRequest, bundle: Bundle, progress: Progress) -> Outcome:
    """Read one hepatobiliary-phase volume."""
    role, volume = request.volumes[0]
    started = time.perf_counter()
    progress.step("Loading the system", 0, 1)
    loaded = load(bundle, request.device, request.engine, request.precision)
    engine, ready = loaded.engine, time.perf_counter()
    pixels = read_pixels(volume, progress)
    admitted = admit_pixels(pixels, bundle, role)
    read_from = Input(volume.id, role, pixels_sha256(pixels), volume.shape)
    parameters = {"floor": float(bundle.manifest["findings"]["floor"]), "input_size": SIZE}
    decoded = time.perf_counter()
    frame = run_on(reading_frame(request, bundle), engine)

    def make() -> Outcome:
        return _outcome(request, bundle, loaded, pixels, frame, read_from, parameters, admitted, progress)

    key = cache_key(request, bundle, engine, [read_from], parameters)
    outcome = find_or_make(key, request, frame, make)
    return timed(outcome, loaded.device, started, ready, decoded, time.perf_counter())


def _outcome(
    request: ReadRequest,
    bundle: Bundle,
    loaded: Loaded,
    pixels: Pixels,
    frame: Mapping[str, Any],
    read_from: Input,
    parameters: Mapping[str, Any],
    admitted: Sequence[Message],
    progress: Progress,
) -> Outcome:
    """Everything between decoded pixels and a reading without times."""
    volume = request.volumes[0][1]
    grid = volume.grid
    assert grid is not None, "the gate lets regular volumes in only"
    preparation = prepare(grid, pixels)
    count = pixels.stored.shape[0]
    slices = [k for k in range(count) if k not in pixels.missing]
    ran = run_or_fall_back(
        loaded.engine,
        loaded.device,
        loaded.on_the_cpu,
        slices,
        lambda k: preparation.image(pixels.slice_values(k))[None],
        progress,
        count,
    )
    progress.step("Grouping candidates", 0, 1)
    scores, maps = _scores_and_maps(ran, slices, count)
    heatmap = placed_maps(maps, preparation.affine, volume.id, bundle.manifest["placing"])
    result = interpret(scores, heatmap, volume.id, bundle.manifest)
    notes = [note for note in (loaded.note, ran.note) if note is not None]
    reading = Reading(
        **run_on(frame, ran.engine),
        **result,
        result="marks" if result["marks"] else "none",
        inputs=(read_from,),
        operating_point=OperatingPoint("default", bundle.operating["default"].threshold),
        heatmap=heatmap_reference(heatmap),
        parameters=parameters,
        messages=(
            *(Message("warning", note) for note in notes),
            *admitted,
            *_own_messages(pixels, bundle, bool(result["marks"])),
        ),
    )
    progress.report("Grouping candidates", 1, 1)
    return Outcome(reading, heatmap, ran.device.words, is_regular=not notes)


def map_affine(
    image_affine: Affine, offset_px: tuple[float, float] | list[float], cells: tuple[int, int] = MAP_CELLS
) -> Affine:
    """Place of the map's cell centres: cell (r, c) of 20 x 20 looks at input pixel 16 r + 7.5 + offset."""
    down, across = SIZE / cells[0], SIZE / cells[1]
    inner = np.diag([across, down, 1.0, 1.0])
    inner[0, 3] = (across - 1) / 2 + float(offset_px[1])
    inner[1, 3] = (down - 1) / 2 + float(offset_px[0])
    return image_affine.then(Affine(inner))


def placed_maps(maps: NDArray[np.float32], image_affine: Affine, volume_id: str, placing: Mapping[str, Any]) -> Heatmap:
    """Maps (k, rows, columns) of a volume's prepared slices as a heatmap, placed by the manifest's ``[placing]``."""
    rows, columns = maps.shape[1:]
    affine = map_affine(image_affine, placing["offset_px"], (rows, columns))
    return Heatmap(maps.astype(np.float16), affine, volume_id, float(placing["activation_scale"]))


def activation_of(class_maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """M = CAM(HCC) - CAM(none) of maps (2, rows, columns): the part that does not cancel in the softmax."""
    return np.asarray(class_maps[1] - class_maps[0], dtype=np.float32)


def read_slice_image(engine: Engine, image: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
    """Score and activation map of one prepared image (320, 320)."""
    outputs = engine.run(image[None])
    return score_of(outputs), activation_of(outputs[1])


def interpret(
    scores: NDArray[np.float64], heatmap: Heatmap, volume_id: str, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Candidates, rating and confidence from slice scores (k,) and maps.

    ``placing`` decides where cells lie, ``findings`` the floor, ``calibration`` the confidence.
    """
    floor, most = float(manifest["findings"]["floor"]), int(manifest["findings"]["most"])
    cell_mm = max(heatmap.affine.spacing_mm[1:])
    peaks: list[list[Peak]] = [
        find_peaks(k, float(score), heatmap.values[k].astype(np.float32), heatmap.affine) if score >= floor else []
        for k, score in enumerate(scores)
    ]
    runs = group_peaks(peaks, floor, max(LINK_MM, cell_mm))
    return {
        "marks": to_marks(runs, volume_id, most),
        "slices": tuple(SliceScore(volume_id, k, float(s)) for k, s in enumerate(scores)),
        "rating": float(scores.max()),
        "confidence": _confidence(float(scores.max()), manifest.get("calibration")),
    }


def _scores_and_maps(ran: Ran, slices: Sequence[int], count: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Scores (k,) and activation maps (k, rows, columns) of all slices; those that were not read are 0."""
    cells = ran.outputs[0][1].shape[1:] if ran.outputs else MAP_CELLS
    scores, maps = np.zeros(count), np.zeros((count, *cells), dtype=np.float32)
    for k, outputs in zip(slices, ran.outputs, strict=True):
        scores[k], maps[k] = score_of(outputs), activation_of(outputs[1])
    return scores, maps


def _confidence(rating: float, calibration: Mapping[str, Any] | None) -> Confidence | None:
    """max(q, 1 - q) with q the rating after logistic recalibration; None without a ``[calibration]`` table."""
    if calibration is None:
        return None
    clipped = min(max(rating, 1e-9), 1 - 1e-9)
    logit = float(np.log(clipped / (1 - clipped)))
    q = sigmoid(float(calibration["intercept"]) + float(calibration["slope"]) * logit)
    return Confidence(
        max(q, 1 - q),
        f"{max(q, 1 - q):.0%} sure of its call on the phantoms it was calibrated on",
        "logistic recalibration of the case rating on validation phantoms",
    )


def _own_messages(pixels: Pixels, bundle: Bundle, has_marks: bool) -> list[Message]:
    messages = []
    if pixels.missing:
        words = f"{len(pixels.missing)} slices could not be decoded: they were not read and score 0."
        messages.append(Message("warning", words))
    if not has_marks:
        messages.append(Message("info", _words_for_none(bundle)))
    return messages


def _words_for_none(bundle: Bundle) -> str:
    floor = float(bundle.manifest["findings"]["floor"])
    missed = bundle.manifest["findings"].get("missed_at_floor")
    miss = "" if missed is None else f" It misses {float(missed):.0%} of the lesions of its validation set there."
    return f"hbp-detection marks nothing at or above its floor of {floor:.3g}.{miss}"
