"""Which samples a step learns from: decided by seed and number of the step alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.training.regions.samples import RegionSamples

_STREAM = 59


class Lots:
    """Draws the samples of each step.

    Parameters
    ----------
    sampling
        ``balanced``, ``patients`` or ``slices``: see ``ClassifierRecipe``.
    """

    def __init__(self, samples: RegionSamples, batch: int, sampling: str, seed: int) -> None:
        self._batch, self._sampling, self._seed, self._count = batch, sampling, seed, len(samples)
        order = np.argsort(samples.patients, kind="stable")
        patients, starts = np.unique(samples.patients[order], return_index=True)
        self._slices = dict(zip(patients.tolist(), np.split(order, starts[1:]), strict=True))
        labels = samples.patient_labels()
        groups: dict[int, list[int]] = {}
        for patient, label in labels.items():
            groups.setdefault(label if sampling == "balanced" else 0, []).append(patient)
        self._groups = [groups[key] for key in sorted(groups)]

    def at(self, step: int) -> NDArray[np.int64]:
        """Numbers of the samples (batch,) of one step."""
        if self._sampling == "slices":
            return self._in_rounds(step)
        rng = np.random.default_rng([self._seed, step, _STREAM])
        first = int(rng.integers(len(self._groups)))  # so that no class is left the smaller share of every batch
        picked: list[int] = []
        for n, group in enumerate(self._groups):
            share = len(range((n - first) % len(self._groups), self._batch, len(self._groups)))
            for patient in _several(rng, len(group), share):
                slices = self._slices[group[int(patient)]]
                picked.append(int(slices[rng.integers(len(slices))]))
        return np.array(picked, dtype=np.int64)

    def _in_rounds(self, step: int) -> NDArray[np.int64]:
        begin = step * self._batch
        rounds = range(begin // self._count, (begin + self._batch - 1) // self._count + 1)
        orders = [np.random.default_rng([self._seed, n, _STREAM]).permutation(self._count) for n in rounds]
        offset = begin - rounds[0] * self._count
        return np.concatenate(orders)[offset : offset + self._batch].astype(np.int64)


def _several(rng: np.random.Generator, count: int, wanted: int) -> NDArray[np.int64]:
    """``wanted`` numbers below ``count``, none twice before all have come."""
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate(rounds)[:wanted] if rounds else np.zeros(0, dtype=np.int64)
