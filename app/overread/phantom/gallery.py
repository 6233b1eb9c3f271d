"""Contact sheets: a case at a glance, every series at the level of its lesions, or one series from dome to rim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from overread.core.progress import SILENT, PartProgress, Progress
from overread.phantom.gallery_tiles import Mark, Tile, windowed
from overread.phantom.labels import FIRST_FINDING, FIRST_LESION, LABELS
from overread.phantom.lattice import Floats
from overread.phantom.layers import Labels
from overread.phantom.lesions.sketch import Sketch
from overread.phantom.lesions.structure import Lesion
from overread.phantom.painting import label_of
from overread.phantom.patient import Patient, Rendered, draw_patient, share_geometry
from overread.phantom.views import View

DRAWN_NOT_A_PATIENT = "A phantom: drawn, not a patient"
LEVELS, SLICES = 2, 12
"""Levels of a study of many volumes; slices of a study of one."""
CT_WINDOW, CT_PORTAL_WINDOW, ADC_RANGE = (70.0, 200.0), (100.0, 250.0), (0.0, 3000.0)
"""Level and width in HU; lowest and highest value of an ADC map in 10^-6 mm2/s."""
MR_PERCENTILES, OVER_LIVER = (1.0, 90.0, 99.5), 3.5
"""Of the body: black, the least and the most that can be white; between these so many times the liver is white, so that
fluid, kidneys or the aorta do not leave the liver in the dark."""
MARGIN = 0.04
"""Air left around the trunk, as a share of the field of view."""
MOST_NAMED = 5
APART_MM = 12.0
"""Levels lie at least so far apart."""
_CAPITALS = {"hcc", "icc", "fnh", "aphe", "thad", "hbp", "dwi", "t1", "t2"}
_PLAIN = ("classic", "if-cirrhosis")
"""Variants that say nothing of how a lesion looks."""
_SEEN_ON = {
    "t1": ("t1-pre", "t1-in"),
    "t2": ("t2-fs", "t2"),
    "dwi": ("dwi", "adc"),
    "hbp": ("t1-hbp",),
    "aphe": ("t1-arterial", "ct-arterial"),
    "thad": ("t1-arterial", "ct-arterial"),
    "washout": ("t1-portal", "t1-delayed", "ct-portal", "ct-delayed"),
    "delayed": ("t1-delayed", "ct-delayed"),
}
"""First word of a sign -> series that can show it; every other sign can be on any."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contact sheet, ready to be laid out.

    ``bands``: groups of tiles that begin a new row: the volumes at one level, or all slices of the one volume.
    ``facts`` say who was imaged and how; ``findings`` what is there: the answer. ``marks``: every lesion.
    """

    title: str
    facts: tuple[str, ...]
    findings: tuple[str, ...]
    bands: tuple[tuple[Tile, ...], ...]
    marks: tuple[Mark, ...]

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles in their order."""
        return tuple(tile for band in self.bands for tile in band)

    @property
    def shown(self) -> tuple[Mark, ...]:
        """One mark for each kind of outline that can be seen on a tile."""
        seen = {int(code) for tile in self.tiles for code in np.unique(tile.lesions)}
        kinds = {(mark.type, mark.is_target): mark for mark in reversed(self.marks) if mark.code in seen}
        return tuple(sorted(kinds.values(), key=lambda mark: mark.code < FIRST_LESION))

    def rows(self, most: int) -> list[tuple[Tile, ...]]:
        """The tiles in rows of at most ``most``, each band in rows of nearly the same length."""
        result = []
        for band in self.bands:
            length = -(-len(band) // -(-len(band) // most))
            result += [band[at : at + length] for at in range(0, len(band), length)]
        return result


def draw_sheet(kind: str, seed: int, site: str, normals: float, progress: Progress = SILENT) -> Sheet:
    """Draw a patient and their contact sheet.

    Parameters
    ----------
    kind, seed, site, normals
        As for `draw_patient`.

    Raises
    ------
    InputError
        No such kind or site, or numbers that make no sense.
    """
    progress.step("Drawing the patient", 0, None)
    return contact_sheet(draw_patient(kind, seed, site, normals), progress=progress)


def contact_sheet(patient: Patient, levels: int = LEVELS, slices: int = SLICES, progress: Progress = SILENT) -> Sheet:
    """Render the slices of a contact sheet.

    Parameters
    ----------
    patient
        Any patient.
    levels
        At most so many heights of a study of many volumes: those of its largest lesions. Every volume shows the same
        anatomy, wherever the breath had moved it.
    slices
        So many slices of a study of one volume, through the liver and through every lesion as far as they reach.
    """
    groups = share_geometry(patient)
    is_single = len(patient.volumes) == 1
    heights = _many_heights(patient, slices) if is_single else _few_heights(patient, levels)
    bands: list[list[Tile]] = [[] for _ in heights]
    places = {role: place for place, role in enumerate(patient.volumes)}
    for number, roles in enumerate(groups):
        progress.step("Drawing the series", number, len(groups))
        view = patient.volumes[roles[0]].view
        at = [_slice_at(view, z) for z in heights]
        wanted = sorted(set(at))
        rendered = patient.render_together(
            roles, wanted, PartProgress(progress, "Drawing the series", number, len(groups))
        )
        for role in roles:
            for band, index in zip(bands, at, strict=True):
                band.append(_tile(patient, role, index, rendered[role], wanted.index(index)))
    progress.step("Drawing the series", len(groups), len(groups))
    ordered = tuple(tuple(sorted(band, key=lambda tile: places[tile.role])) for band in bands)
    return Sheet(
        title=f"{patient.kind}, {patient.site}, seed {patient.seed}",
        facts=_facts(patient),
        findings=_findings(patient),
        bands=(tuple(tile for band in ordered for tile in band),) if is_single else ordered,
        marks=tuple(
            Mark(label_of(patient.scene, n), lesion.sketch.type, lesion.sketch.is_target)
            for n, lesion in enumerate(patient.scene.lesions)
        ),
    )


def _few_heights(patient: Patient, most: int) -> list[float]:
    """Heights of the largest lesions, targets first, head to foot; the middle of the liver where there are none."""
    heights: list[float] = []
    for lesion in _by_weight(patient.scene.lesions):
        z = lesion.centre[2]
        if len(heights) < most and all(abs(z - other) > APART_MM for other in heights):
            heights.append(z)
    low, high = _liver(patient)
    return sorted(heights, reverse=True) or [(low + high) / 2]


def _many_heights(patient: Patient, count: int) -> list[float]:
    """Heights through the liver, head to foot, no slice twice; lesions take the place of the nearest even step."""
    low, high = _liver(patient)
    view = patient.volumes[patient.reference].view
    steps = dict.fromkeys(_slice_at(view, z) for z in np.linspace(high, low, count + 2)[1:-1])
    kept: list[int] = []
    for lesion in _by_weight(patient.scene.lesions):
        index = _slice_at(view, lesion.centre[2])
        if index in kept or not steps:
            continue
        del steps[min(steps, key=lambda step: abs(step - index))]
        kept.append(index)
    return sorted((float(view.z_mm[index]) for index in {*steps, *kept}), reverse=True)


def _by_weight(lesions: Sequence[Lesion]) -> list[Lesion]:
    """What the case is about before other findings, the largest first."""
    return sorted(lesions, key=lambda lesion: (not lesion.sketch.is_target, -lesion.sketch.diameter_mm))


def _liver(patient: Patient) -> tuple[float, float]:
    """Lowest and highest z of the liver, mm."""
    field = patient.scene.liver
    inside = (field.values < 0).any(axis=(1, 2))
    z = patient.scene.body.lattice.axis("z")[field.block[0]][inside]
    return float(z.min()), float(z.max())


def _slice_at(view: View, z: float) -> int:
    return int(np.argmin(np.abs(view.z_mm - z)))


def _tile(patient: Patient, role: str, index: int, rendered: Rendered, place: int) -> Tile:
    protocol = patient.volumes[role].protocol
    low, high = _window(role, rendered.values, rendered.labels)
    trunk = _trunk(rendered.labels)
    labels = rendered.labels[place][trunk]
    return Tile(
        role=role,
        description=protocol.description,
        caption=f"slice {index + 1} of {patient.volumes[role].view.shape[0]}",
        index=index,
        grey=windowed(rendered.values[place][trunk], low, high),
        lesions=np.where(labels >= FIRST_FINDING, labels, 0).astype(np.uint8),
    )


def _trunk(labels: Labels) -> tuple[slice, slice]:
    """Rows and columns that hold the trunk with a margin: air beyond it is cut off."""
    parts = []
    margin = round(MARGIN * labels.shape[2])
    for axis in (1, 2):
        inside = np.flatnonzero((labels > 0).any(axis=(0, 3 - axis)))
        first, last = (int(inside[0]), int(inside[-1])) if inside.size else (0, labels.shape[axis] - 1)
        parts.append(slice(max(first - margin, 0), min(last + 1 + margin, labels.shape[axis])))
    return parts[0], parts[1]


def _window(role: str, values: Floats, labels: Labels) -> tuple[float, float]:
    """Values that are black and white, the same on all tiles of a volume."""
    if role == "adc":
        return ADC_RANGE
    if role.startswith("ct-"):
        level, width = CT_PORTAL_WINDOW if role == "ct-portal" else CT_WINDOW
        return level - width / 2, level + width / 2
    body, liver = values[labels > 0], values[labels == LABELS["liver"]]
    if not body.size:
        return 0.0, 1.0
    low, most, high = (float(v) for v in np.percentile(body, MR_PERCENTILES))
    if liver.size:
        high = min(high, max(most, OVER_LIVER * float(np.median(liver))))
    return low, high


def _facts(patient: Patient) -> tuple[str, ...]:
    """Who was imaged and how."""
    protocol = patient.volumes[patient.reference].protocol
    person = patient.scene.body.person
    who = "woman" if str(person.sex).lower().startswith(("f", "w")) else "man"
    if protocol.modality == "CT":
        how = (f"{protocol.kvp} kVp, kernel {protocol.kernel}", f"slices of {protocol.slice_thickness_mm:g} mm")
    else:
        how = (f"{protocol.field_t:g} T", protocol.agent)
    return (" · ".join((f"{who}, {person.age_y}", f"{protocol.manufacturer} {protocol.model}", *how)),)


def _findings(patient: Patient) -> tuple[str, ...]:
    """The answer: what the case is, its liver, its lesions from the largest on."""
    disease = patient.scene.body.disease
    liver = "no cirrhosis" if disease.stage == 0 else f"cirrhosis, Child-Pugh {disease.name[-1].upper()}"
    fat = f", fat {disease.fat:.0%}" if disease.fat >= 0.05 else ""
    lines = [f"Label {patient.label} · {liver}{fat}"]
    lesions = _by_weight(patient.scene.lesions)
    roles = {role.split(":")[0] for role in patient.volumes}
    lines += [_told(lesion.sketch, roles) for lesion in lesions[:MOST_NAMED]]
    if rest := lesions[MOST_NAMED:]:
        smallest, largest = (f(lesion.sketch.diameter_mm for lesion in rest) for f in (min, max))
        lines.append(f"and {len(rest)} more, {smallest:.0f} to {largest:.0f} mm")
    return tuple(lines) if lesions else (*lines, "no lesion")


def _told(sketch: Sketch, roles: set[str]) -> str:
    """A lesion with the signs that the study can show."""
    signs = [s for s in sketch.signs if sketch.shows(s) and not roles.isdisjoint(_SEEN_ON.get(s.split("-")[0], roles))]
    beside = "" if sketch.is_target else " (beside)"
    variant = "" if sketch.variant in _PLAIN else f", {words(sketch.variant)}"
    return f"{words(sketch.type)}{beside} {sketch.diameter_mm:.0f} mm{variant}" + (
        f": {', '.join(words(s) for s in signs)}" if signs else ""
    )


def words(name: str) -> str:
    """A name of the tables as people write it: ``dwi-target`` becomes DWI target."""
    return " ".join(part.upper() if part in _CAPITALS else part for part in name.split("-"))
