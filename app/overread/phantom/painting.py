"""Paints one slice of a scene as layers of tissues: what lies where, whatever image is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from overread.phantom.gut import paint_loops
from overread.phantom.labels import FIRST_FINDING, FIRST_LESION, LABELS
from overread.phantom.lattice import Field, Floats, Window, occupancy
from overread.phantom.layers import Layers, cut
from overread.phantom.lesions.painting import before, paint_lesion, paint_thrombus
from overread.phantom.liver import fissures
from overread.phantom.scene import Loop, Scene
from overread.phantom.timing import Phase
from overread.phantom.vessels import draw_pieces
from overread.phantom.views import FINE, LARGE, SMALL, UPTAKE, View
from overread.phantom.wall import Trunk, paint_back, paint_trunk

Textures = Mapping[float, Floats]


@dataclass(frozen=True, slots=True)
class _Slice:
    """What the painters of one slice share."""

    scene: Scene
    layers: Layers
    noise: Textures
    slab_mm: float
    phase: Phase
    texture: float


def paint_slice(scene: Scene, view: View, index: int) -> tuple[Layers, Textures]:
    """Layers and labels of slice ``index`` within the view's crop, and the noise planes they were painted with."""
    z = float(view.z_mm[index])
    layers = Layers(view.sampler, view.x_mm[view.crop[1]], view.y_mm[view.crop[0]], z)
    noise = view.noise_at(z)
    job = _Slice(scene, layers, noise, view.protocol.slice_thickness_mm, view.protocol.phase, view.texture)
    body = scene.body
    trunk = paint_trunk(
        layers,
        body.person,
        body.traits,
        body.fields["skin"],
        body.fields["cavity"],
        fine=noise[FINE],
        medium=noise[SMALL],
        wide=noise[UPTAKE],
    )
    _paint_tree(job, "strands", "portal-vein", layers.whole(), trunk.inside, None)
    _paint_lung(job)
    paint_back(layers, body.person, body.traits, body.marks, trunk, fine=noise[FINE], medium=noise[SMALL])
    _paint_tree(job, "adrenals", "pancreas", layers.whole(), trunk.inside, None)
    _paint_chest(job)
    paint_loops(
        layers,
        body.packed,
        trunk.cavity,
        layers.whole(),
        large=noise[LARGE],
        small=noise[SMALL],
        fine=noise[FINE],
    )
    _paint_gut(job)
    _paint_kidneys(job)
    _paint_liver(job, trunk)
    _paint_tree(job, "abdominal_arteries", "arteries", layers.whole(), trunk.inside, None)
    _paint_bile(job)
    return layers, noise


def _paint_tree(job: _Slice, tree: str, tissue: str, window: Window, inside: Floats | None, label: int | None) -> None:
    pieces = job.scene.trees.get(tree)
    if pieces is None or len(pieces) == 0:
        return
    layers = job.layers
    share = draw_pieces(pieces, layers.z_mm, job.slab_mm, layers.x_mm[window[1]], layers.y_mm[window[0]])
    if np.any(share):
        layers.paint(window, share if inside is None else share * inside, tissue, label)


def _paint_lung(job: _Slice) -> None:
    """Lung with its vessels cut across."""
    layers, noise = job.layers, job.noise
    found = layers.sampler.distance(job.scene.body.fields["lung"], layers.z_mm)
    if found is not None:
        window, distance, width = found
        share = occupancy(distance, width)
        layers.paint(window, share, "lung", LABELS["lung"])
        dots = np.clip((noise[SMALL][window] + 0.3 * noise[FINE][window] - 1.7) * np.float32(1.5), 0, 0.6)
        layers.paint(window, (occupancy(distance + 6, width) * dots).astype(np.float32), "portal-vein")


