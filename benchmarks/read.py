"""Read 100 slices with hbp-detection: our engines beside eager torch with Grad-CAM and beside OpenVINO.

    python benchmarks/read.py [--slices 100] [--threads N] [--no-memory]

All ways take the same slice in turn in one process, so that ratios hold when the machine's speed drifts; peak memory
is measured in a process for each way. The columns of processor time hold on a busy machine too. OpenVINO is a peer of
this benchmark alone (pip install openvino); without it, or without the extra overread[onnx], its line says so.
"""

from __future__ import annotations

import argparse
import copy
import io
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from peak import peak_mebibytes, told_by_another_process

from overread.core.geometry import Grid
from overread.engines.choice import onnx_is_installed
from overread.engines.weights import load_weights
from overread.phantom import draw_patient
from overread.systems import find_bundle
from overread.systems.hbp_detection.network import Kim11
from overread.systems.hbp_detection.onnx_graph import as_onnx
from overread.systems.hbp_detection.prepare import plan
from overread.systems.hbp_detection.system import build_engine, read_slice_image
from overread.systems.intensities import body_range_of

SEED = 999_002
PAPER_S = 3.4
"""Kim 2020: seconds for 100 slices on a desktop i5."""
Way = Callable[[NDArray[np.float32]], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=100)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--no-memory", action="store_true", help="leave the processes for peak memory out")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.only is not None:
        print(peak_of(arguments.only, arguments.threads))
        return
    names = [name for name in WAYS if not missing(name)]
    images = prepared(arguments.slices)
    ways = {name: WAYS[name](arguments.threads) for name in names}
    wall, processor = timed(ways, images)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"{len(images)} slices of 320 x 320, {arguments.threads} threads of {os.cpu_count()} processors, "
        f"load {load:.1f}, torch {torch.__version__}; the paper: {PAPER_S} s per 100 slices on a desktop i5\n"
    )
    print(f"{'':<46}{'wall ms':>9}{'lowest':>8}{'CPU ms':>8}{'s/100':>7}{'x wall':>8}{'x CPU':>7}{'peak MiB':>10}")
    first = names[0]
    for name in WAYS:
        if name not in names:
            print(f"{name:<46}  {missing(name)}")
            continue
        middle, busy = statistics.median(wall[name]), statistics.median(processor[name])
        memory = "" if arguments.no_memory else memory_of(name, arguments.threads)
        times_wall, times_busy = middle / statistics.median(wall[first]), busy / statistics.median(processor[first])
        print(
            f"{name:<46}{1e3 * middle:>9.1f}{1e3 * min(wall[name]):>8.1f}{1e3 * busy:>8.1f}{100 * middle:>7.2f}"
            f"{times_wall:>8.2f}{times_busy:>7.2f}{memory:>10}"
        )


def timed(
    ways: dict[str, Way], images: list[NDArray[np.float32]]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds by the clock and of the processor for every slice, the ways in turn."""
    wall: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(images[0])
    for image in images:
        for name, way in ways.items():
            started, used = time.perf_counter(), time.process_time()
            way(image)
            wall[name].append(time.perf_counter() - started)
            processor[name].append(time.process_time() - used)
    return wall, processor


def prepared(count: int) -> list[NDArray[np.float32]]:
    """Slices of a phantom as the network sees them, in turn until there are enough."""
    patient = draw_patient("hbp", SEED)
    rendered = patient.render(range(0, patient.shape[0], 4))
    low, high = body_range_of(rendered.values[:, ::4, ::4].ravel())
    preparation = plan(Grid((len(rendered.values), *patient.shape[1:]), patient.affine), low, high)
    images = [preparation.image(values) for values in rendered.values]
    return [images[n % len(images)] for n in range(count)]


def as_shipped(_threads: int) -> Way:
    ready = build_engine(find_bundle("hbp-detection"), "cpu", "torch")
    return lambda image: read_slice_image(ready, image)


def onnx_runtime(threads: int) -> Way:
    from overread.engines.onnx_engine import OnnxEngine
    from overread.systems.hbp_detection.network import as_one_channel

    ready = OnnxEngine(as_onnx(as_one_channel(eager_network())), "hbp-detection", threads=threads)
    return lambda image: read_slice_image(ready, image)


def eager_network() -> Kim11:
    bundle = find_bundle("hbp-detection")
    table = bundle.manifest["network"]
    network = Kim11(table["layout"], table["pooling"])
    load_weights(network, bundle.weights_path, bundle.folder.name)
    return network.eval()


def grad_cam(whole: bool) -> Callable[[int], Way]:
    """What published code does: a forward and a backward pass per slice.

    ``whole``: through the network down to its first layer, as ``logit.backward()`` of the common packages goes;
    else only to the last features, the least that Grad-CAM needs.
    """

    def make(_threads: int) -> Way:
        network, kept = copy.deepcopy(eager_network()), []
        network.features.register_forward_hook(lambda _m, _i, out: kept.append(out))

        def way(image: NDArray[np.float32]) -> object:
            kept.clear()
            logits, _ = network(torch.from_numpy(image)[None, None].expand(-1, 3, -1, -1))
            target = logits[0, 1] - logits[0, 0]
            if whole:
                network.zero_grad()
                kept[0].retain_grad()
                target.backward()
                gradient = kept[0].grad
            else:
                (gradient,) = torch.autograd.grad(target, kept[0])
            return torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1)).detach()

        return way

    return make


def openvino(threads: int) -> Way:
    from overread.systems.hbp_detection.network import as_one_channel

    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would send statistics to its maker
    import openvino as ov

    core = ov.Core()
    model = core.read_model(io.BytesIO(as_onnx(as_one_channel(eager_network()))))
    wishes = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(model, "CPU", wishes).create_infer_request()
    return lambda image: request.infer([image[None, None]])


OURS, RUNTIME, VINO = "torch, as shipped", "ONNX Runtime, the optional engine", "OpenVINO"
WAYS: dict[str, Callable[[int], Way]] = {
    OURS: as_shipped,
    RUNTIME: onnx_runtime,
    VINO: openvino,
    "eager torch, Grad-CAM to the last features": grad_cam(whole=False),
    "eager torch, Grad-CAM by logit.backward()": grad_cam(whole=True),
}


def missing(name: str) -> str:
    """Why a way cannot be timed here, or nothing."""
    import importlib.util

    if name in (RUNTIME, VINO) and not onnx_is_installed():
        return "not installed: pip install 'overread[onnx]'"
    if name == VINO and importlib.util.find_spec("openvino") is None:
        return "not installed: pip install openvino"
    return ""


def memory_of(name: str, threads: int) -> str:
    """Peak resident memory of a process that does nothing else."""
    return told_by_another_process(__file__, ["--only", name, "--threads", str(threads)])


def peak_of(name: str, threads: int) -> int:
    way = WAYS[name](threads)
    images = np.random.default_rng(0).random((5, 320, 320), dtype=np.float32)
    for image in images:
        way(image)
    return peak_mebibytes()


if __name__ == "__main__":
    main()
