"""The bundle's network as an engine that is ready to run."""

from __future__ import annotations

from typing import Any

from overread.core.errors import BundleError
from overread.engines.choice import Choice
from overread.engines.engine import Engine
from overread.systems.bundle import Bundle
from overread.systems.noncontrast_triage.prepare import Cut
from overread.systems.noncontrast_triage.variants import CLASSES
from overread.systems.ready import Loaded, traced_engine
from overread.systems.ready import load as load_by

OUTPUTS = ("logits", "maps", "features")
SMALLEST_PX = 75
"""Below this an image does not survive the network's halvings."""
WRITTEN_AS = "noncontrast-triage traced/1"
"""Changes with how its ONNX models are written, so that those compiled by an earlier version are made anew."""


def load(bundle: Bundle, device: str, engine: str, precision: str) -> Loaded:
    """The engine for a request; ``check_bundle`` has let the bundle pass.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, device or precision, or the bundle's parts do not go together.
    """
    bundle.check_weights()
    return load_by(lambda choice: _build(bundle, choice), device, engine, precision)


def check_bundle(bundle: Bundle) -> None:
    """Whether the manifest's parts go together.

    Raises
    ------
    BundleError
        They do not.
    """
    table, network = bundle.manifest["input"], bundle.manifest["network"]
    stack = table.get("stack", list(bundle.roles))
    why = None
    if not isinstance(stack, list) or set(stack) != set(bundle.roles) or bundle.roles[0] != "t2":
        why = "its stack is not made of the series it reads, T2 first"
    elif len(stack) != table["channels"] or len(stack) != network.get("in_channels"):
        why = f"its {len(stack)} planes are not the network's"
    elif table["size"][0] != table["size"][1] or table["size"][0] < SMALLEST_PX:
        why = f"its images are not square, or below {SMALLEST_PX} pixels"
    elif list(network.get("classes", ())) != list(CLASSES):
        why = f"its classes are not {', '.join(CLASSES)}"
    else:
        cut = Cut.of(bundle.manifest)
        if min(cut.enlarge, cut.pixel_mm, cut.step_mm, cut.gamma) <= 0 or cut.margin_mm < 0:
            why = "its [region] holds a length or factor that cannot be"
    if why is not None:
        raise BundleError(f"The bundle {bundle.folder.name} cannot run", why, "Install the bundle again")


def _build(bundle: Bundle, choice: Choice) -> Engine:
    table = dict(bundle.manifest["network"], classes=len(CLASSES))
    name, size = bundle.folder.name, int(bundle.manifest["input"]["size"][0])

    def network() -> Any:
        from overread.engines.weights import with_weights
        from overread.systems.noncontrast_triage.network import network_from

        return with_weights(network_from(table, name), bundle.weights_path, name)

    return traced_engine(bundle, choice, network, (int(table["in_channels"]), size, size), OUTPUTS, WRITTEN_AS)
