"""Paints one slice of a scene: what the tissues would show, before the acquisition."""

from __future__ import annotations

import numpy as np

from overread.phantom.canvas import Canvas, Labels
from overread.phantom.labels import FIRST_LESION, LABELS
from overread.phantom.lattice import Floats, Window, occupancy
from overread.phantom.lesions import Nodule
from overread.phantom.scene import FINE, LARGE, PATCH, SMALL, UPTAKE, Loop, Scene
from overread.phantom.vessels import draw_pieces
from overread.phantom.wall import Trunk, paint_back, paint_trunk

Textures = dict[float, Floats]


def paint_slice(scene: Scene, index: int) -> tuple[Floats, Labels]:
    """Signal (normal liver = 1) and labels of slice ``index``, both [rows, columns] of the whole image."""
    z = float(scene.z_mm[index])
    canvas = Canvas(scene.sampler, scene.x_mm[scene.crop[1]], scene.y_mm[scene.crop[0]], z)
    noise = {cell: scene.noise.plane(cell, z) for cell in (FINE, SMALL, LARGE, UPTAKE, PATCH)}
    fat = _fat(scene, noise, canvas)
    trunk = paint_trunk(
        canvas,
        scene.person,
        scene.fields["skin"],
        scene.fields["cavity"],
        scene.signals,
        fat=fat,
        fine=noise[FINE],
        medium=noise[SMALL],
    )
    twigs = draw_pieces(scene.extras, z, scene.protocol.slice_thickness_mm, canvas.x_mm, canvas.y_mm)
    canvas.paint(canvas.whole(), twigs * trunk.inside, scene.signals["blood"], None)
    paint_back(canvas, scene.person, scene.marks, trunk, scene.signals, fine=noise[FINE])
    _paint_chest(canvas, scene, noise, fat)
    _paint_gut(canvas, scene, noise)
    _paint_kidneys(canvas, scene, noise, fat)
    _paint_liver(canvas, scene, noise, trunk)
    _paint_bile(canvas, scene)
    signal = np.zeros((len(scene.y_mm), len(scene.x_mm)), dtype=np.float32)
    labels = np.zeros(signal.shape, dtype=np.uint8)
    signal[scene.crop], labels[scene.crop] = canvas.signal, canvas.labels
    return signal, labels


def _fat(scene: Scene, noise: Textures, canvas: Canvas) -> Floats:
    """What fat suppression leaves: a rest everywhere, more where the shim fails (dome, patches)."""
    rest = scene.quality.fat_residual * (1 + 0.10 * noise[PATCH])
    if scene.quality.fat_patch > 0:
        steep = np.clip((noise[PATCH] - scene.fat_patch_level) * 2.5, 0, 1)
        rest = rest + (scene.quality.fat_patch - rest) * steep
    lift = float(np.clip((canvas.z_mm - scene.person.dome_z + 50) / 60, 0, 1))
    if lift > 0:
        rest = rest + 0.20 * lift * np.clip(-canvas.x_mm[None, :] / 130, 0, 1)
    result: Floats = scene.signals["fat"] * np.maximum(rest, 0.05)
    return result


def _paint_chest(canvas: Canvas, scene: Scene, noise: Textures, fat: Floats) -> None:
    signals, fields = scene.signals, scene.fields
    air = signals["lung"] + 0.5 * signals["blood"] * np.clip((noise[SMALL] - 1.3) * 1.5, 0, 1)
    canvas.field(fields["lung"], air, LABELS["lung"])
    canvas.field(fields["heart"], fat, LABELS["body"], grow_mm=3.0)
    canvas.field(fields["heart"], signals["myocardium"] * (1 + 0.05 * noise[FINE]), LABELS["heart"])
    for pool in ("left-pool", "right-pool"):
        canvas.field(fields[pool], signals["blood"] * (1 + 0.05 * noise[SMALL]), LABELS["heart"])
    z, (x, y) = canvas.z_mm, scene.marks.aorta(canvas.z_mm)
    if z > 40:
        canvas.ellipse((x - 7, y - 16 - 0.06 * (z - 40)), (9, 6.5), signals["bowel-wall"], LABELS["body"])
    size = scene.marks.aorta_radius
    canvas.ellipse((x, y), (size + 1.2, size + 1.2), signals["muscle"], LABELS["aorta-ivc"])
    canvas.ellipse((x, y), (size, size), signals["blood"] * (1 + 0.03 * noise[SMALL]), LABELS["aorta-ivc"])


