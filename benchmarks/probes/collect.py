"""Draws cases at low resolution and stores what the probes look at, 50 cases in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from overread.io.uids import uid_from
from overread.phantom import POSITIVE_MM2, REFERENCE, Patient, Rendered, draw_patient
from overread.phantom.headers import contrast_attributes, draw_habits
from overread.phantom.noise import stream
from overread.phantom.protocols import SEQUENCES_OF, draw_protocols
from overread.phantom.views import FINE
from probes import images

CHUNK = 50
HEIGHTS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Slices of the case-level image features, as shares of the liver's height."""
RANDOM_SLICES = 24
"""Slices of a stack whose index and liver area are looked at."""
LESION = ("case", "is_target", "diameter", "x", "y", "z", "depth", "segment")
PLANE = ("case", "position", "area", "positive")
"""Columns of the tables of lesions and of slices."""
_TEXTURE = (32, 40)

Columns = dict[str, list[object]]


def collect(out: Path, kind: str, site: str, first: int, count: int, matrix: int) -> None:
    """Draw ``count`` cases from seed ``first`` on and write their features, whole file or none."""
    path = chunk_path(out, kind, site, first, count, matrix)
    columns: Columns = {}
    for place in range(count):
        _add(columns, kind, site, first + place, matrix)
    arrays = {name: np.array(values) for name, values in columns.items()}
    temporary = path.with_suffix(f".{os.getpid()}.part")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
    temporary.replace(path)


def chunk_path(out: Path, kind: str, site: str, first: int, count: int, matrix: int) -> Path:
    """Where a chunk lies."""
    return out / f"probe-{kind}-{site}-{matrix}-{first}-{count}.npz"


def load(paths: Sequence[Path]) -> dict[str, NDArray[np.generic]]:
    """All chunks as one; names of features (``names:``) are the same in all."""
    parts = [dict(np.load(path)) for path in paths]
    result: dict[str, NDArray[np.generic]] = {}
    for name in sorted({name for part in parts for name in part}):
        found = [part[name] for part in parts if name in part]
        result[name] = found[0][0] if name.startswith("names:") else np.concatenate(found)
    return result


def _add(columns: Columns, kind: str, site: str, seed: int, matrix: int) -> None:
    normals = 0.5 if kind == "hbp" else 0.0
    patient = draw_patient(kind, seed, site, normals, roles=(REFERENCE[kind],), matrix=matrix)
    scene = patient.scene
    person, disease = scene.body.person, scene.body.disease
    targets = [lesion for lesion in scene.lesions if lesion.sketch.is_target]
    main = max(targets, key=lambda lesion: lesion.sketch.diameter_mm) if targets else None
    _put(columns, "seed", seed)
    _put(columns, "label", patient.label)
    _put(columns, "main", main.sketch.type if main else "none")
    _put(columns, "stage", disease.stage)
    _put(columns, "count", float(len(targets)))
    _put(columns, "diameter", main.sketch.diameter_mm if main else np.nan)
    _group(columns, "person", {"age": person.age_y, "male": person.sex == "male"})
    body = {name: getattr(person, name) for name in ("half_width", "half_depth", "fat", "muscle", "bmi", "height_m")}
    _group(columns, "body", body | {"aspect": person.half_depth / person.half_width, "visceral": person.visceral_fat})
    _group(
        columns,
        "findings",
        {
            f"{t}s": sum(s.sketch.type == t and not s.sketch.is_target for s in scene.lesions)
            for t in ("cyst", "haemangioma")
        }
        | {"nodules": sum("nodule" in s.sketch.type and not s.sketch.is_target for s in scene.lesions)},
    )
    numbers, words = _header(patient)
    _group(columns, "header", numbers)
    columns["names:words"] = [list(words)]
    _put(columns, "words", [str(word) for word in words.values()])
    _lesions(columns, patient)
    _images(columns, patient)


def _put(columns: Columns, name: str, value: object) -> None:
    columns.setdefault(name, []).append(value)


def _group(columns: Columns, name: str, features: dict[str, object] | dict[str, float]) -> None:
    columns[f"names:{name}"] = [list(features)]
    _put(columns, name, [float(value) for value in features.values()])  # type: ignore[arg-type]


