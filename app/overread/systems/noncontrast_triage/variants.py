"""The four variants: which series the network is given as planes, in which order.

References
----------
Zhen (SEEDS 3.2); [A] ``t2-dwi`` stacks T2, DWI and T2 again.
"""

from __future__ import annotations

from collections.abc import Mapping

STACKS: Mapping[str, tuple[str, ...]] = {
    "t2": ("t2", "t2", "t2"),
    "t2-dwi": ("t2", "dwi", "t2"),
    "tri": ("t2", "dwi", "t1-pre"),
    "six": ("t2", "dwi", "t1-pre", "t1-arterial", "t1-portal", "t1-delayed"),
}
CLASSES = ("benign", "primary", "metastasis")
MALIGNANT = ("primary", "metastasis")


def roles_of(variant: str) -> tuple[str, ...]:
    """The series that a variant reads, each once, T2 first."""
    return tuple(dict.fromkeys(STACKS[variant]))
