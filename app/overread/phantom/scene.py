"""Everything drawn for one patient, whatever is imaged: anatomy on its lattice, vessels, lesions, tissues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from overread.phantom import organs, vessels
from overread.phantom.disease import Disease, draw_disease
from overread.phantom.gut import Loops, draw_loops
from overread.phantom.lattice import Field, Lattice, carve
from overread.phantom.lesions.describe import describe
from overread.phantom.lesions.placement import deform, mass_effect, place, thrombus_in
from overread.phantom.lesions.sites import numbers_of
from overread.phantom.lesions.sketch import Description
from overread.phantom.lesions.structure import Lesion, build
from overread.phantom.liver import Landmarks, build_liver, draw_landmarks, gallbladder
from overread.phantom.noise import clipped_normal, pick, stream
from overread.phantom.person import Person, draw_person
from overread.phantom.segments import Segments
from overread.phantom.sites import SITE_TABLE
from overread.phantom.tissues import Surroundings, Tissue, draw_tissues
from overread.phantom.trees import Points
from overread.phantom.wall import Traits, draw_traits

TREES = (
    "portal",
    "hepatic",
    "arteries",
    "ducts",
    "trunk_veins",
    "abdominal_arteries",
    "common_duct",
    "adrenals",
    "strands",
)
"""Vessel trees of `vessels.Vessels`, by name; the first four lie in the liver and give way to lesions."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A part of the bowel: its distance, what fills it, and the height y in front of which there is gas."""

    field: Field
    content: str
    gas_y: float


@dataclass(frozen=True, slots=True)
class Body:
    """One patient's anatomy in mm (x left, y back, z head), without lesions and before any scanner."""

    person: Person
    disease: Disease
    traits: Traits
    marks: Landmarks
    lattice: Lattice
    fields: Mapping[str, Field]
    loops: tuple[Loop, ...]
    packed: Loops
    trees: Mapping[str, Points]
    segments: Segments
    stomach_gas_y: float
    stomach_content: str
    fat_patch_level: float
    bile_level: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A patient as imaged: the body with its lesions; ``liver`` and vessels give way to them.

    ``thrombi``: pieces of the portal tree that lesion number n has grown into. ``tissues``: organs' and lesions'.
    """

    seed: int
    body: Body
    description: Description
    lesions: tuple[Lesion, ...]
    liver: Field
    thrombi: tuple[Points, ...]
    trees: Mapping[str, Points]
    tissues: Mapping[str, Tissue]
    shared: Surroundings


def draw_description(
    kind: str, seed: int, site: str, normals: float, diameter_mm: tuple[float, float] | None
) -> Description:
    """What a case is about and holds, in words; fast."""
    return describe(kind, seed, site, normals, diameter_mm)


def draw_body(kind: str, seed: int, site: str, description: Description) -> Body:
    """Draw the anatomy. Nothing in it depends on whether or which lesions there are, but the stage of the liver."""
    row = SITE_TABLE[kind][site]
    disease = draw_disease(seed, description.stages, row.uptake)
    person = draw_person(seed, row, disease.volume_ratio, male=description.male)
    person = _as_told(seed, person, description)
    marks = draw_landmarks(seed, person, disease)
    lattice, fields, loops = lay_out(person, disease, marks, seed)
    grown = vessels.grow_vessels(lattice, fields, marks, person, disease, seed)
    rng = stream(seed, "levels")
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    return Body(
        person=person,
        disease=disease,
        traits=draw_traits(seed, person),
        marks=marks,
        lattice=lattice,
        fields=fields,
        loops=_fill(loops, seed),
        packed=draw_loops(seed, person),
        trees={name: getattr(grown, name) for name in TREES},
        segments=grown.segments,
        stomach_content="bowel-content" if rng.random() < 0.3 else "bowel-fluid",
        stomach_gas_y=front + float(rng.uniform(14, 46)) if rng.random() < 0.85 else -999.0,
        fat_patch_level=float(rng.uniform(0.0, 0.9)),
        bile_level=float(rng.uniform(-9, 9)),
    )


def fill_scene(seed: int, body: Body, description: Description, shared: Surroundings) -> Scene:
    """Put the lesions of a description into a body, with tissues for the study's field strength and agent."""
    fields = body.fields
    avoid = tuple(fields[name] for name in ("gallbladder", "kidney-right", "stomach") if name in fields)
    sketches = [s for s in description.lesions if s.variant != "if-cirrhosis" or body.disease.stage > 0]
    tree = np.concatenate([body.trees["portal"], body.trees["hepatic"]])
    centres = place(
        sketches, lattice=body.lattice, liver=fields["liver"], avoid=avoid, marks=body.marks, tree=tree, seed=seed
    )
    tissues = draw_tissues(seed, body.disease, shared)
    lesions = tuple(
        build(sketch, centre, number, tissues, shared, body.disease, seed)
        for sketch, centre, number in zip(sketches, centres, numbers_of(sketches), strict=True)
    )
    return with_lesions(Scene(seed, body, description, (), fields["liver"], (), body.trees, tissues, shared), lesions)


