"""How well a classifier tells patients apart: regions are averaged over the patient, then areas are taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.stats.merit.roc import roc_auc
from overread.training.checks import Check
from overread.training.regions.samples import RegionSamples


def patient_vectors(
    vectors: NDArray[np.float64], samples: RegionSamples
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean vector (patients, classes) of each patient's regions, and its class, by rising number of the patient."""
    labels = samples.patient_labels()
    numbers = np.searchsorted(list(labels), samples.patients)
    sums = np.zeros((len(labels), vectors.shape[1]))
    np.add.at(sums, numbers, vectors)
    counts = np.bincount(numbers, minlength=len(labels))
    return sums / counts[:, None], np.array(list(labels.values()), dtype=np.int64)


def judge(vectors: NDArray[np.float64], samples: RegionSamples) -> Check:
    """Area and accuracy by patient.

    Parameters
    ----------
    vectors
        Probabilities (n, classes).

    Returns
    -------
    Check
        Of two classes the area of the second; of more the mean over the classes of each against the rest, leaving
        out those that no patient or every patient has. NaN where there is none. Accuracy: the largest mean is right.
    """
    means, labels = patient_vectors(vectors, samples)
    return Check(area_of(means, labels), float(np.mean(means.argmax(axis=1) == labels)))


def area_of(vectors: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Area of the second of two classes; of more, the mean over those classes that some have and some have not."""
    wanted = [1] if vectors.shape[1] == 2 else range(vectors.shape[1])
    areas = [roc_auc(vectors[labels == c, c], vectors[labels != c, c]) for c in wanted]
    known = [area for area in areas if not np.isnan(area)]
    return float(np.mean(known)) if known else float("nan")
