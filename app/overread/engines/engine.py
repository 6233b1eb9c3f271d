"""What every engine offers, whatever library computes for it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Outputs = tuple[NDArray[np.float32], ...]
MEMORY_FULL = "its memory is full"
"""The ``why`` of a ``DeviceError`` that says so."""


class Engine(Protocol):
    """A network ready to run on one device.

    ``name`` and ``precision`` go into a reading's content digest; ``device`` does not.
    """

    @property
    def name(self) -> str:
        """Library and version, as ``torch 2.13.0``."""

    @property
    def precision(self) -> str:
        """Arithmetic, as ``float32``."""

    @property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""

    @property
    def batch_size(self) -> int:
        """How many images are best given at once: 1 on a CPU, where larger maps only leave its cache."""

    def run(self, image: NDArray[np.float32]) -> Outputs:
        """Outputs for one image (channels, rows, columns), each without the batch axis.

        Raises
        ------
        DeviceError
            The device gave up, for lack of memory for instance.
        """

    def run_batch(self, images: NDArray[np.float32]) -> Outputs:
        """Outputs for images (n, channels, rows, columns), each with the batch axis first.

        Raises
        ------
        DeviceError
            See ``run``.
        """
