"""How long work will still take, in words."""

from __future__ import annotations

_FIRST_FRACTION = 0.1
"""Before a tenth is done, nobody can say."""


def remaining_s(elapsed_s: float, fraction: float | None) -> float | None:
    """Seconds still to go by what is done so far; None before a tenth is done, and when all is done."""
    if fraction is None or not _FIRST_FRACTION <= fraction < 1:
        return None
    return elapsed_s * (1 - fraction) / fraction


def remaining_words(seconds: float | None) -> str:
    """Rounded: ``about 40 s left``, ``about 3 min left``; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} s left"
    return f"about {round(seconds / 60)} min left"
