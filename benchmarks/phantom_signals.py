"""Rendered phantoms against the tables they come from: signal ratios, HU and ADC of the tissues.

    python benchmarks/phantom_signals.py [--cases 40] [--first 700000]

For every tissue, phase and sequence: the median over cases of the ratio to liver (MR), of HU (CT), of the ADC, beside
the value of the tables for the same protocol. Allowed is the spread between patients that the tables state, as it
shows in the same quantity over 200 draws of the tissues; at least 8 % for MR (PHANTOM 3.2) and 3 HU for CT. Only
livers without cirrhosis, steatosis and iron count, so that the denominator is normal liver. Coil shading and the
exponent of the values are divided out. A pixel counts where the tissue covers at least 98 % of it and of its
neighbours; flowing blood is left out of diffusion, where it is noise.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.phantom.artefacts import Acquisition
from overread.phantom.looks import CT, Look, look_of, opposed_factor
from overread.phantom.painting import paint_slice
from overread.phantom.patient import Imaging, Patient, draw_patient
from overread.phantom.tissues import (
    ORGANS,
    Surroundings,
    Tissue,
    draw_surroundings,
    draw_tissues,
    make_tissue,
    normal_liver,
)

FLOWING = ("arteries", "portal-vein", "hepatic-veins")
ORGANS_SHOWN = (*FLOWING, "spleen", "kidney-cortex", "pancreas", "muscle", "bile")
LEAST_PIXELS = 12
Key = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--first", type=int, default=700_000)
    arguments = parser.parse_args()
    found: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    spreads: dict[Key, float] = {}
    kinds = ("hbp", "multiphase", "triage", "ct-mvi")
    for kind in kinds:
        seeds, used = itertools.count(arguments.first), 0
        while used < arguments.cases // len(kinds):
            patient = draw_patient(kind, next(seeds), normals=0.5 if kind == "hbp" else 0.0, matrix=192)
            if not has_normal_liver(patient):
                continue
            used += 1
            for key, measured, expected, imaging in measure(patient):
                found[key].append((measured, expected))
                if key not in spreads:
                    for tissue, value in spread_between_patients(patient, imaging).items():
                        spreads.setdefault((key[0], tissue), value)
    outside = report(found, spreads)
    print(f"{outside} of {len(found)} outside")


def has_normal_liver(patient: Patient) -> bool:
    """Without cirrhosis, fat or iron."""
    disease = patient.scene.body.disease
    return disease.stage == 0 and disease.fat < 0.05 and disease.iron_r2s == 0


def measure(patient: Patient) -> Iterator[tuple[Key, float, float, Imaging]]:
    """(Role and tissue, measured, tabulated, image) of one patient."""
    for role, imaging in patient.volumes.items():
        is_ct = imaging.protocol.sequence.kind == CT
        medians = tissue_medians(patient, imaging)
        expected = tabulated(patient, imaging)
        for tissue in (*ORGANS_SHOWN, "liver"):
            if tissue not in medians or "liver" not in medians:
                continue
            name = role if not role.startswith("dwi") else "dwi"
            if name in ("dwi", "adc") and tissue in FLOWING:
                continue
            is_absolute = is_ct or role == "adc"
            if not is_absolute and tissue == "liver":
                continue
            value = medians[tissue] if is_absolute else medians[tissue] / medians["liver"]
            agent = patient.scene.shared.agent[:3] if role.startswith("t1-") and role != "t1-pre" else ""
            yield (f"{name} {agent}".strip(), tissue), value, expected[tissue], imaging


def tissue_medians(patient: Patient, imaging: Imaging) -> dict[str, float]:
    """Median of every tissue's pixels over five slices."""
    count = imaging.view.shape[0]
    slices = sorted({int(count * share) for share in (0.35, 0.45, 0.55, 0.65, 0.75)})
    rendered = patient.render(slices, imaging.protocol.role)
    pixels: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for place, index in enumerate(slices):
        layers, _ = paint_slice(patient.scene, imaging.view, index)
        values = rendered.values[place][imaging.view.crop] / shading(imaging)
        for tissue in (*ORGANS_SHOWN, "liver"):
            covered = layers.render(Look({tissue: 1.0}))[0] >= 0.98
            pixels[tissue].append(values[ndimage.binary_erosion(covered, np.ones((3, 3)))])
    power = 1 / gamma_of(imaging)
    result = {}
    for tissue, parts in pixels.items():
        values = np.concatenate(parts)
        if values.size >= LEAST_PIXELS:
            middle = float(np.median(values))
            result[tissue] = middle if power == 1 else middle**power
    return result


