"""The operating point: a threshold anywhere from the floor to 1, its named stops, and what a stop has meant on a set.

Nothing here is interpolated: between two stops the figures of the nearer one are given and said to be that stop's.
The only thing said of a place between stops is what must hold there, because raising a threshold can only lose lesions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overread.systems import Bundle

_NO_BREAK = "\N{NO-BREAK SPACE}"
STEPS = 1000
"""A slider has this many steps from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point as offered: its threshold, and what it has meant on named test sets.

    Parameters
    ----------
    meaning
        A few lines about one test set, the first of which names it.
    lesion_sensitivity
        Share of the lesions of ``test_set`` that were marked at this point; None when nobody measured it.
    test_set
        The set that ``lesion_sensitivity`` was measured on.
    elsewhere
        The same lines of every other set, among them the one on which the point was chosen; empty without one.
    """

    name: str
    threshold: float
    meaning: str = ""
    lesion_sensitivity: float | None = None
    test_set: str = ""
    elsewhere: str = ""


def point_words(name: str) -> str:
    """Name of an operating point as shown: ``high-sensitivity`` is ``high sensitivity``."""
    return name.replace("-", " ").replace("_", " ")


@dataclass(frozen=True, slots=True)
class OperatingScale:
    """The thresholds that can be chosen: from ``floor`` to 1, with ``points`` as stops, the lowest first."""

    points: tuple[Point, ...] = ()
    floor: float = 0.0

    @classmethod
    def of(cls, points: Sequence[Point], floor: float | None = None) -> OperatingScale:
        """The scale of some points in any order; without a floor it begins at 0."""
        ordered = tuple(sorted(points, key=lambda p: p.threshold))
        lowest = min((p.threshold for p in ordered), default=0.0)
        return cls(ordered, min(max(floor or 0.0, 0.0), lowest))

    def named(self, name: str) -> Point | None:
        """The stop with this name."""
        return next((p for p in self.points if p.name == name), None)

    def at(self, threshold: float) -> Point | None:
        """The stop that lies exactly here."""
        return next((p for p in self.points if p.threshold == threshold), None)

    def nearest(self, threshold: float) -> Point | None:
        """The stop that lies nearest."""
        return min(self.points, key=lambda p: abs(p.threshold - threshold), default=None)

    def around(self, threshold: float) -> tuple[Point | None, Point | None]:
        """The last stop at or below a threshold, and the first at or above it."""
        below = [p for p in self.points if p.threshold <= threshold]
        above = [p for p in self.points if p.threshold >= threshold]
        return (below[-1] if below else None), (above[0] if above else None)

    def beyond(self, threshold: float, by: int) -> Point | None:
        """The next stop up (by > 0) or down from a threshold."""
        if by > 0:
            return next((p for p in self.points if p.threshold > threshold), None)
        return next((p for p in reversed(self.points) if p.threshold < threshold), None)

    def clipped(self, threshold: float) -> float:
        """The threshold, brought into the scale."""
        return min(max(threshold, self.floor), 1.0)

    # A slider moves in whole steps; stops and floor lie where they lie, so their step stands for exactly them.

    def first_step(self) -> int:
        """Step of the floor."""
        return round(self.floor * STEPS)

    def step_of(self, threshold: float) -> int:
        """The step nearest to a threshold."""
        return round(threshold * STEPS)

    def threshold_of(self, step: int) -> float:
        """Threshold of a step: exactly that of a stop or of the floor where one falls on it."""
        exact = next((p.threshold for p in self.points if self.step_of(p.threshold) == step), None)
        if exact is not None:
            return exact
        return self.floor if step <= self.first_step() else min(step / STEPS, 1.0)

    # Words

    def place_words(self, threshold: float) -> str:
        """Where a threshold lies: ``default``, or ``between default and high precision``."""
        below, above = self.around(threshold)
        if below is not None and below is above:
            return point_words(below.name)
        if below is None and above is None:
            return ""
        if below is None and above is not None:
            return f"below {point_words(above.name)}"
        if above is None and below is not None:
            return f"above {point_words(below.name)}"
        assert below is not None
        assert above is not None
        return f"between {point_words(below.name)} and {point_words(above.name)}"

    def meaning(self, threshold: float) -> str:
        """What this place has meant; off a stop, the nearer stop's figures under its name."""
        near = self.nearest(threshold)
        if near is None or not near.meaning:
            return ""
        if near.threshold == threshold:
            return near.meaning
        nearer = f"{point_words(near.name).capitalize()} ({near.threshold:.2f}), the nearer point, has meant:"
        return f"Not measured here. {nearer}\n{near.meaning}"

    def elsewhere(self, threshold: float) -> str:
        """What the nearest stop has meant on the other sets."""
        near = self.nearest(threshold)
        if near is None or not near.elsewhere:
            return ""
        return f"{point_words(near.name).capitalize()} ({near.threshold:.2f}) on other sets:\n{near.elsewhere}"

    def missed_words(self, threshold: float) -> str:
        """What share of a named set's lesions this threshold has missed, in whole lesions of 100; empty if unknown.

        Off a stop the stops on both sides bound it: fewer lesions reach a higher threshold.
        """
        ends = [p for p in self.around(threshold) if p is not None and p.lesion_sensitivity is not None]
        sets = {p.test_set for p in ends}
        if not ends or len(sets) != 1:
            return ""
        counts = [_missed_of_100(p) for p in ends]
        if counts[0] == counts[-1] and (len(ends) == 2 or ends[0].threshold == threshold):
            count = f"{counts[0]}"
        elif len(ends) == 2:
            count = f"between {counts[0]} and {counts[-1]}"
        else:
            count = f"at least {counts[0]}" if ends[0].threshold < threshold else f"at most {counts[0]}"
        return f"it missed {count} of 100 lesions of its test set ({sets.pop()})"


