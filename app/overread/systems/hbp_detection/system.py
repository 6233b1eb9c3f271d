"""The whole way of hbp-detection: pixels, slices, maps, candidates, a reading."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError, DeviceError, InputError
from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.progress import Progress
from overread.core.reading import (
    Confidence,
    HeatmapRef,
    Input,
    Message,
    OperatingPoint,
    Reading,
    SliceScore,
)
from overread.core.study import Pixels
from overread.engines.engine import Engine
from overread.io import pixels_sha256, read_pixels
from overread.io.heatmaps import HEATMAP_FILE
from overread.systems.bundle import Bundle
from overread.systems.gate import cautions
from overread.systems.hbp_detection.findings import LINK_MM, Peak, find_peaks, group_peaks, sigmoid, to_marks
from overread.systems.hbp_detection.prepare import Preparation, prepare
from overread.systems.reading import reading_frame
from overread.systems.request import Outcome, ReadRequest

CELL_PX = 16
MAP_CELLS = (20, 20)


def read(request: ReadRequest, bundle: Bundle, progress: Progress) -> Outcome:
    """Read one hepatobiliary-phase volume."""
    role, volume = request.volumes[0]
    grid = volume.grid
    assert grid is not None, "the gate lets regular volumes in only"
    started = time.perf_counter()
    progress.step("Loading the system", 0, 1)
    engine = build_engine(bundle, request.device, request.engine)
    loaded = time.perf_counter()
    pixels = read_pixels(volume, progress)
    decoded = time.perf_counter()
    preparation = prepare(grid, pixels)
    engine, scores, maps, messages = _read_slices(engine, bundle, request, preparation, pixels, progress)
    finished = time.perf_counter()
    progress.step("Grouping candidates", 0, 1)
    heatmap = placed_maps(maps, preparation.affine, volume.id, bundle.manifest["placing"])
    result = interpret(scores, heatmap, volume.id, bundle.manifest)
    messages += [Message("warning", text) for text in cautions(volume, bundle.manifest["gate"])]
    if volume.role.is_sure and volume.role.name != role:
        messages.append(Message("warning", f"Read as {role} on a person's word; its header says {volume.role.name}."))
    elif not volume.role.is_sure:
        messages.append(Message("info", f"The role {role} was given by a person."))
    if pixels.missing:
        messages.append(
            Message("warning", f"{len(pixels.missing)} slices could not be decoded: they were not read and score 0.")
        )
    if not result["marks"]:
        messages.append(Message("info", _words_for_none(bundle)))
    frame = reading_frame(request, bundle)
    frame["reader"] = replace(frame["reader"], engine=engine.name, precision=engine.precision, device=engine.device)
    reading = _reading(
        frame,
        result,
        volume.id,
        role,
        pixels,
        heatmap,
        bundle,
        messages,
        {
            "load": loaded - started,
            "decode": decoded - loaded,
            "slices": finished - decoded,
            "total": time.perf_counter() - started,
        },
    )
    progress.report("Grouping candidates", 1, 1)
    return Outcome(reading, heatmap)


def build_engine(bundle: Bundle, device: str, engine: str, weights: Path | None = None) -> Engine:
    """The engine with the bundle's network, or with other weights of the same network, ready to run.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, no such device, weights that do not fit the network.
    """
    from overread.engines.devices import choose_device

    chosen = choose_device(device)
    if engine not in ("auto", "torch"):
        raise InputError(
            f"The engine {engine!r} cannot run hbp-detection",
            "this version has the engine torch only",
            "Choose --engine auto or --engine torch",
        )
    bundle.check_weights()
    from overread.engines.torch_engine import TorchEngine
    from overread.systems.hbp_detection.network import Kim11, as_one_channel, load_weights

    table = bundle.manifest["network"]
    try:
        network = Kim11(
            table["layout"],
            table["pooling"],
            int(bundle.manifest["input"]["channels"]),
            int(table.get("width_divisor", 1)),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise BundleError(
            f"The bundle {bundle.folder.name} cannot run",
            f"its network is not one this version knows ({problem})",
            "Install the bundle again",
        ) from problem
    load_weights(network, weights or bundle.weights_path, bundle.folder.name)
    return TorchEngine(as_one_channel(network), chosen)


def map_affine(image_affine: Affine, offset_px: tuple[float, float] | list[float]) -> Affine:
    """Place of the map's cell centres: cell (r, c) looks at input pixel 16 r + 7.5 + offset."""
    inner = np.diag([CELL_PX, CELL_PX, 1.0, 1.0])
    centre = (CELL_PX - 1) / 2
    inner[0, 3], inner[1, 3] = centre + float(offset_px[1]), centre + float(offset_px[0])
    return image_affine.then(Affine(inner))


