"""The whole way of mvi-prediction: a circled tumour, its slices, clinical facts, a score a slice, a call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.facts import Facts
from overread.core.geometry import Grid
from overread.core.heatmap import Heatmap
from overread.core.progress import Progress
from overread.core.reading import Input, Mark, Message, OperatingPoint, Reading, SliceScore
from overread.core.slices_to_patient import any_slice_above
from overread.core.study import Pixels
from overread.engines.slices import Ran, run_or_fall_back
from overread.io import pixels_sha256, read_pixels
from overread.systems.bundle import Bundle
from overread.systems.cache import cache_key, find_or_make
from overread.systems.frame import heatmap_reference, reading_frame, run_on, timed
from overread.systems.mvi_prediction.loading import Parts, load
from overread.systems.mvi_prediction.maps import on_the_square
from overread.systems.mvi_prediction.prepare import Preparation
from overread.systems.mvi_prediction.regions import Circled, circled
from overread.systems.mvi_prediction.signs import tumour_liver_difference
from overread.systems.reading import admit_pixels
from overread.systems.region_maps import PatchMap, laid_together
from overread.systems.request import Outcome, ReadRequest

NEGATIVE, POSITIVE = "mvi-", "mvi+"
STRIDE_PX = 32
"""From one cell of ResNet-18's last convolution to the next."""
THIN_MM = 2.5
LEAST_DIAMETER_MM = 1.0
ANY_SLICE, WHOLE_PATIENT = "any-slice", "whole-patient"
"""How slices become a patient: the highest counts; or the machine sees the patient as one."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """The facts as they were used: the vector, what was given, measured and imputed, and the sentences about it."""

    vector: NDArray[np.float64]
    record: dict[str, Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """P(MVI) of the patient; of each slice where the network decides slice by slice; maps where there are some."""

    rating: float
    slices: tuple[float, ...] | None
    maps: tuple[NDArray[np.float32], ...] | None


def read(request: ReadRequest, bundle: Bundle, progress: Progress) -> Outcome:
    """Read one arterial-phase CT on which a tumour is circled."""
    role, volume = request.volumes[0]
    grid = volume.grid
    assert grid is not None, "the gate lets regular volumes in only"
    started = time.perf_counter()
    chosen = circled(request.region, grid)  # before anything is loaded: most mistakes end here
    progress.step("Loading the system", 0, 1)
    parts = load(bundle, request.device, request.engine, request.precision)
    ready = time.perf_counter()
    pixels = read_pixels(volume, progress)
    admitted = admit_pixels(pixels, bundle, role)
    if pixels.missing:
        chosen = circled(request.region, grid, pixels.missing)
    read_from = Input(volume.id, role, pixels_sha256(pixels), volume.shape)
    known = None if parts.scale is None else _known(request.facts or Facts(), chosen, parts)
    parameters = {
        "rule": ANY_SLICE if parts.machine is None else WHOLE_PATIENT,
        "threshold": bundle.operating["default"].threshold,
        "lesion": chosen.lesion.id,
        "diameter_mm": round(chosen.lesion.diameter_mm, 2),
        "slices": len(chosen.circles),
    }
    engine, decoded = parts.loaded.engine, time.perf_counter()
    frame = run_on(reading_frame(request, bundle), engine)

    def make() -> Outcome:
        return _outcome(request, bundle, parts, pixels, chosen, known, frame, read_from, parameters, admitted, progress)

    region = request.region.to_json() if request.region is not None else None
    facts = None if known is None else known.record
    key = cache_key(request, bundle, engine, [read_from], parameters, region, facts)
    outcome = find_or_make(key, request, frame, make)
    return timed(outcome, parts.loaded.device, started, ready, decoded, time.perf_counter())


def slice_scores(logits: NDArray[np.float64], parts: Parts, facts: NDArray[np.float64] | None) -> tuple[float, ...]:
    """P(MVI) of slices from the image's share of their logits (n, 2) and a patient's facts."""
    share = parts.branch.logits(facts) if parts.branch is not None and facts is not None else np.zeros(2)
    return tuple(probability(float(row[1] - row[0])) for row in logits + share)


def probability(logit: float) -> float:
    """Logistic function."""
    return float(np.exp(-np.logaddexp(0.0, -logit)))


def _known(facts: Facts, chosen: Circled, parts: Parts) -> Known:
    """Facts as the bundle takes them; a missing diameter is that of the circles, everything else the training mean."""
    assert parts.scale is not None
    given = {name: value for name, value in facts.to_json().items() if value is not None}
    measured: dict[str, Any] = {}
    if facts.diameter_mm is None and chosen.lesion.diameter_mm >= LEAST_DIAMETER_MM:
        measured["diameter_mm"] = round(chosen.lesion.diameter_mm, 1)
        facts = replace(facts, diameter_mm=measured["diameter_mm"])
    imputed = parts.scale.imputed(facts)
    notes = []
    if measured:
        notes.append(f"No diameter was given: {measured['diameter_mm']:g} mm was measured on the circles.")
    elif facts.diameter_mm is not None and not 2 / 3 <= chosen.lesion.diameter_mm / max(facts.diameter_mm, 0.1) <= 1.5:
        notes.append(
            f"A diameter of {facts.diameter_mm:g} mm was given and used; the circles measure "
            f"{chosen.lesion.diameter_mm:.0f} mm: check both."
        )
    if imputed:
        words = ", ".join(name.removesuffix("_ng_ml").removesuffix("_y").removesuffix("_mm") for name in imputed)
        notes.append(f"Not given, so that the training mean stands for it: {words.replace('_', '-')}.")
    record = {"given": given, "measured": measured, "imputed": imputed}
    return Known(parts.scale.vector(facts), record, tuple(notes))


def _outcome(
    request: ReadRequest,
    bundle: Bundle,
    parts: Parts,
    pixels: Pixels,
    chosen: Circled,
    known: Known | None,
    frame: Mapping[str, Any],
    read_from: Input,
    parameters: Mapping[str, Any],
    admitted: Sequence[Message],
    progress: Progress,
) -> Outcome:
    """Everything between decoded pixels and a reading without times."""
    volume = request.volumes[0][1]
    assert volume.grid is not None
    ran = _run(parts, pixels, volume.grid, chosen, progress)
    scored = _scored(parts, ran, known)
    heatmap = _heatmap(scored, chosen, volume.grid, volume.id, bundle, parts.preparation)
    difference = _difference(pixels, volume.grid, chosen)
    notes = [note for note in (parts.loaded.note, None if ran is None else ran.note) if note is not None]
    words = [*chosen.notes, *(() if known is None else known.notes), *_thin_words(parts, volume.grid, chosen)]
    threshold = float(parameters["threshold"])
    reading = Reading(
        **run_on(frame, parts.loaded.engine if ran is None else ran.engine),
        inputs=(read_from,),
        result="classes",
        rating=scored.rating,
        classes={NEGATIVE: 1 - scored.rating, POSITIVE: scored.rating},
        category=POSITIVE if scored.rating >= threshold else NEGATIVE,
        marks=_marks(scored, chosen, volume.id, threshold, parts.preparation),
        slices=()
        if scored.slices is None
        else tuple(
            SliceScore(volume.id, k, score) for (k, _), score in zip(chosen.circles, scored.slices, strict=True)
        ),
        operating_point=OperatingPoint("default", threshold),
        heatmap=None if heatmap is None else heatmap_reference(heatmap),
        parameters={
            **parameters,
            "positive_slices": _positive_slices(scored, threshold),
            "signs": {"tumour_liver_difference": difference},
        },
        region=None if request.region is None else request.region.to_json(),
        facts=None if known is None else known.record,
        messages=(
            *(Message("warning", note) for note in notes),
            *admitted,
            *(Message("warning", word) for word in words),
            *_sign_words(difference),
        ),
    )
    progress.report("Reading slices", 1, 1)
    return Outcome(
        reading, heatmap, parts.loaded.device.words if ran is None else ran.device.words, is_regular=not notes
    )


def _run(parts: Parts, pixels: Pixels, grid: Grid, chosen: Circled, progress: Progress) -> Ran | None:
    """The network's outputs for every circled slice; None in a bundle without one."""
    if not parts.sees:
        return None
    preparation = parts.preparation

    def image_of(n: int) -> NDArray[np.float32]:
        k, circle = chosen.circles[n]
        return preparation.image(preparation.grey(pixels.slice_values(k)), grid, circle)

    loaded = parts.loaded
    return run_or_fall_back(
        loaded.engine, loaded.device, loaded.on_the_cpu, range(len(chosen.circles)), image_of, progress
    )


