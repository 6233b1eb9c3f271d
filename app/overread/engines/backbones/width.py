"""Narrower variants: every channel count of a published network times one factor."""

from __future__ import annotations

MULTIPLE = 4


def scaled(channels: int, width: float) -> int:
    """The channel count nearest to ``channels`` x ``width`` that is a multiple of 4, at least 4; exact at width 1.

    Raises
    ------
    ValueError
        The width is not above 0.
    """
    if not width > 0:
        raise ValueError(f"a width must be above 0, not {width}")
    return channels if width == 1 else max(MULTIPLE, MULTIPLE * round(channels * width / MULTIPLE))
