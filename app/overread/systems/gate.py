"""What a system lets in: plain checks on a volume's header, each with the sentence a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overread.core.study import Volume


def refusals(volume: Volume, limits: Mapping[str, Any]) -> list[str]:
    """Reasons against running on this volume, in words; empty when there is none.

    Parameters
    ----------
    limits
        The ``[gate]`` table of the manifest: ``modality``, ``orientation``, ``slices.refuse_below``.
    """
    reasons = []
    modalities = limits.get("modality", [])
    if modalities and volume.modality not in modalities and not _is_volume_file(volume):
        reasons.append(f"it is {volume.modality or 'of unknown modality'}, not {' or '.join(modalities)}")
    if volume.kind == "image":
        reasons.append("its slices have no position in the patient")
    elif volume.kind == "stack":
        gaps = [w.text for w in volume.warnings]
        reasons.append("its slices form no regular volume" + (f" ({gaps[0].rstrip('.')})" if gaps else ""))
    orientations = limits.get("orientation", [])
    if volume.kind != "image" and orientations and volume.orientation not in orientations:
        reasons.append(f"its slices are {volume.orientation}, not {' or '.join(orientations)}")
    fewest = int(limits.get("slices", {}).get("refuse_below", 1))
    if volume.frames < fewest:
        reasons.append(f"it has {volume.frames} slice{'s' if volume.frames != 1 else ''}, fewer than {fewest}")
    return reasons


def cautions(volume: Volume, limits: Mapping[str, Any]) -> list[str]:
    """Sentences about what is unusual but not refused."""
    found = []
    warn_below = int(limits.get("slices", {}).get("warn_below", 0))
    if volume.frames < warn_below:
        found.append(f"Only {volume.frames} slices: the system was trained on whole livers of about 100.")
    warn_above = float(limits.get("spacing_mm", {}).get("warn_above", float("inf")))
    spacing = volume.spacing_mm
    if spacing is not None and spacing[0] > warn_above:
        found.append(
            f"Slices lie {spacing[0]:.1f} mm apart, more than {warn_above:g} mm: small lesions can fall between."
        )
    if _is_volume_file(volume):
        found.append("A volume file does not say whether it is MR: make sure that it is.")
    return found + [w.text for w in volume.warnings]


def _is_volume_file(volume: Volume) -> bool:
    return volume.modality is None and volume.file_format == "volume-file"
