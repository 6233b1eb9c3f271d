"""The torch engine: batches, memory that runs out, strides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from overread.core.errors import DeviceError
from overread.engines.torch_engine import MOST_AT_ONCE, TorchEngine, batch_size_for, channels_last


class Cramped(nn.Module):
    """The mean and the double of its images, in a memory that holds ``room`` of them."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if len(x) > self.room:
            raise torch.OutOfMemoryError("out of memory: what a GPU says")
        return x.mean(dim=(1, 2, 3))[:, None], 2 * x


def _images(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, 1, 8, 8), dtype=np.float32)


@pytest.mark.parametrize("room", [1, 3, 16])
def test_batches_are_halved_until_they_fit(room: int) -> None:
    images = _images(11)
    engine = TorchEngine(Cramped(room), batch_size=8)
    mean, double = engine.run_batch(images)
    np.testing.assert_allclose(mean[:, 0], images.mean(axis=(1, 2, 3)), rtol=1e-6)
    np.testing.assert_array_equal(double, 2 * images)
    assert engine.batch_size == {1: 1, 3: 2, 16: 8}[room]


def test_memory_too_small_for_one_image_is_an_error_in_words() -> None:
    engine = TorchEngine(Cramped(0), batch_size=4)
    with pytest.raises(DeviceError, match=r"could not run on cpu: its memory is full\."):
        engine.run_batch(_images(4))


def test_on_a_cpu_images_go_one_by_one() -> None:
    assert TorchEngine(Cramped(1)).batch_size == 1


def test_another_failure_of_the_device_is_told_with_its_first_line() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor]:
            raise RuntimeError("the card fell off the bus\nand more")

    with pytest.raises(DeviceError, match=r"the card fell off the bus\. Close other programs"):
        TorchEngine(Broken()).run(_images(1)[0])


@pytest.mark.parametrize(("free", "each", "size"), [(100, 10, 4), (100, 60, 1), (1, 100, 1), (10**12, 1, MOST_AT_ONCE)])
def test_a_batch_fills_at_most_half_of_the_free_memory(free: int, each: int, size: int) -> None:
    assert batch_size_for(free, each) == size


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_last_holds_for_one_channel_too(channels: int) -> None:
    plain = torch.rand(2, channels, 5, 7)
    laid = channels_last(plain)
    assert torch.equal(laid, plain)
    assert laid.stride() == (35 * channels, 1, 7 * channels, channels)
