"""What a system's map covers around its candidates, as a DICOM Segmentation: activation, never a lesion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.core.heatmap import Heatmap
from overread.core.progress import SILENT, Progress
from overread.core.reading import Mark, Reader
from overread.core.study import Volume
from overread.io.segmentation_writer import ACTIVATION, Segment, write_segmentation

HEIGHT_SHARE = 0.5
"""A candidate's activation reaches down to this share of its peak, as its extent does (DESIGN section 5)."""
MOST_SEGMENTS = 20
_SERIES_NUMBER = 901


def activation_region(heatmap: Heatmap, grid: Grid, mark: Mark) -> tuple[slice, NDArray[np.bool_]] | None:
    """Voxels around a candidate at or above half the height of its peak, hanging together over its slices.

    Returns
    -------
    (slice, ndarray) or None
        The run of slices, and their mask, bool [k - start, j, i]; None where the map does not rise at the candidate.
    """
    from scipy import ndimage

    if mark.peak_slice is None:
        return None
    first, last = min((*mark.slices, mark.peak_slice)), max((*mark.slices, mark.peak_slice))
    values = np.stack([heatmap.on_slice(grid, k) for k in range(first, last + 1)])
    seed = _peak_near(values[mark.peak_slice - first], heatmap, grid, mark)
    height = float(values[mark.peak_slice - first][seed])
    if height <= 0:
        return None
    parts, _ = ndimage.label(values >= HEIGHT_SHARE * height)
    return slice(first, last + 1), parts == parts[mark.peak_slice - first][seed]


def write_candidate_segmentation(
    path: Path,
    candidates: Sequence[Mark],
    heatmap: Heatmap,
    volume: Volume,
    system: Reader,
    *,
    identified: bool,
    identity: str,
    made_at: str,
    version: str,
    progress: Progress = SILENT,
) -> Path:
    """Write the activation around each candidate, one segment per candidate, on the grid of their volume.

    Parameters
    ----------
    candidates
        The first ``MOST_SEGMENTS`` by score are written.
    system
        Whose candidates they are: named as the algorithm.
    identified, identity, made_at
        See ``write_segmentation``.
    version
        Of this program.

    Raises
    ------
    InputError
        The volume is no DICOM, its slices form no grid, or no candidate has an activation.
    StorageError
        See ``write_atomically``.
    """
    grid = dicom_grid(volume, "The segmentation was not written")
    chosen = sorted(candidates, key=lambda m: -(m.score or 0.0))[:MOST_SEGMENTS]
    regions = []
    for n, mark in enumerate(chosen):
        progress.step("Outlining activations", n, len(chosen))
        region = activation_region(heatmap, grid, mark)
        if region is not None:
            regions.append((mark, *region))
    if not regions:
        raise InputError(
            "The segmentation was not written",
            "no candidate at this operating point has an activation",
            "Leave it out, or choose a lower operating point",
        )
    start, stop = min(run.start for _, run, _ in regions), max(run.stop for _, run, _ in regions)
    paths, frames = _sources(volume, start, stop)
    algorithm = (system.id, (system.bundle_digest or "unknown")[:16])
    segments = []
    for mark, run, mask in regions:
        whole = np.zeros((stop - start, *grid.shape[1:]), dtype=np.bool_)
        whole[run.start - start : run.stop - start] = mask
        segments.append(Segment(f"Activation of candidate {mark.id}", ACTIVATION, whole, algorithm))
    progress.check()
    return write_segmentation(
        path,
        segments,
        _from_slice(grid.affine, start),
        paths,
        frames=frames,
        description=f"Activation of {system.id}, no lesion outline",
        series_number=_SERIES_NUMBER,
        maker={"model": "Overread", "version": version},
        identified=identified,
        identity=identity,
        made_at=made_at,
    )


def dicom_grid(volume: Volume, what: str) -> Grid:
    """The grid of a volume that new DICOM objects can refer to.

    Raises
    ------
    InputError
        It is no DICOM, has no frame of reference, or its slices form no regular grid.
    """
    remedy = "Export the list as CSV or PDF instead"
    if volume.file_format != "dicom":
        raise InputError(what, "the series is no DICOM, so there is nothing it could refer to", remedy)
    if volume.frame_of_reference is None:
        raise InputError(what, "the series has no Frame of Reference UID, by which places are referred to", remedy)
    if volume.grid is None:
        raise InputError(what, "its slices form no regular volume", remedy)
    return volume.grid


def _sources(volume: Volume, start: int, stop: int) -> tuple[list[Path], list[int] | None]:
    """The files of a run of slices, one per slice; or one multi-frame file with the frame of each slice."""
    run = volume.slices[start:stop]
    names = list(dict.fromkeys(s.path for s in volume.slices))
    if len(names) == len(volume.slices):
        return [Path(s.path) for s in run], None
    if len(names) == 1:
        return [Path(names[0])], [s.frame for s in run]
    raise InputError(
        "The segmentation was not written",
        "the slices are spread over several files with several frames each",
        "Export the list as CSV or PDF instead",
    )


def _from_slice(affine: Affine, start: int) -> Affine:
    """The affine of a volume that begins at slice ``start``."""
    step = np.eye(4)
    step[2, 3] = start
    return affine.then(Affine(step))


def _peak_near(values: NDArray[np.float32], heatmap: Heatmap, grid: Grid, mark: Mark) -> tuple[int, int]:
    """Row and column of the highest value within one cell of the candidate, on its peak slice."""
    _, row, column = grid.affine.to_index(mark.centre_mm)
    reach = max(heatmap.affine.spacing_mm[1:])
    _, down_mm, right_mm = grid.affine.spacing_mm
    rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
    near = ((rows - row) * down_mm) ** 2 + ((columns - column) * right_mm) ** 2 <= reach**2
    if not near.any():
        return int(np.clip(round(row), 0, values.shape[0] - 1)), int(np.clip(round(column), 0, values.shape[1] - 1))
    best = int(np.where(near, values, -np.inf).argmax())
    return best // values.shape[1], best % values.shape[1]
