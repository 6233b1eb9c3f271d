"""What the three papers printed, with what must be known to read it: beside our figures, never instead of them.

An entry names the row of ours that it stands beside: ``level``, ``subset``, ``point`` and ``metric``. ``sd`` is over
folds. All are of patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Entry = dict[str, Any]
WANG, ZHEN, LIU = "Wang 2020", "Zhen 2020", "Liu 2021"
WANG_CLASSES = ("hcc", "icc", "metastasis")
_WANG: dict[str, tuple[float, ...]] = {
    "system": (0.68, 0.62, 0.82, 0.80, 0.82, 0.42, 0.89, 0.44, 0.62, 0.83, 0.61),
    "radiologist A, 20 years hepatic": (0.73, 0.68, 0.84, 0.90, 0.86, 0.63, 0.79, 0.52, 0.60, 0.92, 0.66),
    "radiologist B, 8 years hepatic": (0.66, 0.61, 0.77, 0.89, 0.82, 0.73, 0.67, 0.49, 0.39, 0.97, 0.53),
    "radiologist C, 15 years abdominal": (0.49, 0.47, 0.55, 0.63, 0.58, 0.50, 0.61, 0.34, 0.36, 0.96, 0.50),
}
_WANG_SD = (0.02, 0.03, 0.06, 0.09, 0.04, 0.14, 0.03, 0.11, 0.09, 0.06, 0.05)
_WANG_METRICS = (
    "accuracy",
    "macro-f1",
    *(f"{metric}-{name}" for name in WANG_CLASSES for metric in ("sensitivity", "specificity", "f1")),
)


def _entry(paper: str, reader: str, on: str, metric: str, value: float | None, **more: Any) -> Entry:
    place = {"level": "patient", "subset": "all", "point": None}
    return {"paper": paper, "reader": reader, "on": on, **place, "metric": metric, "value": value, **more}


def _wang() -> list[Entry]:
    on = "patients, 400 studies, five folds"
    found = [
        _entry(WANG, reader, on, metric, value, **({"sd": sd} if reader == "system" else {}))
        for reader, values in _WANG.items()
        for metric, value, sd in zip(_WANG_METRICS, values, _WANG_SD, strict=True)
    ]
    return [
        *found,
        _entry(WANG, "system", on, "lroc-auc-hcc", 0.89),
        _entry(WANG, "system", on, "lroc-auc-hcc-at-70-retained", 0.91),
        _entry(WANG, "system", on, "sensitivity-hcc-at-80-specificity", 0.84),
        _entry(WANG, "system", on, "sensitivity-hcc-at-80-specificity-at-70-retained", 0.92),
        _entry(WANG, "system", on, "accuracy-at-70-retained", 0.79),
        _entry(WANG, "system", on, "macro-f1-at-70-retained", 0.71),
        _entry(WANG, "radiologist A, 20 years hepatic", on, "accuracy-at-70-retained", 0.81),
        _entry(WANG, "radiologist A, 20 years hepatic", on, "macro-f1-at-70-retained", 0.76),
        _entry(WANG, "radiologist B, 8 years hepatic", on, "accuracy-at-70-retained", 0.7),
        _entry(WANG, "radiologist B, 8 years hepatic", on, "macro-f1-at-70-retained", 0.67),
        _entry(WANG, "system", on, "no-region", 0.02, counts=[8, 400]),
    ]


_AREAS: dict[str, dict[str, tuple[float | None, ...]]] = {
    "t2-dwi": {"benign": (0.91, 0.888, 0.932), "primary": (0.873, 0.848, 0.899), "metastasis": (0.876, 0.840, 0.911)},
    "t2": {"benign": (0.92, None, None), "primary": (0.885, None, None), "metastasis": (0.842, None, None)},
}
_SETS = ("SRRSH, internal", "HZFPH, external", "TDH, external")
_MALIGNANT = ((0.935, 0.915, 0.955), (0.902, 0.858, 0.946), (0.920, 0.867, 0.972))
_SUM_SENSITIVITY = (0.908, 0.882, 0.843)
_ANY_SLICE = {
    ("SRRSH, internal", "t2"): ((95.2, 89.0, 98.4), (68.2, 58.6, 76.7), (2.99, 2.15, 4.23), (0.07, 0.02, 0.19)),
    ("SRRSH, internal", "t2-dwi"): ((98.1, 93.2, 99.8), (70.0, 60.5, 78.4), (3.27, 2.36, 4.61), (0.03, 0.00, 0.11)),
    ("HZFPH, external", "t2"): ((81.8, 71.4, 89.7), (70.0, 59.4, 79.2), (2.73, 1.76, 4.31), (0.26, 0.13, 0.48)),
    ("HZFPH, external", "t2-dwi"): ((89.7, 85.9, 92.7), (73.3, 63.0, 82.1), (3.21, 2.05, 5.18), (0.19, 0.09, 0.38)),
    ("TDH, external", "t2"): ((87.5, 71.0, 96.5), (72.5, 56.1, 85.4), (3.18, 1.62, 6.61), (0.17, 0.04, 0.52)),
    ("TDH, external", "t2-dwi"): ((87.5, 71.0, 96.5), (75.0, 58.8, 87.3), (3.5, 1.72, 7.60), (0.17, 0.04, 0.49)),
}


def _zhen() -> list[Entry]:
    found = [
        _entry(ZHEN, model, f"patients, {_SETS[0]}", f"roc-auc-{name}", area, ci=[low, high], level="region")
        for model, areas in _AREAS.items()
        for name, (area, low, high) in areas.items()
    ]
    rule: dict[str, Any] = {"point": "sum rule"}
    for where, area, sensitivity in zip(_SETS, _MALIGNANT, _SUM_SENSITIVITY, strict=True):
        on = f"patients, {where}"
        found.append(_entry(ZHEN, "t2-dwi", on, "roc-auc-malignant", area[0], ci=list(area[1:])))
        found.append(_entry(ZHEN, "t2-dwi", on, "sensitivity-malignant", sensitivity, **rule))
    names = ("sensitivity-malignant", "specificity-malignant", "dlr-positive", "dlr-negative")
    for (where, model), figures in _ANY_SLICE.items():
        for name, (value, low, high) in zip(names, figures, strict=True):
            by = 1 if name.startswith("dlr") else 100
            ci = [round(low / by, 3), round(high / by, 3)]
            on = f"patients, {where}"
            found.append(_entry(ZHEN, model, on, name, round(value / by, 3), ci=ci, point="any-slice rule"))
    return found


_LIU_SETS = ("training", "validation", "external, 54 hospitals")
_LIU_METRICS = (("accuracy", "default"), ("sensitivity", "default"), ("specificity", "default"), ("roc-auc", None))
_LIU = {
    "ResNet-18": ((0.95, 0.91, 0.97, 0.98), (0.68, 0.96, 0.56, 0.82), (0.66, 0.80, 0.62, 0.75)),
    "ResNet-18 + factors": ((0.97, 0.94, 0.98, 0.97), (0.72, 0.96, 0.62, 0.845), (0.71, 0.82, 0.67, 0.777)),
    "SVM factors": ((0.71, 0.82, 0.66, 0.78), (0.77, 0.71, 0.80, 0.78), (0.70, 0.77, 0.67, 0.76)),
    "SVM factors + features": ((0.93, 0.92, 0.93, 0.98), (0.60, 0.93, 0.46, 0.70), (0.57, 0.90, 0.47, 0.68)),
}


def _liu() -> list[Entry]:
    return [
        _entry(LIU, model, f"patients, {where}", metric, value, point=point)
        for model, sets in _LIU.items()
        for where, values in zip(_LIU_SETS, sets, strict=True)
        for (metric, point), value in zip(_LIU_METRICS, values, strict=True)
    ]


LIU_LOGISTIC = {
    "sex male": "0.18, odds 1.20 (0.62 to 2.31), p 0.59",
    "age, years": "0.01, odds 1.01 (0.98 to 1.04), p 0.46",
    "diameter, cm": "0.32, odds 1.37 (1.22 to 1.55), p < 0.001",
    "AFP, ng/ml": "7.48e-5, odds 1.00, p 0.042",
    "Child-Pugh B": "-3.33, odds 0.04 (0 to 0.3); A: -2.89, odds 0.06 (0.01 to 0.34)",
    "Child-Pugh C": "-3.3, odds 0.04 (0 to 0.62)",
    "HBsAg": "-0.16, odds 0.85 (0.39 to 1.85), p 0.68",
    "HCV": "0.27, odds 1.31 (0.59 to 2.9), p 0.5",
}
"""Liu's regression on 309 patients, by the names of our factors."""

