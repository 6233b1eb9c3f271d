"""A digital liver: from one seed to one case with images, labels and truth.

In: kind of study, seed, site, probability of normals. Out: a `Patient` that renders any slices of any volume, or a
whole `Case`.
"""

from overread.core.truth import mask_file
from overread.phantom.case import Case, Volume, make_case
from overread.phantom.labels import FIRST_FINDING, FIRST_LESION, LABELS
from overread.phantom.patient import Imaging, Patient, Rendered, draw_patient
from overread.phantom.protocols import REFERENCE, Protocol
from overread.phantom.sites import SITE_TABLE
from overread.phantom.statement import POSITIVE_MM2, VERSION

KINDS: tuple[str, ...] = tuple(SITE_TABLE)
"""Kinds of study that can be drawn."""
SITES: dict[str, tuple[str, ...]] = {kind: tuple(sites) for kind, sites in SITE_TABLE.items()}
"""Names of the sites of each kind."""

__all__ = [
    "FIRST_FINDING",
    "FIRST_LESION",
    "KINDS",
    "LABELS",
    "POSITIVE_MM2",
    "REFERENCE",
    "SITES",
    "VERSION",
    "Case",
    "Imaging",
    "Patient",
    "Protocol",
    "Rendered",
    "Volume",
    "draw_patient",
    "make_case",
    "mask_file",
]
