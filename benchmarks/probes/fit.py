"""Cross-validated probes, and AUC with an interval over pairs of the same fold and stratum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
FOLDS = 5
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Auc:
    """An AUC with its standard error; ``positive`` and ``negative`` are the observations compared."""

    value: float
    error: float
    positive: int
    negative: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % by the normal distribution."""
        return max(self.value - Z95 * self.error, 0.0), min(self.value + Z95 * self.error, 1.0)

    def excess(self, limit: float) -> int:
        """1 or -1, by its side, where the lower end of the interval of abs(AUC - .5) exceeds the limit's; else 0."""
        low, high = self.interval
        return int(low - 0.5 > abs(limit - 0.5)) - int(0.5 - high > abs(limit - 0.5))


def auc(scores: Numbers, labels: NDArray[np.bool_], groups: Whole, owners: Whole) -> Auc | None:
    """AUC over pairs within the same group, with DeLong's variance for observations clustered by owner.

    Parameters
    ----------
    scores, labels
        Of every observation.
    groups
        Only observations of the same group (fold and stratum) are compared.
    owners
        The patient; observations of one patient are not independent.

    Returns
    -------
    Auc or None
        None where no group has three observations of both classes.

    References
    ----------
    DeLong 1988, Biometrics 44:837; Obuchowski 1997, Biometrics 53:567 for clusters.
    """
    value, weight, influence = 0.0, 0.0, np.zeros(len(scores))
    used = np.zeros(len(scores), dtype=bool)
    for group in np.unique(groups):
        up, down = np.flatnonzero((groups == group) & labels), np.flatnonzero((groups == group) & ~labels)
        if min(len(up), len(down)) < 3:
            continue
        order = np.sort(scores[down])
        above = np.searchsorted(order, scores[up], "left") + np.searchsorted(order, scores[up], "right")
        order_up = np.sort(scores[up])
        below = 2 * len(up) - np.searchsorted(order_up, scores[down], "left")
        below = below - np.searchsorted(order_up, scores[down], "right")
        v10, v01 = above / 2 / len(down), below / 2 / len(up)
        here, size = float(v10.mean()), float(len(up)) * len(down)
        value, weight = value + size * here, weight + size
        influence[up] += size * (v10 - here) / len(up)
        influence[down] += size * (v01 - here) / len(down)
        used[up] = used[down] = True
    if weight == 0:
        return None
    _, owner = np.unique(owners[used], return_inverse=True)
    sums = np.bincount(owner, influence[used]) / weight
    error = float(np.sqrt(np.sum(sums**2) * len(sums) / max(len(sums) - 1, 1)))
    return Auc(value / weight, error, int((labels & used).sum()), int((~labels & used).sum()))


def cross_validated(
    features: Numbers, labels: NDArray[np.bool_], strata: Whole, owners: Whole, model: str, folds: Whole | None = None
) -> tuple[Auc | None, Numbers, Whole]:
    """Fit ``model`` (logistic, trees, or direct: the only feature is the score) in every stratum, owners kept together.

    ``folds``: the fold of every observation, where it is given by how observations were matched.

    Returns
    -------
    Auc or None, scores, groups
        Out-of-fold scores and their group; group -1 where a stratum is too small to be fitted.
    """
    scores = np.zeros(len(labels))
    groups = np.full(len(labels), -1, dtype=np.int64)
    for number, stratum in enumerate(np.unique(strata)):
        rows = np.flatnonzero(strata == stratum)
        if min(labels[rows].sum(), (~labels[rows]).sum()) < 3 * FOLDS:
            continue
        if folds is not None and any(_is_one_class(labels[rows[folds[rows] != n]]) for n in range(FOLDS)):
            continue
        if model == "direct":
            scores[rows], groups[rows] = features[rows, 0], FOLDS * number
            continue
        if folds is None:
            drawn = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=7)
            parts = list(drawn.split(features[rows], labels[rows], owners[rows]))
        else:
            parts = [(np.flatnonzero(folds[rows] != n), np.flatnonzero(folds[rows] == n)) for n in range(FOLDS)]
        for fold, (train, test) in enumerate(parts):
            if len(test) == 0:
                continue
            fitted = _model(model).fit(features[rows[train]], labels[rows[train]])
            scores[rows[test]] = fitted.predict_proba(features[rows[test]])[:, 1]
            groups[rows[test]] = FOLDS * number + fold
    kept = groups >= 0
    if not kept.any():
        return None, scores, groups
    return auc(scores[kept], labels[kept], groups[kept], owners[kept]), scores, groups


def _is_one_class(labels: NDArray[np.bool_]) -> bool:
    return bool(labels.all() or not labels.any())


def strongest(
    features: Numbers, names: list[str], labels: NDArray[np.bool_], strata: Whole, owners: Whole, count: int = 3
) -> list[tuple[str, float]]:
    """The features that tell most by themselves, with their AUC within strata."""
    found = []
    for column, name in enumerate(names):
        good = np.isfinite(features[:, column])
        result = auc(features[good, column], labels[good], strata[good], owners[good])
        if result is not None:
            found.append((name, result.value))
    return sorted(found, key=lambda item: -abs(item[1] - 0.5))[:count]


def _model(name: str) -> ClassifierMixin:
    if name == "trees":
        return HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=6, learning_rate=0.08, min_samples_leaf=15, class_weight="balanced",
            early_stopping=False, random_state=0,
        )  # fmt: skip
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=400),
    )
