"""One patient: everything drawn for a seed; pixels are made when asked for, volume by volume, slice by slice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from overread.core.errors import InputError
from overread.core.geometry import Affine
from overread.core.progress import SILENT, Progress
from overread.phantom import artefacts, ct
from overread.phantom.lattice import Floats
from overread.phantom.layers import Labels, Layers
from overread.phantom.looks import CT, Look, look_of
from overread.phantom.looks import Sequence as Sequence_
from overread.phantom.painting import paint_slice
from overread.phantom.protocols import LATE_ROLES, REFERENCE, SEQUENCES_OF, Protocol, draw_protocols
from overread.phantom.quality import Quality, draw_quality, quality_of
from overread.phantom.scene import Scene, draw_body, draw_description, fill_scene, with_lesions
from overread.phantom.sites import SITE_TABLE, Site
from overread.phantom.tissues import draw_surroundings
from overread.phantom.views import View, lay_view

ADC_UNIT = 1000.0
"""ADC maps are stored in 10^-6 mm2/s."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Slices of a volume: values (float32; CT in HU, ADC in 10^-6 mm2/s) and labels (uint8), [n, rows, columns]."""

    values: Floats
    labels: Labels


@dataclass(frozen=True, slots=True)
class Imaging:
    """One volume ready to be rendered. ``looks``: signals of the image, or of the images an ADC map is made of."""

    view: View
    looks: tuple[Look, ...]
    how: tuple[artefacts.Acquisition | ct.CtAcquisition, ...]

    @property
    def protocol(self) -> Protocol:
        """What the scanner was set to."""
        return self.view.protocol


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything drawn for one seed. ``volumes``: role -> imaging; truth is stated on the grid of ``reference``."""

    kind: str
    seed: int
    site: str
    label: str
    reference: str
    scene: Scene
    volumes: Mapping[str, Imaging]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns of the reference volume."""
        return self.volumes[self.reference].view.shape

    @property
    def affine(self) -> Affine:
        """Where the reference volume lies."""
        return self.volumes[self.reference].view.affine

    def tube_mas(self, role: str) -> float:
        """Tube current times time of a CT volume, mAs; 0 for MR."""
        how = self.volumes[role].how[0]
        return how.quality.mas if isinstance(how, ct.CtAcquisition) else 0.0

    def render(
        self, slices: Sequence[int] | None = None, role: str | None = None, progress: Progress = SILENT
    ) -> Rendered:
        """Make slices of one volume. Each is the same whichever others are asked for.

        Parameters
        ----------
        slices
            Slice indices; None for all.
        role
            One of ``volumes``; None for the reference.
        """
        role = role or self.reference
        return self.render_together((role,), slices, progress)[role]

    def render_together(
        self, roles: Sequence[str], slices: Sequence[int] | None = None, progress: Progress = SILENT
    ) -> dict[str, Rendered]:
        """Make slices of volumes that share their geometry (the b-values of a series): painted once.

        Parameters
        ----------
        roles
            Volumes with the same field of view, stack and breath.
        slices
            Slice indices; None for all.
        """
        view = self.volumes[roles[0]].view
        chosen = range(view.shape[0]) if slices is None else slices
        labels = np.zeros((len(chosen), *view.shape[1:]), dtype=np.uint8)
        values = {role: np.empty(labels.shape, dtype=np.float32) for role in roles}
        for place, index in enumerate(chosen):
            progress.step("Drawing slices", place, len(chosen))
            layers, noise = paint_slice(self.scene, view, index)
            how = self.volumes[roles[0]].how[0]
            pull = artefacts.displacement(how, view, layers, noise) if isinstance(how, artefacts.Acquisition) else None
            if pull is not None:
                layers.labels = artefacts.displaced(layers.labels, pull, is_label=True)
            labels[place][view.crop] = layers.labels
            for role in roles:
                values[role][place] = _image(self.volumes[role], layers, index, noise, pull)
        return {role: Rendered(values[role], labels) for role in roles}

    def without_lesions(self) -> Patient:
        """The same patient with every target lesion replaced by liver; other findings, vessels and noise stay."""
        kept = tuple(lesion for lesion in self.scene.lesions if not lesion.sketch.is_target)
        return replace(self, label="none", scene=with_lesions(self.scene, kept))


def draw_patient(
    kind: str,
    seed: int,
    site: str = "internal",
    normals: float = 0.0,
    diameter_mm: tuple[float, float] | None = None,
    roles: Collection[str] | None = None,
    matrix: int | None = None,
) -> Patient:
    """Draw a patient without making any pixel.

    Parameters
    ----------
    kind
        Kind of study, one of ``KINDS``.
    seed
        Number of the patient; the same number gives the same patient.
    site
        Name of a site of that kind (``SITES``).
    normals
        Probability that an hbp patient has no HCC, 0 to 1.
    diameter_mm
        Range of the diameters of target lesions; None for the sizes of the tables.
    roles
        Volumes to prepare (``dwi`` for all b-values); None for all that the study has. A study need not have every
        role of its kind, nor every b-value.
    matrix
        Columns of every image instead of the protocol's own, for images drawn in memory.

    Raises
    ------
    InputError
        No such kind or site, or numbers that make no sense.
    """
    row = _check(kind, seed, site, normals, matrix)
    check_roles(kind, roles)
    description = draw_description(kind, seed, site, normals, diameter_mm)
    body = draw_body(kind, seed, site, description)
    person = body.person
    protocols = draw_protocols(seed, kind, site, (2 * person.half_width, 2 * person.half_depth), roles)
    if not protocols:
        raise InputError(
            "This phantom cannot be made", f"none of {sorted(roles or ())} is in a {kind} study", "Ask for other roles"
        )
    shared = draw_surroundings(seed, protocols[0].field_t, protocols[0].agent, protocols[0].kvp)
    scene = fill_scene(seed, body, description, shared)
    study = draw_quality(seed, row)
    volumes = {}
    for protocol in protocols:
        taken = protocol if matrix is None else protocol.at_matrix(matrix)
        volumes[protocol.role] = _imaging(seed, kind, site, taken, protocol.columns, scene=scene, study=study)
    reference = REFERENCE[kind] if REFERENCE[kind] in volumes else next(iter(volumes))
    return Patient(kind, seed, site, description.label, reference, scene, volumes)


