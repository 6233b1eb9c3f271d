"""What the network has learnt as a picture: every square of every case as a point, near to those it takes for alike.

References
----------
Zhen (SEEDS 3.3): t-SNE of the last hidden layer. van der Maaten and Hinton 2008.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError, OverreadError
from overread.core.progress import SILENT, Progress
from overread.evaluation.case_truth import map_truth
from overread.evaluation.classes.measuring import region_of, true_class, volumes_of
from overread.evaluation.figure_style import BLUE, GREEN, ORANGE, begin, end, save
from overread.io import CaseRow
from overread.systems import ReadRequest
from overread.systems.bundle import Bundle
from overread.systems.noncontrast_triage.features import features_of
from overread.systems.noncontrast_triage.variants import CLASSES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRIAGE = "noncontrast-triage"
PERPLEXITY = 30.0
"""How many neighbours a point has, roughly; fewer where there are few points."""
FEWEST = 8
_LOOKS = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"))
_NO_EMBEDDING = "No embedding can be drawn"


@dataclass(frozen=True, slots=True, eq=False)
class CaseFeatures:
    """A case's squares: ``label`` its true class, ``vectors`` (n, classes), ``features`` (n, d)."""

    case: str
    label: str
    vectors: NDArray[np.float64]
    features: NDArray[np.float32]


def case_features(row: CaseRow, bundle: Bundle, progress: Progress = SILENT) -> CaseFeatures:
    """Look at a case as its evaluation does, with the region of its truth.

    Raises
    ------
    OverreadError
        The case cannot be read, or has no truth.
    """
    label = true_class(row, CLASSES)
    volumes = volumes_of(row, bundle)
    volume = volumes[0][1]
    if volume.grid is None:
        raise InputError(f"Case {row.case} cannot be read", f"its {volumes[0][0]} is no regular volume", "Leave it out")
    region = region_of(map_truth(row, volume.grid, volume.role.name), volume)
    vectors, features = features_of(ReadRequest(bundle.system, volumes, region=region), bundle, progress)
    return CaseFeatures(row.case, label, vectors, features)


def check_embedding(bundle: Bundle, folder: Path | None) -> None:
    """Say before the first case is read why no picture could be drawn.

    Raises
    ------
    InputError
        It is another system, there is no folder to write to, or scikit-learn is not installed.
    """
    if bundle.system != TRIAGE:
        raise InputError(_NO_EMBEDDING, f"it is drawn for {TRIAGE} only", "Leave --embedding out")
    if folder is None:
        raise InputError(_NO_EMBEDDING, "there is no folder to write it to", "Name one with --out")
    if importlib.util.find_spec("sklearn") is None:
        raise _without_sklearn()


def write_embedding(
    folder: Path, rows: Sequence[CaseRow], bundle: Bundle, seed: int = 1, progress: Progress = SILENT
) -> list[Path]:
    """Draw ``embedding.png`` and ``.pdf`` of all cases that can be read; returns the files.

    Raises
    ------
    InputError
        Too few squares could be read, or scikit-learn is not installed.
    StorageError
        See ``write_atomically``.
    """
    found = []
    for n, row in enumerate(rows):
        progress.step("Looking at the cases", n, len(rows))
        try:
            found.append(case_features(row, bundle))
        except OverreadError:  # the evaluation lists it with its sentence
            continue
    if sum(len(case.features) for case in found) < FEWEST:
        raise InputError(_NO_EMBEDDING, f"fewer than {FEWEST} squares could be read", "Give more cases")
    points = tsne(np.concatenate([case.features for case in found]), seed)
    return save(draw_embedding(points, found, bundle), folder, "embedding")


def tsne(features: NDArray[np.float32], seed: int = 1) -> NDArray[np.float64]:
    """Points (n, 2) whose neighbours are those of the features (n, d), the same for the same seed.

    It begins from the two main components, so that far groups keep their order as well as t-SNE can.

    Raises
    ------
    InputError
        scikit-learn is not installed.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as problem:
        raise _without_sklearn() from problem
    wide = np.asarray(features, dtype=np.float64)
    perplexity = min(PERPLEXITY, (len(wide) - 1) / 6)
    way = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return np.asarray(way.fit_transform(wide - wide.mean(axis=0)), dtype=np.float64)


def draw_embedding(points: NDArray[np.float64], cases: Sequence[CaseFeatures], bundle: Bundle) -> Figure:
    """The points by true class, told apart by colour and by shape; crossed where the square itself is called wrongly.

    Parameters
    ----------
    points
        (n, 2) for the squares of all cases in their order.
    """
    labels = np.concatenate([np.full(len(case.features), CLASSES.index(case.label)) for case in cases])
    called = np.concatenate([case.vectors.argmax(axis=1) for case in cases])
    document: dict[str, Any] = {
        "bundle": {"system": bundle.system, "variant": bundle.variant},
        "n": {"cases": len(cases)},
        "cases_are": "phantoms" if bundle.trained_on == "phantoms" else "not phantoms",
    }
    figure, axes = begin(document, "t-SNE of the last hidden layer", f"{len(points)} squares")
    for number, (name, (colour, shape)) in enumerate(zip(CLASSES, _LOOKS, strict=True)):
        own = labels == number
        axes.scatter(
            points[own, 0],
            points[own, 1],
            s=22,
            marker=shape,
            facecolor=colour,
            edgecolor="none",
            alpha=0.75,
            label=name,
        )
    wrong = labels != called
    axes.scatter(
        points[wrong, 0], points[wrong, 1], s=30, marker="x", color="0.15", linewidth=0.8, label="called otherwise"
    )
    axes.set(xticks=[], yticks=[], xlabel="distances between far groups mean little", ylabel="")
    return end(figure, axes)


def _without_sklearn() -> InputError:
    return InputError(_NO_EMBEDDING, "scikit-learn is not installed", "Install it with pip install 'overread[train]'")
