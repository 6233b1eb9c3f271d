"""An operating curve in whole counts, and the same curve without each one case, at the cost of one sort.

Leaving a case out lowers one of the two counts by one from the case's own step on. So the height, the place and the
area of every left-out curve at any step follow from those of the whole, and what a figure asks (how far does it go
below a share of false positives?) is a search in sorted counts. All figures of this file's curves are written once,
for all these curves together: the first is the whole, the others leave a case out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.stats.merit.cells import Floats
from overread.stats.merit.kernel import Places
from overread.stats.operating_points import SLACK


@dataclass(frozen=True, slots=True, eq=False)
class LeftOutCurve:
    """Steps 0 to m, from nothing called on; n + 1 curves, the first whole.

    Attributes
    ----------
    false, true
        (m + 1,) healthy and diseased cases called at each step, all cases kept.
    area
        (m + 1,) trapezia under the counts up to each step.
    step
        (n + 1,) the step at which each curve's left-out case is first called; m + 1 for never, and for the whole.
    no_healthy, no_diseased
        (n + 1,) 1 where the left-out case is healthy, or diseased.
    healthy, diseased
        (n + 1,) how many are left; NaN for none.
    """

    false: Places
    true: Places
    area: Floats
    step: Places
    no_healthy: Places
    no_diseased: Places
    healthy: Floats
    diseased: Floats

    @property
    def last(self) -> Places:
        """(n + 1,) the laxest step."""
        return np.full(self.step.shape, self.false.size - 1, dtype=np.intp)

    def x(self, at: Places) -> Floats:
        """Share of the healthy called at a step of each curve."""
        return np.asarray((self.false[at] - self.no_healthy * (at >= self.step)) / self.healthy)

    def y(self, at: Places) -> Floats:
        """Share of the diseased called at a step of each curve."""
        return np.asarray((self.true[at] - self.no_diseased * (at >= self.step)) / self.diseased)

    def area_to(self, at: Places) -> Floats:
        """Area under the polygon up to a step of each curve."""
        own = np.clip(self.step, 1, max(self.false.size - 1, 1)) if self.false.size > 1 else np.zeros_like(self.step)
        before = np.maximum(own - 1, 0)
        without_healthy = (self.true[own] + self.true[before]) / 2
        without_diseased = self.false[at] - (self.false[own] + self.false[before]) / 2
        lost = self.no_healthy * without_healthy + self.no_diseased * without_diseased
        return np.asarray((self.area[at] - lost * (at >= self.step)) / (self.healthy * self.diseased))

    def reached(self, share: float | Floats, is_strict: bool = False) -> Places:
        """The last step of each curve with x <= ``share``, or < where strict; -1 for none."""
        limit = np.nan_to_num(np.asarray(share * self.healthy))
        slack = SLACK * np.nan_to_num(self.healthy)
        whole = np.ceil(limit - slack) - 1 if is_strict else np.floor(limit + slack)
        without = np.searchsorted(self.false, whole, side="right") - 1
        with_one_more = np.searchsorted(self.false, whole + self.no_healthy, side="right") - 1
        return np.asarray(np.where(with_one_more >= self.step, with_one_more, without), dtype=np.intp)

    def height(self, share: float) -> Floats:
        """Share of the diseased at a share of the healthy: top of a step, else on the line to the next one."""
        low = self.reached(share)
        high = np.minimum(low + 1, self.last)
        return self._between(share, low, self.y(low), high, self.y(high))

    def foot(self, share: float) -> Floats:
        """As ``height``, foot of a step."""
        before = self.reached(share, is_strict=True)
        low, high = np.maximum(before, 0), np.minimum(before + 1, self.last)
        return self._between(share, low, self.y(low), high, self.y(high))

    def height_by_ends(self, share: float, is_foot: bool) -> Floats:
        """As ``height``, on the line from top to top of the steps, or from foot to foot (MRMCaov's ``ties = max``)."""
        low = self.reached(share)
        high = np.minimum(low + 1, self.last)
        start = self.reached(self.x(low), is_strict=True) + 1 if is_foot else low
        end = high if is_foot else np.maximum(self.reached(self.x(high)), 0)
        return self._between(share, low, self.y(start), high, self.y(end))

    def _between(self, share: float, low: Places, start: Floats, high: Places, end: Floats) -> Floats:
        x, run = self.x(low), self.x(high) - self.x(low)
        is_between = (run > SLACK) & (x < share - SLACK)
        rise = np.divide(share - x, run, out=np.zeros_like(run), where=is_between) * (end - start)
        return np.asarray(np.where(np.isnan(self.healthy), np.nan, start + rise))

    def area_between(self, low: float, high: float) -> Floats:
        """Area under the polygon between two shares of the healthy."""

        def to(share: float) -> Floats:
            at = self.reached(share)
            return np.asarray(self.area_to(at) + (share - self.x(at)) * (self.y(at) + self.height(share)) / 2)

        return np.asarray(to(high) - to(low))

    def utility(self, slope: float) -> Floats:
        """Largest y - slope * x over the steps of each curve."""
        best = np.full(self.step.shape, np.nan)
        for rows in (self.no_healthy == 1, self.no_diseased == 1, (self.no_healthy + self.no_diseased) == 0):
            if not rows.any():
                continue
            first = int(np.flatnonzero(rows)[0])
            healthy, diseased = self.healthy[first], self.diseased[first]
            gain = self.true / diseased - slope * self.false / healthy
            change = slope * self.no_healthy[first] / healthy - self.no_diseased[first] / diseased
            before = np.append(np.maximum.accumulate(gain), gain.max())
            after = np.append(np.maximum.accumulate(gain[::-1])[::-1], -np.inf)
            step = np.minimum(self.step[rows], self.false.size)
            best[rows] = np.maximum(before[np.maximum(step - 1, 0)], after[step] + change)
        return best


def left_out_curve(healthy: Floats, diseased: Floats, unmarked_are_called: bool) -> LeftOutCurve:
    """The curve of two samples of ratings, and without each: first the healthy in their order, then the diseased.

    Parameters
    ----------
    unmarked_are_called
        True: -inf is the lowest rating and the last step calls all (ROC). False: -inf is never called (LROC).
    """
    values = np.concatenate([healthy, diseased])
    rated = np.ones(values.size, dtype=bool) if unmarked_are_called else values > -np.inf
    levels = np.unique(values[rated])
    step = np.where(rated, levels.size - np.searchsorted(levels, values), levels.size + 1).astype(np.intp)
    of_healthy, of_diseased = (
        np.bincount(part[part <= levels.size], minlength=levels.size + 1)
        for part in (step[: healthy.size], step[healthy.size :])
    )
    false, true = np.cumsum(of_healthy), np.cumsum(of_diseased)
    area = np.append(0.0, np.cumsum(of_healthy[1:] * (true[1:] + true[:-1]) / 2))
    no_healthy = np.repeat([0, 1, 0], [1, healthy.size, diseased.size])
    no_diseased = np.repeat([0, 0, 1], [1, healthy.size, diseased.size])
    left = [size - without * 1.0 for size, without in ((healthy.size, no_healthy), (diseased.size, no_diseased))]
    return LeftOutCurve(
        false,
        true,
        area,
        np.append(levels.size + 1, step),
        no_healthy,
        no_diseased,
        *(np.where(n > 0, n, np.nan) for n in left),
    )
