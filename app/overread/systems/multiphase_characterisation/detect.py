"""Where lesions are: a box for each that a detector sees, one region a slice by their votes, the best regions kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.progress import SILENT, PartProgress, Progress
from overread.core.region import Region
from overread.core.study import Pixels
from overread.engines.slices import Ran, run_or_fall_back
from overread.systems.bundle import Bundle
from overread.systems.multiphase_characterisation.boxes import Boxes, boxes_of
from overread.systems.multiphase_characterisation.loading import Parts, load
from overread.systems.multiphase_characterisation.prepare import T2, Stack, series_of, stack_of
from overread.systems.multiphase_characterisation.regions import region_of
from overread.systems.multiphase_characterisation.voting import Found, most_confident, vote

STAGE = "Looking for lesions"


@dataclass(frozen=True, slots=True, eq=False)
class Detected:
    """What the detectors saw: on each slice ``boxes`` by role, the ``regions`` voted for, and how the networks ran."""

    boxes: Mapping[int, Mapping[str, Boxes]]
    regions: tuple[Found, ...]
    ran: tuple[Ran, ...]


def planes_for(role: str) -> tuple[str, ...]:
    """Roles of the planes that the detector of a role is given."""
    return (T2,) if role == T2 else (role, T2)


def detect(parts: Parts, stack: Stack, slices: Sequence[int], progress: Progress = SILENT) -> Detected:
    """Run the detectors over slices of the common grid and let them vote.

    Returns
    -------
    Detected
        ``regions``: at most one on each slice, all that were voted for; ``most_confident`` chooses.
    """
    boxes: dict[int, dict[str, Boxes]] = {k: {} for k in slices}
    ran = []
    for n, (role, loaded) in enumerate(parts.detectors.items()):
        planes = planes_for(role)

        def image_of(k: int, planes: tuple[str, ...] = planes) -> NDArray[np.float32]:
            return stack.channels(k, planes)

        part = PartProgress(progress, STAGE, n, len(parts.detectors))
        done = run_or_fall_back(loaded.engine, loaded.device, loaded.on_the_cpu, slices, image_of, part)
        for k, (heat, size, offset) in zip(slices, done.outputs, strict=True):
            boxes[k][role] = boxes_of(heat, size, offset, at_least=parts.rules.cut)
        ran.append(done)
    shape = stack.grid.shape[1], stack.grid.shape[2]
    voted = (vote(k, list(found.values()), shape, parts.rules.cut) for k, found in boxes.items())
    return Detected(boxes, tuple(region for region in voted if region is not None), tuple(ran))


def find_regions(
    bundle: Bundle,
    volumes: Mapping[str, tuple[Pixels, Grid]],
    roles: Sequence[str],
    progress: Progress = SILENT,
    device: str = "auto",
    engine: str = "auto",
) -> Region | None:
    """Let some of a bundle's detectors find lesions, for systems that are told where to look.

    Parameters
    ----------
    bundle
        Of multiphase-characterisation.
    volumes
        Decoded pixels and grid by role; ``t2`` is among them.
    roles
        Whose detectors vote, such as ``("t2", "dwi")``.

    Returns
    -------
    Region or None
        Lesions on T2's slices, the surest first, with circles of the size that was found; None where nothing is.

    Raises
    ------
    InputError
        A volume is not there.
    BundleError, DeviceError, Cancelled
    """
    absent = [role for role in (T2, *roles) if role not in volumes]
    if absent:
        raise InputError(
            "Lesions cannot be looked for",
            f"there is no volume for {', '.join(dict.fromkeys(absent))}",
            "Name the volume, or draw a region",
        )
    parts = load(bundle, device, engine, "float32", roles)
    order = [role for role in bundle.roles if role in {T2, *roles}]
    stack = stack_of({role: series_of(*volumes[role]) for role in order}, parts.rules.size, progress)
    missing = set(volumes[T2][0].missing)
    detected = detect(parts, stack, [k for k in range(stack.grid.shape[0]) if k not in missing], progress)
    return region_of(detected.regions, stack.grid, most_confident(detected.regions, parts.rules.share))