def placed_maps(
    maps: NDArray[np.float32], image_affine: Affine, volume_id: str, placing: Mapping[str, Any]
) -> Heatmap:
    """Maps (k, rows, columns) of a volume's prepared slices as a heatmap, placed by the manifest's ``[placing]``."""
    affine = map_affine(image_affine, placing["offset_px"])
    return Heatmap(maps.astype(np.float16), affine, volume_id, float(placing["activation_scale"]))


def activation_of(class_maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """M = CAM(HCC) - CAM(none) of maps (2, rows, columns): the part that does not cancel in the softmax."""
    return np.asarray(class_maps[1] - class_maps[0], dtype=np.float32)


def read_slice_image(engine: Engine, image: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
    """Score and activation map of one prepared image (320, 320)."""
    logits, class_maps = engine.run(image[None])
    return sigmoid(float(logits[1]) - float(logits[0])), activation_of(class_maps)


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


def _read_slices(
    engine: Engine, bundle: Bundle, request: ReadRequest, preparation: Preparation, pixels: Pixels, progress: Progress
) -> tuple[Engine, NDArray[np.float64], NDArray[np.float32], list[Message]]:
    """All slices on the engine; once more on the CPU when the chosen device gives up and the wish was ``auto``."""
    try:
        return engine, *_scores_and_maps(engine, preparation, pixels, progress), []
    except DeviceError as problem:
        if request.device != "auto" or engine.device == "cpu":
            raise
        fallback = build_engine(bundle, "cpu", request.engine)
        note = Message("warning", f"Read on the CPU: {problem.what.lower()}, {problem.why}.")
        return fallback, *_scores_and_maps(fallback, preparation, pixels, progress), [note]


def _scores_and_maps(
    engine: Engine, preparation: Preparation, pixels: Pixels, progress: Progress
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    count = pixels.stored.shape[0]
    scores, maps = np.zeros(count), np.zeros((count, *MAP_CELLS), dtype=np.float32)
    for k in range(count):
        progress.step("Reading slices", k, count)
        if k not in pixels.missing:
            scores[k], maps[k] = read_slice_image(engine, preparation.image(pixels.slice_values(k)))
    progress.report("Reading slices", count, count)
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


def _words_for_none(bundle: Bundle) -> str:
    floor = float(bundle.manifest["findings"]["floor"])
    missed = bundle.manifest["findings"].get("missed_at_floor")
    miss = "" if missed is None else f" It misses {float(missed):.0%} of the lesions of its validation set there."
    return f"hbp-detection marks nothing at or above its floor of {floor:.3g}.{miss}"


def _reading(
    frame: dict[str, Any],
    result: dict[str, Any],
    volume_id: str,
    role: str,
    pixels: Pixels,
    heatmap: Heatmap,
    bundle: Bundle,
    messages: list[Message],
    times: dict[str, float],
) -> Reading:
    default = bundle.operating["default"]
    rows, columns = pixels.stored.shape[1:]
    return Reading(
        **frame,
        **result,
        result="marks" if result["marks"] else "none",
        inputs=(Input(volume_id, role, pixels_sha256(pixels), (pixels.stored.shape[0], rows, columns)),),
        operating_point=OperatingPoint("default", default.threshold),
        heatmap=HeatmapRef(
            HEATMAP_FILE,
            volume_id,
            tuple(tuple(float(v) for v in row) for row in heatmap.affine.matrix),
            heatmap.sha256,
        ),
        parameters={"floor": float(bundle.manifest["findings"]["floor"]), "input_size": 320},
        messages=tuple(messages),
        times=times,
    )