def gamma_of(imaging: Imaging) -> float:
    """Exponent of the image values, undone before ratios are formed."""
    how = imaging.how[0]
    return how.quality.gamma if isinstance(how, Acquisition) and imaging.protocol.role != "adc" else 1.0


def shading(imaging: Imaging) -> NDArray[np.float32]:
    """What coil and correction did to the image values; ratios are those of the tissues."""
    how = imaging.how[0]
    if not isinstance(how, Acquisition) or imaging.protocol.role == "adc":
        return np.ones(1, dtype=np.float32)
    crop = imaging.view.crop
    return np.asarray((how.coil[crop] * how.correction[crop]) ** how.quality.gamma, dtype=np.float32)


def tabulated(patient: Patient, imaging: Imaging) -> dict[str, float]:
    """What the tables say for this protocol, without any variation between patients."""
    shared = Surroundings(patient.scene.shared.field_t, patient.scene.shared.agent, 1.0, 1.0)
    tissues = {name: make_tissue(rows, shared, None) for name, rows in ORGANS.items()}
    drawn = patient.scene.tissues
    for name, tissue in tissues.items():
        tissues[name] = dataclasses.replace(tissue, perfusion=drawn[name].perfusion, flow=drawn[name].flow)
    tissues["liver"] = normal_liver(shared)
    return seen(tissues, patient, imaging, shared)


def seen(tissues: Mapping[str, Tissue], patient: Patient, imaging: Imaging, shared: Surroundings) -> dict[str, float]:
    """What an image shows of tissues: HU, ADC in 10^-6 mm2/s, or the ratio to liver."""
    protocol = imaging.protocol
    if protocol.role == "adc":
        return {name: 1000 * tissue.adc for name, tissue in tissues.items()}
    look = look_of(tissues, protocol.sequence, protocol.phase, shared)
    if protocol.sequence.kind == CT:
        return {name: 1000 * (value - 1) for name, value in look.water.items()}
    factor = 0.0 if protocol.fat_suppressed else opposed_factor(protocol.sequence.te_ms, shared.field_t)
    values = {name: abs(look.water[name] + factor * look.fat.get(name, 0.0)) for name in tissues}
    return {name: value / values["liver"] for name, value in values.items()}


def report(found: dict[Key, list[tuple[float, float]]], spreads: dict[Key, float]) -> int:
    """Print one line per tissue and image; returns how many are outside."""
    outside = 0
    print(f"{'image':<22}{'tissue':<16}{'n':>4}{'measured':>10}{'tabulated':>10}{'allowed':>9}")
    for (image, tissue), pairs in sorted(found.items()):
        measured, expected = (float(np.median(values)) for values in zip(*pairs, strict=True))
        allowed = max(spreads[image, tissue], 3.0 if image.startswith("ct") else 0.08 * abs(expected))
        is_outside = abs(measured - expected) > allowed and len(pairs) >= 3
        outside += is_outside
        mark = "  outside" if is_outside else ""
        print(f"{image:<22}{tissue:<16}{len(pairs):>4}{measured:>10.2f}{expected:>10.2f}{allowed:>9.2f}{mark}")
    return outside


def spread_between_patients(patient: Patient, imaging: Imaging) -> dict[str, float]:
    """Standard deviation of what is measured over 200 draws of the patient's tissues from the tables."""
    values: dict[str, list[float]] = defaultdict(list)
    for seed in range(200):
        shared = draw_surroundings(seed, patient.scene.shared.field_t, patient.scene.shared.agent)
        drawn = draw_tissues(seed, patient.scene.body.disease, shared)
        for tissue, value in seen(drawn, patient, imaging, shared).items():
            values[tissue].append(value)
    return {tissue: float(np.std(many)) for tissue, many in values.items()}


if __name__ == "__main__":
    main()
