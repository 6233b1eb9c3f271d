"""The sizes that the registry states are counted on the modules."""

from __future__ import annotations

from overread.systems import SYSTEMS
from overread.systems.network_counts import parameter_counts


def test_the_registry_states_what_the_full_size_modules_count() -> None:
    assert parameter_counts() == {system.id: system.networks for system in SYSTEMS.values()}
