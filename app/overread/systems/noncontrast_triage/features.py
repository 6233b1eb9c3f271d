"""What the last hidden layer makes of every square of a lesion, for pictures of what the network has learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import GateRefusal
from overread.core.progress import SILENT, Progress
from overread.engines.slices import run_or_fall_back
from overread.systems.bundle import Bundle
from overread.systems.noncontrast_triage.findings import probabilities
from overread.systems.noncontrast_triage.loading import check_bundle, load
from overread.systems.noncontrast_triage.prepare import Cut
from overread.systems.noncontrast_triage.regions import choose
from overread.systems.noncontrast_triage.system import check_places, cut_out, decoded, stack_of
from overread.systems.reading import admit
from overread.systems.request import ReadRequest


def features_of(
    request: ReadRequest, bundle: Bundle, progress: Progress = SILENT
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Class vectors (n, 3) and features (n, d) of the n squares that a reading of this request looks at.

    Raises
    ------
    GateRefusal
        The study is not let in, or the request has no region.
    OverreadError
        As a reading.
    """
    check_bundle(bundle)
    admit(request, bundle)
    volumes = dict(request.volumes)
    check_places(volumes)
    if request.region is None:
        raise GateRefusal("No features can be told", "nobody has said where the lesion is", "Give a region")
    series, _ = decoded(volumes, bundle, progress)
    cut = Cut.of(bundle.manifest)
    squares = cut_out(choose(request.region, series[0].grid, cut), series, stack_of(bundle), cut, progress)
    loaded = load(bundle, request.device, request.engine, request.precision)
    ran = run_or_fall_back(
        loaded.engine,
        loaded.device,
        loaded.on_the_cpu,
        range(len(squares.planes)),
        lambda n: squares.images[n],
        progress,
    )
    logits, features = (np.stack([outputs[at] for outputs in ran.outputs]) for at in (0, 2))
    return probabilities(logits), features.astype(np.float32)
