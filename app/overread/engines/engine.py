"""What every engine offers, whatever library computes for it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """A network ready to run on one device, one image at a time.

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

    def run(self, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Outputs for one image (channels, rows, columns), each without the batch axis.

        Raises
        ------
        DeviceError
            The device gave up, for lack of memory for instance.
        """
