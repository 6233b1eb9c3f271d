"""The published systems: gate -> prepare -> network -> findings. Volumes in, readings and heatmaps out."""

from overread.systems.bundle import Bundle, OperatingInfo, bundle_folders, find_bundle, load_bundle
from overread.systems.reading import check_gate, choose_volumes, read, system_of, warm_up
from overread.systems.registry import SYSTEMS, System
from overread.systems.request import Outcome, ReadRequest

__all__ = [
    "SYSTEMS",
    "Bundle",
    "OperatingInfo",
    "Outcome",
    "ReadRequest",
    "System",
    "bundle_folders",
    "check_gate",
    "choose_volumes",
    "find_bundle",
    "load_bundle",
    "read",
    "system_of",
    "warm_up",
]
