"""The patients of a training and where they come from: drawn for it, or somebody's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.phantom import KINDS
from overread.training.case_split import Member, folds
from overread.training.drawn import DrawnPatient, DrawOrder, draw, load_drawn
from overread.training.drawn_folders import draw_all
from overread.training.own_cases import OwnCases, prepare_cases
from overread.training.recipe import FIRST_VALIDATION_SEED, Recipe

WHOLE_SERIES = 10_000
PHANTOMS = "phantoms"
MOST_LETTERS = 160


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Patients on both sides, and what a bundle says of them.

    ``trained_on`` is ``phantoms`` or a person's words; ``noun`` what one of them is called; ``left_out`` how many
    could not be used; ``identity`` tells this set from another (empty for phantoms, which the recipe names);
    ``members`` are all that folds may be made of.
    """

    training: Sequence[DrawnPatient]
    validation: Sequence[DrawnPatient]
    members: Sequence[Member]
    trained_on: str = PHANTOMS
    noun: str = "phantoms"
    left_out: int = 0
    identity: str = ""

    @property
    def is_drawn(self) -> bool:
        """Whether the patients were drawn for this training."""
        return not self.identity

    def fold(self, cases: frozenset[str]) -> tuple[list[DrawnPatient], list[DrawnPatient]]:
        """Those that are not of a fold, to train on, and those that are, to validate."""
        known = {m.case for m in self.members}
        every = [p for p in (*self.training, *self.validation) if p.name in known]
        return [p for p in every if p.name not in cases], [p for p in every if p.name in cases]

    def folds(self, count: int, seed: int) -> list[tuple[list[DrawnPatient], list[DrawnPatient]]]:
        """Both sides of each of ``count`` folds, divided by patient."""
        return [self.fold(cases) for cases in folds(self.members, count, seed)]


def drawn_data(recipe: Recipe, work: Path, jobs: int, progress: Progress = SILENT) -> Data:
    """The recipe's phantoms; those that are not below ``work`` yet are drawn. Folds are made of the training ones.

    Raises
    ------
    InputError
        There are no phantoms of that kind.
    """
    if recipe.kind not in KINDS:
        raise InputError(
            f"This recipe asks for phantoms of kind {recipe.kind!r}",
            f"there are {', '.join(KINDS)}",
            "Correct the recipe",
        )
    training, validation = (
        [load_drawn(folder) for folder in draw_all(orders_of(recipe, side), draw, work / "drawn", jobs, progress)]
        for side in (False, True)
    )
    members = [Member(p.name, p.name, "", bool(p.lesion_areas_mm2().any())) for p in training]
    return Data(training, validation, members)


def own_data(
    recipe: Recipe, csv_path: Path, trained_on: str | None, work: Path, jobs: int, progress: Progress = SILENT
) -> tuple[Data, OwnCases]:
    """A list's cases, prepared below ``work``, and what became of each.

    Raises
    ------
    InputError
        The list cannot be used.
    """
    cases = prepare_cases(csv_path, work / "prepared", recipe.loop.seed, jobs, progress)
    words = " ".join((trained_on or csv_path.stem).split())[:MOST_LETTERS]
    if not cases.are_phantoms and words.lower() == PHANTOMS:
        raise InputError(
            "These cases cannot be called phantoms",
            "not all of them were drawn by this program",
            "Say with --trained-on what they are",
        )
    is_phantoms = cases.are_phantoms
    data = Data(
        cases.training,
        cases.validation,
        cases.members,
        PHANTOMS if is_phantoms else words,
        "phantoms" if is_phantoms else "cases",
        len(cases.left_out),
        cases.identity,
    )
    return data, cases


def orders_of(recipe: Recipe, is_validation: bool) -> list[DrawOrder]:
    """What is drawn for one side of a training."""
    data = recipe.data
    first, count = (
        (FIRST_VALIDATION_SEED, data.validation_patients) if is_validation else (data.first_seed, data.patients)
    )
    slices = (data.validation_slices or WHOLE_SERIES) if is_validation else data.slices_per_patient
    normals = data.validation_normals if is_validation else data.normals
    picked = (0, 0) if is_validation else (data.positive_slices, data.twin_slices)
    return [
        DrawOrder(recipe.kind, first + n, data.sites[n % len(data.sites)], normals, slices, *picked)
        for n in range(count)
    ]
