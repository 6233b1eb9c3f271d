"""All figures of merit by name: one table, from the names of CONTRACT section 6 to what works them out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from overread.core.errors import InputError
from overread.core.reader_data import Paradigm, ReaderData
from overread.stats.merit import calls, froc, lroc, partial, roc, shares
from overread.stats.merit.cells import Cells

Convention = Literal["own", "rjafroc", "mrmcaov", "imrmc"]
Make = Callable[[ReaderData, str, str, Convention], Cells]
ALL: tuple[Paradigm, ...] = ("roc", "lroc", "froc")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of merit: the study it belongs to, what may follow its @, and what makes it.

    ``argument`` names what follows the @ ("" for nothing); ``is_optional``: the name alone will do as well.
    """

    name: str
    paradigms: tuple[Paradigm, ...]
    make: Make
    argument: str = ""
    is_optional: bool = False

    @property
    def pattern(self) -> str:
        """The name as a person is told it, e.g. ``lroc-auc[@FPF]``."""
        tail = f"@{self.argument}" if self.argument else ""
        return f"{self.name}[{tail}]" if self.is_optional else self.name + tail


def figure_cells(data: ReaderData, name: str, convention: Convention = "own") -> Cells:
    """A figure of merit of all readers under all conditions, and without each case.

    Parameters
    ----------
    name
        As CONTRACT section 6 calls it: ``wafroc-auc``, ``lroc-pcl@0.2``, ``partial-auc@0.8-1``, ``sensitivity@3``;
        see `figure_names`.
    convention
        ``own`` takes every curve as the polygon of all its points, so that an LROC study in which all is localised
        has the area of its ROC curve, and partial areas add up to the whole. ``rjafroc`` drops the lowest rating of
        LROC curves. ``mrmcaov`` differs in partial areas and in sensitivity at specificity (and the reverse), where
        points share a coordinate. ``imrmc`` differs in no figure.

    Raises
    ------
    InputError
        For a name that is unknown or that the study cannot have, saying which there are.
    """
    base, _, argument = name.partition("@")
    figure = FIGURES_OF_MERIT.get(base)
    if figure is None or data.paradigm not in figure.paradigms:
        why = (
            "there is no such figure" if figure is None else f"a study of kind {data.paradigm.upper()} does not have it"
        )
        raise InputError(f"Figure of merit {name} cannot be told", why, _choose(data.paradigm))
    if bool(argument) != bool(figure.argument) and not (figure.is_optional and not argument):
        raise InputError(
            f"Figure of merit {name} cannot be told", f"it is written {figure.pattern}", _choose(data.paradigm)
        )
    return figure.make(data, name, argument, convention)


def figure_names(paradigm: Paradigm) -> tuple[str, ...]:
    """Names of the figures that a kind of study has, with what follows an @ in capitals, [...] for what can go."""
    return tuple(figure.pattern for figure in FIGURES_OF_MERIT.values() if paradigm in figure.paradigms)


def _choose(paradigm: Paradigm) -> str:
    return f"Choose one of {', '.join(figure_names(paradigm))}"


def _plain(make: Callable[[ReaderData, str], Cells]) -> Make:
    return lambda data, name, argument, convention: make(data, name)


def _afroc(is_weighted: bool, over_all: bool) -> Make:
    return lambda data, name, argument, convention: froc.afroc_cells(data, name, is_weighted, over_all)


def _call(share: calls.Share) -> Make:
    return lambda data, name, argument, convention: calls.call_cells(data, name, share, argument)


def _partial(by_sensitivity: bool, scale: partial.Scale) -> Make:
    return lambda data, name, argument, convention: partial.partial_area_cells(
        data, name, _limits(name, argument), by_sensitivity, scale, _limit(convention)
    )


def _lroc_auc(data: ReaderData, name: str, argument: str, convention: Convention) -> Cells:
    closing = _closing(convention)
    if not argument and closing == "own":
        return lroc.localised_pair_cells(data, name)
    return lroc.lroc_area_cells(data, name, _share(name, argument) if argument else 1.0, closing)


def _lroc_pcl(data: ReaderData, name: str, argument: str, convention: Convention) -> Cells:
    return lroc.lroc_height_cells(data, name, _share(name, argument), _closing(convention))


