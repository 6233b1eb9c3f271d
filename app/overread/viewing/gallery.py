"""Which digital liver the gallery shows: kind, site, seed, whether the answer shows, and its sheet once drawn."""

from __future__ import annotations

from dataclasses import dataclass

from overread.core.errors import OverreadError
from overread.core.progress import Stage
from overread.phantom import KINDS, SITES
from overread.phantom.gallery import Sheet
from overread.viewing.state import State

LAST_SEED = 9_999_999
FIRST_SEED = 1
NOTHING_DRAWN = "No case is drawn yet. Choose a kind of study and a seed, then press Draw."
KIND_WORDS = {
    "hbp": "Hepatobiliary phase (hbp)",
    "multiphase": "Multiphase MR (multiphase)",
    "triage": "MR for triage (triage)",
    "ct-mvi": "Multiphase CT (ct-mvi)",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A case that can be asked for."""

    kind: str
    site: str
    seed: int


class Gallery(State):
    """Tells ``wish``, ``sheet``, ``outlines``, ``stage`` or ``drawing``."""

    def __init__(self) -> None:
        super().__init__()
        self.wish = Wish(KINDS[0], SITES[KINDS[0]][0], FIRST_SEED)
        self.sheet: Sheet | None = None
        self.drawn: Wish | None = None
        self.has_outlines = True
        self.is_drawing = False
        self.stage: Stage | None = None
        self.said = NOTHING_DRAWN

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites of the kind that is chosen."""
        return SITES[self.wish.kind]

    def choose_kind(self, kind: str) -> None:
        """Another kind of study; the site stays where that kind has it too."""
        site = self.wish.site if self.wish.site in SITES[kind] else SITES[kind][0]
        self._wish(Wish(kind, site, self.wish.seed))

    def choose_site(self, site: str) -> None:
        """Another site."""
        self._wish(Wish(self.wish.kind, site, self.wish.seed))

    def choose_seed(self, seed: int) -> None:
        """Another patient, from 0 to ``LAST_SEED``."""
        self._wish(Wish(self.wish.kind, self.wish.site, min(max(seed, 0), LAST_SEED)))

    def show_outlines(self, shown: bool) -> None:
        """Show or hide what is there: outlines, their legend and the findings in words."""
        self.has_outlines = shown
        self.tell("outlines")

    def begin(self) -> None:
        """The wish is being drawn."""
        self.is_drawing, self.stage = True, None
        self.tell("drawing")

    def set_stage(self, stage: Stage) -> None:
        """How far the drawing is."""
        self.stage = stage
        self.tell("stage")

    def finish(self, wish: Wish, sheet: Sheet) -> None:
        """The sheet of a wish is there."""
        self.sheet, self.drawn, self.is_drawing = sheet, wish, False
        self.tell("sheet")

    def fail(self, problem: OverreadError | None) -> None:
        """It was cancelled (None) or could not be drawn; what was there before stays."""
        self.is_drawing = False
        if self.sheet is None:
            self.said = f"{problem}" if problem is not None else f"Cancelled. {NOTHING_DRAWN}"
        self.tell("drawing")

    def forget(self) -> None:
        """Let go of the sheet."""
        self.sheet, self.drawn, self.is_drawing, self.said = None, None, False, NOTHING_DRAWN
        self.tell("sheet")

    def words(self) -> tuple[str, ...]:
        """What stands over the sheet: who and how, and the answer unless it is hidden."""
        if self.sheet is None:
            return ()
        return (*self.sheet.facts, *(self.sheet.findings if self.has_outlines else ()))

    def file_name(self) -> str:
        """A name for the picture of the sheet."""
        shown = self.drawn or self.wish
        return f"{shown.kind}-{shown.site}-{shown.seed}.png"

    def _wish(self, wish: Wish) -> None:
        if wish != self.wish:
            self.wish = wish
            self.tell("wish")