def with_lesions(scene: Scene, lesions: tuple[Lesion, ...]) -> Scene:
    """The same patient with these lesions: vessels pushed aside, tissues added."""
    body = scene.body
    trees = dict(body.trees)
    for name in TREES[:4]:
        trees[name] = mass_effect(trees[name], lesions)
    tissues = dict(scene.tissues)
    for lesion in lesions:
        tissues |= lesion.tissues
    return replace(
        scene,
        lesions=lesions,
        liver=deform(body.lattice, body.fields["liver"], lesions),
        thrombi=tuple(thrombus_in(trees["portal"], lesion, scene.seed) for lesion in lesions),
        trees=trees,
        tissues=tissues,
    )


def _as_told(seed: int, person: Person, description: Description) -> Person:
    """Sex and age as the case's clinical facts say, where it has any; otherwise the age of those who have this."""
    facts = description.facts
    age = clipped_normal(stream(seed, "age"), *description.age, 18, 90)
    return replace(person, sex=str(facts.get("sex", person.sex)), age_y=round(float(str(facts.get("age_y", age)))))


def lay_out(
    person: Person, disease: Disease, marks: Landmarks, seed: int
) -> tuple[Lattice, dict[str, Field], dict[str, tuple[Field, float]]]:
    """The lattice, all organs, and the parts of the bowel with the height of their gas."""
    margin = 22.0
    lattice = Lattice.over(
        (-person.half_width - margin, person.middle_y - person.half_depth - margin, person.lowest_z - 60),
        (person.half_width + margin, person.middle_y + person.half_depth + margin, person.dome_z + 60),
    )
    skin, cavity = organs.trunk(lattice, person, stream(seed, "trunk"))
    dome = organs.diaphragm(lattice, person, stream(seed, "dome"))
    fields, loops = organs.arrange(lattice, person, disease, seed, cavity, dome=dome)
    fields["skin"], fields["cavity"] = skin, cavity
    fields["liver"] = build_liver(lattice, person, disease, seed, marks, cavity=cavity, dome=dome, others=fields)
    bag = gallbladder(lattice, fields["liver"], person, seed, disease.notch_mm)
    if bag is not None:
        organs.fit_in(lattice, bag, cavity, 4)
        carve(lattice, fields["liver"], bag, 0.5, 5)
        fields["gallbladder"] = bag
    for field, _ in loops.values():
        carve(lattice, field, fields["liver"], 1.5, 4)
        if bag is not None:
            carve(lattice, field, bag, 1, 3)
    return lattice, fields, loops


def _fill(loops: dict[str, tuple[Field, float]], seed: int) -> tuple[Loop, ...]:
    """What the bowel holds: fluid, mixed content or, collapsed, next to nothing; gas in front in some parts."""
    rng = stream(seed, "bowel-content")
    filled = []
    for name, (field, gas_y) in loops.items():
        kind = pick(rng, (0.85, 0.15, 0.0) if name == "colon" else (0.30, 0.25, 0.45))
        has_gas = rng.random() < (0.8 if name == "colon" else 0.2)
        content = ("bowel-content", "bowel-fluid", "bowel-wall")[kind]
        filled.append(Loop(field, content, gas_y if has_gas else -999.0))
    return tuple(filled)
