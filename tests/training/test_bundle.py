"""From disc patients to a bundle: what its manifest and card say of data, departures, beginnings and commands."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from overread.core.errors import InputError
from overread.systems import Bundle, load_bundle
from overread.training.card import commands, departures
from overread.training.case_split import Member
from overread.training.data import Data
from overread.training.drawn import DrawnPatient
from overread.training.recipe import Recipe, load_recipe
from overread.training.train import Wish, as_control, train


@pytest.fixture(scope="module")
def own(patients: list[DrawnPatient], held_out: list[DrawnPatient]) -> Data:
    """The disc patients as somebody's own cases."""
    members = [Member(p.name, p.name, "", True) for p in (*patients, *held_out)]
    return Data(patients, held_out, members, "discs of our ward", "cases", 2, "an identity")


@pytest.fixture(scope="module")
def bundle(tiny: Recipe, own: Data, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("trained")
    return load_bundle(train(tiny, own, folder / "bundle", Wish(folder / "work")))


def test_a_bundle_of_own_cases_never_says_phantoms(bundle: Bundle) -> None:
    bundle.check_weights()
    assert bundle.version == "0.2.0"
    assert bundle.trained_on == "discs of our ward"
    assert "digital_liver" not in bundle.manifest["bundle"]
    training = bundle.manifest["training"]
    assert (training["cases"], training["patients"], training["cases_left_out"]) == (6, 6, 2)
    assert "validation: " in bundle.manifest["operating"]["default"]["chosen_on"]
    assert bundle.manifest["operating"]["default"]["chosen_on"].endswith("slices of 3 cases")
    assert "phantom" not in bundle.card.lower()
    assert "discs of our ward: 6 cases of 6 patients; 2 more could not be used" in " ".join(bundle.card.split())
    assert "--cases cases.csv" in bundle.card


def test_the_curves_lie_beside_the_checkpoint(bundle: Bundle) -> None:
    work = bundle.folder.parent / "work"
    assert len((work / "training-curves.csv").read_text().splitlines()) == 3
    assert (work / "training-curves.png").stat().st_size > 1000


def test_fine_tuning_begins_with_the_bundles_weights_and_says_so(
    tiny: Recipe, own: Data, bundle: Bundle, tmp_path: Path
) -> None:
    still = dataclasses.replace(
        tiny, loop=dataclasses.replace(tiny.loop, learning_rate=0.0, crop_steps=1, checks=1, hard_slices=0)
    )
    found = load_bundle(train(still, own, tmp_path / "tuned", Wish(tmp_path / "w", started_from=bundle)))
    from safetensors.torch import load_file

    before, after = load_file(bundle.weights_path), load_file(found.weights_path)
    kernels = [name for name in before if name.endswith("weight")]
    assert all(torch.equal(before[name], after[name]) for name in kernels)
    assert found.manifest["training"]["started_from"] == bundle.digest
    assert "hbp-detection small 0.2.0" in " ".join(found.card.split())
    assert "--from BUNDLE0" in found.card
    other = dataclasses.replace(still, network=dataclasses.replace(still.network, pooling="gap"))
    with pytest.raises(InputError, match="cannot start from bundle"):
        train(other, own, tmp_path / "no", Wish(tmp_path / "w2", started_from=bundle))


@pytest.mark.slow
def test_a_control_is_laid_beside_its_bundle(tiny: Recipe, own: Data, bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(bundle.folder, folder)
    train(as_control(tiny), own, folder, Wish(tmp_path / "w"))
    found = load_bundle(folder)
    found.check_weights()
    assert found.control_path is not None
    assert found.control_path.read_bytes() != found.weights_path.read_bytes()


def test_a_network_to_compare_with_makes_no_bundle(tiny: Recipe, own: Data, tmp_path: Path) -> None:
    variant = dataclasses.replace(tiny, network=dataclasses.replace(tiny.network, dropout=0.5))
    with pytest.raises(InputError, match="its network is one to compare with"):
        train(variant, own, tmp_path / "b", Wish(tmp_path / "w"))


def test_validation_without_positive_slices_is_refused_before_anything_is_trained(
    tiny: Recipe, own: Data, patients: list[DrawnPatient], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="do not hold both positive and negative slices"):
        train(tiny, dataclasses.replace(own, validation=patients[5:]), tmp_path / "b", Wish(tmp_path / "w"))
    assert not (tmp_path / "w").exists()


def test_the_card_of_the_small_recipe_names_every_departure_and_command(bundle: Bundle) -> None:
    small = load_recipe("hbp-detection-small")
    said = " ".join(departures(small, is_drawn=True))
    for word in ("first max-pool", "log-sum-exp", "Masks of the lesions", "96 x 96", "drawn without it", "fired most"):
        assert word in said
    assert "drawn without it" not in " ".join(departures(small, is_drawn=False))
    manifest = {**bundle.manifest, "training": bundle.manifest["training"] | {"sites": {"internal": 7, "stress": 1}}}
    manifest["training"].pop("started_from", None)
    assert commands(manifest, small) == [
        "overread train hbp-detection-small --phantom hbp --out BUNDLE",
        "overread train hbp-detection-small --phantom hbp --out BUNDLE --shuffled-labels",
        "overread train hbp-ablation-regularisation --phantom hbp --out TABLE",
    ]


def test_the_published_recipe_departs_in_nothing_the_paper_states() -> None:
    assert departures(load_recipe("hbp-detection-published"), is_drawn=True) == ["Nothing that the paper states."]
