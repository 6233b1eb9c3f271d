"""A bundle's files, what its card and tables hold, and which function trains which system."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from overread.cli.main import main
from overread.core.errors import BundleError, InputError
from overread.systems.manifest import SCHEMA, read_manifest
from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.bundle_files import add_control
from overread.training.regions.recipe import ClassifierRecipe
from overread.training.regions.samples import RegionSamples
from overread.training.regions.write import prefixed, training_table, write_region_bundle
from overread.training.state import History
from overread.training.trainers import adapted, trainer_of

RECIPE = """
system = "{system}"
variant = "t"
kind = "hbp"
[loop]
steps = 3
"""


def _manifest(training: dict[str, Any]) -> dict[str, Any]:
    return {
        "bundle": {
            "schema": SCHEMA,
            "system": "mvi-prediction",
            "variant": "image",
            "version": "0.1",
            "trained_on": "phantoms",
        },
        "input": {"roles": ["ct-arterial"], "channels": 3, "size": [256, 256]},
        "gate": {},
        "network": {"name": "resnet-18"},
        "training": training,
    }


def test_a_bundle_holds_half_kernels_and_a_manifest_that_is_read_back(
    training: RegionSamples,
    build: Callable[[], MviNetwork],
    recipe_with: Callable[..., ClassifierRecipe],
    tmp_path: Path,
) -> None:
    history = History(losses=[0.7, 0.5], checks=[(2, 0.75)], accuracies=[0.7], crops_seen=16)
    table = training_table(recipe_with(), training, history)
    network = build()
    tensors = prefixed({"classifier": network, "detector.t2": network})
    folder = write_region_bundle(tmp_path / "b", tensors, _manifest(table), "# Card\n")
    kept = load_file(folder / "weights.safetensors")
    assert len(kept) == 2 * len(network.state_dict())
    assert kept["classifier.conv1.weight"].dtype == torch.float16
    assert kept["detector.t2.fc.weight"].dtype == torch.float32
    found = read_manifest(folder)["training"]
    assert (found["patients"], found["slices"], found["regions"]) == (40, 120, 16)
    assert found["patients_by_class"] == {"plain": 20, "rimmed": 20}
    add_control(folder, network.state_dict(), 1)
    control = tomllib.loads((folder / "manifest.toml").read_text())["control"]
    assert control["what"].startswith("the same recipe for 1 of its 2 steps")
    assert (folder / "CARD.md").read_text() == "# Card\n"


def test_a_manifest_that_could_not_be_read_is_not_written(build: Callable[[], MviNetwork], tmp_path: Path) -> None:
    manifest = _manifest({}) | {"input": {"roles": ["ct-arterial"], "channels": 0, "size": [256, 256]}}
    with pytest.raises(BundleError, match=r"The bundle b cannot be written: .*channels"):
        write_region_bundle(tmp_path / "b", build().state_dict(), manifest, "# Card\n")
    assert not (tmp_path / "b" / "manifest.toml").exists()


def test_a_system_without_a_training_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="crystal-ball cannot be trained: this version has no training for it"):
        trainer_of("crystal-ball")


def test_steps_and_the_control_are_laid_into_the_loop_of_a_recipe() -> None:
    document = {"system": "mvi-prediction", "loop": {"steps": 100, "seed": 4}}
    assert adapted(document, None, False) == document
    assert adapted(document, 7, True)["loop"] == {"steps": 7, "seed": 4, "shuffled_labels": True}
    assert document["loop"] == {"steps": 100, "seed": 4}
    with pytest.raises(InputError, match="it would have 0 steps"):
        adapted(document, 0, False)
    with pytest.raises(InputError, match="no steps to change"):
        adapted({"system": "mvi-prediction"}, 7, False)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--phantom", "ct-mvi"], "the recipe is for phantoms of kind hbp, not ct-mvi"),
        (["--cases", "cases.csv"], "is trained on phantoms, from chance or from the weights its recipe names"),
        ([], "it needs either phantoms or cases"),
        (["--phantom", "hbp", "--fold", "1"], "--fold says which of how many"),
    ],
)
def test_the_command_line_refuses_what_the_other_systems_cannot_use(
    options: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(system="mvi-prediction"))
    status = main(["train", str(recipe), "--out", str(tmp_path / "b"), "--work", str(tmp_path / "w"), *options])
    assert status != 0
    assert why in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