def _paint_chest(job: _Slice) -> None:
    layers, noise, body = job.layers, job.noise, job.scene.body
    layers.field(body.fields["heart"], "fat-visceral", LABELS["body"], grow_mm=3.0)
    layers.field(body.fields["heart"], "myocardium", LABELS["heart"], maps={"texture": 0.05 * noise[FINE]})
    flowing = {"texture": 0.05 * noise[SMALL]}
    layers.field(body.fields["left-pool"], "arteries", LABELS["heart"], maps=flowing)
    layers.field(body.fields["right-pool"], "ivc-high", LABELS["heart"], maps=flowing)
    z, (x, y) = layers.z_mm, body.marks.aorta(layers.z_mm)
    if z > 40:
        layers.ellipse((x - 7, y - 16 - 0.06 * (z - 40)), (9, 6.5), "bowel-wall", LABELS["body"])
    size = body.marks.aorta_radius
    layers.ellipse((x, y), (size + 0.7, size + 0.7), "muscle", LABELS["aorta-ivc"])
    layers.ellipse((x, y), (size, size), "arteries", LABELS["aorta-ivc"], maps={"texture": 0.03 * noise[SMALL]})


def _paint_gut(job: _Slice) -> None:
    layers, noise, body = job.layers, job.noise, job.scene.body
    wall = {"texture": np.float32(0.05) * noise[FINE]}
    mixed = {"texture": np.float32(0.10) * noise[SMALL] + np.float32(0.12) * noise[LARGE]}
    for loop in body.loops:
        _paint_hollow(job, loop, wall, mixed)
    layers.field(body.fields["pancreas"], "pancreas", LABELS["pancreas"], maps=_textured(noise, 0.07, 0.06))
    found = layers.sampler.distance(body.fields["stomach"], layers.z_mm)
    if found is not None:
        window, distance, width = found
        rugae = 1.6 * noise[SMALL][window]
        layers.paint(window, occupancy(distance, width), "bowel-wall", LABELS["stomach"], cut(wall, window))
        inner = occupancy(distance + 4 + rugae, width)
        layers.paint(window, inner, body.stomach_content, LABELS["stomach"], cut(mixed, window))
        _paint_gas(job, window, inner, body.stomach_gas_y, LABELS["stomach"])
    maps = _textured(noise, 0.02, 0.014) | {"moire": _moire(job)}
    layers.field(body.fields["spleen"], "spleen", LABELS["spleen"], maps=maps)


def _moire(job: _Slice) -> Floats:
    """Bands of the spleen in the arterial phase, 12-20 mm wide, a quarter up and down (PHANTOM 10)."""
    x, y = job.layers.grid(job.layers.whole())
    bent = x + 0.6 * y + 0.4 * job.layers.z_mm + 7 * job.noise[LARGE]
    result: Floats = (0.25 * np.sin(bent * np.float32(2 * np.pi / 32))).astype(np.float32)
    return result


def _textured(noise: Textures, fine: float, small: float) -> dict[str, Floats]:
    """Texture at two scales."""
    return {"texture": np.float32(fine) * noise[FINE] + np.float32(small) * noise[SMALL]}


def _paint_hollow(job: _Slice, loop: Loop, wall: dict[str, Floats], content: dict[str, Floats]) -> None:
    """A part of the bowel: wall, content, gas in front of its level."""
    layers, label = job.layers, LABELS["bowel"]
    found = layers.sampler.distance(loop.field, layers.z_mm)
    if found is None:
        return
    window, distance, width = found
    layers.paint(window, occupancy(distance, width), "bowel-wall", label, cut(wall, window))
    inner = occupancy(distance + np.float32(2.2), width)
    layers.paint(window, inner, loop.content, label, cut(content, window))
    _paint_gas(job, window, inner, loop.gas_y, label)


def _paint_gas(job: _Slice, window: Window, inner: Floats, level_y: float, label: int) -> None:
    """Gas in front of a horizontal level."""
    _, y = job.layers.grid(window)
    job.layers.paint(window, inner * occupancy(y - np.float32(level_y), job.layers.pixel_mm), "gas", label)


