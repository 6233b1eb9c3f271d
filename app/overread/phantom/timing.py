"""When an image was taken after the injection, and what that means for every tissue (PHANTOM 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.noise import clipped_normal, pick, stream
from overread.phantom.tissues import Five

ANCHOR_S = (19.0, 27.0, 62.0, 185.0, 1200.0)
"""Seconds after the injection for which enhancement is tabulated."""
EARLY, IDEAL, LATE = 0.10, 0.72, 0.18
"""Shares of arterial phases taken too early, well, too late."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A moment of the contrast passage.

    ``weights`` blend the enhancement at the anchors; all zero before the injection. ``late`` is the delay of a
    hepatobiliary phase relative to 20 minutes. ``name``: pre, arterial, portal, delayed, transitional, hbp.
    """

    name: str
    seconds: float
    weights: Five
    late: float = 1.0


PRE = Phase("pre", -60.0, (0.0, 0.0, 0.0, 0.0, 0.0))


def phase_at(name: str, seconds: float) -> Phase:
    """The phase at ``seconds`` after the injection, between the anchors by straight lines in time."""
    if name == "pre":
        return PRE
    if seconds >= 600:
        return Phase(name, seconds, (0.0, 0.0, 0.0, 0.0, 1.0), seconds / ANCHOR_S[-1])
    clipped = float(np.clip(seconds, ANCHOR_S[0], ANCHOR_S[-1]))
    weights = [float(np.interp(clipped, ANCHOR_S, row)) for row in np.eye(5)]
    a, b, c, d, e = weights
    return Phase(name, seconds, (a, b, c, d, e))


def draw_phases(seed: int, delay_min: float = 20.0) -> dict[str, Phase]:
    """All phases of one study; the arterial one may have been taken too early or too late."""
    rng = stream(seed, "timing")
    how = pick(rng, (EARLY, IDEAL, LATE))
    arterial = (
        float(rng.uniform(18.0, 21.0)),
        27.0 + clipped_normal(rng, 0, 2.5, -4, 5),
        27.0 + 35.0 * float(rng.uniform(0.4, 0.8)),
    )[how]
    return {
        "pre": PRE,
        "arterial": phase_at("arterial", arterial),
        "portal": phase_at("portal", clipped_normal(rng, 62, 7, 48, 80)),
        "transitional": phase_at("transitional", clipped_normal(rng, 185, 20, 130, 240)),
        "delayed": phase_at("delayed", clipped_normal(rng, 185, 20, 130, 240)),
        "hbp": phase_at("hbp", 60.0 * delay_min),
    }
