"""The files of a bundle: weights, manifest, card, control; one that is not whole never has a manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import overread
from overread.core.errors import BundleError, InputError
from overread.io import write_atomically
from overread.phantom import VERSION as DIGITAL_LIVER
from overread.systems.bundle import CARD
from overread.systems.manifest import MANIFEST, SCHEMA, fault_of
from overread.training.checkpoint import save_tensors
from overread.training.data import PHANTOMS

WEIGHTS, CONTROL = "weights.safetensors", "control.safetensors"


def bundle_table(system: str, variant: str, version: str, created: str, trained_on: str = PHANTOMS) -> dict[str, Any]:
    """The ``[bundle]`` table of a manifest, but for its weights.

    Parameters
    ----------
    created
        The day, as ``2026-01-31``.
    trained_on
        ``phantoms``, or a person's words.
    """
    table = {
        "schema": SCHEMA,
        "system": system,
        "variant": variant,
        "version": version,
        "created": created,
        "licence": "Apache-2.0",
        "trained_on": trained_on,
        "generator": overread.__version__,
    }
    return table | {"digital_liver": DIGITAL_LIVER} if trained_on == PHANTOMS else table


def write_files(folder: Path, tensors: Mapping[str, Any], manifest: dict[str, Any], card: str) -> Path:
    """Write the weights, enter their digest into the manifest, then write card and manifest.

    Parameters
    ----------
    tensors
        By name, as ``as_stored`` keeps them.
    manifest
        Complete but for ``bundle.weights`` and ``bundle.weights_sha256``, which are set in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        The manifest would not be one that this program reads; nothing is written but the weights.
    StorageError
        The disk is full, and the like.
    """
    import tomli_w

    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    manifest["bundle"] |= {"weights": WEIGHTS, "weights_sha256": write_tensors(folder / WEIGHTS, tensors)}
    fault = fault_of(manifest)
    if fault is not None:
        raise BundleError(f"The bundle {folder.name} cannot be written", fault, "Correct what makes its manifest")
    write_atomically(folder / CARD, lambda path: _write_text(path, card))
    write_atomically(folder / MANIFEST, lambda path: _write_text(path, tomli_w.dumps(manifest)))
    return folder


def write_tensors(path: Path, tensors: Mapping[str, Any]) -> str:
    """Tensors as safetensors, kernels in float16, all else as it is; returns the SHA-256 of the file."""
    stored = as_stored(tensors)
    write_atomically(path, lambda beside: save_tensors(stored, beside))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def as_stored(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors by name as a bundle keeps them: kernels of convolutions in float16, the rest in its own precision."""
    import torch

    return {
        name: (t.to(torch.float16) if t.ndim == 4 else t).detach().contiguous().cpu().clone()
        for name, t in tensors.items()
    }


def check_controlled(folder: Path) -> None:
    """Refuse a control where no bundle lies that it would control, before anything is trained.

    Raises
    ------
    InputError
    """
    if not (folder / MANIFEST).exists():
        why = f"there is no bundle in {folder.name} that it would control"
        raise InputError("The control cannot be trained", why, "Train the bundle first")


def add_control(folder: Path, tensors: Mapping[str, Any], steps: int) -> None:
    """Lay the weights of a training on shuffled labels, of so many ``steps``, beside the bundle they control."""
    import tomllib

    import tomli_w

    digest = write_tensors(folder / CONTROL, tensors)
    manifest = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    whole = int(manifest["training"]["steps"])
    budget = "and budget" if steps == whole else f"for {steps:,} of its {whole:,} steps"
    manifest["control"] = {
        "weights": CONTROL,
        "weights_sha256": digest,
        "steps": steps,
        "what": f"the same recipe {budget}, with labels and masks given to other slices",
    }
    write_atomically(folder / MANIFEST, lambda path: _write_text(path, tomli_w.dumps(manifest)))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