def _scored(parts: Parts, ran: Ran | None, known: Known | None) -> Scored:
    facts = None if known is None else known.vector
    if parts.machine is not None:
        assert facts is not None
        inputs = [facts] if ran is None else [facts, np.mean([o[2] for o in ran.outputs], axis=0)]
        intercept, slope = parts.platt
        return Scored(probability(intercept + slope * parts.machine.decision(np.concatenate(inputs))), None, None)
    assert ran is not None
    logits = np.array([outputs[0] for outputs in ran.outputs], dtype=np.float64)
    scores = slice_scores(logits, parts, facts)
    cells = ran.outputs[0][1][0].size
    maps = tuple(np.maximum(outputs[1][1], 0) / np.float32(cells) for outputs in ran.outputs)
    return Scored(max(scores), scores, maps)


def _positive_slices(scored: Scored, threshold: float) -> int | None:
    if scored.slices is None:
        return None
    call = any_slice_above(scored.slices, threshold)
    return None if call is None else call.positive_slices


def _marks(
    scored: Scored, chosen: Circled, volume: str, threshold: float, preparation: Preparation
) -> tuple[Mark, ...]:
    """One mark for each circled slice; ``extent_mm`` is the edge of the square that was looked at, not a size."""
    marks = []
    scores = scored.slices or (scored.rating,) * len(chosen.circles)
    for n, ((k, circle), score) in enumerate(zip(chosen.circles, scores, strict=True), start=1):
        marks.append(
            Mark(
                f"R{n}",
                circle.centre_mm,
                score,
                preparation.side_mm(circle),
                volume,
                k,
                (k,),
                POSITIVE if score >= threshold else NEGATIVE,
                {NEGATIVE: 1 - score, POSITIVE: score},
            )
        )
    return tuple(marks)


