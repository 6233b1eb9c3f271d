"""The networks a bundle holds, by the names under which the published ones are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from overread.systems.bundle import Bundle
from overread.systems.registry import SYSTEMS


@dataclass(frozen=True, slots=True)
class BundledNetwork:
    """A network of a system: how many trainable parameters the paper's has, and the bundle's, at which width.

    None where there is no such network in the paper, or none in the bundle.
    """

    name: str
    published_parameters: int | None
    bundled_parameters: int | None = None
    width: float | None = None


def networks_of_system(system: str, bundle: Bundle | None) -> list[BundledNetwork]:
    """The published networks of a system, with what a bundle has of them, and then what the bundle has beyond."""
    own = {} if bundle is None else {network.name: network for network in _own(bundle)}
    published = dict(SYSTEMS[system].networks)
    listed = [own.pop(name, BundledNetwork(name, count)) for name, count in published.items()]
    return listed + list(own.values())


def _own(bundle: Bundle) -> Iterator[BundledNetwork]:
    published = dict(SYSTEMS[bundle.system].networks)
    table = bundle.manifest["network"]
    channels, name = table.get("in_channels"), str(table["name"])
    full = name + (" with factors" if table.get("factors") else "")
    if f"{name}, {channels} channels" in published:
        full = f"{name}, {channels} channels"
    width = table.get("width", 1 / table.get("width_divisor", 1))
    yield BundledNetwork(full, published.get(full), table.get("parameters"), width if "parameters" in table else None)
    detectors = bundle.manifest.get("detectors")
    if detectors is None:
        return
    for role, planes in detectors["in_channels"].items():
        kind = f"{detectors['name']}, {'T2' if planes == 1 else 'one series and T2'}"
        yield BundledNetwork(kind, published.get(kind), detectors["parameters"].get(role), detectors["width"])
