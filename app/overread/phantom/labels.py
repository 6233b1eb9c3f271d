"""Codes of the label map."""

from __future__ import annotations

LABELS: dict[str, int] = {
    "background": 0,
    "body": 1,
    "liver": 2,
    "gallbladder": 3,
    "vessel": 4,
    "spleen": 6,
    "kidney": 7,
    "heart": 8,
    "stomach": 9,
    "bowel": 10,
    "aorta-ivc": 11,
    "lung": 12,
    "pancreas": 13,
    "spine": 14,
    "muscle": 15,
    "ascites": 16,
    "fissure": 17,
}
"""Structures, all below 40. ``body`` is everything else inside the skin; ``vessel`` are portal
and hepatic veins inside the liver."""

FIRST_FINDING = 40
"""Finding number n beside what the case is about (a cyst, a haemangioma), counted from 0, has the code 40 + n."""
FIRST_LESION = 100
"""Lesion number n of those the case is about, counted from 0, has the code 100 + n."""
