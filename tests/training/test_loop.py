"""The loop step by step: what it must not depend on, what ends it, what it keeps."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from overread.core.errors import Cancelled, DeviceError, InputError
from overread.core.progress import CallbackProgress
from overread.training.checks import Check
from overread.training.curves import draw_curves, write_curves
from overread.training.drawn import DrawnPatient
from overread.training.hardware import Hardware, choose_hardware, processor_has_bfloat16
from overread.training.loop import Sitting, fit
from overread.training.recipe import Recipe
from overread.training.state import History

Patients = list[DrawnPatient]


def _same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


def _stop_after(steps: int) -> CallbackProgress:
    seen: list[Any] = []
    return CallbackProgress(
        lambda stage: seen.append(stage.done) if stage.name == "Training" else None,
        lambda: bool(seen) and seen[-1] == steps,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"optimiser": "rmsprop", "stop_after": 9}, marks=pytest.mark.slow),
        pytest.param({"optimiser": "sgd", "momentum": 0.9, "paste_share": 0.5}, marks=pytest.mark.slow),
    ],
    ids=["as it is", "rmsprop", "sgd"],
)
def test_a_training_broken_off_goes_on_to_the_same_weights(
    tiny: Recipe,
    with_loop: Callable[..., Recipe],
    patients: Patients,
    held_out: Patients,
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    recipe = with_loop(**changes)
    whole, history = fit(recipe, patients, held_out)
    path = tmp_path / "state.safetensors"
    for steps in (6, 10):  # the hard places are asked for at step 6
        with pytest.raises(Cancelled):
            fit(recipe, patients, held_out, Sitting(path, resume=True), _stop_after(steps))
    again, found = fit(recipe, patients, held_out, Sitting(path, resume=True))
    assert _same(whole, again)
    assert (found.losses, found.checks, found.accuracies) == (history.losses, history.checks, history.accuracies)
    assert found.hard_places == [list(p) for p in history.hard_places] or found.hard_places == history.hard_places


def test_a_checkpoint_of_another_recipe_or_other_cases_is_refused_in_words(
    tiny: Recipe, with_loop: Callable[..., Recipe], patients: Patients, held_out: Patients, tmp_path: Path
) -> None:
    path = tmp_path / "state.safetensors"
    fit(tiny, patients, held_out, Sitting(path))
    for recipe, identity in ((with_loop(learning_rate=0.01), ""), (tiny, "other cases")):
        with pytest.raises(InputError, match="by a training with another recipe or on other cases"):
            fit(recipe, patients, held_out, Sitting(path, resume=True, identity=identity))


def test_gradients_of_parts_add_up_to_those_of_the_batch(
    with_loop: Callable[..., Recipe], tiny: Recipe, patients: Patients, held_out: Patients
) -> None:
    # without batch norm, which sees the parts, a step in parts is a step of the whole; SGD, for Adam divides by noise
    plain = {"crop_steps": 1, "checks": 1, "hard_slices": 0, "whole_from": 0.0, "whole_every": 1, "optimiser": "sgd"}
    nets = []
    for size in (0, 1):
        recipe = with_loop(**plain, whole_batch=4, micro_batch=size, map_weight=0.0)
        recipe = dataclasses.replace(recipe, network=dataclasses.replace(tiny.network, batch_norm=False))
        nets.append(fit(recipe, patients, held_out)[0])
    for (name, one), other in zip(nets[0].state_dict().items(), nets[1].state_dict().values(), strict=True):
        assert torch.allclose(one, other, atol=1e-6), name  # float32, sums in another order


def test_it_ends_when_accuracy_has_not_risen_for_so_many_checks() -> None:
    history = History(accuracies=[0.5, 0.7, 0.7, 0.6])
    assert not history.has_stalled(3)
    assert history.has_stalled(2)
    assert not history.has_stalled(0)
    assert not History().has_stalled(1)


def test_a_training_that_stalls_stops_before_its_last_step(
    with_loop: Callable[..., Recipe], patients: Patients, held_out: Patients
) -> None:
    frozen = with_loop(learning_rate=0.0, crop_steps=12, checks=12, check_slices=2, stop_after=2, hard_slices=0)
    _, history = fit(frozen, patients, held_out)
    assert len(history.losses) < 12


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "adagrad", "sgd"])
def test_every_optimiser_changes_the_weights(
    with_loop: Callable[..., Recipe], patients: Patients, held_out: Patients, optimiser: str
) -> None:
    few = {"crop_steps": 2, "checks": 1, "hard_slices": 0, "crop_batch": 2}
    still, _ = fit(with_loop(**few, learning_rate=0.0), patients, held_out)
    moved, _ = fit(with_loop(**few, optimiser=optimiser), patients, held_out)
    name = "features.1.weight"
    assert not torch.equal(still.state_dict()[name], moved.state_dict()[name])


def test_it_begins_with_the_weights_it_is_given(
    with_loop: Callable[..., Recipe], patients: Patients, held_out: Patients
) -> None:
    trained, _ = fit(with_loop(), patients, held_out)
    start = trained.state_dict()
    found, _ = fit(with_loop(crop_steps=1, checks=1, learning_rate=0.0), patients, held_out, Sitting(start=start))
    assert torch.equal(found.state_dict()["classifier.weight"], start["classifier.weight"])


def test_patients_without_a_lesion_are_refused(tiny: Recipe, patients: Patients) -> None:
    with pytest.raises(InputError, match="no positive or no negative slices"):
        fit(tiny, patients[5:], patients[5:])


def test_curves_are_listed_once_a_check_and_drawn(tmp_path: Path) -> None:
    history = History(losses=[2.0, 1.0, 0.5, 0.5], checks=[(2, 0.6), (4, 0.8)], accuracies=[0.5, 0.75])
    for _ in range(2):
        write_curves(tmp_path / "curves.csv", history)
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["step"] for r in rows] == ["2", "4"]
    assert [float(r["loss"]) for r in rows] == [1.5, 0.5]
    assert [float(r["validation_accuracy"]) for r in rows] == [0.5, 0.75]
    draw_curves(tmp_path / "curves.png", history, "A training")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_the_curves_grow_while_it_runs(tiny: Recipe, patients: Patients, held_out: Patients, tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    lengths = []
    progress = CallbackProgress(lambda _: lengths.append(len(path.read_text().splitlines()) if path.exists() else 0))
    fit(tiny, patients, held_out, Sitting(curves=path), progress)
    assert {0, 2} <= set(lengths)
    assert len(path.read_text().splitlines()) == 3


def test_bfloat16_is_for_processors_that_say_so(tmp_path: Path) -> None:
    for flags, expected in (("sse avx2 fma", False), ("avx512f avx512_bf16", True), ("amx_tile amx_bf16", True)):
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
        assert processor_has_bfloat16(tmp_path / "cpuinfo") is expected
    assert not processor_has_bfloat16(tmp_path / "nothing")
    assert "would be slower" in Hardware("cpu", False).words("bfloat16")
    assert Hardware("cpu", True).words("bfloat16") == "on the processor in bfloat16"


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError, match="there is no such device"):
        choose_hardware("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="no graphics card"):
            choose_hardware("cuda")
    with pytest.raises(DeviceError, match="it needs one"):
        choose_hardware("cpu", 0)


@pytest.mark.parametrize("is_control", [False, True])
def test_a_control_is_not_chosen_by_the_true_labels(
    with_loop: Callable[..., Recipe],
    patients: Patients,
    held_out: Patients,
    monkeypatch: pytest.MonkeyPatch,
    is_control: bool,
) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def falling(network: torch.nn.Module, _sample: object) -> Check:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return Check(1 / len(seen), 0.5)

    monkeypatch.setattr("overread.training.loop.check", falling)
    network, _ = fit(with_loop(checks=2, shuffled_labels=is_control), patients, held_out)
    assert len(seen) == 2
    kept = seen[-1] if is_control else seen[0]
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