def _check(kind: str, seed: int, site: str, normals: float, matrix: int | None) -> Site:
    if kind not in SITE_TABLE:
        raise InputError(
            f"No phantom of kind {kind!r} can be made",
            "this version does not draw it",
            f"Choose one of: {', '.join(SITE_TABLE)}",
        )
    if site not in SITE_TABLE[kind]:
        raise InputError(
            f"No phantom of site {site!r} can be made",
            f"{kind} has no such site",
            f"Choose one of: {', '.join(SITE_TABLE[kind])}",
        )
    if seed < 0 or not 0 <= normals <= 1 or (matrix is not None and not 16 <= matrix <= 1024):
        raise InputError(
            "This phantom cannot be made",
            f"seed {seed}, share {normals} of normals or matrix {matrix} is out of range",
            "Give a seed from 0 on, a share from 0 to 1 and a matrix of 16 to 1024",
        )
    return SITE_TABLE[kind][site]


def check_roles(kind: str, roles: Collection[str] | None) -> None:
    """Refuse roles that no study of this kind has.

    Raises
    ------
    InputError
        There are such among them.
    """
    known = {*SEQUENCES_OF[kind], *LATE_ROLES}
    unknown = sorted({role.split(":")[0] for role in roles or ()} - known)
    if unknown:
        raise InputError(
            "This phantom cannot be made",
            f"a {kind} study has no {', '.join(unknown)}",
            f"Ask for some of: {', '.join(sorted(known))}",
        )


def _imaging(
    seed: int, kind: str, site: str, protocol: Protocol, full_columns: int, *, scene: Scene, study: Quality
) -> Imaging:
    """One volume; ``full_columns``: those of the protocol before another matrix was asked for."""
    row = SITE_TABLE[kind][site]
    body = scene.body
    view = lay_view(seed, kind, protocol, body.person, body.lattice, study.texture)
    sequences = [protocol.sequence]
    if protocol.role == "adc":
        sequences = [replace(protocol.sequence, b_value=protocol.lowest_b), protocol.sequence]
    looks = tuple(look_of(scene.tissues, sequence, protocol.phase, scene.shared) for sequence in sequences)
    if protocol.sequence.kind == CT:
        half = (body.person.half_width, body.person.half_depth)
        how = ct.draw_ct_quality(seed, site, protocol.slice_thickness_mm, protocol.kernel, protocol.kvp, half)
        taken = ct.prepare_ct(
            seed,
            how,
            view.x_mm,
            view.y_mm,
            half=half,
            middle_y=body.person.middle_y,
            spacing_mm=protocol.slice_spacing_mm,
            padding=-2000 if protocol.vendor == "ge" else -1024,
            role=protocol.role,
        )
        return Imaging(view, looks, (taken,))
    quality = quality_of(study, seed, row, protocol)
    quality = replace(quality, psf_px=quality.psf_px * protocol.columns / full_columns)
    prepared = tuple(
        artefacts.prepare(
            seed,
            replace(view, protocol=replace(protocol, role=_noise_role(protocol, s), sequence=s)),
            quality,
            body.person,
            body.fat_patch_level,
        )
        for s in sequences
    )
    return Imaging(view, looks, prepared)


def _noise_role(protocol: Protocol, sequence: Sequence_) -> str:
    """By which role an image's noise is drawn: an ADC map has that of the diffusion images it is made of."""
    return f"dwi:{sequence.b_value:g}" if protocol.role == "adc" else protocol.role


def _image(imaging: Imaging, layers: Layers, index: int, noise: Mapping[float, Floats], pull: Floats | None) -> Floats:
    """One slice of one volume."""
    view = imaging.view
    parts = []
    for look, how in zip(imaging.looks, imaging.how, strict=True):
        water, fat = layers.render(look)
        if isinstance(how, ct.CtAcquisition):
            picture = np.zeros((len(view.y_mm), len(view.x_mm)), dtype=np.float32)
            picture[view.crop] = water
            return ct.acquire_ct(picture, how, index, float(view.z_mm[index])).astype(np.float32)
        parts.append(artefacts.acquire(water, fat, view, how, index, noise=noise, labels=layers.labels, pull=pull))
    if len(parts) == 1:
        return parts[0]
    b_value = imaging.protocol.sequence.b_value - imaging.protocol.lowest_b
    ratio = np.log(np.maximum(parts[0], 1e-3) / np.maximum(parts[1], 1e-3)) / b_value * 1000
    first = imaging.how[0]
    assert isinstance(first, artefacts.Acquisition)
    is_air = parts[0] < 4 * first.sigma * first.quality.scale
    result: Floats = np.where(is_air, 0, np.clip(ratio, 0, 4) * ADC_UNIT).astype(np.float32)
    return result


def share_geometry(patient: Patient) -> list[tuple[str, ...]]:
    """Roles in groups that can be rendered together, in the order of the study."""
    groups: dict[object, list[str]] = {}
    for role, imaging in patient.volumes.items():
        view = imaging.view
        key = (view.shift_mm, view.shape, view.affine.matrix.tobytes(), imaging.protocol.phase.name)
        groups.setdefault(key, []).append(role)
    return [tuple(roles) for roles in groups.values()]
