"""The default engine: torch, batch norm folded, channels last, one image at a time on a CPU.

References
----------
Measured in benchmarks/read.py. What counts most there is that the first layer's input has the strides of channels
last even though it has one channel: otherwise torch takes it for rows of a plain image, computes that layer the plain
way and turns its 13 MB of output round afterwards, which doubled the time of the whole network.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from overread.core.errors import DeviceError
from overread.engines.engine import MEMORY_FULL, Outputs

MOST_AT_ONCE = 16
"""Images in a batch on a GPU; more gain nothing there, and the answer to a wish to stop comes late."""
_SHARE_OF_MEMORY = 0.5


class TorchEngine:
    """A torch module ready to run.

    Parameters
    ----------
    module
        Takes (n, channels, rows, columns) and returns a tuple of tensors with a leading batch axis.
    device
        ``cpu``, ``cuda`` or ``mps``.
    precision
        ``float32``, or ``bfloat16`` for the convolutions; the module itself says what it goes on with after them.
    batch_size
        None chooses: 1 on a CPU, by free memory on a GPU.
    """

    def __init__(
        self, module: nn.Module, device: str = "cpu", precision: str = "float32", batch_size: int | None = None
    ) -> None:
        self.name = f"torch {torch.__version__.split('+')[0]}"
        self.device = device
        self.precision = precision
        self._batch_size = 1 if device == "cpu" and batch_size is None else batch_size
        try:
            prepared = fold_batch_norm(copy.deepcopy(module).eval())
            self._module = prepared.to(device=device, dtype=torch.float32).requires_grad_(False)
            for layer in self._module.modules():
                if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                    layer.to(dtype=getattr(torch, precision))
                    layer.weight.data = channels_last(layer.weight.data)
        except RuntimeError as problem:
            raise _device_error(device, problem) from problem

    @property
    def batch_size(self) -> int:
        """Images at once; on a GPU unknown until the first has run, and less whenever its memory was full."""
        return self._batch_size or 1

    def run(self, image: NDArray[np.float32]) -> Outputs:
        """Outputs for one image (channels, rows, columns), each without the batch axis."""
        return tuple(output[0] for output in self.run_batch(image[None]))

    def run_batch(self, images: NDArray[np.float32]) -> Outputs:
        """Outputs for images (n, channels, rows, columns); halves its batches when memory runs out."""
        while True:
            if self._batch_size is None:
                self._batch_size = self._measured_batch_size(images[:1])
            try:
                size = self._batch_size
                parts = [self._forward(images[n : n + size]) for n in range(0, len(images), size)]
                return tuple(np.concatenate(outputs) for outputs in zip(*parts, strict=True))
            except torch.OutOfMemoryError as problem:
                if self._batch_size == 1:
                    raise _device_error(self.device, problem) from problem
                self._batch_size = max(1, min(self._batch_size, len(images)) // 2)
                _give_back_memory(self.device)
            except RuntimeError as problem:
                raise _device_error(self.device, problem) from problem

    def _forward(self, images: NDArray[np.float32]) -> Outputs:
        # TF32 would round a GPU's float32 to ten bits, and its tuning would choose another way from run to run
        with torch.inference_mode(), torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            batch = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32)).to(self.device)
            outputs = self._module(channels_last(batch))
            return tuple(cast(NDArray[np.float32], output.float().cpu().numpy()) for output in outputs)

    def _measured_batch_size(self, image: NDArray[np.float32]) -> int:
        if self.device != "cuda":
            return 1
        try:
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            self._forward(image)
            per_image = torch.cuda.max_memory_allocated() - before
            return batch_size_for(torch.cuda.mem_get_info()[0], per_image)
        except RuntimeError as problem:
            raise _device_error(self.device, problem) from problem


def batch_size_for(free_bytes: int, bytes_per_image: int) -> int:
    """The largest power of two of images that fill at most half of the free memory, 1 to ``MOST_AT_ONCE``."""
    fitting = int(free_bytes * _SHARE_OF_MEMORY / max(bytes_per_image, 1))
    return min(MOST_AT_ONCE, 1 << max(fitting.bit_length() - 1, 0))


def channels_last(tensor: Tensor) -> Tensor:
    """The tensor (n, channels, rows, columns) laid out channels last, one that has a single channel included.

    With one channel the two layouts hold the same bytes, and ``contiguous`` leaves the plain strides as they are.
    Volumes (n, channels, slices, rows, columns) stay as they are.
    """
    if tensor.ndim != 4:
        return tensor
    n, channels, rows, columns = tensor.shape
    if channels > 1:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor.contiguous().as_strided((n, 1, rows, columns), (rows * columns, 1, columns, 1))


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """Melt every batch norm that follows a convolution into it. Works in place.

    It follows where a ``Sequential`` says so by its order, and any other module by pairs of names in ``FOLDS``.
    """
    for child in module.children():
        fold_batch_norm(child)
    pairs: Iterable[tuple[str, str]] = getattr(module, "FOLDS", ())
    if isinstance(module, nn.Sequential):
        pairs = pairwise(module._modules)  # named_children leaves out a layer that comes twice
    for first, second in pairs:
        convolution, norm = module.get_submodule(first), module.get_submodule(second)
        if isinstance(convolution, nn.Conv2d | nn.Conv3d) and isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d):
            module.set_submodule(first, fuse_conv_bn_eval(convolution, norm))
            module.set_submodule(second, nn.Identity())
    return module


def _give_back_memory(device: str) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()


def _device_error(device: str, problem: RuntimeError) -> DeviceError:
    lacks_memory = isinstance(problem, torch.OutOfMemoryError) or any(
        words in str(problem).lower() for words in ("out of memory", "alloc")
    )
    why = MEMORY_FULL if lacks_memory else str(problem).splitlines()[0]
    return DeviceError(f"The network could not run on {device}", why, "Close other programs, or choose --device cpu")
