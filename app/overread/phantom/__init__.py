"""A digital liver: from one seed to one case with images, labels and truth (hepatobiliary-phase MR).

In: kind of study, seed, site, share of normals. Out: a `Patient` that renders any slices, or a whole `Case`.
"""

from overread.phantom.case import POSITIVE_MM2, VERSION, Case, Patient, Rendered, draw_patient, make_case
from overread.phantom.labels import FIRST_LESION, LABELS
from overread.phantom.protocols import Protocol
from overread.phantom.sites import SITE_TABLE

KINDS: tuple[str, ...] = tuple(SITE_TABLE)
"""Kinds of study that can be drawn."""
SITES: dict[str, tuple[str, ...]] = {kind: tuple(sites) for kind, sites in SITE_TABLE.items()}
"""Names of the sites of each kind."""

__all__ = [
    "FIRST_LESION",
    "KINDS",
    "LABELS",
    "POSITIVE_MM2",
    "SITES",
    "VERSION",
    "Case",
    "Patient",
    "Protocol",
    "Rendered",
    "draw_patient",
    "make_case",
]
