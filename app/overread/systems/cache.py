"""Readings that were made before: found again by what went into them (CONTRACT section 4), told as such.

Kept without case, study or date: an entry belongs to pixels, not to a patient. The pixels of a request are decoded
before the cache is asked, so an entry is never taken for images that merely lie in the same place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from overread import __version__
from overread.core.errors import InputError, StorageError
from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.reading import Input, Reading, canonical_json
from overread.engines.blobs import BlobCache
from overread.engines.engine import Engine
from overread.io.places import user_places
from overread.io.readings import reading_from_json
from overread.systems.bundle import Bundle
from overread.systems.request import Outcome, ReadRequest

LIMIT_BYTES = 512_000_000
FROM_CACHE = "From the cache: the same pixels were read before with the same bundle, engine and precision."
_SCHEMA = "overread.cached-reading/1"
_NO_CASE: dict[str, Any] = {"id": "cached", "study_uid": None, "condition": None}


def cached_readings() -> BlobCache:
    """Where they lie on this machine."""
    return BlobCache(user_places().cache / "readings", LIMIT_BYTES)


def cache_key(
    request: ReadRequest,
    bundle: Bundle,
    engine: Engine,
    inputs: Sequence[Input],
    parameters: Mapping[str, Any],
    region: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """What a system's answer depends on, as text: the contract's key, and where its volumes lie in the patient.

    The place is in it because marks are in mm, the b-values because a person may state one that no header does and the
    reading repeats it, and the program's version because its rules may change with it.
    """
    grids = [volume.affine for _, volume in request.volumes]
    return canonical_json(
        {
            "schema": _SCHEMA,
            "program": __version__,
            "system": request.system,
            "bundle": bundle.digest,
            "engine": engine.name,
            "precision": engine.precision,
            "device": engine.device,
            "inputs": [[i.role, i.volume, i.pixels_sha256, list(i.shape)] for i in inputs],
            "b_values": [volume.b_value for _, volume in request.volumes],
            "places": [None if grid is None else grid.matrix.tolist() for grid in grids],
            "parameters": dict(parameters),
            "region": region,
            "facts": facts,
        }
    )


def find_or_make(key: str, request: ReadRequest, frame: Mapping[str, Any], make: Callable[[], Outcome]) -> Outcome:
    """The outcome under a key, else a new one, which is kept.

    Parameters
    ----------
    frame
        Id, date, case and reader of this reading: what a found one gets in place of its own.
    make
        Reads. What ran elsewhere than planned (``Outcome.is_regular`` False) is not kept.
    """
    if not request.use_cache:
        return make()
    cache = cached_readings()
    found = cache.get(key)
    outcome = None if found is None else _unpacked(found, frame)
    if outcome is not None:
        return outcome
    outcome = make()
    if not outcome.is_regular:
        return outcome
    try:
        cache.put(key, _packed(outcome))
    except StorageError as problem:  # the reading is there all the same
        return replace(outcome, notes=(*outcome.notes, f"Not kept in the cache: {problem.why}."))
    return outcome


def _packed(outcome: Outcome) -> bytes:
    """A head of JSON on one line, then the heatmap's float16 values."""
    heatmap = outcome.heatmap
    reading = replace(outcome.reading, id="cached", created="", case=_NO_CASE, times={})
    head: dict[str, Any] = {"schema": _SCHEMA, "reading": reading.to_json(), "heatmap": None}
    values = b""
    if heatmap is not None:
        values = np.ascontiguousarray(heatmap.values, dtype="<f2").tobytes()
        head["heatmap"] = {
            "shape": heatmap.values.shape,
            "affine": heatmap.affine.matrix.tolist(),
            "volume": heatmap.volume,
            "scale": heatmap.scale,
        }
    return json.dumps(head, allow_nan=False).encode("utf-8") + b"\n" + values


def _unpacked(content: bytes, frame: Mapping[str, Any]) -> Outcome | None:
    """The outcome with another id, date and case; None where another version wrote something else."""
    head, _, values = content.partition(b"\n")
    try:
        document = json.loads(head)
        reading: Reading = reading_from_json(document["reading"])
        heatmap = None if document["heatmap"] is None else _heatmap(document["heatmap"], values)
    except (ValueError, KeyError, TypeError, InputError):
        return None
    return Outcome(replace(reading, **frame), heatmap, notes=(FROM_CACHE,), is_from_cache=True)


def _heatmap(document: Mapping[str, Any], values: bytes) -> Heatmap:
    cells = np.frombuffer(values, dtype="<f2").reshape(document["shape"]).astype(np.float16)
    return Heatmap(cells, Affine(np.array(document["affine"])), document["volume"], document["scale"])
