"""The clinical form: what was typed, whether it can be true, and the facts that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from overread import io
from overread.core.errors import InputError
from overread.core.facts import CHOICES, FACT_NAMES, LIMITS, TRUTHS, UNITS, Facts, facts_from
from overread.io.facts import read_facts
from overread.viewing.class_words import FACT_WORDS
from overread.viewing.state import State

YES, NO = "yes", "no"


class FactsForm(State):
    """What is known of the patient of the open study. Tells ``facts``.

    Every study has its own form, which stays for as long as the window is open. A field holds text as it was typed, or
    one of the words of ``options``; empty is unknown.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: dict[str, dict[str, str]] = {}
        self.study = ""

    def show(self, study: str) -> None:
        """Turn to the form of a study."""
        if study != self.study:
            self.study = study
            self.tell("facts")

    @property
    def texts(self) -> Mapping[str, str]:
        """What stands in the fields that are not empty."""
        return dict(self._typed.get(self.study, {}))

    def set_text(self, name: str, text: str) -> None:
        """Type something into a field; an empty text makes it unknown."""
        if name not in FACT_NAMES:
            raise ValueError(f"no such fact: {name}")
        fields = self._typed.setdefault(self.study, {})
        if fields.get(name, "") == text.strip():
            return
        fields.pop(name, None)
        if text.strip():
            fields[name] = text.strip()
        self.tell("facts")

    def clear(self) -> None:
        """Make everything unknown."""
        if self._typed.pop(self.study, None):
            self.tell("facts")

    def error_of(self, name: str) -> str:
        """Why what stands in a field cannot be used, in a sentence; empty when it can."""
        try:
            self._value(name)
        except InputError as problem:
            wanted = problem.why.rpartition(", not ")[2]
            return f"{FACT_WORDS[name]} cannot be “{self.texts[name]}”: it is {wanted}."
        return ""

    @property
    def has_errors(self) -> bool:
        """Whether a field holds what cannot be used."""
        return any(self.error_of(name) for name in self.texts)

    @property
    def facts(self) -> Facts:
        """The facts that are known; a field that cannot be used counts as unknown."""
        return Facts(**{name: self._value(name) for name in FACT_NAMES if not self.error_of(name)})

    def missing_words(self) -> str:
        """What happens to the fields that are empty, in a sentence; empty when all are filled."""
        names = [FACT_WORDS[name] for name in self.facts.missing()]
        if not names:
            return "All seven facts are given."
        who = "All are unknown" if len(names) == len(FACT_NAMES) else f"Unknown: {', '.join(names)}"
        return f"{who}. What is missing takes the training mean, and the reading says so."

    def load(self, path: Path, keep: bool = False) -> None:
        """Take the facts of a file as ``--facts`` reads it; nothing changes where one of them is wrong.

        Parameters
        ----------
        keep
            What is typed already and not in the file stays; else the file is all that is known.

        Raises
        ------
        InputError
            The file cannot be read, or a fact in it cannot be true.
        """
        facts = read_facts(path)
        told = {name: _text(value) for name, value in asdict(facts).items() if value is not None}
        self._typed[self.study] = {**(self._typed.get(self.study, {}) if keep else {}), **told}
        self.tell("facts")

    def save(self, path: Path) -> None:
        """Write the known facts as ``--facts`` reads them.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        io.write_json(path, {name: value for name, value in self.facts.to_json().items() if value is not None})

    def _value(self, name: str) -> Any:
        text = self.texts.get(name, "")
        if not text:
            return None
        value: Any = text
        if name in TRUTHS:
            value = {YES: True, NO: False}.get(text, text)
        elif name in LIMITS:
            value = _number(text)
        return getattr(facts_from({name: value}), name)


def options(name: str) -> tuple[str, ...]:
    """The words that a field can hold; empty for a number."""
    return (YES, NO) if name in TRUTHS else CHOICES.get(name, ())


def field_words(name: str) -> str:
    """A field as it is called, with its unit."""
    return f"{FACT_WORDS[name]}, {UNITS[name]}" if name in UNITS else FACT_WORDS[name]


def _number(text: str) -> float | str:
    """A number with a point or one comma; what is none is left for the check to name."""
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        return float(plain)
    except ValueError:
        return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value:g}" if isinstance(value, float) else str(value)
