"""How far the engines are apart: every engine and precision of this machine against torch on the CPU in float32.

    python benchmarks/engines_agree.py [--slices 50] [--seed 810000]

Half of the slices hold HCC, half do not; they come from as many phantoms as it takes.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import OverreadError
from overread.core.geometry import Grid
from overread.engines.agreement import largest_differences
from overread.engines.devices import available_devices
from overread.phantom import draw_patient
from overread.systems import find_bundle
from overread.systems.hbp_detection.loading import score_of
from overread.systems.hbp_detection.measure import truth_of
from overread.systems.hbp_detection.prepare import plan
from overread.systems.hbp_detection.system import build_engine
from overread.systems.intensities import body_range_of

A_PHANTOM = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=50)
    parser.add_argument("--seed", type=int, default=810_000)
    arguments = parser.parse_args()
    bundle = find_bundle("hbp-detection")
    images = phantom_slices(arguments.slices, arguments.seed)
    exact = build_engine(bundle, "cpu", "torch")
    others = [("onnx", "cpu", "float32")]
    others += [("torch", device, precision) for device in available_devices() for precision in ("float32", "bfloat16")]
    print(f"{len(images)} phantom slices, half of them with HCC, against {exact.name} on the CPU in float32")
    print(f"{'engine':<10}{'device':<8}{'precision':<12}{'logit':>10}{'score':>10}{'map':>10}")
    for engine, device, precision in others:
        line = f"{engine:<10}{device:<8}{precision:<12}"
        try:
            other = build_engine(bundle, device, engine, precision=precision)
            found = largest_differences(exact, other, images, score_of)
            print(f"{line}{found.logit:>10.2e}{found.score:>10.2e}{found.map:>10.2e}")
        except OverreadError as problem:
            print(f"{line}  {problem}")


def phantom_slices(count: int, seed: int) -> list[NDArray[np.float32]]:
    """Slices (1, 320, 320) as the network sees them, with and without HCC in turn."""
    positive: list[NDArray[np.float32]] = []
    negative: list[NDArray[np.float32]] = []
    while min(len(positive), len(negative)) < (count + 1) // 2:
        patient = draw_patient("hbp", seed)
        seed += 1
        rendered = patient.render(range(0, patient.shape[0], 2))
        low, high = body_range_of(rendered.values[:, ::4, ::4].ravel())
        preparation = plan(Grid(patient.shape, patient.affine), low, high)
        labels = truth_of(rendered.labels, patient.affine).slice_labels
        for value, kept in ((1, positive), (0, negative)):
            chosen = np.flatnonzero(labels == value)
            few = chosen[:: max(1, len(chosen) // A_PHANTOM)]
            kept += [preparation.image(rendered.values[n])[None] for n in few]
    half = (count + 1) // 2
    return [image for pair in zip(positive[:half], negative[:half], strict=True) for image in pair][:count]


if __name__ == "__main__":
    main()