def _sens_at(data: ReaderData, name: str, argument: str, convention: Convention) -> Cells:
    return partial.sensitivity_at_cells(data, name, _share(name, argument), _limit(convention))


def _spec_at(data: ReaderData, name: str, argument: str, convention: Convention) -> Cells:
    return partial.specificity_at_cells(data, name, _share(name, argument), _limit(convention))


def _utility(data: ReaderData, name: str, argument: str, convention: Convention) -> Cells:
    slope = _number(name, argument)
    if not 0 < slope < np.inf:
        raise InputError(f"{name} cannot be told", f"a slope is above 0, not {argument}", "Give another slope")
    return partial.expected_utility_cells(data, name, slope)


def _closing(convention: Convention) -> lroc.Closing:
    return "rjafroc" if convention == "rjafroc" else "own"


def _limit(convention: Convention) -> partial.Closing:
    return "mrmcaov" if convention == "mrmcaov" else "own"


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name} cannot be told", f"'{text}' is no number", "Write it like 0.2") from None


def _share(name: str, text: str) -> float:
    share = _number(name, text)
    if not 0 <= share <= 1:
        raise InputError(f"{name} cannot be told", f"{text} is not between 0 and 1", "Give a share, such as 0.2")
    return share


def _limits(name: str, text: str) -> tuple[float, float]:
    match = re.fullmatch(r"([\d.]+)-([\d.]+)", text)
    if match is None:
        raise InputError(f"{name} cannot be told", f"'{text}' is no pair of limits", "Write it like 0.8-1")
    low, high = _share(name, match[1]), _share(name, match[2])
    if low >= high:
        raise InputError(f"{name} cannot be told", f"{text} is empty", "Put the lower limit first")
    return low, high


FIGURES_OF_MERIT: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("roc-auc", ("roc",), _plain(roc.rating_cells)),
        Figure("lroc-auc", ("lroc",), _lroc_auc, "FPF", is_optional=True),
        Figure("lroc-pcl", ("lroc",), _lroc_pcl, "FPF"),
        Figure("froc-auc", ("froc",), _plain(froc.froc_cells)),
        Figure("afroc-auc", ("froc",), _afroc(is_weighted=False, over_all=False)),
        Figure("afroc1-auc", ("froc",), _afroc(is_weighted=False, over_all=True)),
        Figure("wafroc-auc", ("froc",), _afroc(is_weighted=True, over_all=False)),
        Figure("wafroc1-auc", ("froc",), _afroc(is_weighted=True, over_all=True)),
        Figure("inferred-roc-auc", ("lroc", "froc"), _plain(roc.rating_cells)),
        Figure("partial-auc", ALL, _partial(False, "plain"), "LO-HI"),
        Figure("partial-auc-normalised", ALL, _partial(False, "normalised"), "LO-HI"),
        Figure("partial-auc-corrected", ALL, _partial(False, "corrected"), "LO-HI"),
        Figure("partial-auc-sens", ALL, _partial(True, "plain"), "LO-HI"),
        Figure("partial-auc-sens-normalised", ALL, _partial(True, "normalised"), "LO-HI"),
        Figure("partial-auc-sens-corrected", ALL, _partial(True, "corrected"), "LO-HI"),
        Figure("sensitivity", ALL, _call("sensitivity"), "CUT-OR-CLASS", is_optional=True),
        Figure("specificity", ALL, _call("specificity"), "CUT-OR-CLASS", is_optional=True),
        Figure("sens", ALL, _sens_at, "SPECIFICITY"),
        Figure("spec", ALL, _spec_at, "SENSITIVITY"),
        Figure("accuracy", ALL, _call("accuracy"), "CUT-OR-CLASS", is_optional=True),
        Figure("f1", ALL, _call("f1"), "CUT-OR-CLASS", is_optional=True),
        Figure("macro-f1", ALL, _plain(calls.macro_f1_cells)),
        Figure("maxllf", ("froc",), _plain(shares.lesions_marked)),
        Figure("maxnlf", ("froc",), _plain(shares.false_marks_per_healthy)),
        Figure("maxnlf-all", ("froc",), _plain(shares.false_marks_per_case)),
        Figure("hr-se", ("froc",), _plain(shares.high_rated_diseased)),
        Figure("hr-sp", ("froc",), _plain(shares.unmarked_healthy)),
        Figure("expected-utility", ALL, _utility, "SLOPE"),
    )
}
