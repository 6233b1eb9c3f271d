"""What the paper printed, with what must be known to read it: beside our own figures, never instead of them."""

from __future__ import annotations

from typing import Any

PAPER = "Kim 2020"
REMARKS = (
    "Both areas are exactly (sensitivity + specificity) / 2: curves of one point, so they are no measure of a ranking.",
    "On 448 positive and 502 negative images 86/92 gives an accuracy of at most 90, not 91; 98/93 at least 95, not 94.",
    "Patients, resected, all lesions dark in the hepatobiliary phase: not to be compared with figures on phantoms.",
)
PUBLISHED: list[dict[str, Any]] = [
    {
        "paper": PAPER,
        "reader": "network",
        "on": "patients, internal test",
        "sensitivity": 0.94,
        "specificity": 0.99,
        "auc": 0.97,
    },
    {
        "paper": PAPER,
        "reader": "network",
        "on": "patients, four other hospitals",
        "sensitivity": 0.87,
        "specificity": 0.93,
        "auc": 0.90,
        "accuracy": 0.90,
        "images": 950,
    },
    {
        "paper": PAPER,
        "reader": "trainee, 4 years",
        "on": "patients, four other hospitals",
        "sensitivity": 0.86,
        "specificity": 0.92,
        "accuracy": 0.91,
    },
    {
        "paper": PAPER,
        "reader": "expert, 10 years",
        "on": "patients, four other hospitals",
        "sensitivity": 0.98,
        "specificity": 0.93,
        "accuracy": 0.94,
    },
    {
        "paper": PAPER,
        "reader": "network",
        "on": "time: desktop i5, 16 GB, no GPU",
        "seconds_per_image": 0.03,
        "seconds_per_100_images": 3.4,
    },
    {
        "paper": PAPER,
        "reader": "radiologists",
        "on": "time",
        "seconds_per_image": 0.18,
        "seconds_per_100_images": 18.0,
    },
]
FALSE_POSITIVES = "gallbladder, vessels in the liver and heart; cysts seldom"
"""On what the paper found its false positives."""
MISSED_BY_TRAINEE_MM = (10.0, 2.0)
"""HCCs that the paper's network found and its trainee missed: mean size and SD."""
EXTERNAL_POINT = (0.93, 0.87)
INTERNAL_POINT = (0.99, 0.94)
"""Specificity and sensitivity of the network, for the ROC figure."""
