"""Who read what: whether readers, conditions and cases are crossed, or one is nested in another."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Design = Literal["crossed", "cases in readers", "cases in conditions", "readers in conditions", "incomplete"]


def find_design(was_read: NDArray[np.bool_]) -> Design:
    """The design that the readings follow.

    Parameters
    ----------
    was_read
        (i, j, k): which reader read which case under which condition; cases that nobody read do not count.

    Returns
    -------
    str
        ``crossed``: all by all. ``cases in readers``: every reader has cases of their own, read under all conditions.
        ``cases in conditions``: every condition has cases of its own, read by all. ``readers in conditions``: every
        reader works under one condition. ``incomplete``: anything else.

    References
    ----------
    Hillis 2014 (Stat Med 33:330) for the nested designs; stats/REFERENCE.md trap 10.
    """
    conditions, readers, _ = was_read.shape
    used = was_read[:, :, was_read.any(axis=(0, 1))]
    if used.all():
        return "crossed"
    works = used.any(axis=2)
    if conditions > 1 and readers > 1 and (works.sum(axis=0) == 1).all():
        return "readers in conditions"
    if not works.all():
        return "incomplete"
    by_reader = np.asarray(used.any(axis=0))
    by_condition = np.asarray(used.any(axis=1))
    if readers > 1 and (by_reader.sum(axis=0) == 1).all() and (used == by_reader[None]).all():
        return "cases in readers"
    if conditions > 1 and (by_condition.sum(axis=0) == 1).all() and (used == by_condition[:, None]).all():
        return "cases in conditions"
    return "incomplete"
