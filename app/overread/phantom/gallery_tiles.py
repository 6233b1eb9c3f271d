"""The pictures of a contact sheet: grey values, lesions told apart by colour, outlines one pixel wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats
from overread.phantom.layers import Labels

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

COLOURS: Mapping[str, Colour] = {
    "hcc": (255, 92, 64),
    "icc": (255, 96, 214),
    "metastasis": (255, 214, 64),
    "other-primary": (255, 160, 122),
    "abscess": (222, 158, 46),
    "cyst": (88, 190, 255),
    "haemangioma": (176, 150, 255),
    "fnh": (110, 224, 120),
    "regenerative-nodule": (64, 214, 196),
    "dysplastic-nodule": (196, 232, 84),
}
"""Lesion type -> colour of its outline."""
_DASH = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """How a lesion is outlined: its code in the label map, its type, and whether the case is about it.

    Outlines of what the case is about are whole, those of other findings dashed.
    """

    code: int
    type: str
    is_target: bool

    @property
    def colour(self) -> Colour:
        """Red, green, blue, 0 to 255."""
        return COLOURS[self.type]


@dataclass(frozen=True, slots=True)
class Tile:
    """One slice of one volume.

    ``grey``: uint8 [rows, columns], windowed, as many pixels as the image has; ``lesions``: uint8, same shape, codes
    of the label map where there is a lesion, else 0. Pixels are square. ``index``: of the slice, from 0.
    """

    role: str
    description: str
    caption: str
    index: int
    grey: Picture
    lesions: Labels

    def __post_init__(self) -> None:
        if self.grey.shape != self.lesions.shape or self.grey.ndim != 2:
            raise ValueError(f"a tile needs one code per pixel, not {self.lesions.shape} for {self.grey.shape}")


def drawn(tile: Tile, marks: Iterable[Mark] = (), columns: int | None = None) -> Picture:
    """The picture of a tile.

    Parameters
    ----------
    tile
        A tile.
    marks
        The lesions to outline; none leaves the image as it is.
    columns
        Width in pixels; None for the image's own. Outlines are one pixel wide at any width.

    Returns
    -------
    picture
        uint8 [rows, columns, 3].
    """
    height, width = tile.grey.shape
    columns = columns or width
    shape = (max(round(height * columns / width), 1), columns)
    picture = np.repeat(_resized(tile.grey, shape)[..., None], 3, axis=2)
    for edge, colour in outlines(tile, marks, shape):
        picture[edge] = colour
    return picture


def outlines(tile: Tile, marks: Iterable[Mark], shape: tuple[int, int]) -> Iterator[tuple[NDArray[np.bool_], Colour]]:
    """The outlines on a tile shown at ``shape`` = (rows, columns): pixels to colour, bool [rows, columns], and how."""
    codes = _nearest(tile.lesions, shape)
    present = np.bincount(codes.ravel(), minlength=256) > 0
    for mark in marks:
        if present[mark.code]:
            edge = outline(codes == mark.code)
            yield (edge if mark.is_target else _dashed(edge)), mark.colour


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels just outside of a mask, [rows, columns]; nothing inside is hidden by them."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown & ~mask


def windowed(values: Floats, low: float, high: float) -> Picture:
    """Values as grey, black at ``low`` and white at ``high``, uint8."""
    share = (values - low) * np.float32(255 / max(high - low, 1e-6))
    result: Picture = np.clip(np.rint(share), 0, 255).astype(np.uint8)
    return result


def _dashed(edge: NDArray[np.bool_]) -> NDArray[np.bool_]:
    row, column = np.arange(edge.shape[0])[:, None], np.arange(edge.shape[1])
    result: NDArray[np.bool_] = edge & ((row // _DASH + column // _DASH) % 2 == 0)
    return result


def _resized(grey: Picture, shape: tuple[int, int]) -> Picture:
    """Linear between pixels where it grows, averaged over pixels where it shrinks."""
    if grey.shape == shape:
        return grey
    rows, columns = (_weights(a, b) for a, b in zip(grey.shape, shape, strict=True))
    result: Picture = np.clip(np.rint(rows @ grey.astype(np.float32) @ columns.T), 0, 255).astype(np.uint8)
    return result


def _weights(before: int, after: int) -> Floats:
    """Share of every old pixel in every new one, [after, before]."""
    step = before / after
    centre = (np.arange(after) + 0.5) * step - 0.5
    share = np.clip(1 - np.abs(centre[:, None] - np.arange(before)) / max(step, 1.0), 0, None)
    result: Floats = (share / share.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def _nearest(codes: Labels, shape: tuple[int, int]) -> Labels:
    row, column = (((np.arange(b) + 0.5) * a / b).astype(np.intp) for a, b in zip(codes.shape, shape, strict=True))
    result: Labels = codes[row[:, None], column]
    return result
