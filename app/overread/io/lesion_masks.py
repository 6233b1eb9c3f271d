"""Which part of somebody's mask is a lesion: the segments named so, and the separate parts of a label map."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.io.segmentation_reader import SegmentInfo

LARGEST_BESIDE_OTHERS_ML = 500.0
"""A larger value of a bare map is an organ rather than a lesion of 10 cm [A]."""
_NEOPLASM = r"lesions?|(liver)?tumou?rs?|hcc|\w*carcinomas?|neoplasms?|mass(es)?|malignan\w*"
_SOUGHT = re.compile(rf"\b({_NEOPLASM})\b", re.IGNORECASE)
_NOT_SOUGHT = re.compile(r"\b(cyst|ha?emangioma|nodule|fnh|abscess)", re.IGNORECASE)
_ANY_LESION = re.compile(
    rf"\b({_NEOPLASM}|icc|metasta[st][ie]\w*|mets?|findings?|cysts?|ha?emangiomas?|fnh|focal nodular|adenomas?"
    r"|abscess(es)?|nodules?|\w*sarcomas?|\w*blastomas?|lymphomas?)\b",
    re.IGNORECASE,
)
"""Every type of ``core.truth.LESION_TYPES`` in the words of people."""
_ORGAN = re.compile(
    r"\b(background|body|skin|liver|hepar|lobes?|gall ?bladder|bladder|vessels?|veins?|vena|arter(y|ies)|vascul\w*"
    r"|spleen|kidneys?|adrenals?|heart|o?esophagus|stomach|duodenum|colon|bowels?|intestines?|aorta|ivc|lungs?|pancreas"
    r"|spine|vertebra\w*|bones?|ribs?|muscles?|fat|ascites|fissures?|bile|ducts?)\b",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    rf"\b(without|excluding|excl|except|minus|no|non|peri)( (the|any))* ({_NEOPLASM}|metasta\w*)\b", re.IGNORECASE
)
"""What is left of an organ, as in ``liver without tumour``."""
_WITH = re.compile(
    rf"{_ORGAN.pattern} (with|incl|including|plus|and|containing)( (the|its|any))* ({_NEOPLASM}|metasta\w*)\b",
    re.IGNORECASE,
)


def lesion_parts(mask: NDArray[np.uint8], grid: Grid, what: str, most_ml: float | None = None) -> NDArray[np.intp]:
    """Lesions of a bare label map [k, j, i], numbered from 1: every value is one; of a single value each part.

    Parameters
    ----------
    what
        Begins the sentence when the map cannot be used: ``Case 7 cannot be evaluated``.
    most_ml
        Largest part that a map with a single value may have; None where such a map is known to outline a lesion.

    Raises
    ------
    InputError
        One of several values is as large as an organ, or a part of a single one larger than ``most_ml``.
    """
    from scipy import ndimage

    values = np.unique(mask[mask > 0])
    voxel_ml = float(np.prod(grid.affine.spacing_mm)) / 1000
    if values.size <= 1:
        separate = np.asarray(ndimage.label(mask > 0, structure=np.ones((3, 3, 3)))[0], dtype=np.intp)
        largest_ml = np.bincount(separate.ravel())[1:].max(initial=0) * voxel_ml
        if most_ml is not None and largest_ml > most_ml:
            remedy = "Circle the lesion, or say in a truth.json or by a segment's name that this is one"
            raise InputError(
                what, f"its mask covers {largest_ml:.0f} mL, which is an organ rather than a lesion", remedy
            )
        return separate
    table = np.zeros(256, dtype=np.intp)
    table[values] = np.arange(1, values.size + 1)
    parts: NDArray[np.intp] = table[mask]
    millilitres = np.bincount(parts.ravel())[1:] * voxel_ml
    if millilitres.max() > LARGEST_BESIDE_OTHERS_ML:
        large = int(values[int(np.argmax(millilitres))])
        raise InputError(
            what,
            f"value {large} of its mask covers {millilitres.max():.0f} mL, which is an organ rather than a lesion",
            "Leave that value out, or say in a truth.json what each value is",
        )
    return parts


def lesion_segments(segments: Sequence[SegmentInfo]) -> list[int]:
    """Numbers of the segments that outline what is sought: those named so, else the only one if it is no organ."""
    named = [s.number for s in segments if is_named(s, _SOUGHT) and not _NOT_SOUGHT.search(_words(s))]
    return named or _the_only(segments)


def segments_to_read(segments: Sequence[SegmentInfo]) -> list[int]:
    """Numbers of the segments that outline a lesion of any type, to be looked at rather than counted; else the only
    one if it is no organ."""
    return [segment.number for segment in segments if is_named(segment)] or _the_only(segments)


def is_named(segment: SegmentInfo, words: re.Pattern[str] = _ANY_LESION) -> bool:
    """Whether a segment is called by one of these words, and not as what is round or beside it."""
    said = _words(segment)
    return bool(words.search(said)) and not _WITHOUT.search(said) and not _WITH.search(said)


def _the_only(segments: Sequence[SegmentInfo]) -> list[int]:
    return [segment.number for segment in segments if len(segments) == 1 and not _ORGAN.search(_words(segment))]


def _words(segment: SegmentInfo) -> str:
    """Label and meaning, its words and numbers apart: ``liver_tumor1`` as ``liver tumor 1``."""
    said = re.sub(r"[-_/,;]", " ", f"{segment.label} {segment.meaning}")
    return " ".join(re.sub(r"(?<=[A-Za-z])(?=\d)", " ", said).split())
