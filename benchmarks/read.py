"""Read 100 slices with hbp-detection: the engine as shipped against eager torch with autograd's Grad-CAM.

    python benchmarks/read.py [--slices 100]

All ways are timed in turn on the same slices in one process, so that ratios hold when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.phantom import draw_patient
from overread.systems import find_bundle
from overread.systems.hbp_detection.network import Kim11, load_weights
from overread.systems.hbp_detection.prepare import body_range_of, plan
from overread.systems.hbp_detection.system import build_engine, read_slice_image

SEED = 999_002


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=100)
    images = prepared(parser.parse_args().slices)
    bundle = find_bundle("hbp-detection")
    table = bundle.manifest["network"]
    network = Kim11(table["layout"], table["pooling"])
    load_weights(network, bundle.weights_path, bundle.folder.name)
    network.eval()
    engine = build_engine(bundle, "cpu", "auto")
    ways: dict[str, Callable[[NDArray[np.float32]], object]] = {
        "as shipped (BN folded, channels last, map from the same pass)": lambda image: read_slice_image(engine, image),
        "torch eager with autograd Grad-CAM": grad_cam(copy.deepcopy(network)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for image in images:
        for name, way in ways.items():
            started = time.perf_counter()
            way(image)
            seconds[name].append(time.perf_counter() - started)
    first = statistics.median(seconds[next(iter(ways))])
    print(f"{len(images)} slices of 320 x 320, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(
            f"{name:<64} median {1000 * median:6.1f} ms  {100 * sum(values) / len(values):6.2f} s per 100 slices  "
            f"x {median / first:.2f}"
        )


def prepared(count: int) -> list[NDArray[np.float32]]:
    """Slices of a phantom as the network sees them, in turn until there are enough."""
    patient = draw_patient("hbp", SEED)
    rendered = patient.render(range(patient.shape[0]))
    low, high = body_range_of(rendered.values[:, ::4, ::4].ravel())
    preparation = plan(Grid(patient.shape, patient.affine), low, high)
    images = [preparation.image(values) for values in rendered.values]
    return [images[n % len(images)] for n in range(count)]


def grad_cam(network: Kim11) -> Callable[[NDArray[np.float32]], object]:
    """What most published code does: a forward and a backward pass per slice."""
    kept: list[torch.Tensor] = []
    network.features.register_forward_hook(lambda _m, _i, out: kept.append(out))

    def way(image: NDArray[np.float32]) -> object:
        kept.clear()
        logits, _ = network(torch.from_numpy(image)[None, None].expand(-1, 3, -1, -1))
        (gradient,) = torch.autograd.grad(logits[0, 1] - logits[0, 0], kept[0])
        return torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1)).detach()

    return way


if __name__ == "__main__":
    main()