def points_of(bundle: Bundle) -> tuple[Point, ...]:
    """The operating points of a bundle with every sentence its manifest allows about them.

    What is shown at once is the first evaluation on a test set: where thresholds were chosen, figures flatter.
    """
    return tuple(_point(name, bundle.manifest) for name in bundle.operating)


def floor_of(bundle: Bundle) -> float:
    """The score below which a bundle's system keeps no candidate."""
    return float(bundle.manifest.get("findings", {}).get("floor", 0.0))


def _missed_of_100(point: Point) -> int:
    return round(100 * (1 - (point.lesion_sensitivity or 0.0)))


def _point(name: str, manifest: Mapping[str, Any]) -> Point:
    table = manifest["operating"][name]
    chosen, *tested = _measured(name, manifest)
    shown = tested[0] if tested else chosen
    elsewhere = "\n".join(_sentence(*entry) for entry in (*tested[1:], *([chosen] if tested else [])))
    share = _lesions(shown[2])
    test_set = "" if share is None else shown[0]
    return Point(name, float(table["threshold"]), _sentence(*shown), share, test_set, elsewhere)


def _measured(name: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """(name of the set, its counts, figures at this point): where it was chosen first, then every evaluation."""
    chosen = manifest["operating"][name]
    chosen_on = str(chosen.get("chosen_on", "unknown data"))
    evaluations = manifest.get("evaluation", {})
    counts: Mapping[str, Any] = next((t for key, t in evaluations.items() if chosen_on.startswith(key)), {})
    yield chosen_on, counts, chosen
    for key, table in evaluations.items():
        figures = table.get("operating", {}).get(name)
        if isinstance(figures, Mapping):
            yield _set_words(key, table), table, figures


def _set_words(key: str, table: Mapping[str, Any]) -> str:
    counted = [
        f"{int(table[count]):,} {count}" for count in ("slices", "lesions", "cases", "patients") if count in table
    ]
    name = str(table.get("test_set", key))
    return f"{name}: {', '.join(counted)}" if counted else name


def _sentence(test_set: str, counts: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    """A few short lines: the set, patients, slices, lesions; a line without a figure is left out."""
    patients, slices = (
        [
            f"{name} {words}"
            for name in ("sensitivity", "specificity")
            if (words := _interval_words(figures.get(level, {}).get(name))) is not None
        ]
        for level in ("patient", "slice")
    )
    found = _lesions(figures)
    lesions = [] if found is None else [f"{found * 100:.0f}{_NO_BREAK}% marked"]
    marked = lesions + _marks_words(counts, figures)
    lines = (("Patients", ", ".join(patients)), ("Slices", ", ".join(slices)), ("Lesions", "; ".join(marked)))
    said = [f"{what}: {words}" for what, words in lines if words]
    return "\n".join([f"On {test_set}", *(said or ["Not measured."])])


def _marks_words(counts: Mapping[str, Any], figures: Mapping[str, Any]) -> list[str]:
    """Marks a case; the false ones alone where the manifest has them or lets them be counted.

    A hit takes one lesion of its own, so hits a case are the share of lesions found times lesions a case.
    """
    false = _number(figures.get("false_marks_per_case"))
    if false is not None:
        return [f"{false:.1f} false marks a case"]
    marks = _number(figures.get("marks_per_case"))
    if marks is None:
        return []
    cases, lesions = (_number(counts.get("cases", counts.get("patients"))), _number(counts.get("lesions")))
    found = _lesions(figures)
    if not cases or lesions is None or found is None:
        return [f"{marks:.1f} marks a case, true and false"]
    return [f"{max(marks - found * lesions / cases, 0):.1f} false or repeat marks a case"]


def _lesions(figures: Mapping[str, Any]) -> float | None:
    value = figures.get("lesion_sensitivity")
    return _number(value[0] if isinstance(value, list) and value else value)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None


def _interval_words(values: Any) -> str | None:
    if not isinstance(values, list) or not values or any(_number(v) is None for v in values):
        return None
    share = f"{values[0] * 100:.0f}{_NO_BREAK}%"
    return f"{share}{_NO_BREAK}({values[1] * 100:.0f}–{values[2] * 100:.0f})" if len(values) == 3 else share
