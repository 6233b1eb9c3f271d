"""The part that a volume plays in a liver study: which phase, which contrast."""

from __future__ import annotations

from dataclasses import dataclass

ROLE_NAMES = (
    "t1-pre",
    "t1-arterial",
    "t1-portal",
    "t1-delayed",
    "t1-transitional",
    "t1-hbp",
    "t1-in",
    "t1-opposed",
    "t1-subtraction",
    "t2",
    "t2-fs",
    "dwi",
    "adc",
    "ct-pre",
    "ct-arterial",
    "ct-portal",
    "ct-delayed",
    "localiser",
    "mask",
    "other",
)
SURE = 0.8
"""Below this confidence a role is a guess: shown as such, and no system starts on it without a person's word."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role with how sure the program is of it and why.

    ``name`` is None when nothing speaks for any role. ``confirmed`` is True once a person said so.
    """

    name: str | None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    confirmed: bool = False

    def __post_init__(self) -> None:
        if self.name is not None and self.name not in ROLE_NAMES:
            raise ValueError(f"no such role: {self.name}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence {self.confidence} is not between 0 and 1")

    @property
    def is_sure(self) -> bool:
        """Whether a system may start on it without asking."""
        return self.name is not None and (self.confirmed or self.confidence >= SURE)

    @property
    def label(self) -> str:
        """The name as shown: with a question mark while it is a guess, ``unknown role`` for None."""
        if self.name is None:
            return "unknown role"
        return self.name if self.is_sure else f"{self.name}?"