def _paint_gut(canvas: Canvas, scene: Scene, noise: Textures) -> None:
    signals = scene.signals
    wall = np.float32(signals["bowel-wall"]) * (1 + np.float32(0.05) * noise[FINE])
    mixed = 1 + np.float32(0.10) * noise[SMALL] + np.float32(0.12) * noise[LARGE]
    for loop in scene.loops:
        _paint_hollow(canvas, loop, wall, np.float32(loop.content) * mixed)
    canvas.field(
        scene.fields["pancreas"], _textured(signals["pancreas"], noise, 0.07, 0.06), LABELS["pancreas"]
    )
    found = canvas.sampler.distance(scene.fields["stomach"], canvas.z_mm)
    if found is not None:
        window, distance, width = found
        rugae = 1.6 * noise[SMALL][window]
        canvas.paint(window, occupancy(distance, width), wall[window], LABELS["stomach"])
        inner = occupancy(distance + 4 + rugae, width)
        canvas.paint(window, inner, np.float32(scene.stomach_content) * mixed[window], LABELS["stomach"])
        _paint_gas(canvas, window, inner, scene.stomach_gas_y, LABELS["stomach"])
    canvas.field(scene.fields["spleen"], _textured(signals["spleen"], noise, 0.02, 0.014), LABELS["spleen"])


def _textured(signal: float, noise: Textures, fine: float, small: float) -> Floats:
    """A signal with texture at two scales."""
    result: Floats = np.float32(signal) * (
        1 + np.float32(fine) * noise[FINE] + np.float32(small) * noise[SMALL]
    )
    return result


def _paint_hollow(canvas: Canvas, loop: Loop, wall: Floats, content: Floats) -> None:
    """A part of the bowel: wall, content, gas in front of its level."""
    label = LABELS["bowel"]
    found = canvas.sampler.distance(loop.field, canvas.z_mm)
    if found is None:
        return
    window, distance, width = found
    canvas.paint(window, occupancy(distance, width), wall[window], label)
    inner = occupancy(distance + np.float32(2.2), width)
    canvas.paint(window, inner, content[window], label)
    _paint_gas(canvas, window, inner, loop.gas_y, label)


def _paint_gas(canvas: Canvas, window: Window, inner: Floats, level_y: float, label: int) -> None:
    """Gas in front of a horizontal level."""
    _, y = canvas.grid(window)
    canvas.paint(window, inner * occupancy(y - np.float32(level_y), canvas.pixel_mm), 0.01, label)


def _paint_kidneys(canvas: Canvas, scene: Scene, noise: Textures, fat: Floats) -> None:
    signals, code = scene.signals, LABELS["kidney"]
    for side in ("right", "left"):
        found = canvas.sampler.distance(scene.fields[f"kidney-{side}"], canvas.z_mm)
        if found is None:
            continue
        window, distance, width = found
        distance = distance + np.float32(0.5) * noise[LARGE][window]
        canvas.paint(
            window, occupancy(distance, width), signals["kidney"] * (1 + 0.03 * noise[FINE][window]), code
        )
        pyramids = occupancy(distance + 6.5, width) * np.clip(0.5 + 1.4 * noise[SMALL][window], 0, 1)
        canvas.paint(window, pyramids, signals["medulla"], code)
        sinus = scene.fields[f"sinus-{side}"]
        canvas.field(sinus, fat, LABELS["body"])
        canvas.field(sinus, signals["pelvis"], code, grow_mm=-4.5)


def _paint_liver(canvas: Canvas, scene: Scene, noise: Textures, trunk: Trunk) -> None:
    found = canvas.sampler.distance(scene.fields["liver"], canvas.z_mm)
    if found is None:
        return
    window, distance, width = found
    signals, disease = scene.signals, scene.disease
    if disease.ascites_mm > 0:
        wet = occupancy(distance - (disease.ascites_mm + 1.0), width) * trunk.inside[window]
        canvas.paint(window, wet, signals["ascites"], LABELS["ascites"])
    relief = noise[SMALL if disease.nodule_mm < 10 else LARGE][window]
    distance = distance + 0.6 * noise[LARGE][window] + np.float32(disease.surface_mm) * relief
    cut = _fissures(canvas, scene, window, noise[LARGE][window])
    fissure = occupancy(np.maximum(distance, cut), width)
    distance = np.maximum(distance, -cut)
    share = occupancy(distance, width)
    tissue = _parenchyma(scene, noise, window)
    canvas.labels[window][fissure >= 0.5] = LABELS["fissure"]
    canvas.paint(window, share, tissue, LABELS["liver"])
    _paint_vessels(canvas, scene, window, occupancy(distance + 1.5, width))
    for cyst in scene.cysts:
        _paint_nodule(
            canvas, cyst, scene, noise, window, share=share, base=signals["cyst"], label=LABELS["cyst"]
        )
    for number, tumour in enumerate(scene.tumours):
        base = tissue if tumour.is_iso else signals["blood"]
        _paint_nodule(
            canvas, tumour, scene, noise, window, share=share, base=base, label=FIRST_LESION + number
        )
    _paint_cava(canvas, scene)


def _parenchyma(scene: Scene, noise: Textures, window: Window) -> Floats:
    """Liver tissue: three scales of texture, uneven uptake, the dark net of fibrosis (PHANTOM 3.1, 5)."""
    fine, small, large = (noise[cell][window] for cell in (FINE, SMALL, LARGE))
    disease, factor = scene.disease, scene.quality.texture
    texture = 1 + factor * (
        0.010 * large + 0.012 * (0.5 + 0.5 * disease.texture) * small + 0.016 * disease.texture * fine
    )
    texture = texture * (1 + disease.uneven_uptake * np.clip(noise[UPTAKE][window], -2, 2))
    if disease.net > 0:
        texture = texture * (1 - disease.net * np.clip(1 - np.abs(small) * 2.2, 0, 1))
    result: Floats = scene.signals["parenchyma"] * texture
    return result


