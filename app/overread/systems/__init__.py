"""The published systems: gate -> prepare -> network -> findings. Volumes in, readings and heatmaps out."""

from overread.systems.bundle import Bundle, OperatingInfo, load_bundle, record_evaluation
from overread.systems.gate import GateAnswer
from overread.systems.installed import Installed, bundle_folders, find_bundle, installed_bundles
from overread.systems.reading import check_gate, choose_volumes, gate_answer, read, system_of, warm_up
from overread.systems.registry import SYSTEMS, System
from overread.systems.request import Outcome, ReadRequest

__all__ = [
    "SYSTEMS",
    "Bundle",
    "GateAnswer",
    "Installed",
    "OperatingInfo",
    "Outcome",
    "ReadRequest",
    "System",
    "bundle_folders",
    "check_gate",
    "choose_volumes",
    "find_bundle",
    "gate_answer",
    "installed_bundles",
    "load_bundle",
    "read",
    "record_evaluation",
    "system_of",
    "warm_up",
]
