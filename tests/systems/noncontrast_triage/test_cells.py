"""Where the cells of the last maps look: the heatmap leans on it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from overread.core.geometry import Affine, Grid
from overread.systems.noncontrast_triage.findings import CELL_PX, FIRST_CELL_PX, grad_cam, map_of
from overread.systems.noncontrast_triage.network import TriageNetwork
from overread.systems.noncontrast_triage.prepare import Plane


def test_a_cell_looks_where_the_map_is_laid() -> None:
    torch.manual_seed(3)
    network = TriageNetwork(0.0625).eval()
    image = torch.rand(1, 3, 299, 299, requires_grad=True)
    cells = network.cells(image)
    assert cells.shape[-1] == 8
    for n in (3, 4):
        (gradient,) = torch.autograd.grad(cells[0, :, n, n].sum(), image, retain_graph=True)
        weight = gradient.abs().sum(dim=(0, 1)).numpy()
        at = np.arange(299)
        expected = FIRST_CELL_PX + CELL_PX * n
        # random weights see mostly the middle of the field, and no side of it more than the other
        assert (weight.sum(axis=0) * at).sum() / weight.sum() == pytest.approx(expected, abs=4)
        assert (weight.sum(axis=1) * at).sum() / weight.sum() == pytest.approx(expected, abs=4)


def test_the_map_needs_no_backward_pass() -> None:
    torch.manual_seed(4)
    network = TriageNetwork(0.0625).eval()
    image = torch.rand(1, 3, 139, 139)
    cells = network.cells(image).detach().requires_grad_(True)
    logits = network.classif(cells.mean(dim=(2, 3)))
    (gradient,) = torch.autograd.grad(logits[0, 2], cells)
    weights = gradient.mean(dim=(2, 3))[0]
    by_definition = torch.relu((weights[:, None, None] * cells[0]).sum(dim=0)).detach().numpy()
    maps = network(image)[1][0].detach().numpy()
    assert grad_cam(maps, 2) == pytest.approx(by_definition, abs=1e-6)


@pytest.mark.parametrize(("size", "cells"), [(139, 3), (299, 8), (160, 3)])
def test_a_hot_cell_is_shown_where_it_looks(size: int, cells: int) -> None:
    affine = np.diag([1.0, 1.0, 6.0, 1.0])
    affine[:3, 3] = -100, -100, -30
    grid = Grid((10, 200, 200), Affine(affine))
    side_mm = 80.0
    activation = np.zeros((cells, cells), dtype=np.float32)
    activation[1, cells - 2] = 1.0
    heatmap = map_of([Plane(4, (10.0, -5.0, -6.0), side_mm)], [activation], grid, "v", size, 1.0)
    shown = heatmap.on_slice(grid, 4)
    row, column = np.argwhere(shown > 0.9 * shown.max()).mean(axis=0)
    for found, cell, middle in ((column - 100, cells - 2, 10.0), (row - 100, 1, -5.0)):
        looked_at = FIRST_CELL_PX + CELL_PX * cell
        assert found == pytest.approx(
            middle + (looked_at - (size - 1) / 2) * side_mm / size, abs=0.1 * CELL_PX * side_mm / size
        )
