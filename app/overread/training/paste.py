"""A lesion copied from its place to another one in the same liver (SEEDS 1.3, an option)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.phantom import FIRST_LESION, LABELS

TRIES = 20
EDGE_PX = 2
"""So many pixels outside its outline a copied lesion fades into its new surroundings [A: augment.paste]."""
LEAST_INSIDE = 0.95
MARGIN_PX = EDGE_PX + 2


def paste_elsewhere(
    image: NDArray[np.uint8], labels: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The slice with one of its lesions a second time, where there was liver; None where there is no room.

    The copy keeps its contrast: it is laid on the liver's brightness at the new place. Slivers of lesions are
    copied like any other.

    Parameters
    ----------
    image, labels
        uint8 (rows, columns); lesion n is 100 + n.
    """
    codes = np.unique(labels[labels >= FIRST_LESION])
    if codes.size == 0:
        return None
    code = int(codes[int(rng.integers(codes.size))])
    rows, columns = np.nonzero(labels == code)
    liver = np.flatnonzero(labels == LABELS["liver"])
    if liver.size == 0 or not _inside((rows, columns), labels.shape, MARGIN_PX):
        return None
    middle = round(float(rows.mean())), round(float(columns.mean()))
    for _ in range(TRIES):
        to_row, to_column = divmod(int(liver[int(rng.integers(liver.size))]), labels.shape[1])
        shift = to_row - middle[0], to_column - middle[1]
        at = rows + shift[0], columns + shift[1]
        if _inside(at, labels.shape, MARGIN_PX) and np.mean(labels[at] == LABELS["liver"]) >= LEAST_INSIDE:
            return _laid(image, labels, code, (rows, columns), shift)
    return None


def _laid(
    image: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    code: int,
    outline: tuple[NDArray[np.intp], NDArray[np.intp]],
    shift: tuple[int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    weight, top, left = _faded(*outline)
    height, width = weight.shape
    source = image[top : top + height, left : left + width].astype(np.float32)
    target = np.s_[top + shift[0] : top + shift[0] + height, left + shift[1] : left + shift[1] + width]
    ground = image[target].astype(np.float32)
    rim = (weight > 0) & (weight < 1)
    lifted = source + (np.median(ground[rim]) - np.median(source[rim])) if rim.any() else source
    changed, marked = np.array(image), np.array(labels)
    changed[target] = np.rint(ground + weight * (lifted - ground)).clip(0, 255).astype(np.uint8)
    rows, columns = outline[0] + shift[0], outline[1] + shift[1]
    is_free = marked[rows, columns] < FIRST_LESION
    marked[rows[is_free], columns[is_free]] = code
    return changed, marked


def _faded(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[NDArray[np.float32], int, int]:
    """Weight 1 on the lesion, falling to 0 over ``EDGE_PX`` outside; its top and left in the image."""
    from scipy import ndimage

    top, left = int(rows.min()) - EDGE_PX - 1, int(columns.min()) - EDGE_PX - 1
    shape = int(rows.max()) - top + EDGE_PX + 2, int(columns.max()) - left + EDGE_PX + 2
    outside = np.ones(shape, dtype=bool)
    outside[rows - top, columns - left] = False
    away = ndimage.distance_transform_edt(outside)
    return np.clip(1 - away / (EDGE_PX + 1), 0, 1).astype(np.float32), top, left


def _inside(at: tuple[NDArray[np.intp], NDArray[np.intp]], shape: tuple[int, ...], margin: int) -> bool:
    return all(int(a.min()) >= margin and int(a.max()) < n - margin for a, n in zip(at, shape, strict=True))
