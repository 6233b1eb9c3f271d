"""Regions to learn from: a small picture of every slice of every lesion, whose it is and what it shows."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError

THINNED = 16
"""Every so many rows and columns of an image enter what tells one set of samples from another."""


@dataclass(frozen=True, slots=True, eq=False)
class RegionSamples:
    """Slices of regions, n in all.

    Parameters
    ----------
    images
        uint8 (n, planes, rows, columns), in memory or mapped to a file, or n arrays (planes, rows, columns) of one
        shape; 0 to 255 stand for 0 to 1.
    labels
        Class of each (n,), from 0. All slices of a patient are of one class.
    patients
        Number of the patient of each (n,).
    facts
        float32 (n, facts) as the network takes them, or None.
    names
        Of the classes, in the order of their numbers; empty: as many as there are labels.
    planes
        Which of the stored planes the network is given, in order, also one several times; empty: all as they are.
    """

    images: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
    labels: NDArray[np.integer]
    patients: NDArray[np.integer]
    facts: NDArray[np.float32] | None = None
    names: tuple[str, ...] = ()
    planes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        counts = {len(self.images), len(self.labels), len(self.patients)}
        if len(counts | (set() if self.facts is None else {len(self.facts)})) > 1:
            raise ValueError("images, labels, patients and facts are as many as each other")
        if len(self.images) and (self.images[0].ndim != 3 or self.images[0].dtype != np.uint8):
            raise ValueError("an image is uint8 (planes, rows, columns)")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.names) or int(np.max(self.labels, initial=0)) + 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Stored planes, rows, columns of every image."""
        planes, rows, columns = self.images[0].shape
        return planes, rows, columns

    def stored(self, index: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Images of some samples, uint8 (k, planes, rows, columns), with all stored planes."""
        return np.stack([self.images[int(n)] for n in index])

    def patient_labels(self) -> dict[int, int]:
        """The class of each patient, in order of their numbers.

        Raises
        ------
        InputError
            A patient has slices of two classes.
        """
        found: dict[int, int] = {}
        for patient, label in zip(self.patients.tolist(), self.labels.tolist(), strict=True):
            if found.setdefault(patient, label) != label:
                raise InputError(
                    "These regions cannot be trained on",
                    f"patient {patient} has regions of two classes, and a patient is judged as one",
                    "Keep the regions of one class for each patient",
                )
        return dict(sorted(found.items()))

    def subset(self, patients: Collection[int]) -> RegionSamples:
        """The samples of some patients; the images are views, not copies."""
        return self.take(np.flatnonzero(np.isin(self.patients, list(patients))))

    def take(self, index: NDArray[np.integer]) -> RegionSamples:
        """Some of the samples by their numbers; the images are views, not copies."""
        return dataclasses.replace(
            self,
            images=[self.images[int(n)] for n in index],
            labels=self.labels[index],
            patients=self.patients[index],
            facts=None if self.facts is None else self.facts[index],
        )

    def shuffled(self, seed: int) -> RegionSamples:
        """The same with the patients' classes dealt anew, in their shares to each class: nothing is left to learn.

        Dealt by lot alone, one class may get more of another's label than its share, and that would be learnt.
        """
        known = self.patient_labels()
        rng = np.random.default_rng([seed, 47])
        values = np.array(list(known.values()))
        counts = {int(c): int(np.sum(values == c)) for c in np.unique(values)}
        spread = sorted(((n + 0.5) / count, c) for c, count in counts.items() for n in range(count))
        patients = [
            p for c in counts for p in rng.permutation([q for q, label in known.items() if label == c]).tolist()
        ]
        new = dict(zip(patients, (c for _, c in spread), strict=True))
        return dataclasses.replace(self, labels=np.array([new[int(p)] for p in self.patients], dtype=np.int64))

    def identity(self) -> str:
        """SHA-256 of labels, patients, facts, planes and thinned images: tells other data from these."""
        digest = hashlib.sha256(repr((len(self), self.names, self.planes)).encode())
        for values in (self.labels, self.patients, *(() if self.facts is None else (self.facts,))):
            digest.update(np.ascontiguousarray(values, dtype=np.float64).tobytes())
        for image in self.images:
            digest.update(np.ascontiguousarray(image[:, ::THINNED, ::THINNED]).tobytes())
        return digest.hexdigest()


def joined(parts: Sequence[RegionSamples]) -> RegionSamples:
    """Several sets as one; names and planes are those of the first.

    Raises
    ------
    ValueError
        There are none, or only some of them have facts.
    """
    if not parts or len({part.facts is None for part in parts}) > 1:
        raise ValueError("sets to join are at least one, all with facts or all without")
    facts = [part.facts for part in parts if part.facts is not None]
    return dataclasses.replace(
        parts[0],
        images=[image for part in parts for image in part.images],
        labels=np.concatenate([part.labels for part in parts]),
        patients=np.concatenate([part.patients for part in parts]),
        facts=np.concatenate(facts) if facts else None,
    )
