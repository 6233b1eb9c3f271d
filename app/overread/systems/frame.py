"""The parts of a reading that every system makes alike: who read when, where its heatmap lies, how long it took."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from overread.core.heatmap import Heatmap
from overread.core.reading import HeatmapRef, Reader
from overread.engines.devices import Device
from overread.engines.engine import Engine
from overread.io.heatmaps import HEATMAP_FILE
from overread.systems.bundle import Bundle
from overread.systems.request import Outcome, ReadRequest


def reading_frame(request: ReadRequest, bundle: Bundle) -> dict[str, Any]:
    """The parts of a reading that do not depend on what is found."""
    case_id = request.case_id or "-".join(["case", *(volume.id[:8] for _, volume in request.volumes[:1])])
    return {
        "id": str(uuid.uuid4()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": {"id": case_id, "study_uid": request.study_uid, "condition": None},
        "reader": Reader("system", bundle.system, bundle.variant, bundle.digest),
        "scale": {"low": 0.0, "high": 1.0, "words": []},
    }


def run_on(frame: Mapping[str, Any], engine: Engine) -> dict[str, Any]:
    """The frame with the engine that the reader runs on."""
    reader = replace(frame["reader"], engine=engine.name, precision=engine.precision, device=engine.device)
    return {**frame, "reader": reader}


def heatmap_reference(heatmap: Heatmap) -> HeatmapRef:
    """What a reading says of its heatmap: the file beside it, its volume, its place and its digest."""
    affine = tuple(tuple(float(v) for v in row) for row in heatmap.affine.matrix)
    return HeatmapRef(HEATMAP_FILE, heatmap.volume, affine, heatmap.sha256)


def timed(outcome: Outcome, device: Device, started: float, loaded: float, decoded: float, finished: float) -> Outcome:
    """The outcome with its seconds, and with the line about the device that was planned where it has none of its own.

    Parameters
    ----------
    started, loaded, decoded, finished
        Readings of one clock, s.
    """
    times = {
        "load": loaded - started,
        "decode": decoded - loaded,
        "slices": finished - decoded,
        "total": finished - started,
    }
    reading = replace(outcome.reading, times=times)
    return replace(outcome, reading=reading, device_words=outcome.device_words or device.words)