def _header(patient: Patient) -> tuple[dict[str, float], dict[str, str]]:
    """Everything that the headers of a study hold, but who the patient is: numbers and words."""
    seed, kind, person = patient.seed, patient.kind, patient.scene.body.person
    protocols = draw_protocols(seed, kind, patient.site, (2 * person.half_width, 2 * person.half_depth))
    main = next(p for p in protocols if p.role == patient.reference)
    habits = draw_habits(seed, main.vendor, main.language)
    agent = contrast_attributes(main.agent, seed, habits, habits.start_s)
    uid = uid_from(f"{kind}-{seed}/{patient.site}/study")
    matrix = patient.affine.matrix
    b_values = [p.sequence.b_value for p in protocols if p.role.startswith("dwi")]
    numbers: dict[str, float] = {
        "volumes": len(protocols), "series": len({p.series for p in protocols}), "slices": patient.shape[0],
        "clock": habits.start_s, "states agent": habits.states_agent, "states start": habits.states_start,
        "uid digit": int(uid[-1]), "uid digits": int(uid[-4:]), "uid length": len(uid),
        "uid sum": sum(int(c) for c in uid if c.isdigit()), "b values": len(b_values),
        "seconds": main.phase.seconds, "largest b": max(b_values, default=0.0),
        "name hash": crc32(main.description.encode()) % 997,
        "name length": len(main.description), "mas": getattr(getattr(_how(patient), "quality", None), "mas", 0.0),
        "turned": float(np.abs(matrix[0, 1]) + np.abs(matrix[0, 2])),
    }  # fmt: skip
    numbers |= {f"has {role}": any(p.role.split(":")[0] == role for p in protocols) for role in SEQUENCES_OF[kind]}
    numbers |= {f"corner {axis}": float(matrix[at, 3]) for at, axis in enumerate("xyz")}
    words = {
        "agent word": str(agent.get("ContrastBolusAgent", "")), "characters": habits.character_set,
        "times": habits.time_style, "b": habits.b_style,
    }  # fmt: skip
    for part in (main, main.sequence):
        for name, value in _flat(part):
            if isinstance(value, str):
                words[name] = value
            else:
                numbers[name] = value
    return {name: float(value) for name, value in numbers.items()}, words


def _flat(part: object) -> Iterator[tuple[str, str | float]]:
    """Words and numbers of a value, whatever fields it has; tuples number by number."""
    for field in fields(part):  # type: ignore[arg-type]
        value = getattr(part, field.name)
        if isinstance(value, (str, int, float)):
            yield field.name, value
        elif isinstance(value, tuple):
            yield from ((f"{field.name} {place}", number) for place, number in enumerate(value))


def _how(patient: Patient) -> object:
    return patient.volumes[patient.reference].how[0]


def _lesions(columns: Columns, patient: Patient) -> None:
    """Where every lesion lies: in the box of the liver, below its surface, in which segment."""
    body = patient.scene.body
    field = body.fields["liver"]
    axes = [axis.ravel() for axis in body.lattice.coordinates(field.block)]
    inside = np.argwhere(field.values < 0)
    low = np.array([axes[n][inside[:, 2 - n].min()] for n in range(3)])
    high = np.array([axes[n][inside[:, 2 - n].max()] for n in range(3)])
    largest: tuple[float, list[float]] = (0.0, [np.nan] * 5)
    for lesion in patient.scene.lesions:
        centre = np.array([lesion.centre], dtype=np.float64)
        depth = -float(body.lattice.read(field, centre)[0])
        place = [*((centre[0] - low) / (high - low)).tolist(), depth, float(body.segments.of(centre)[0])]
        sketch = lesion.sketch
        _put(columns, "lesions", [patient.seed, float(sketch.is_target), sketch.diameter_mm, *place])
        _put(columns, "lesion types", sketch.type)
        if sketch.is_target and sketch.diameter_mm > largest[0]:
            largest = (sketch.diameter_mm, place)
    _group(columns, "place", dict(zip(LESION[3:], largest[1], strict=True)))


