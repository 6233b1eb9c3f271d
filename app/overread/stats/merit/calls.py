"""Figures of merit of calls: a rating at or above a cut, or a class that was chosen.

Without a name or a cut, calls of classes are counted as calls of disease: a class whose cases are all diseased is a
class of disease, and calling any of these calls the case diseased. A case without a call is a miss of its class and
charged to no other.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.reader_data import Choices, ReaderData
from overread.stats.merit.cells import Cells, Floats, Placements
from overread.stats.merit.kernel import each_cell
from overread.stats.merit.shares import share_cells
from overread.stats.multiclass import confusion, has_class, macro_f1

Booleans = NDArray[np.bool_]
Share = Literal["sensitivity", "specificity", "accuracy", "f1"]


def call_cells(data: ReaderData, name: str, share: Share, at: str) -> Cells:
    """Sensitivity, specificity, accuracy or F1.

    Parameters
    ----------
    at
        A cut of the ratings, the name of a class (against the rest), or empty for calls of disease; accuracy is then
        the share of cases whose own class was called.

    Raises
    ------
    InputError
        Where nobody chose a class and no cut is given, and where a class has healthy and diseased cases.
    """
    if not at and share == "accuracy" and data.choices is not None:
        is_right, read = data.choices.called == data.choices.truth, was_called(data, data.choices)
        return share_cells(name, is_right, 1.0, read, np.ones(is_right.shape[2], dtype=bool))
    truth, called, read = _two_classes(data, name, at)
    all_cases = np.ones(truth.shape, dtype=bool)
    if share == "sensitivity":
        return share_cells(name, called, 1.0, read, truth)
    if share == "specificity":
        return share_cells(name, ~called, 1.0, read, ~truth)
    if share == "accuracy":
        return share_cells(name, called == truth, 1.0, read, all_cases)
    return share_cells(name, 2.0 * (called & truth), called.astype(np.float64) + truth, read, all_cases)


def macro_f1_cells(data: ReaderData, name: str) -> Cells:
    """Plain mean of the classes' F1; a left-out case takes no class out of the mean (`multiclass.macro_f1`)."""
    if data.choices is None:
        raise _no_choices(name)
    choices, read = data.choices, was_called(data, data.choices)
    size = len(choices.names)
    one_less = np.eye(size * (size + 1)).reshape(size, size + 1, size, size + 1)

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        kept = read[i, j]
        counts = confusion(choices.truth[kept], choices.called[i, j, kept], size)
        among = has_class(counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            without = macro_f1(np.maximum(counts - one_less, 0), among)
            return float(macro_f1(counts)), without[choices.truth, choices.called[i, j]], None

    return each_cell(name, read.shape, read, np.arange(read.shape[2]), one)


def was_called(data: ReaderData, choices: Choices) -> Booleans:
    """(i, j, k): readings with a rating, or with a call in place of one."""
    return np.asarray(data.was_read | (choices.called >= 0))


def _two_classes(data: ReaderData, name: str, at: str) -> tuple[Booleans, Booleans, Booleans]:
    """Truth (k,), calls (i, j, k) and what was read (i, j, k)."""
    choices = data.choices
    if choices is not None and at in choices.names:
        wanted = choices.names.index(at)
        return choices.truth == wanted, choices.called == wanted, was_called(data, choices)
    if at:
        try:
            cut = float(at)
        except ValueError:
            named = f"the classes are {', '.join(choices.names)}" if choices else "nobody chose among classes"
            raise InputError(f"{name} cannot be told", f"'{at}' is no number, and {named}", "Give a cut") from None
        with np.errstate(invalid="ignore"):
            return data.is_diseased, np.asarray(data.ratings >= cut), data.was_read
    if choices is None:
        raise _no_choices(name)
    is_disease = _classes_of_disease(choices, data.is_diseased, name)
    called = is_disease[choices.called] & (choices.called >= 0)
    return data.is_diseased, called, was_called(data, choices)


def _classes_of_disease(choices: Choices, is_diseased: Booleans, name: str) -> Booleans:
    size = len(choices.names)
    cases, diseased = np.bincount(choices.truth, minlength=size), np.bincount(choices.truth, is_diseased, size)
    mixed = np.flatnonzero((diseased > 0) & (diseased < cases))
    if mixed.size:
        raise InputError(
            f"{name} cannot be told",
            f"class {choices.names[mixed[0]]} has healthy and diseased cases",
            f"Name the class that is meant, as in {name}@{choices.names[mixed[0]]}",
        )
    return np.asarray(diseased > 0)


def _no_choices(name: str) -> InputError:
    return InputError(
        f"{name} cannot be told", "nobody chose among classes in this study", "Give a cut, as in sensitivity@3"
    )
