"""Everything drawn for one patient: the anatomy on its lattice, vessels, lesions, signals, acquisition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom import organs, vessels
from overread.phantom.artefacts import Acquisition, prepare
from overread.phantom.disease import Disease, draw_disease
from overread.phantom.lattice import Field, Floats, Lattice, Sampler, carve
from overread.phantom.lesions import Nodule, draw_cysts, draw_hcc
from overread.phantom.liver import Landmarks, build_liver, draw_landmarks, gallbladder
from overread.phantom.mr import Signals, draw_signals
from overread.phantom.noise import NoisePlanes, stream
from overread.phantom.person import Person, draw_person
from overread.phantom.protocols import Protocol, Quality, draw_protocol, draw_quality
from overread.phantom.sites import Site

FINE, SMALL, LARGE, UPTAKE, PATCH = 2.0, 6.0, 14.0, 40.0, 70.0
"""Cell sizes of the noise, mm."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A part of the bowel: its distance, what fills it, and the height y in front of which there is gas."""

    field: Field
    content: float
    gas_y: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One patient in anatomical mm (x left, y back, z head), and how the picture is taken."""

    person: Person
    disease: Disease
    marks: Landmarks
    lattice: Lattice
    fields: dict[str, Field]
    loops: tuple[Loop, ...]
    portal: vessels.Points
    hepatic: vessels.Points
    trunk_veins: vessels.Points
    extras: vessels.Points
    ducts: vessels.Points
    cysts: tuple[Nodule, ...]
    tumours: tuple[Nodule, ...]
    signals: Signals
    protocol: Protocol
    quality: Quality
    stomach_gas_y: float
    stomach_content: float
    fat_patch_level: float
    bile_level: float
    x_mm: Floats
    y_mm: Floats
    z_mm: Floats
    crop: tuple[slice, slice]
    sampler: Sampler
    noise: NoisePlanes
    acquisition: Acquisition


def draw_scene(seed: int, site: Site, has_hcc: bool) -> Scene:
    """Draw all of a patient. Only the tumours and the room they make for themselves depend on ``has_hcc``."""
    disease = draw_disease(seed, site.stages, site.uptake)
    person = draw_person(seed, site, disease.volume_ratio)
    protocol = draw_protocol(seed, site, (2 * person.half_width, 2 * person.half_depth))
    quality = draw_quality(seed, site)
    marks = draw_landmarks(seed, person, disease)
    lattice, fields, loops = _build(person, disease, marks, seed)
    signals = draw_signals(seed, protocol, disease)
    portal, trunk = vessels.grow_portal(lattice, fields["liver"], marks, disease, seed)
    hepatic = vessels.grow_hepatic(lattice, fields["liver"], marks, person, disease, seed=seed)
    avoid = tuple(fields[name] for name in ("gallbladder", "kidney-right", "stomach") if name in fields)
    cysts = draw_cysts(lattice, fields["liver"], avoid, marks, disease.cysts, seed=seed)
    tumours: tuple[Nodule, ...] = ()
    if has_hcc:
        tumours = draw_hcc(
            lattice, fields["liver"], avoid, marks, np.concatenate([portal, hepatic]), cysts=cysts, seed=seed
        )
    for nodule in (*cysts, *tumours):
        portal = vessels.make_room(portal, nodule.centre, nodule.radius)
        hepatic = vessels.make_room(hepatic, nodule.centre, nodule.radius)
    x, y, z = _positions(seed, person, protocol)
    crop = _crop(x, y, person)
    rng = stream(seed, "levels")
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    return Scene(
        person=person,
        disease=disease,
        marks=marks,
        lattice=lattice,
        fields=fields,
        loops=_fill(loops, signals, seed),
        portal=portal,
        hepatic=hepatic,
        trunk_veins=trunk,
        extras=vessels.grow_extras(person, seed),
        ducts=vessels.ducts_along(np.concatenate([portal, trunk]), seed),
        cysts=cysts,
        tumours=tumours,
        signals=signals,
        protocol=protocol,
        quality=quality,
        stomach_content=signals["bowel-fluid"] + float(rng.uniform(0, 0.35)),
        stomach_gas_y=front + float(rng.uniform(14, 46)) if rng.random() < 0.85 else -999.0,
        fat_patch_level=float(rng.uniform(0.0, 0.9)),
        bile_level=float(rng.uniform(-9, 9)),
        x_mm=x,
        y_mm=y,
        z_mm=z,
        crop=crop,
        sampler=Sampler(lattice, x[crop[1]], y[crop[0]], protocol.slice_thickness_mm),
        noise=NoisePlanes(
            stream(seed, "texture"), x[crop[1]], y[crop[0]], (FINE, SMALL, LARGE, UPTAKE, PATCH)
        ),
        acquisition=prepare(
            seed,
            protocol,
            quality,
            x,
            y,
            middle_y=person.middle_y,
            half=(person.half_width, person.half_depth),
        ),
    )


def _build(
    person: Person, disease: Disease, marks: Landmarks, seed: int
) -> tuple[Lattice, dict[str, Field], dict[str, tuple[Field, float]]]:
    margin = 14.0
    lattice = Lattice.over(
        (-person.half_width - margin, person.middle_y - person.half_depth - margin, person.rim_z - 60),
        (person.half_width + margin, person.middle_y + person.half_depth + margin, person.dome_z + 60),
    )
    skin, cavity = organs.trunk(lattice, person)
    dome = organs.diaphragm(lattice, person, stream(seed, "dome"))
    fields, loops = organs.arrange(lattice, person, disease, seed, cavity, dome=dome)
    fields["skin"], fields["cavity"] = skin, cavity
    fields["liver"] = build_liver(
        lattice, person, disease, seed, marks, cavity=cavity, dome=dome, others=fields
    )
    bag = gallbladder(lattice, fields["liver"], person, seed)
    if bag is not None:
        organs.fit_in(lattice, bag, cavity, 4)
        carve(lattice, fields["liver"], bag, 0.5, 5)
        fields["gallbladder"] = bag
    for field, _ in loops.values():
        carve(lattice, field, fields["liver"], 1.5, 4)
        if bag is not None:
            carve(lattice, field, bag, 1, 3)
    return lattice, fields, loops


def _fill(loops: dict[str, tuple[Field, float]], signals: Signals, seed: int) -> tuple[Loop, ...]:
    """What the bowel holds: fluid, mixed or bright content; gas in front in some parts."""
    rng = stream(seed, "bowel-content")
    filled = []
    for name, (field, gas_y) in loops.items():
        mix = (
            float(rng.random() ** 2)
            if name == "colon"
            else float(rng.random() < 0.25) * float(rng.uniform(0.3, 1))
        )
        content = signals["bowel-fluid"] * (1 - mix) + mix * signals["bowel-bright"]
        has_gas = rng.random() < (0.8 if name == "colon" else 0.2)
        filled.append(Loop(field, content + 0.30 * float(rng.random() ** 1.5), gas_y if has_gas else -999.0))
    return tuple(filled)


def _positions(seed: int, person: Person, protocol: Protocol) -> tuple[Floats, Floats, Floats]:
    """Pixel and slice positions: the field of view is laid round the trunk, the stack round the liver."""
    rng = stream(seed, "field-of-view")
    rows, columns, pixel = protocol.rows, protocol.columns, protocol.pixel_spacing_mm[0]
    middle_x = float(rng.normal(0, 4))
    middle_y = person.middle_y + float(rng.normal(0, 3))
    low, high = person.rim_z - float(rng.uniform(8, 26)), person.dome_z + float(rng.uniform(6, 24))
    count = int(np.clip(round((high - low) / protocol.slice_spacing_mm), 80, 110))
    middle_z = (low + high) / 2
    x = middle_x + (np.arange(columns) - (columns - 1) / 2) * pixel
    y = middle_y + (np.arange(rows) - (rows - 1) / 2) * pixel
    z = middle_z + (np.arange(count) - (count - 1) / 2) * protocol.slice_spacing_mm
    return x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)


def _crop(x: Floats, y: Floats, person: Person) -> tuple[slice, slice]:
    columns = np.flatnonzero(np.abs(x) < person.half_width + 6)
    rows = np.flatnonzero(np.abs(y - person.middle_y) < person.half_depth + 6)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
