"""The three signs of microvascular invasion as the reader judges them, and what the rule makes of them."""

from __future__ import annotations

from overread.core.signs import SIGNS, three_signs
from overread.viewing.state import State

QUESTIONS = {
    "internal arteries": "Arteries inside the tumour",
    "hypodense halo": "Hypodense halo around it",
    "tumour-liver difference": "Sharp tumour-liver difference",
}
TIPS = {
    "internal arteries": "Discrete arteries are seen inside the tumour in the arterial phase",
    "hypodense halo": "A hypodense rim lies around the tumour, wholly or in part",
    "tumour-liver difference": "The tumour's edge parts sharply from the liver in attenuation",
}
_SPEAKS_FOR = {"internal arteries": True, "hypodense halo": False, "tumour-liver difference": False}
"""The one answer to each that the rule asks for."""


class Signs(State):
    """The reader's answers for the open study: True, False or None (not judged). Tells ``signs``."""

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, dict[str, bool | None]] = {}
        self._study = ""

    def show(self, study: str) -> None:
        """Turn to the answers of a study."""
        if study != self._study:
            self._study = study
            self.tell("signs")

    def answer(self, sign: str) -> bool | None:
        """What the reader said of a sign."""
        return self._of.get(self._study, {}).get(sign)

    def set_answer(self, sign: str, answer: bool | None) -> None:
        """Judge a sign, or take that back."""
        if sign not in SIGNS:
            raise ValueError(f"no such sign: {sign}")
        if self.answer(sign) != answer:
            self._of.setdefault(self._study, {})[sign] = answer
            self.tell("signs")

    @property
    def verdict(self) -> bool | None:
        """What the rule says: invasion or not; None while it hangs on a sign that is not judged."""
        answers = {sign: self.answer(sign) for sign in SIGNS}
        if any(given is not None and given is not _SPEAKS_FOR[sign] for sign, given in answers.items()):
            return False
        given = [answer for answer in answers.values() if answer is not None]
        return three_signs(*given) if len(given) == len(SIGNS) else None

    def words(self) -> str:
        """The rule's answer in a sentence, with the rule."""
        rule = "Rule: arteries inside, no halo, no sharp difference."
        if self.verdict is None:
            left = [QUESTIONS[sign].lower() for sign in SIGNS if self.answer(sign) is None]
            return f"Not judged yet: {', '.join(left)}. {rule}"
        said = "speak for microvascular invasion" if self.verdict else "do not speak for microvascular invasion"
        return f"By the rule, the signs {said}. {rule}"