def _paint_kidneys(job: _Slice) -> None:
    layers, noise, code = job.layers, job.noise, LABELS["kidney"]
    for side in ("right", "left"):
        found = layers.sampler.distance(job.scene.body.fields[f"kidney-{side}"], layers.z_mm)
        if found is None:
            continue
        window, distance, width = found
        distance = distance + np.float32(0.5) * noise[LARGE][window]
        maps = {"texture": 0.03 * noise[FINE][window]}
        layers.paint(window, occupancy(distance, width), "kidney-cortex", code, maps)
        pyramids = occupancy(distance + 6.5, width) * np.clip(0.5 + 1.4 * noise[SMALL][window], 0, 1)
        layers.paint(window, pyramids, "kidney-medulla", code)
        sinus = job.scene.body.fields[f"sinus-{side}"]
        layers.field(sinus, "fat-visceral", LABELS["body"])
        _paint_pelvis(job, sinus, code)


def _paint_pelvis(job: _Slice, sinus: Field, code: int) -> None:
    """The collecting system in the sinus, branching."""
    layers = job.layers
    found = layers.sampler.distance(sinus, layers.z_mm)
    if found is not None:
        window, distance, width = found
        branching = distance + np.float32(5.5) + np.float32(2.5) * job.noise[SMALL][window]
        layers.paint(window, occupancy(branching, width), "kidney-pelvis", code)


def _paint_liver(job: _Slice, trunk: Trunk) -> None:
    layers, noise, body = job.layers, job.noise, job.scene.body
    found = layers.sampler.distance(job.scene.liver, layers.z_mm)
    if found is None:
        return
    window, distance, width = found
    disease = body.disease
    if disease.ascites_mm > 0:
        wet = occupancy(distance - (disease.ascites_mm + 1.0), width) * trunk.inside[window]
        layers.paint(window, wet, "ascites", LABELS["ascites"])
    relief = noise[SMALL if disease.nodule_mm < 10 else LARGE][window]
    steep = np.float32(layers.pixel_mm) / width  # where the slice grazes the dome, relief would tear the edge apart
    distance = distance + (0.6 * noise[LARGE][window] + np.float32(disease.surface_mm) * relief) * np.sqrt(steep)
    waves = 1.3 * noise[LARGE][window] + 0.5 * noise[SMALL][window]
    cleft = fissures(body.marks, *layers.grid(window), layers.z_mm, waves)
    fissure = occupancy(np.maximum(distance, cleft), width)
    room = occupancy(distance, width)  # lesions grow across a fissure
    distance = np.maximum(distance, -cleft)
    share = occupancy(distance, width)
    layers.labels[window][fissure >= 0.5] = LABELS["fissure"]
    tissue = _parenchyma(job, window)
    layers.paint(window, share, "liver", LABELS["liver"], tissue)
    visible = [n for n in range(len(job.scene.lesions)) if _touches(job, n)]
    crossed = [n for n in visible if job.scene.lesions[n].lets_vessels_through]
    for number in crossed:
        _paint_one(job, number, window, room)
    for number in range(len(job.scene.lesions)):
        before(layers, job.scene.lesions[number], job.phase, job.slab_mm, noise, window, share, maps=tissue)
    _paint_vessels(job, window, occupancy(distance + 1.5, width), trunk)
    for number in visible:
        if number not in crossed:
            _paint_one(job, number, window, room)
    for number, pieces in enumerate(job.scene.thrombi):
        lesion, label = job.scene.lesions[number], label_of(job.scene, number)
        paint_thrombus(layers, lesion, pieces, job.slab_mm, window, share, label)
    _paint_cava(job)


def _paint_one(job: _Slice, number: int, window: Window, share: Floats) -> None:
    """A lesion with its label."""
    lesion, label = job.scene.lesions[number], label_of(job.scene, number)
    paint_lesion(job.layers, lesion, job.phase, job.slab_mm, job.noise, window, share, label)


