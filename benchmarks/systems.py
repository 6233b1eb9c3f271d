"""Time and memory of the networks of the three other systems, per study, beside what published code does.

    python benchmarks/systems.py [--runs 5] [--threads N] [--width 0.25] [--no-memory]

First each network at its published size and as narrow as the bundles are: our engine, one pass with its map, beside
eager torch with Grad-CAM by ``logit.backward()`` and beside ONNX Runtime (extra ``overread[onnx]``; a line says where
it is absent). Then Liu's table: 16, 6 and 49 slices through a ResNet-18 against one volume through a 3D network, which
is an imitation by its size, for its layers are not published. Weights are random: they change no time. All ways take
their turns in one process, so that ratios hold when the machine's speed drifts; they are of processor time. Peak memory
is that of a process of its own for each way, torch and all; for ONNX Runtime the conversion of the model counts, which
a bundle needs once.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from peak import peak_mebibytes, told_by_another_process
from read import timed
from torch import nn

from overread.engines.backbones.cnn3d import VOLUME, Cnn3d
from overread.engines.choice import onnx_is_installed
from overread.engines.onnx_engine import OnnxEngine
from overread.engines.onnx_export import exported
from overread.engines.torch_engine import TorchEngine
from overread.systems.multiphase_characterisation.network import Detector, PhaseClassifier
from overread.systems.mvi_prediction.network import MviNetwork
from overread.systems.noncontrast_triage.network import TriageNetwork

OURS, EAGER, RUNTIME = "ours", "eager", "onnx"
Images = NDArray[np.float32]
Way = Callable[[Images], object]


@dataclass(frozen=True, slots=True)
class Network:
    """One network: how it is made at a width, its planes, its edge as published and in a bundle.

    ``passes``: how often a study asks it [A]. ``last``: the layer whose maps Grad-CAM takes; none for a detector.
    """

    title: str
    make: Callable[[float], nn.Module]
    planes: int
    published_px: int
    narrow_px: int
    passes: int
    last: str = ""

    def shape(self, width: float) -> tuple[int, int, int]:
        """Planes, rows and columns of its input."""
        edge = self.published_px if width == 1 else self.narrow_px
        return self.planes, edge, edge


NETWORKS = {
    "mvi": Network("mvi-prediction, ResNet-18", lambda w: MviNetwork(w, 3), 3, 256, 256, 10, "layer4"),
    "triage": Network(
        "noncontrast-triage, Inception-ResNet V2", lambda w: TriageNetwork(w, 3), 3, 299, 160, 6, "conv2d_7b"
    ),
    "phases": Network("multiphase, DenseNet-121", PhaseClassifier, 5, 128, 128, 20, "features"),
    "detector": Network("multiphase, five CenterNets", lambda w: Detector(w, 2), 2, 512, 256, 5 * 24),
}
LIU = {
    # slices or volume: GTX 1650, i7-9700, i5-8265, as published: seconds, mean of 100 runs; MB of the weights
    "volume": ("3D-CNN, 3 x 16 x 64 x 64", 1, (0.0154, 0.5009, 0.6802), 90.91),
    "16": ("ResNet-18, 16 slices", 16, (0.0052, 0.3890, 0.5069), 44.69),
    "6": ("ResNet-18, 6 slices", 6, (0.0051, 0.1546, 0.2213), 44.69),
    "49": ("ResNet-18, 49 slices", 49, (0.0082, 1.1347, 1.6178), 44.69),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--width", type=float, default=0.25, help="of the narrow networks")
    parser.add_argument("--no-memory", action="store_true", help="leave the processes for peak memory out")
    parser.add_argument("--only", nargs=3, metavar=("NAME", "WIDTH", "WAY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if arguments.only is not None:
        name, width, way = arguments.only
        ways, images = made(name, float(width), (way,))
        for _ in range(2):
            ways[way](images)
        print(peak_mebibytes())
        return
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"{arguments.threads} threads of {os.cpu_count()} processors, load {load:.1f}, torch {torch.__version__}, "
        f"medians of {arguments.runs} runs; processor time holds on a busy machine too"
    )
    if not onnx_is_installed():
        print("ONNX Runtime is not installed: pip install 'overread[onnx]'")
    per_study(arguments)
    against_volumes(arguments)


def per_study(arguments: argparse.Namespace) -> None:
    """The first table."""
    print(
        f"\n{'one pass, ms wall (CPU)':<42}{'width':>6}{'px':>5}{'ours':>15}{'eager':>16}{'ONNX':>15}"
        f"{'eager x':>9}{'ONNX x':>8}{'passes':>8}{'study s (CPU)':>16}{'peak MiB':>17}"
    )
    for name, network in NETWORKS.items():
        for width in (1.0, arguments.width):
            ways, images = made(name, width)
            wall, busy = medians(ways, images, arguments.runs)
            cells = "".join(
                f"{f'{1e3 * wall[way]:.1f} ({1e3 * busy[way]:.1f})' if way in wall else '-':>{15 + (way == EAGER)}}"
                for way in (OURS, EAGER, RUNTIME)
            )
            print(
                f"{network.title:<42}{width:>6g}{images.shape[-1]:>5}{cells}{ratio(busy, EAGER):>9}"
                f"{ratio(busy, RUNTIME):>8}{network.passes:>8}"
                f"{f'{network.passes * wall[OURS]:.2f} ({network.passes * busy[OURS]:.2f})':>16}"
                f"{memory(arguments, name, width, ways):>17}",
                flush=True,
            )


def against_volumes(arguments: argparse.Namespace) -> None:
    """The second table, with the published figures."""
    print("\nLiu's table, seconds wall (CPU); published: means of 100 runs on GTX 1650 / i7-9700 / i5-8265")
    print(
        f"{'':<28}{'ours':>15}{'eager':>15}{'ONNX':>15}{'x volume':>10}{'peak MiB':>17}{'MB':>8}"
        "  published s, x volume on the i7, MB"
    )
    first = 0.0
    for name, (title, _, published, published_mb) in LIU.items():
        ways, images = made(name, 1.0)
        wall, busy = medians(ways, images, arguments.runs)
        first = first or busy[OURS]
        cells = "".join(
            f"{f'{wall[way]:.3f} ({busy[way]:.3f})' if way in wall else '-':>15}" for way in (OURS, EAGER, RUNTIME)
        )
        print(
            f"{title:<28}{cells}{busy[OURS] / first:>10.2f}{memory(arguments, name, 1.0, ways):>17}"
            f"{megabytes(network_of(name, 1.0)):>8.2f}  {' / '.join(f'{s:.4f}' for s in published)}, "
            f"{published[1] / LIU['volume'][2][1]:.2f}, {published_mb}",
            flush=True,
        )


def made(name: str, width: float, wanted: tuple[str, ...] = (OURS, EAGER, RUNTIME)) -> tuple[dict[str, Way], Images]:
    """The ways to run a network, ready, and what they are given: images (n, planes, rows, columns) or volumes."""
    network = network_of(name, width)
    if name in NETWORKS:
        shape, count, last = NETWORKS[name].shape(width), 1, NETWORKS[name].last
    else:
        shape, count, last = ((3, *VOLUME), 1, "") if name == "volume" else ((3, 256, 256), LIU[name][1], "")
    ways: dict[str, Way] = {}
    if OURS in wanted:
        ways[OURS] = TorchEngine(network).run_batch
    if EAGER in wanted:
        ways[EAGER] = with_grad_cam(network, last) if last else plain(network)
    if RUNTIME in wanted and onnx_is_installed():
        outputs = [f"out{n}" for n in range(len(network(torch.zeros(1, *shape))))]
        ways[RUNTIME] = OnnxEngine(
            exported(network, shape, outputs), name, channels=shape[0], threads=torch.get_num_threads()
        ).run_batch
    return ways, np.random.default_rng(0).random((count, *shape), dtype=np.float32)


def network_of(name: str, width: float) -> nn.Module:
    """A network at random, not in training."""
    if name in NETWORKS:
        return NETWORKS[name].make(width).eval()
    return (Cnn3d() if name == "volume" else MviNetwork()).eval()


def with_grad_cam(network: nn.Module, last: str) -> Way:
    """What published code does: forward and backward through the whole network for each image."""
    kept: list[torch.Tensor] = []
    network.get_submodule(last).register_forward_hook(lambda _m, _i, out: kept.append(out))

    def way(images: Images) -> object:
        maps = []
        for image in images:
            kept.clear()
            network.zero_grad()
            logits = network(torch.from_numpy(image)[None])[0]
            kept[0].retain_grad()
            logits[0].max().backward()
            gradient = kept[0].grad
            assert gradient is not None
            maps.append(torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1)).detach())
        return maps

    return way


def plain(network: nn.Module) -> Way:
    """A forward pass of the whole batch without gradients."""

    def way(images: Images) -> object:
        with torch.no_grad():
            return network(torch.from_numpy(images))

    return way


def medians(ways: dict[str, Way], images: Images, runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by the clock and of the processor of each way."""
    wall, busy = timed(ways, [images] * runs)
    return tuple({way: statistics.median(values) for way, values in each.items()} for each in (wall, busy))


def ratio(busy: dict[str, float], way: str) -> str:
    """Processor time of a way over that of ours."""
    return f"{busy[way] / busy[OURS]:.2f}" if way in busy else "-"


def memory(arguments: argparse.Namespace, name: str, width: float, ways: dict[str, Way]) -> str:
    """Peak memory of each way, each in a process of its own."""
    if arguments.no_memory:
        return ""
    options = ["--threads", str(arguments.threads), "--only", name, str(width)]
    return " / ".join(told_by_another_process(__file__, [*options, way]) for way in ways)


def megabytes(network: nn.Module) -> float:
    """Size of the parameters in float32."""
    return 4e-6 * sum(p.numel() for p in network.parameters())


if __name__ == "__main__":
    main()
