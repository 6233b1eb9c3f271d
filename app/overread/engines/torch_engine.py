"""The default engine: torch, float32, batch norm folded, channels last, one image at a time.

References
----------
Measured in benchmarks/read.py: folding and channels-last bring an eager network to about a third of its time.
"""

from __future__ import annotations

import copy
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from overread.core.errors import DeviceError


class TorchEngine:
    """A torch module ready to run.

    Parameters
    ----------
    module
        Takes (1, channels, rows, columns) and returns a tuple of tensors with a leading batch axis.
    device
        ``cpu``, ``cuda`` or ``mps``.
    """

    precision = "float32"

    def __init__(self, module: nn.Module, device: str = "cpu") -> None:
        self.name = f"torch {torch.__version__.split('+')[0]}"
        self.device = device
        try:
            prepared = fold_batch_norm(copy.deepcopy(module).eval())
            self._module = prepared.to(device=device, dtype=torch.float32)
            for parameter in self._module.parameters():
                if parameter.ndim == 4:
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        except RuntimeError as problem:
            raise _device_error(device, problem) from problem

    def run(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Outputs for one image (channels, rows, columns), each without the batch axis."""
        try:
            with torch.inference_mode():
                batch = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))[None].to(self.device)
                outputs = self._module(batch.contiguous(memory_format=torch.channels_last))
                return tuple(cast(NDArray[np.float32], output[0].cpu().numpy()) for output in outputs)
        except RuntimeError as problem:
            raise _device_error(self.device, problem) from problem


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """Melt every batch norm that follows a convolution in a ``Sequential`` into it. Works in place."""
    for child in module.children():
        fold_batch_norm(child)
    if isinstance(module, nn.Sequential):
        for index in range(len(module) - 1):
            convolution, norm = module[index], module[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[index] = fuse_conv_bn_eval(convolution, norm)
                module[index + 1] = nn.Identity()
    return module


def _device_error(device: str, problem: RuntimeError) -> DeviceError:
    lacks_memory = "out of memory" in str(problem).lower() or "alloc" in str(problem).lower()
    why = "its memory is full" if lacks_memory else str(problem).splitlines()[0]
    return DeviceError(f"The network could not run on {device}", why, "Close other programs, or choose --device cpu")
