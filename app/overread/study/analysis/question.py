"""What is asked of readers' answers, and what is asked where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from overread.core.errors import InputError
from overread.stats.merit.figures import Convention
from overread.stats.mrmc.rows import Covariance, Generalisation

AskedMethod = Literal["or", "dbm", "ustat"]
Closing = Literal["own", "rjafroc"]
METHODS: tuple[AskedMethod, ...] = get_args(AskedMethod)
COVARIANCES: tuple[Covariance, ...] = get_args(Covariance)
GENERALISATIONS: tuple[Generalisation, ...] = get_args(Generalisation)
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
CLOSINGS: tuple[Closing, ...] = get_args(Closing)
USUAL: tuple[Generalisation, ...] = ("rrrc", "frrc")
DRAWS = 2000
FPF = 0.2
EFFECT = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """A study to come: how many readers, which numbers of cases, and the difference that it should find."""

    readers: int
    cases: tuple[int, ...]
    effect: float = EFFECT

    def __post_init__(self) -> None:
        if self.readers < 1 or not self.cases or min(self.cases) < 2:
            raise InputError("No study can be planned so", "it needs readers and two cases or more", "Give both")
        if not 0 < abs(self.effect) <= 1:
            raise InputError("No study can be planned so", f"{self.effect:g} is no difference to find", "Give another")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes
    ----------
    figures
        Figures of merit by name; empty for those that go with the study (`defaults.figures_of`).
    method
        None: Obuchowski-Rockette, and U-statistics where readings of areas under ROC curves are missing.
    generalise
        To whom tests are carried. ``rrrc`` is the result and always there; ``rrfc`` comes when it is asked for.
    standalone
        The reader that is a system working alone; empty for none.
    convention
        Whose rules hold where the field's programs part; ``own`` is told in `methods_text`.
    closing
        Of LROC curves; None for the convention's.
    conditions, subsets
        To take of the study, by name; empty for all.
    cut
        The rating from which a case counts as called; None where only classes are calls.
    fpf
        Where the height of the LROC curve is read off.
    level
        Of all intervals.
    seed, draws
        Of whatever is resampled.
    """

    figures: tuple[str, ...] = ()
    method: AskedMethod | None = None
    covariance: Covariance = "jackknife"
    generalise: tuple[Generalisation, ...] = USUAL
    standalone: str = ""
    convention: Convention = "own"
    closing: Closing | None = None
    conditions: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    cut: float | None = None
    fpf: float = FPF
    level: float = 0.95
    seed: int = 1
    draws: int = DRAWS
    plan: Plan | None = None

    def __post_init__(self) -> None:
        what = "The analysis cannot be made so"
        if not 0 < self.level < 1:
            raise InputError(what, f"{self.level:g} is no level of an interval", "Give a share, such as 0.95")
        if not 0 <= self.fpf <= 1:
            raise InputError(what, f"{self.fpf:g} is no share of false positives", "Give one between 0 and 1")
        if self.draws < 100:
            raise InputError(what, f"{self.draws} resamples are too few for an interval", "Take 100 or more")
        if self.seed < 0:
            raise InputError(what, "a seed below 0 starts no generator", "Give 0 or more")
        if self.method == "dbm" and self.covariance != "jackknife":
            raise InputError(what, "dbm is made of jackknife pseudovalues", "Take jackknife, or the method or")

    @property
    def carried_to(self) -> tuple[Generalisation, ...]:
        """The generalisations that are reckoned: random readers and cases first, whatever else was asked for."""
        asked = self.generalise or USUAL
        return ("rrrc", *(each for each in ("frrc", "rrfc") if each in asked))

    @property
    def lroc_closing(self) -> Closing:
        """How LROC curves end."""
        return self.closing or ("rjafroc" if self.convention == "rjafroc" else "own")
