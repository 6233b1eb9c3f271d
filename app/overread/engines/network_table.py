"""The ``[network]`` table of a manifest as a network: its name, width and planes, and the size it says it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from torch import nn

from overread.core.errors import BundleError
from overread.engines.backbones.head import parameter_count

_Network = TypeVar("_Network", bound=nn.Module)


def built(
    table: Mapping[str, Any], name: str, bundle_name: str, make: Callable[[Mapping[str, Any]], _Network]
) -> _Network:
    """The network that ``make`` builds from the table, without weights.

    Parameters
    ----------
    table
        Keys ``name`` and those that ``make`` takes; ``parameters``, where it is there, must be the network's own count.
    name
        What the table's ``name`` must be.
    bundle_name
        What to call the bundle in an error.
    make
        Builds the network; what is wrong with the table it raises as KeyError, TypeError or ValueError.

    Raises
    ------
    BundleError
        It is no network that this version knows, or has another number of parameters than the manifest says.
    """
    try:
        if table["name"] != name:
            raise ValueError(f"its name is {table['name']!r}")
        network = make(table)
        count, told = parameter_count(network), table.get("parameters")
        if told is not None and told != count:
            raise ValueError(f"it has {count:,} parameters where the manifest says {told:,}")
    except KeyError as problem:
        raise _unknown(bundle_name, f"{problem} is missing") from problem
    except (TypeError, ValueError) as problem:
        raise _unknown(bundle_name, str(problem)) from problem
    return network


def width_of(table: Mapping[str, Any]) -> float:
    """The table's width factor, 1 where it says nothing.

    Raises
    ------
    ValueError
        It is not above 0 and at most 2.
    """
    width = float(table.get("width", 1.0))
    if not 0 < width <= 2:
        raise ValueError(f"its width is {width:g}")
    return width


def count_of(table: Mapping[str, Any], key: str, choices: tuple[int, ...]) -> int:
    """A whole number of the table that must be one of a few; of a list how long it is.

    Raises
    ------
    KeyError
        It is not there.
    ValueError
        It is another number.
    """
    value = table[key]
    count = len(value) if isinstance(value, list) else value
    if count not in choices:
        raise ValueError(f"its {key} is {value!r}")
    return int(count)


def _unknown(bundle_name: str, why: str) -> BundleError:
    return BundleError(
        f"The bundle {bundle_name} cannot run",
        f"its network is not one this version knows ({why})",
        "Install the bundle again",
    )