def _fissures(canvas: Canvas, scene: Scene, window: Window, waves: Floats) -> Floats:
    """Distance to the fissures of ligamentum teres (opening to the front and below) and venosum."""
    x, y = canvas.grid(window)
    z, marks = canvas.z_mm, scene.marks
    result = np.full((y.shape[0], x.shape[1]), 30, dtype=np.float32)
    if z < 28:
        forward = np.maximum(-60 - y, 0)
        open_mm = 0.3 + marks.fissure_width * (0.25 + forward / 40) * float(np.clip((28 - z) / 50, 0, 1.3))
        line = marks.fissure_x - 4 - 0.10 * forward + 1.6 * waves
        result = np.maximum(np.abs(x - line) - open_mm, y + 58)
    if -8 < z < 54:
        ax, ay, bx, by = marks.ivc_x + 14, -44.0, marks.ivc_x + 52, -24.0
        t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2), 0, 1)
        gap = (
            np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))
            - marks.venosum * (0.6 + 1.2 * t)
            + 0.5 * waves
        )
        result = np.minimum(result, gap)
    return result.astype(np.float32)


def _paint_vessels(canvas: Canvas, scene: Scene, window: Window, inside: Floats) -> None:
    slab, code = scene.protocol.slice_thickness_mm, LABELS["vessel"]
    x, y = canvas.x_mm[window[1]], canvas.y_mm[window[0]]
    for tree in (scene.hepatic, scene.portal):
        share = draw_pieces(tree, canvas.z_mm, slab, x, y) * inside
        canvas.paint(window, share, scene.signals["blood"], code)
    trunk = draw_pieces(scene.trunk_veins, canvas.z_mm, slab, x, y)
    canvas.paint(window, trunk, scene.signals["blood"], code)
    if scene.disease.bright_ducts:
        canvas.paint(
            window, draw_pieces(scene.ducts, canvas.z_mm, slab, x, y), scene.signals["bile-bright"], None
        )


def _paint_cava(canvas: Canvas, scene: Scene) -> None:
    radii = scene.marks.ivc_radii
    canvas.ellipse(
        scene.marks.ivc(canvas.z_mm), radii, scene.signals["blood"], LABELS["aorta-ivc"], angle=-0.3
    )


def _paint_nodule(
    canvas: Canvas,
    nodule: Nodule,
    scene: Scene,
    noise: Textures,
    liver: Window,
    *,
    share: Floats,
    base: Floats | float,
    label: int,
) -> None:
    """A nodule within the liver, averaged over three sub-slices."""
    reach = nodule.reach_mm
    slab = scene.protocol.slice_thickness_mm
    if abs(canvas.z_mm - nodule.centre[2]) > reach + slab / 2:
        return
    box = canvas.around(nodule.centre[0], nodule.centre[1], reach, reach)
    rows = slice(max(box[0].start, liver[0].start), min(box[0].stop, liver[0].stop))
    columns = slice(max(box[1].start, liver[1].start), min(box[1].stop, liver[1].stop))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    window = (rows, columns)
    inner = (
        slice(rows.start - liver[0].start, rows.stop - liver[0].start),
        slice(columns.start - liver[1].start, columns.stop - liver[1].start),
    )
    x, y = canvas.grid(window)
    large, small = noise[LARGE][window], noise[SMALL][window]
    width = max(canvas.pixel_mm, nodule.margin_mm)
    parts = [nodule.distance(x, y, canvas.z_mm + part * slab, large, small) for part in (-1 / 3, 0.0, 1 / 3)]
    filled = (
        occupancy(parts[0], width) + occupancy(parts[1], width) + occupancy(parts[2], width)
    ) / np.float32(3)
    inside = nodule.inside(x, y, canvas.z_mm, parts[1])
    value = (base[inner] if isinstance(base, np.ndarray) else base) * nodule.signal * inside
    value = value * (1 + nodule.texture * (noise[FINE][window] + small))
    canvas.paint(window, filled * share[inner], value, label)


def _paint_bile(canvas: Canvas, scene: Scene) -> None:
    bag = scene.fields.get("gallbladder")
    found = None if bag is None else canvas.sampler.distance(bag, canvas.z_mm)
    if found is None:
        return
    window, distance, width = found
    signals, code = scene.signals, LABELS["gallbladder"]
    canvas.paint(window, occupancy(distance, width), signals["bowel-wall"], code)
    inner = occupancy(distance + 1.8, width)
    content = signals["bile-bright" if scene.disease.bile == "bright" else "bile-dark"]
    canvas.paint(window, inner, content, code)
    if scene.disease.bile == "layered":
        _, y = canvas.grid(window)
        level = np.float32(-52 + scene.bile_level)
        canvas.paint(window, inner * occupancy(level - y, 2.5), signals["bile-bright"], code)