def _heatmap(
    scored: Scored, chosen: Circled, grid: Grid, volume: str, bundle: Bundle, preparation: Preparation
) -> Heatmap | None:
    """Grad-CAM of MVI of every circled slice on one map of the volume.

    The strides of the network's layers begin at the first pixel, so that its cells lie half a step before the middle
    of their parts of the image: the manifest's offset.
    """
    if scored.maps is None:
        return None
    placing = bundle.manifest["placing"]
    down, across = placing["offset_px"]
    pieces = [
        PatchMap(
            k,
            circle.centre_mm,
            preparation.side_mm(circle),
            on_the_square(activation, preparation.size, STRIDE_PX, (float(down), float(across))),
        )
        for (k, circle), activation in zip(chosen.circles, scored.maps, strict=True)
    ]
    return laid_together(pieces, grid, volume, float(placing["activation_scale"]))


def _difference(pixels: Pixels, grid: Grid, chosen: Circled) -> dict[str, Any] | None:
    k, circle = chosen.largest
    found = tumour_liver_difference(pixels.slice_values(k), grid, k, circle, chosen.lesion.margin_mm)
    return None if found is None else found.to_json()


def _thin_words(parts: Parts, grid: Grid, chosen: Circled) -> list[str]:
    """What to know of the highest slice where there are more of them than in the volumes the threshold is from."""
    step_mm = grid.affine.spacing_mm[0]
    if parts.machine is not None or step_mm >= THIN_MM or len(chosen.circles) == 1:
        return []
    words = (
        f"The highest of {len(chosen.circles)} slices {step_mm:.1f} mm apart counts, which is more often high by "
        "chance than that of slices of 5 mm, on which the threshold was chosen."
    )
    return [words]


def _sign_words(difference: Mapping[str, Any] | None) -> list[Message]:
    if difference is None:
        return []
    words = (
        f"Measured on slice {difference['slice'] + 1}, no part of the score: tumour {difference['tumour_hu']:.0f} HU, "
        f"around it {difference['around_hu']:.0f} HU, difference {difference['difference_hu']:+.0f} HU."
    )
    return [Message("info", words)]
