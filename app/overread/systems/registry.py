"""The systems that exist. A new one is a folder of its own and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class System:
    """What a system is, without loading anything of it.

    ``reader`` names the function ``module:function`` that reads: (request, bundle, progress) -> Outcome.
    ``tables`` are the tables of the manifest that its bundles must have beyond those of every bundle. ``variants``
    are those of its paper, in the order in which one is taken when none is named; empty where any name will do.
    ``alternatives``: names of series that may be read as one of ``roles``, in the order in which they are preferred;
    where the role itself is among them it takes its place there, else it comes first. T2 is preferred with fat
    suppression, which is what the bundles of both MR systems learnt from. ``needs_region``: it looks where it is told.
    ``uses_facts``: clinical facts change its answer. ``classes``: what it tells apart.
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
    variants: tuple[str, ...] = ()
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_region: bool = False
    uses_facts: bool = False
    classes: tuple[str, ...] = ()

    def names_of(self, role: str) -> tuple[str, ...]:
        """Names of the series that are read as a role, the preferred first."""
        others = self.alternatives.get(role, ())
        return others if role in others else (role, *others)


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
    "multiphase-characterisation": System(
        id="multiphase-characterisation",
        title="Characterisation of liver lesions on multiphase MR",
        one_line="Finds lesions, tells HCC, ICC and metastasis apart, and says how sure it is.",
        paper="Wang 2020",
        roles=("t2", "t1-pre", "t1-arterial", "t1-portal", "dwi"),
        target_types=("hcc", "icc", "metastasis"),
        networks=(
            ("centernet-dla34, one series and T2", 19_015_077),
            ("centernet-dla34, T2", 19_014_293),
            ("densenet-121", 6_963_203),
        ),
        reader="overread.systems.multiphase_characterisation.system:read",
        tables=("placing", "findings", "detectors"),
        alternatives={"t2": ("t2-fs", "t2")},
        classes=("hcc", "icc", "metastasis"),
    ),
    "noncontrast-triage": System(
        id="noncontrast-triage",
        title="Triage of a liver lesion on MR without contrast",
        one_line="Tells benign, primary malignant and metastatic lesions apart on T2 and diffusion.",
        paper="Zhen 2020",
        roles=("t2", "dwi", "t1-pre", "t1-arterial", "t1-portal", "t1-delayed"),
        target_types=("hcc", "icc", "other-primary", "metastasis"),
        networks=(("inception-resnet-v2, 3 channels", 54_311_075), ("inception-resnet-v2, 6 channels", 54_311_939)),
        reader="overread.systems.noncontrast_triage.system:read",
        tables=("placing",),
        variants=("t2-dwi", "t2", "tri", "six"),
        alternatives={"t2": ("t2-fs", "t2")},
        needs_region=True,
        classes=("benign", "primary", "metastasis"),
    ),
    "mvi-prediction": System(
        id="mvi-prediction",
        title="Microvascular invasion of HCC on arterial-phase CT",
        one_line="Rates from one arterial-phase CT whether an HCC invades small vessels.",
        paper="Liu 2021",
        roles=("ct-arterial",),
        target_types=("hcc",),
        networks=(("resnet-18", 11_177_538), ("resnet-18 with factors", 11_177_646)),
        reader="overread.systems.mvi_prediction.system:read",
        tables=("operating",),
        variants=("image-factors", "image", "svm-factors", "svm-both"),
        needs_region=True,
        uses_facts=True,
        classes=("mvi-", "mvi+"),
    ),
}
