"""Which limits a system's gate has: the ``[gate]`` table of a manifest with what holds where it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overread.core.errors import BundleError
from overread.systems.manifest import fault_of_gate


@dataclass(frozen=True, slots=True)
class Range:
    """From where on a figure is warned of and refused; None is no limit. A figure on the limit is let in."""

    refuse_below: float | None = None
    warn_below: float | None = None
    warn_above: float | None = None
    refuse_above: float | None = None

    @property
    def is_set(self) -> bool:
        """Whether any limit is."""
        return self != Range()

    def verdict(self, value: float) -> tuple[str, str, float] | None:
        """(``refuse`` or ``warn``, ``below`` or ``above``, the limit that is broken); None when all is well."""
        if self.refuse_below is not None and value < self.refuse_below:
            return "refuse", "below", self.refuse_below
        if self.refuse_above is not None and value > self.refuse_above:
            return "refuse", "above", self.refuse_above
        if self.warn_below is not None and value < self.warn_below:
            return "warn", "below", self.warn_below
        if self.warn_above is not None and value > self.warn_above:
            return "warn", "above", self.warn_above
        return None


NEVER = ("localiser", "mask")
DEFAULTS: dict[str, Range] = {
    "slices": Range(refuse_below=2, warn_above=600),
    "spacing_mm": Range(warn_above=10, refuse_above=20),
    "pixel_mm": Range(warn_above=2.5, refuse_above=5),
    "matrix": Range(refuse_below=32, warn_below=96, refuse_above=4096),
    "field_mm": Range(refuse_below=100, warn_below=220, warn_above=600),
    "coverage_mm": Range(refuse_below=20, warn_below=120),
    "tilt_deg": Range(warn_above=15, refuse_above=30),
    "b_value": Range(),
    "grey_values": Range(refuse_below=32, warn_below=64),
    "commonest_share": Range(warn_above=0.9, refuse_above=0.97),
    "brightest_share": Range(warn_above=0.02, refuse_above=0.25),
    "structure": Range(refuse_below=0.05, warn_below=0.3),
    "edge_brightness": Range(warn_above=0.3, refuse_above=0.5),
    "blank_share": Range(warn_above=0, refuse_above=0.5),
    "undecoded_share": Range(refuse_above=0.5),
    "no_number_share": Range(warn_above=0, refuse_above=0.5),
}
"""[A] What holds for a figure that the manifest does not name. They keep out what is no picture of a liver at all, and
warn where a picture is far from those in the papers; docs/bundles.md says what each figure is."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The limits for the volume of one role. Empty lists of modalities and orientations let all in.

    ``system`` and ``role`` are for the words only.
    """

    modality: tuple[str, ...] = ()
    orientation: tuple[str, ...] = ()
    never: tuple[str, ...] = NEVER
    ranges: Mapping[str, Range] = field(default_factory=dict)
    system: str = "The system"
    role: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranges", {**DEFAULTS, **self.ranges})


def gate_of(table: Mapping[str, Any], role: str | None = None, system: str = "The system") -> Gate:
    """The gate of a manifest's ``[gate]`` table for one role: ``[gate.roles.ROLE]`` stands above ``[gate]``.

    A range that the manifest names replaces the default one as a whole.

    Raises
    ------
    BundleError
        The table holds a key that is not known, or a value that is no limit.
    """
    fault = fault_of_gate(table)
    if fault is not None:
        raise BundleError(f"The bundle of {system} cannot run", f"its manifest is damaged: {fault}", "Install it again")
    merged = {**table, **table.get("roles", {}).get(role, {})}
    return Gate(
        tuple(merged.get("modality", ())),
        tuple(merged.get("orientation", ())),
        tuple(merged.get("never", NEVER)),
        {key: Range(**limits) for key, limits in merged.items() if key in DEFAULTS},
        system,
        role,
    )
