"""A training killed in a process of its own, and a disk without room: nothing is lost, nothing is torn."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from overread.core.errors import StorageError
from overread.training.checkpoint import Kept, load_checkpoint, save_checkpoint

CHILD = """
import dataclasses, sys
from pathlib import Path
import torch
sys.path.insert(0, {tests!r})
from conftest import disc_patient, tiny_recipe
from overread.training.loop import Sitting, fit
from safetensors.torch import save_file
torch.set_num_threads(1)
folder = Path({folder!r})
recipe = tiny_recipe()
recipe = dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, crop_steps=60, checkpoint_every=3))
patients = [disc_patient(n) for n in range(3)]
sitting = Sitting(folder / "state.safetensors", resume={resume})
network, _ = fit(recipe, patients, patients[:2], sitting)
save_file({{k: v.contiguous() for k, v in network.state_dict().items()}}, folder / "final.safetensors")
"""


def _start(folder: Path, resume: bool) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    code = CHILD.format(tests=str(Path(__file__).parent), folder=str(folder), resume=resume)
    with (folder / "errors.txt").open("ab") as errors:
        return subprocess.Popen([sys.executable, "-c", code], stderr=errors)


@pytest.mark.slow
def test_a_killed_training_ends_in_the_same_weights_to_the_bit(tmp_path: Path) -> None:
    whole = _start(tmp_path / "whole", False)
    assert whole.wait(timeout=300) == 0, (tmp_path / "whole" / "errors.txt").read_text()
    folder = tmp_path / "killed"
    killed = _start(folder, False)
    state, seen = folder / "state.safetensors", -1
    limit = time.monotonic() + 300
    while seen < 9 and time.monotonic() < limit and killed.poll() is None:
        time.sleep(0.02)
        seen = load_checkpoint_step(state) if state.exists() else -1
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL, "it ended before it was killed"
    assert 9 <= load_checkpoint_step(state) < 60
    assert not (folder / "final.safetensors").exists()
    again = _start(folder, True)
    assert again.wait(timeout=300) == 0, (folder / "errors.txt").read_text()
    one, other = (load_file(tmp_path / name / "final.safetensors") for name in ("whole", "killed"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def load_checkpoint_step(path: Path) -> int:
    """How far the checkpoint is; a file read while it is replaced is whole all the same."""
    with safe_open(path, framework="pt") as file:
        return int(json.loads(file.metadata()["facts"])["step"])


def _kept(step: int, size: int = 50_000) -> Kept:
    tensors = {"w": torch.full((size,), float(step))}
    return Kept(tensors, tensors, {0: {"exp_avg": tensors["w"].clone()}}, {"step": step, "recipe": "r"})


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, _kept(7))
    found = load_checkpoint(path, "r")
    assert found.facts == {"step": 7, "recipe": "r"}
    assert torch.equal(found.optimiser[0]["exp_avg"], torch.full((50_000,), 7.0))
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_full_disk_is_told_and_the_state_kept_before_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, _kept(1, 100))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # files end at 100 kB
    try:
        with pytest.raises(StorageError, match=r"The training's state cannot be kept: .*go on with --resume"):
            save_checkpoint(path, _kept(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert load_checkpoint(path, "r").facts["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["state.safetensors"]


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"{}" * 50], ids=["empty", "zeros", "text"])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="cannot be resumed from: it is damaged"):
        load_checkpoint(path, "r")


def test_a_checkpoint_from_before_recipes_were_named_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    old = _kept(3)
    save_checkpoint(path, Kept(old.network, old.best, old.optimiser, {"step": 3}))
    assert load_checkpoint(path, "any recipe").facts == {"step": 3}