def _images(columns: Columns, patient: Patient) -> None:
    view = patient.volumes[patient.reference].view
    z = view.z_mm
    heights, area_of = _liver_heights(patient)
    chosen = [int(np.argmin(np.abs(z - (heights[0] + share * (heights[1] - heights[0]))))) for share in HEIGHTS]
    positive = _positive(patient)
    rng = stream(patient.seed, "probe-slices")
    for index in rng.integers(0, len(z), RANDOM_SLICES):
        row = [patient.seed, index / len(z), area_of(z[index]), float(positive[index])]
        _put(columns, "planes", row)
    extra = [int(k) for k in rng.permutation(np.flatnonzero(positive))[:2]]
    rendered = patient.render([*chosen, *extra])
    targets = [lesion for lesion in patient.scene.lesions if lesion.sketch.is_target]
    twin = patient.without_lesions().render([*chosen, *extra]) if targets else rendered
    count = len(chosen)
    for name, shown in (("", rendered), ("twin ", twin)):
        pairs = list(zip(shown.values[:count], shown.labels[:count], strict=True))
        _group(columns, f"{name}border", _mean([images.border(v) for v, _ in pairs]))
        _group(columns, f"{name}brightness", _mean([images.brightness(v) for v, _ in pairs]))
        _group(columns, f"{name}liver", _mean([images.liver_crop(v, m) for v, m in pairs]))
        _group(columns, f"{name}noise", _mean([images.noise(v, m) for v, m in pairs]))
        _group(columns, f"{name}spectrum", _mean([images.spectrum(v) for v, _ in pairs]))
    pixel_mm2 = float(np.prod(patient.affine.spacing_mm[1:]))
    for place, index in enumerate([*chosen, *extra]):
        mask_mm2 = np.count_nonzero(images.target_mask(rendered.labels[place])) * pixel_mm2
        if 0 < mask_mm2 < POSITIVE_MM2:
            continue
        _put(columns, "slices", [patient.seed, index / len(z), area_of(z[index]), float(mask_mm2 > 0)])
        features = images.brightness(rendered.values[place])
        features |= {
            f"crop {k}": v for k, v in images.liver_crop(rendered.values[place], rendered.labels[place]).items()
        }
        _group(columns, "slice brightness", features)
    if extra:
        _erase(columns, patient.seed, rendered, twin, count)
    plane = view.noise.plane(FINE, 0.0)
    row, column = ((n - m) // 2 for n, m in zip(plane.shape, _TEXTURE, strict=True))
    _put(columns, "texture", plane[row : row + _TEXTURE[0], column : column + _TEXTURE[1]].ravel().astype(np.float16))
    grain = [corner.ravel() - corner.mean() for v in rendered.values[:count] for corner in images.corners(v)]
    _put(columns, "grain", np.concatenate([g / (g.std() + 1e-9) for g in grain]).astype(np.float16))


def _erase(columns: Columns, seed: int, rendered: Rendered, twin: Rendered, place: int) -> None:
    """The same hole, filled in the image and in its twin without the lesion."""
    hole = images.target_mask(rendered.labels[place])
    if not hole.any():
        return
    for is_lesion, shown in ((1.0, rendered), (0.0, twin)):
        _put(columns, "erased owner", [seed, is_lesion])
        _group(columns, "erased", images.erased(shown.values[place], rendered.labels[place], hole))


def _mean(found: list[dict[str, float]]) -> dict[str, float]:
    table = np.array([list(features.values()) for features in found])
    with np.errstate(all="ignore"):
        good = np.isfinite(table)
        mean = np.where(good, table, 0).sum(axis=0) / np.maximum(good.sum(axis=0), 1)
    return dict(zip(found[0], np.where(good.any(axis=0), mean, np.nan).tolist(), strict=True))


def _liver_heights(patient: Patient) -> tuple[tuple[float, float], Callable[[float], float]]:
    """Lower and upper end of the liver, and its area in mm2 at a height; without lesions, on the lattice."""
    body = patient.scene.body
    field = body.fields["liver"]
    heights = body.lattice.coordinates(field.block)[2].ravel()
    areas = np.count_nonzero(field.values < 0, axis=(1, 2)) * 16.0
    there = np.flatnonzero(areas)
    ends = float(heights[there[0]]), float(heights[there[-1]])
    return ends, lambda z: float(np.interp(z, heights, areas, left=0.0, right=0.0))


def _positive(patient: Patient) -> NDArray[np.bool_]:
    """Slices that a target crosses with at least 25 mm2, were it a ball."""
    z = patient.volumes[patient.reference].view.z_mm
    found = np.zeros(len(z), dtype=bool)
    for lesion in patient.scene.lesions:
        if lesion.sketch.is_target:
            half = np.sqrt(max((lesion.sketch.diameter_mm / 2) ** 2 - POSITIVE_MM2 / np.pi, 0.0))
            found |= np.abs(z - lesion.centre[2]) < half
    return found
