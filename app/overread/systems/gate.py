"""What a system lets in: checks of a volume's header and of its pixels, each with the sentence a person reads.

In: a volume (or its decoded pixels) and the limits of a bundle. Out: accept, warn or refuse, and why. Headers are
checked before anything is decoded, so that the window can say at once what will not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from overread.core.errors import GateRefusal
from overread.core.geometry import Affine
from overread.core.study import Pixels, Volume
from overread.systems.gate_limits import Gate
from overread.systems.gate_pixels import pixel_figures
from overread.systems.gate_words import Remark, remarks_of_scan, remarks_on

_MAIN_AXIS = {"sagittal": 0, "coronal": 1, "axial": 2}

_GOES_WITHOUT_SAYING = (
    ("refuse", "slices", "coverage_mm"),
    ("warn", "coverage_mm", "slices"),
    ("refuse", "tilt_deg", "gantry-tilt"),
    ("warn", "tilt_deg", "gantry-tilt"),
    ("refuse", "grey_values", "commonest_share"),
    ("refuse", "grey_values", "brightest_share"),
    ("refuse", "grey_values", "blank_share"),
    ("refuse", "blank_share", "commonest_share"),
)
"""(level, code, other code): after this remark another one that is no graver adds nothing."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """What the gate says of one or several volumes: refusals first, then warnings."""

    remarks: tuple[Remark, ...] = ()

    @property
    def verdict(self) -> str:
        """``accept``, ``warn`` or ``refuse``: that of the gravest remark."""
        levels = {remark.level for remark in self.remarks}
        return "refuse" if "refuse" in levels else "warn" if levels else "accept"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What, why and remedy of every remark, one sentence each, the refusals first."""
        return self.refusals + self.warnings

    @property
    def refusals(self) -> tuple[str, ...]:
        """The sentences that speak against reading."""
        return tuple(r.sentence for r in self.remarks if r.level == "refuse")

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences about what is unusual."""
        return tuple(r.sentence for r in self.remarks if r.level == "warn")

    @property
    def reasons(self) -> tuple[str, ...]:
        """The refused facts alone, in small letters, to be strung together: ``it is CT, not MR``."""
        return tuple(r.what for r in self.remarks if r.level == "refuse")

    def raise_refusal(self, gate: Gate) -> None:
        """Leave with all refusals in one sentence, where there are any.

        Raises
        ------
        GateRefusal
        """
        refused = [r for r in self.remarks if r.level == "refuse"]
        if refused:
            name = f"this {gate.role} volume" if gate.role else "this volume"
            remedies = list(dict.fromkeys(r.remedy for r in refused))
            remedy = remedies[0] if len(remedies) == 1 else "Choose another volume for it"
            raise GateRefusal(f"{gate.system} does not read {name}", "; ".join(self.reasons), remedy)


def joined(answers: Iterable[GateAnswer]) -> GateAnswer:
    """Several answers as one, the refusals first, nothing said twice."""
    remarks = list(dict.fromkeys(remark for answer in answers for remark in answer.remarks))
    made = {(remark.level, remark.code) for remark in remarks}
    said = {("warn", other) for level, code, other in _GOES_WITHOUT_SAYING if (level, code) in made}
    said |= {
        ("refuse", other) for level, code, other in _GOES_WITHOUT_SAYING if level == "refuse" and (level, code) in made
    }
    remarks = [remark for remark in remarks if (remark.level, remark.code) not in said]
    return GateAnswer(tuple(sorted(remarks, key=lambda r: r.level != "refuse")))


def check_headers(volume: Volume, gate: Gate) -> GateAnswer:
    """What the gate says of a volume without looking at its pixels."""
    remarks = [*_of_kind(volume, gate), *_of_place(volume, gate), *remarks_on(_header_figures(volume, gate), gate)]
    if gate.ranges["b_value"].is_set and volume.b_value is None:
        remarks.append(
            Remark(
                "refuse",
                "b_value",
                "its b-value is not known",
                "the header does not state it, and the system reads only some",
                f"Name it with --role {gate.role}:B=VOLUME" if gate.role else "Choose another volume for it",
            )
        )
    remarks += remarks_of_scan([w for w in volume.warnings if volume.kind == "volume" or w.code not in _SAID_BY_KIND])
    return joined([GateAnswer(tuple(remarks))])


def check_pixels(pixels: Pixels, gate: Gate) -> GateAnswer:
    """What the gate says of decoded pixels: empty, noise, a mask, cut off, black and white exchanged."""
    return joined([GateAnswer(tuple(remarks_on(pixel_figures(pixels), gate)))])


def check_together(volumes: Mapping[str, Volume], roles: Sequence[str], gate: Gate) -> GateAnswer:
    """What the gate says of the volumes of several roles as a set: all there, and of one place."""
    remarks = [
        Remark(
            "refuse",
            "missing-role",
            f"there is no volume for {role}",
            f"{gate.system} reads {', '.join(roles)} together",
            f"Name it with --role {role}=VOLUME",
        )
        for role in roles
        if role not in volumes
    ]
    places = {v.frame_of_reference for v in volumes.values()}
    if len(places) > 1:
        remarks.append(
            Remark(
                "warn",
                "frame-of-reference",
                "its volumes do not state one common frame of reference",
                "a place in one may not be the same place in another",
                "Compare them side by side before you trust a place",
            )
        )
    return GateAnswer(tuple(remarks))


def _of_kind(volume: Volume, gate: Gate) -> list[Remark]:
    """Modality and role: whether this is the right sort of images at all."""
    remarks = []
    wanted = " or ".join(gate.modality)
    if gate.modality and volume.modality not in gate.modality:
        if volume.modality is None and volume.file_format == "volume-file":
            what = f"its file does not say whether it is {wanted}"
            remarks.append(Remark("warn", "modality", what, "volume files hold no such word", "Make sure that it is"))
        else:
            what = f"it is {volume.modality or 'of unknown modality'}, not {wanted}"
            remarks.append(
                Remark(
                    "refuse",
                    "modality",
                    what,
                    "scores on other images mean nothing",
                    f"Choose a series that is {wanted}",
                )
            )
    if volume.role.is_sure and volume.role.name in gate.never and volume.role.name != gate.role:
        what, why = f"it is a {volume.role.name}", "that shows where things are, not what they are"
        remarks.append(Remark("refuse", "role", what, why, "Choose the images themselves"))
    return remarks


def _of_place(volume: Volume, gate: Gate) -> list[Remark]:
    """Whether the slices form a volume that lies in the patient as the system expects."""
    if volume.kind == "image":
        what, why = "its slices have no position in the patient", "a place that is found could not be told"
        return [Remark("refuse", "no-position", what, why, "Export the series again as DICOM with its positions")]
    remarks = []
    if volume.kind == "stack":
        noticed = [w.text.rstrip(".") for w in volume.warnings if w.code in _SAID_BY_KIND] or [
            w.text.rstrip(".") for w in volume.warnings
        ]
        what = "its slices form no regular volume" + (f" ({noticed[0]})" if noticed else "")
        why = "candidates are followed from slice to slice at even distances"
        remarks.append(Remark("refuse", "no-volume", what, why, "Export the whole series again"))
    if gate.orientation and volume.orientation not in gate.orientation:
        what = f"its slices are {volume.orientation}, not {' or '.join(gate.orientation)}"
        why = "the system learnt from no others"
        remedy = f"Choose the {' or '.join(gate.orientation)} series"
        remarks.append(Remark("refuse", "orientation", what, why, remedy))
    return remarks


_SAID_BY_KIND = frozenset({"missing-slices", "uneven-spacing", "no-position"})
"""Warnings of the scan that the refusal of a stack or a picture without position quotes."""


def _header_figures(volume: Volume, gate: Gate) -> dict[str, float]:
    rows, columns = volume.shape[1:]
    figures: dict[str, float] = {"slices": volume.frames, "matrix": min(rows, columns)}
    if gate.ranges["matrix"].refuse_above is not None and max(rows, columns) > gate.ranges["matrix"].refuse_above:
        figures["matrix"] = max(rows, columns)
    spacing = volume.spacing_mm
    if spacing is not None and volume.affine is not None and volume.kind != "image":
        figures |= {
            "spacing_mm": spacing[0],
            "pixel_mm": max(spacing[1:]),
            "field_mm": min(rows * spacing[1], columns * spacing[2]),
            "coverage_mm": volume.frames * spacing[0],
        }
        if gate.orientation and volume.orientation in gate.orientation:
            figures["tilt_deg"] = _tilt_deg(volume.affine, volume.orientation)
    if volume.b_value is not None:
        figures["b_value"] = volume.b_value
    return figures


def _tilt_deg(affine: Affine, orientation: str) -> float:
    """Angle between the normal of the slices and the body axis of their orientation; 0 for oblique ones."""
    if orientation not in _MAIN_AXIS:
        return 0.0
    normal = np.cross(affine.direction("i"), affine.direction("j"))
    along = abs(float(normal[_MAIN_AXIS[orientation]])) / float(np.linalg.norm(normal))
    return float(np.degrees(np.arccos(min(1.0, along))))