def label_of(scene: Scene, number: int) -> int:
    """Code of lesion ``number`` in the label map: targets from `FIRST_LESION`, other findings from `FIRST_FINDING`."""
    is_target = scene.lesions[number].sketch.is_target
    before = sum(lesion.sketch.is_target == is_target for lesion in scene.lesions[:number])
    return min(FIRST_LESION + before, 255) if is_target else min(FIRST_FINDING + before, FIRST_LESION - 1)


def _touches(job: _Slice, number: int) -> bool:
    lesion = job.scene.lesions[number]
    return abs(job.layers.z_mm - lesion.centre[2]) <= lesion.reach_mm + job.slab_mm / 2


def _parenchyma(job: _Slice, window: Window) -> dict[str, Floats]:
    """Liver tissue: three scales of texture, uneven uptake, the net of fibrosis (PHANTOM 3.1, 5)."""
    fine, small, large = (job.noise[cell][window] for cell in (FINE, SMALL, LARGE))
    disease = job.scene.body.disease
    texture = job.texture * (
        0.010 * large + 0.012 * (0.5 + 0.5 * disease.texture) * small + 0.016 * disease.texture * fine
    )
    maps = {
        "texture": texture.astype(np.float32),
        "uptake": disease.uneven_uptake * np.clip(job.noise[UPTAKE][window], -2, 2),
    }
    if disease.net > 0:
        maps["net"] = disease.net * np.clip(1 - np.abs(small) * np.float32(2.2), 0, 1)
    return maps


def _paint_vessels(job: _Slice, window: Window, inside: Floats, trunk: Trunk) -> None:
    layers, code = job.layers, LABELS["vessel"]
    _paint_tree(job, "arteries", "arteries", window, inside, None)
    _paint_tree(job, "hepatic", "hepatic-veins", window, inside, code)
    _paint_tree(job, "portal", "portal-vein", window, inside, code)
    _paint_tree(job, "trunk_veins", "portal-vein", layers.whole(), trunk.inside, None)
    bright = job.scene.body.disease.bright_ducts
    for tree in ("ducts", "common_duct"):
        _paint_tree(job, tree, "bile-duct" if bright else "bile", layers.whole(), None, None)


def _paint_cava(job: _Slice) -> None:
    marks, z = job.scene.body.marks, job.layers.z_mm
    tissue = "ivc-high" if z > -40 else "ivc-low"
    job.layers.ellipse(marks.ivc(z), marks.ivc_radii, tissue, LABELS["aorta-ivc"], angle=-0.3)
    mixed = float(np.clip((z - 10) / 50, 0, 0.8))
    if mixed > 0:  # blood of the hepatic veins comes in
        limit = np.full(job.layers.labels.shape, mixed, dtype=np.float32)
        job.layers.ellipse(marks.ivc(z), marks.ivc_radii, "hepatic-veins", None, angle=-0.3, limit=limit)


def _paint_bile(job: _Slice) -> None:
    layers, body = job.layers, job.scene.body
    bag = body.fields.get("gallbladder")
    found = None if bag is None else layers.sampler.distance(bag, layers.z_mm)
    if found is None:
        return
    window, distance, width = found
    distance = distance + np.float32(1.1) * job.noise[LARGE][window]
    code = LABELS["gallbladder"]
    layers.paint(window, occupancy(distance, width), "bowel-wall", code)
    inner = occupancy(distance + 1.4 + 0.4 * job.noise[SMALL][window], width)
    layers.paint(window, inner, "bile-bright" if body.disease.bile == "bright" else "bile", code)
    if body.disease.bile == "layered":
        _, y = layers.grid(window)
        level = np.float32(-52 + body.bile_level)
        layers.paint(window, inner * occupancy(level - y, 2.5), "bile-bright", code)