PUBLISHED: dict[str, list[Entry]] = {
    "multiphase-characterisation": _wang(),
    "noncontrast-triage": _zhen(),
    "mvi-prediction": _liu(),
}
_PATIENTS = (
    "The paper read patients and these figures are of phantoms, unless said otherwise: they are not to be compared."
)
REMARKS: dict[str, Sequence[str]] = {
    "multiphase-characterisation": (
        (
            "Counts that give every printed figure exist for readers A and B. Reader C's ICC sensitivity of .50 is no "
            "count of 83 (42 of 83 is .506), and the mean F1 of .49 in the text is its accuracy; .47 is right."
        ),
        "Reader A's F1 of HCC is exactly .865 and printed .86.",
        "Not localised were 8 of 400 (HCC 6, ICC 1, metastasis 1); the readers' confidence was not used for curves.",
        _PATIENTS,
    ),
    "noncontrast-triage": (
        "Three-class areas are per image, malignant against benign per patient by the sum rule.",
        (
            "HZFPH t2-dwi 89.7 (85.9-92.7) is very likely a misprint of 85.7 (75.9-92.7), 66 of 77: the "
            "ratio-of-limits rule then gives exactly the printed likelihood ratios."
        ),
        (
            "The denominators differ from the paper's baseline table: benign 110 and 90 against 116 and 91, "
            "malignant 77 against 78; the HZFPH rows sum to 169 of 173."
        ),
        "The printed intervals of the likelihood ratios combine two exact limits; they have no stated coverage.",
        _PATIENTS,
    ),
    "mvi-prediction": (
        "The ResNet rows are the best of five runs by the validation area, whose mean was .81.",
        "Youden's point was taken on each model's own curve; ours is fixed on validation cases.",
        _PATIENTS,
    ),
}
_LIKE = {
    "t2": ("t2",),
    "image": ("ResNet-18",),
    "image-factors": ("ResNet-18 + factors",),
    "svm-factors": ("SVM factors",),
    "svm-both": ("SVM factors + features",),
}
_LIKE_OTHERWISE = ("system", "t2-dwi", "ResNet-18 + factors")


def is_like(entry: Entry, variant: str) -> bool:
    """Whether a figure is of the paper's reader that a variant imitates."""
    return entry["reader"] in _LIKE.get(variant, _LIKE_OTHERWISE)
