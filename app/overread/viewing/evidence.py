"""What a bundle knows of its own answers: how it did on named sets, and how sure it was when it was right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overread.systems import Bundle

RETAINED = 0.7
"""Share of the surest answers that the paper of the confidence keeps (Wang 2020; SEEDS 2.4)."""
_FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "mean F1",
    "auc": "AUC",
    "malignant_auc": "AUC malignant against benign",
    "lroc_auc": "LROC area",
}
_KEPT = "_auc"
_COUNTS = ("patients", "cases", "phantoms")


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """A named set and what was measured on it: (what, value, limits or None)."""

    name: str
    figures: tuple[tuple[str, float, tuple[float, float] | None], ...]

    @property
    def words(self) -> str:
        """``On validation, 60 patients: accuracy 71 % (60-81)``."""
        return f"On {self.name}: " + (", ".join(_figure_words(*f) for f in self.figures) or "nothing was measured")


@dataclass(frozen=True, slots=True)
class Evidence:
    """``sets``: what answers have meant, on each named set. ``sureness``: (confidence, was right) of validation cases.

    ``sureness_on`` names what those cases are.
    """

    sets: tuple[MeasuredSet, ...] = ()
    sureness: tuple[tuple[float, bool], ...] = ()
    sureness_on: str = "validation cases"

    @property
    def cut(self) -> float | None:
        """The confidence that the surest 70 % of the validation cases reach; None without such cases."""
        if not self.sureness:
            return None
        ordered = sorted((value for value, _ in self.sureness), reverse=True)
        return ordered[max(0, round(RETAINED * len(ordered)) - 1)]

    def histogram(self, bins: int = 20) -> tuple[tuple[int, ...], float, float]:
        """(counts, lowest, highest) of the validation confidences in bins of equal width; no counts without cases."""
        values = [value for value, _ in self.sureness]
        if not values:
            return (), 0.0, 1.0
        low, high = min(values), max(values)
        width = (high - low) / bins or 1.0
        counts = [0] * bins
        for value in values:
            counts[min(int((value - low) / width), bins - 1)] += 1
        return tuple(counts), low, high

    def sureness_words(self, value: float) -> str:
        """Where a confidence lies among those of validation, and how many of them were right."""
        cut = self.cut
        if cut is None:
            return "What such a confidence was worth has not been measured."
        is_kept = value >= cut
        kept = [right for each, right in self.sureness if (each >= cut) == is_kept]
        place = "among" if is_kept else "not among"
        share = f"{RETAINED:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
        right = f"{sum(kept)} of {len(kept)}" if kept else "none"
        group = "those kept" if is_kept else "those left out"
        every = [right for _, right in self.sureness]
        surest = [right for each, right in self.sureness if each >= cut]
        tells_apart = 0 < sum(every) < len(every) and len(surest) < len(every)
        is_no_help = tells_apart and sum(surest) * len(every) <= sum(every) * len(surest)
        return (
            f"It would be {place} the {share} surest of {len(self.sureness)} {self.sureness_on}; "
            f"of {group}, {right} were called right, of all {sum(every)} of {len(every)}."
            + (" There, surer calls were not more often right." if is_no_help else "")
        )

    def rank_words(self, value: float) -> str:
        """How many of the validation cases it is surer than; empty without such cases."""
        below = sum(each < value for each, _ in self.sureness)
        return f"surer than {below} of {len(self.sureness)} {self.sureness_on}" if self.sureness else ""


NO_EVIDENCE = Evidence()


def evidence_of(bundle: Bundle) -> Evidence:
    """What the manifest of a bundle says of its answers."""
    sets = tuple(_set(name, table) for name, table in bundle.evaluations.items())
    rows = bundle.manifest.get("confidence", {}).get("validation", [])
    sureness = tuple((float(row[0]), bool(row[1])) for row in rows if _is_pair(row))
    noun = "validation phantoms" if bundle.trained_on == "phantoms" else "validation cases"
    return Evidence(sets, sureness, noun)


def figure_words(table: Mapping[str, Any]) -> tuple[str, ...]:
    """The figures of an evaluation's table in words: ``accuracy 71 % (60-81)``."""
    return tuple(_figure_words(*figure) for figure in _set("", table).figures)


def _set(name: str, table: Mapping[str, Any]) -> MeasuredSet:
    counted = next((f"{int(table[c]):,} {c}" for c in _COUNTS if _is_number(table.get(c))), "")
    figures = [_figure(words, table[key]) for key, words in _FIGURES.items() if key in table]
    figures += [
        _figure(f"AUC {key.removesuffix(_KEPT)}", value)
        for key, value in table.items()
        if key.endswith(_KEPT) and key not in _FIGURES and key != "slice_auc"
    ]
    title = str(table.get("test_set", name))
    return MeasuredSet(", ".join(filter(None, (title, counted))), tuple(f for f in figures if f is not None))


def _figure(words: str, value: Any) -> tuple[str, float, tuple[float, float] | None] | None:
    if _is_number(value):
        return words, float(value), None
    if isinstance(value, Sequence) and len(value) == 3 and all(_is_number(v) for v in value):
        return words, float(value[0]), (float(value[1]), float(value[2]))
    return None


def _figure_words(words: str, value: float, limits: tuple[float, float] | None) -> str:
    between = f" ({limits[0]:.2f}–{limits[1]:.2f})" if limits is not None else ""
    return f"{words} {value:.2f}{between}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_pair(row: Any) -> bool:
    return isinstance(row, Sequence) and len(row) == 2 and _is_number(row[0])
