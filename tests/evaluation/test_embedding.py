"""The picture of the last hidden layer: alike squares lie together, the same seed draws the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.systems.noncontrast_triage.conftest import CENTRE_MM, RADIUS_MM, write_bundle, write_series

from overread.core.errors import InputError
from overread.evaluation.embedding import (
    CaseFeatures,
    case_features,
    check_embedding,
    draw_embedding,
    tsne,
    write_embedding,
)
from overread.evaluation.figure_style import save
from overread.io import CaseRow
from overread.io.volume_files import write_volume_nifti
from overread.systems import load_bundle
from overread.systems.noncontrast_triage.variants import CLASSES


@dataclass(frozen=True, slots=True)
class NamedBundle:
    """What the picture says of a bundle."""

    system: str = "noncontrast-triage"
    variant: str = "t2"
    trained_on: str = "phantoms"


def three_groups(each: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    labels = np.repeat(np.arange(3), each)
    features = rng.normal(0, 1, (3 * each, 24)) + 6 * np.eye(3, 24)[labels]
    return features.astype(np.float32), labels


def test_three_groups_of_features_are_three_groups_of_points() -> None:
    pytest.importorskip("sklearn")
    features, labels = three_groups()
    points = tsne(features, seed=4)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.mean(labels[distances.argmin(axis=1)] == labels) > 0.95


def test_the_same_seed_gives_the_same_points() -> None:
    pytest.importorskip("sklearn")
    features, _ = three_groups(5)
    assert np.array_equal(tsne(features, seed=4), tsne(features, seed=4))


def test_the_figure_tells_classes_apart_by_shape_and_says_phantoms(tmp_path: Path) -> None:
    features, labels = three_groups(4)
    cases = [
        CaseFeatures(f"case {n}", CLASSES[n], np.eye(3)[[n] * 4], features[labels == n]) for n in range(len(CLASSES))
    ]
    figure = draw_embedding(features[:, :2].astype(float), cases, NamedBundle())  # type: ignore[arg-type]
    (axes,) = figure.axes
    shapes = {collection.get_paths()[0].vertices.shape for collection in axes.collections[:3]}
    assert len(shapes) == 3
    assert "3 phantoms, 12 squares" in axes.get_title()
    assert [path.suffix for path in save(figure, tmp_path, "embedding")] == [".png", ".pdf"]


def test_without_cases_no_picture_is_drawn_and_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError) as problem:
        write_embedding(tmp_path, [], NamedBundle())  # type: ignore[arg-type]
    assert "fewer than 8 squares" in str(problem.value)
    assert not list(tmp_path.iterdir())


def test_why_no_picture_could_be_drawn_is_said_before_a_case_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="noncontrast-triage only"):
        check_embedding(NamedBundle("mvi-prediction"), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--out"):
        check_embedding(NamedBundle(), None)  # type: ignore[arg-type]


@pytest.mark.slow
def test_cases_are_looked_at_where_their_truth_says_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    volume = write_series(tmp_path / "series", "t2")
    grid = volume.grid
    assert grid is not None
    k, j, i = np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij")
    away = np.linalg.norm(grid.affine.to_mm(np.stack([k, j, i], axis=-1)) - CENTRE_MM, axis=-1)
    write_volume_nifti(tmp_path / "mask.nii.gz", (away < RADIUS_MM).astype(np.float32), grid.affine)
    rows = [
        CaseRow(f"c{n}", f"p{n}", "", "test", tmp_path / "series", {"t2": volume.id}, label, tmp_path / "mask.nii.gz")
        for n, label in enumerate((*CLASSES, "no class"))
    ]
    bundle = load_bundle(write_bundle(tmp_path / "bundle", "t2"))
    looked = case_features(rows[0], bundle)
    assert looked.features.shape == (3, 192)
    assert looked.vectors.sum(axis=1) == pytest.approx(1)
    paths = write_embedding(tmp_path / "out", rows, bundle)
    assert [path.name for path in paths] == ["embedding.png", "embedding.pdf"]
    assert paths[0].stat().st_size > 5000
