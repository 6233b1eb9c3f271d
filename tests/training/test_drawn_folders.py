"""Folders of drawn patients: what is there stays, what is missing is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.region import Circle
from overread.training.drawn_folders import ABOUT, draw_all, write_arrays
from overread.training.hand_circles import CENTRE_MM, MARGIN_MM, drawn_by_hand


@dataclass(frozen=True, slots=True)
class Order:
    folder: str


def draw(order: Order, target: Path) -> None:
    write_arrays(target / "values.npz", {"values": np.array([len(order.folder)])})
    (target / ABOUT).write_text("{}", encoding="utf-8")


def test_only_missing_and_broken_off_patients_are_drawn_in_the_order_that_was_asked(tmp_path: Path) -> None:
    (there,) = draw_all([Order("there")], draw, tmp_path, 1)
    before = (there / "values.npz").stat().st_mtime_ns
    (tmp_path / "broken").mkdir()
    folders = draw_all([Order("broken"), Order("there"), Order("new")], draw, tmp_path, 1)
    assert [folder.name for folder in folders] == ["broken", "there", "new"]
    assert (there / "values.npz").stat().st_mtime_ns == before
    assert [int(np.load(folder / "values.npz")["values"][0]) for folder in folders] == [6, 5, 3]


def test_a_hand_slips_along_the_slice_however_it_lies_in_the_patient() -> None:
    turn = np.radians(20)
    tilted = np.diag([0.8, 0.8, 5.0, 1.0])
    tilted[1:3, 1:3] = [[0.8 * np.cos(turn), -5 * np.sin(turn)], [0.8 * np.sin(turn), 5 * np.cos(turn)]]
    affine, edge = Affine(tilted), Circle((3.0, 4.0, 5.0), 10.0)
    place = affine.to_index([edge.centre_mm])[0]
    for seed in range(20):
        found = drawn_by_hand(edge, affine, np.random.default_rng(seed))
        moved = affine.to_index([found.centre_mm])[0] - place
        assert moved[0] == pytest.approx(0, abs=1e-9)
        assert 0 < np.abs(moved[1:] * 0.8).max() <= CENTRE_MM
        assert MARGIN_MM[0] <= found.radius_mm - edge.radius_mm <= MARGIN_MM[1]
