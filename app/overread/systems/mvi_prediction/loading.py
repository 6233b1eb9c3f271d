"""What a bundle of mvi-prediction holds, ready to use: its network as an engine, its branch of facts, its machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError
from overread.engines.choice import Choice
from overread.engines.devices import on_cpu
from overread.engines.engine import Engine, Outputs
from overread.systems.bundle import Bundle
from overread.systems.mvi_prediction.factor_branch import FactorBranch
from overread.systems.mvi_prediction.factors import COLUMNS, FactScale, scale_from
from overread.systems.mvi_prediction.machine import SupportMachine, machine_from
from overread.systems.mvi_prediction.prepare import Preparation
from overread.systems.ready import Loaded, traced_engine
from overread.systems.ready import load as load_by

IMAGE, FACTORS_ONLY = "resnet-18", "svm"
"""Names of ``[network]``: one that looks at images, and a machine that does not."""
FULL_FEATURES = 512
NETWORK_PREFIX = "network."
OUTPUTS = ("logits", "maps", "features")
WRITTEN_AS = "mvi-prediction traced/1"
"""Changes with how its ONNX models are written, so that those compiled by an earlier version are made anew."""


class NoNetwork:
    """Stands where an engine does in a bundle that looks at no image."""

    name = f"numpy {np.__version__}"
    precision, device, batch_size = "float64", "cpu", 1

    def run(self, image: NDArray[np.float32]) -> Outputs:
        """Nothing."""
        return ()

    def run_batch(self, images: NDArray[np.float32]) -> Outputs:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A bundle's parts. ``scale`` None: it takes no facts; ``machine`` None: the network decides slice by slice.

    ``platt``: intercept and slope that make a probability of the machine's decision.
    """

    loaded: Loaded
    preparation: Preparation
    scale: FactScale | None = None
    branch: FactorBranch | None = None
    machine: SupportMachine | None = None
    platt: tuple[float, float] = (0.0, 1.0)

    @property
    def sees(self) -> bool:
        """Whether it looks at images."""
        return not isinstance(self.loaded.engine, NoNetwork)


def load(bundle: Bundle, device: str, engine: str, precision: str) -> Parts:
    """All parts of a bundle for a request.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, device or precision, or the bundle's parts do not go together.
    """
    bundle.check_weights()
    manifest, name = bundle.manifest, bundle.folder.name
    preparation = preparation_of(manifest, name)
    scale = scale_from(manifest["facts"], name) if "facts" in manifest else None
    if manifest["network"]["name"] == FACTORS_ONLY:
        loaded = Loaded(NoNetwork(), on_cpu("it needs no network"), None)
    else:
        loaded = load_by(lambda choice: _build(bundle, choice), device, engine, precision)
        if "placing" not in manifest and "svm" not in manifest:
            raise _misfit(name, "it does not say where its map lies")
    machine, platt, branch = None, (0.0, 1.0), None
    if "svm" in manifest:
        table = manifest["svm"]
        features = _features(manifest) if manifest["network"]["name"] != FACTORS_ONLY else 0
        machine = machine_from(bundle.weights_path, table, len(COLUMNS) + features, name)
        platt = float(table["intercept"]), float(table["slope"])
    elif manifest["network"].get("factors"):
        branch = _branch(bundle)
    if (machine is not None or branch is not None) and scale is None:
        raise _misfit(name, "it takes facts and has no table of them")
    return Parts(loaded, preparation, scale, branch, machine, platt)


def preparation_of(manifest: Mapping[str, Any], bundle_name: str) -> Preparation:
    """How a bundle's ``[input]`` and ``[region]`` say that images are cut.

    Raises
    ------
    BundleError
        A number is missing or cannot be.
    """
    table, region = manifest["input"], manifest.get("region", {})
    try:
        rows, columns = table["size"]
        margin, level, width = (
            float(region["margin"]),
            float(table["level_hu"]),
            float(table["width_hu"]),
        )
        if rows != columns or not 0.1 <= margin <= 2 or not width > 0:
            raise ValueError("size, margin or width cannot be")
        return Preparation(margin, int(rows), int(table["channels"]), level, width)
    except (KeyError, TypeError, ValueError) as problem:
        why = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
        raise _misfit(bundle_name, f"its input is not one this version knows ({why})") from problem


def _build(bundle: Bundle, choice: Choice) -> Engine:
    table, name = bundle.manifest["network"], bundle.folder.name
    planes, size = int(table.get("in_channels", 0)), int(bundle.manifest["input"]["size"][0])

    def network() -> Any:
        from overread.engines.weights import with_weights
        from overread.systems.mvi_prediction.network import network_from

        return with_weights(network_from(table, name), bundle.weights_path, name, _prefix(bundle.manifest))

    return traced_engine(bundle, choice, network, (planes, size, size), OUTPUTS, WRITTEN_AS)


def _branch(bundle: Bundle) -> FactorBranch:
    """The clinical branch, read without torch: it is a few dozen numbers."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(bundle.weights_path)
        weight, bias, last = (
            np.asarray(stored[n], dtype=np.float64) for n in ("branch.weight", "branch.bias", "fc.weight")
        )
    except (SafetensorError, OSError, KeyError, TypeError) as problem:
        raise _misfit(bundle.folder.name, "its weights hold no branch for facts") from problem
    if weight.shape[1:] != (len(COLUMNS),) or last.shape[1] <= len(weight):
        raise _misfit(bundle.folder.name, "its branch for facts is of another size")
    return FactorBranch(weight, bias, last[:, -len(weight) :])


def _features(manifest: Mapping[str, Any]) -> int:
    from overread.engines.backbones.width import scaled

    return scaled(FULL_FEATURES, float(manifest["network"].get("width", 1.0)))


def _prefix(manifest: Mapping[str, Any]) -> str:
    """Where in the weights the network lies: under a prefix where a machine lies beside it."""
    return NETWORK_PREFIX if "svm" in manifest else ""


def _misfit(name: str, why: str) -> BundleError:
    return BundleError(f"The bundle {name} cannot run", why, "Install the bundle again")
