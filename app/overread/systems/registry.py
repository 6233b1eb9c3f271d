"""The systems that exist. A new one is a folder of its own and a line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """What a system is, without loading anything of it.

    ``reader`` names the function ``module:function`` that reads: (request, bundle, progress) -> Outcome.
    ``tables`` are the tables of the manifest that its bundles must have beyond those of every bundle.
    """

    id: str
    title: str
    one_line: str
    paper: str
    roles: tuple[str, ...]
    target_types: tuple[str, ...]
    networks: tuple[tuple[str, int], ...]
    reader: str
    tables: tuple[str, ...] = ("placing", "findings", "operating")


SYSTEMS: dict[str, System] = {
    "hbp-detection": System(
        id="hbp-detection",
        title="HCC detection on hepatobiliary-phase MR",
        one_line="Scores every slice for HCC and shows where.",
        paper="Kim 2020",
        roles=("t1-hbp",),
        target_types=("hcc",),
        networks=(("kim-11", 1_077_186),),
        reader="overread.systems.hbp_detection.system:read",
    ),
}
