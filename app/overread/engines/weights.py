"""Weights of a bundle into a module: safetensors alone, every name and shape compared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from overread.core.errors import BundleError

Network = TypeVar("Network", bound=nn.Module)
COUNTER = "num_batches_tracked"
"""Last part of the names of batch norm's counters, which reading does not need and a file may leave out."""


def load_weights(module: nn.Module, path: Path, bundle_name: str, prefix: str = "") -> None:
    """Fill a module from those tensors of a safetensors file whose names begin with ``prefix``.

    Parameters
    ----------
    module
        Its tensors' names are those of the file without the prefix.
    path
        The file; numbers of any precision.
    bundle_name
        What to call the bundle in an error.
    prefix
        With a full stop at its end where one file holds several networks.

    Raises
    ------
    BundleError
        Names or shapes are not those of the module, or the file is no safetensors file.
    """
    fill(module, read_tensors(path, bundle_name), bundle_name, prefix)


def read_tensors(path: Path, bundle_name: str) -> dict[str, Tensor]:
    """All tensors of a bundle's safetensors file.

    Raises
    ------
    BundleError
        It is no safetensors file, or cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, RuntimeError, OSError) as problem:
        raise _misfit(bundle_name) from problem
    return tensors


def fill(module: nn.Module, tensors: Mapping[str, Tensor], bundle_name: str, prefix: str = "") -> None:
    """Fill a module from those tensors whose names begin with ``prefix``.

    Raises
    ------
    BundleError
        Names or shapes are not those of the module.
    """
    own = {
        name.removeprefix(prefix): tensor.to(torch.float32)
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    try:
        found = module.load_state_dict(own, strict=False)
    except RuntimeError as problem:
        raise _misfit(bundle_name) from problem
    if found.unexpected_keys or any(not name.endswith(COUNTER) for name in found.missing_keys):
        raise _misfit(bundle_name)


def _misfit(bundle_name: str) -> BundleError:
    return BundleError(
        f"The bundle {bundle_name} cannot run", "its weights do not fit its network", "Install the bundle again"
    )


def with_weights(network: Network, weights: Path, bundle_name: str, prefix: str = "") -> Network:
    """A network filled from a bundle's file, ready to read; ``prefix`` where it lies beside others in that file.

    Raises
    ------
    BundleError
        The weights do not fit it.
    """
    load_weights(network, weights, bundle_name, prefix)
    return network.eval()
