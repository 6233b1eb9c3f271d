"""The nine numbers of seven facts, and machines without the library that trained them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from overread.core.errors import BundleError
from overread.core.facts import Facts
from overread.systems.mvi_prediction.factors import COLUMNS, FactScale, row_of, scale_from, scale_of
from overread.systems.mvi_prediction.machine import SupportMachine, machine_from
from overread.training.mvi.machines import decisions, fit_machine
from overread.training.mvi.recipe import MachineRecipe

FULL = Facts("female", 63.0, 41.5, 99.0, "B", True, False)
LINEAR = MachineRecipe("linear", 0.1, 1.0, 0.001)
RADIAL = MachineRecipe("rbf", 0.1, 0.001, 0.1, 15)


def test_seven_facts_are_nine_numbers_with_child_pugh_as_one_of_three() -> None:
    assert row_of(FULL).tolist() == [0, 63.0, 41.5, 2.0, 0, 1, 0, 1, 0]
    assert row_of(FULL, "raw")[3] == 99.0
    assert np.isnan(row_of(Facts())).all()


def test_a_missing_fact_is_zero_after_standardising() -> None:
    scale = FactScale(np.arange(9.0), np.full(9, 2.0))
    vector = scale.vector(Facts(age_y=5.0))
    assert vector.tolist() == [0, 2.0, 0, 0, 0, 0, 0, 0, 0]


def test_the_scale_is_mean_and_deviation_of_the_training_patients() -> None:
    patients = [FULL, Facts("male", 53.0, 21.5, 0.0, "A", False, False)]
    scale = scale_of(patients)
    assert scale.mean.tolist() == [0.5, 58.0, 31.5, 1.0, 0.5, 0.5, 0, 0.5, 0]
    assert scale.sd.tolist() == [0.5, 5.0, 10.0, 1.0, 0.5, 0.5, 1.0, 0.5, 1.0]  # one value in all: left as it is
    again = scale_from(scale.to_table(), "b")
    assert again.vector(FULL).tolist() == scale.vector(FULL).tolist()
    assert scale.imputed(Facts("male", hcv=True))["afp_ng_ml"] == pytest.approx(9.0)


@pytest.mark.parametrize("key", ["columns", "mean", "sd", "afp"])
def test_a_scale_with_a_part_missing_is_refused(key: str) -> None:
    table = scale_of([FULL, Facts("male", 53.0, 21.5, 0.0, "A", False, False)]).to_table()
    del table[key]
    with pytest.raises(BundleError, match="table of facts is damaged"):
        scale_from(table, "b")


@pytest.mark.parametrize("recipe", [LINEAR, RADIAL], ids=["linear", "rbf"])
def test_a_machine_in_plain_numbers_decides_as_scikit_learn_does(recipe: MachineRecipe) -> None:
    from sklearn.svm import SVC

    rng = np.random.default_rng(8)
    inputs = rng.normal(3, 2, (80, len(COLUMNS) + 16))
    labels = (inputs[:, 0] + inputs[:, 4] + rng.normal(0, 2, 80) > 6).astype(np.int64)
    fitted = fit_machine(inputs, labels, recipe)
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    reference = SVC(
        kernel=recipe.kernel, C=recipe.C, gamma=recipe.gamma, tol=recipe.tolerance, max_iter=recipe.iterations or -1
    )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference.fit(scaled, labels)
    np.testing.assert_allclose(decisions(fitted.machine, inputs), reference.decision_function(scaled), atol=1e-9)
    assert fitted.has_converged == (recipe.iterations == 0)


def test_a_machine_is_kept_and_found_again(tmp_path: Path) -> None:
    machine = SupportMachine(np.ones((3, 9)), np.array([1.0, -2.0, 0.5]), 0.25, np.zeros(9), np.ones(9), 0.1)
    save_file(machine.tensors(), tmp_path / "w.safetensors")
    again = machine_from(tmp_path / "w.safetensors", {"kernel": "rbf", "gamma": 0.1}, 9, "b")
    x = np.linspace(-1, 1, 9)
    assert again.decision(x) == machine.decision(x)
    with pytest.raises(BundleError, match="hold no machine"):
        machine_from(tmp_path / "w.safetensors", {"kernel": "rbf", "gamma": 0.1}, 41, "b")
