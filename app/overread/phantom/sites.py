"""The places where cases come from: which scanners, how well they work (PHANTOM 9). Case mixes are in `lesions.mix`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scanner:
    """A make of scanner with its share at a site; ``vendor`` names its rows in ``resources/phantom/protocols.csv``."""

    share: float
    vendor: str
    model: str
    field_t: float


@dataclass(frozen=True, slots=True)
class Site:
    """Draws of one site. Ranges are uniform; None leaves the vendor's own range.

    ``fat``: shares of good, patchy and failing fat suppression. ``gadoxetate``: share of studies with that agent.
    ``psf_px`` widens the point spread; ``distortion`` multiplies that of diffusion images.
    """

    scanners: tuple[Scanner, ...]
    european: float = 0.0
    uptake: float = 1.0
    gadoxetate: float = 1.0
    flip_deg: Range | None = None
    spacing_mm: Range | None = None
    thickness_ratio: Range | None = None
    matrices: tuple[int, ...] = ()
    acquired: Range | None = None
    slab_mm: Range | None = None
    b_values: tuple[str, ...] = ()
    snr: Range = (18.0, 42.0)
    psf_px: Range = (0.3, 0.8)
    shading: float = 1.0
    motion: float = 1.0
    distortion: float = 1.0
    fat: tuple[float, float, float] = (0.62, 0.20, 0.18)
    gamma: Range = (0.88, 1.15)
    mask_grown_mm: float = 0.0
    missing: Mapping[str, float] = field(default_factory=dict)
    kvp: tuple[int, ...] = (120,)


_CLASSIC_FAT = (0.80, 0.15, 0.05)

HBP = {
    "internal": Site(
        scanners=(Scanner(0.35, "philips", "Ingenia", 1.5), Scanner(0.65, "philips", "Ingenia", 3.0)),
        spacing_mm=(2.1, 2.9),
        thickness_ratio=(1.0, 1.8),
        matrices=(256, 288, 320, 320, 352, 400),
        acquired=(0.52, 0.85),
        snr=(16.0, 45.0),
        fat=(0.84, 0.12, 0.04),
    ),
    "external-1": Site(
        scanners=(
            Scanner(0.4, "philips", "Achieva", 3.0),
            Scanner(0.2, "siemens", "MAGNETOM Skyra", 3.0),
            Scanner(0.15, "siemens", "MAGNETOM Aera", 1.5),
            Scanner(0.25, "ge", "DISCOVERY MR750", 3.0),
        ),
        european=0.5,
        flip_deg=(10.0, 30.0),
        spacing_mm=(2.4, 3.0),
        thickness_ratio=(1.2, 1.9),
        matrices=(256, 288, 320, 320, 352, 400),
        acquired=(0.52, 0.85),
        snr=(9.0, 26.0),
        psf_px=(0.4, 1.2),
        shading=1.4,
        motion=1.3,
        gamma=(0.75, 1.35),
        mask_grown_mm=1.0,
    ),
    "external-2": Site(
        scanners=(Scanner(0.5, "siemens", "MAGNETOM Vida", 3.0), Scanner(0.5, "siemens", "MAGNETOM Sola", 1.5)),
        european=0.7,
        uptake=0.9,
        flip_deg=(9.0, 15.0),
        spacing_mm=(2.0, 3.0),
        thickness_ratio=(1.0, 1.35),
        matrices=(288, 320, 320, 384),
        acquired=(0.52, 0.85),
        snr=(12.0, 45.0),
        shading=1.5,
    ),
    "external-3": Site(
        scanners=(Scanner(0.6, "ge", "SIGNA Premier", 3.0), Scanner(0.4, "ge", "SIGNA Artist", 1.5)),
        european=0.3,
        spacing_mm=(2.0, 2.8),
        thickness_ratio=(1.0, 2.0),
        matrices=(384, 400),
        acquired=(0.48, 0.56),
        snr=(12.0, 45.0),
        fat=(0.15, 0.60, 0.25),
        motion=1.6,
    ),
}
MULTIPHASE = {
    "internal": Site(
        scanners=(Scanner(1.0, "ge", "DISCOVERY MR750", 3.0),),
        gadoxetate=0.25,
        matrices=(512,),
        fat=_CLASSIC_FAT,
        missing={"t1-in": 0.1, "t1-opposed": 0.1, "t1-delayed": 0.05, "adc": 0.15},
    ),
    "external-1": Site(
        scanners=(
            Scanner(0.25, "siemens", "MAGNETOM Skyra", 3.0),
            Scanner(0.25, "siemens", "MAGNETOM Aera", 1.5),
            Scanner(0.3, "philips", "Achieva", 3.0),
            Scanner(0.2, "uih", "uMR 790", 3.0),
        ),
        european=0.5,
        gadoxetate=0.35,
        b_values=("50;800", "0;800"),
        psf_px=(0.4, 1.1),
        distortion=1.5,
        fat=_CLASSIC_FAT,
        missing={"t1-in": 0.1, "t1-opposed": 0.1, "t1-delayed": 0.1, "adc": 0.15},
    ),
}
TRIAGE = {
    "internal": Site(
        scanners=(
            Scanner(0.3, "ge", "DISCOVERY MR750", 3.0),
            Scanner(0.2, "ge", "SIGNA HDxt", 1.5),
            Scanner(0.3, "siemens", "MAGNETOM Avanto", 1.5),
            Scanner(0.2, "philips", "Ingenia", 3.0),
        ),
        gadoxetate=0.2,
        fat=_CLASSIC_FAT,
        missing={"adc": 0.15},
    ),
    "external-1": Site(
        scanners=(Scanner(1.0, "siemens", "MAGNETOM Avanto", 1.5),),
        gadoxetate=0.1,
        slab_mm=(8.0, 8.0),
        b_values=("50;1000", "0;1000"),
        motion=1.5,
        fat=_CLASSIC_FAT,
        missing={"adc": 0.15},
    ),
    "external-2": Site(
        scanners=(Scanner(0.6, "uih", "uMR 780", 3.0), Scanner(0.4, "canon", "Vantage Titan", 1.5)),
        gadoxetate=0.1,
        shading=1.4,
        fat=_CLASSIC_FAT,
        missing={"t1-delayed": 0.2, "adc": 0.15},
    ),
}
CT_MVI = {
    "internal": Site(
        scanners=(
            Scanner(0.6, "siemens", "SOMATOM Definition Flash", 0.0),
            Scanner(0.4, "ge", "LightSpeed VCT", 0.0),
        ),
        slab_mm=(5.0, 5.0),
    ),
    "external-1": Site(
        scanners=(
            Scanner(0.5, "philips", "iCT 256", 0.0),
            Scanner(0.3, "canon", "Aquilion ONE", 0.0),
            Scanner(0.2, "ge", "Revolution CT", 0.0),
        ),
        european=0.2,
        slab_mm=(1.25, 5.0),
        kvp=(100, 120, 120),
    ),
}


def _stress(site: Site) -> Site:
    """The internal site with its acquisition at the worst decile."""
    return replace(
        site,
        snr=(6.0, 11.0),
        psf_px=(0.9, 1.4),
        shading=2.0,
        motion=4.0,
        fat=(0.1, 0.5, 0.4),
        distortion=2.5,
    )


SITE_TABLE: dict[str, dict[str, Site]] = {
    kind: {**sites, "stress": _stress(sites["internal"])}
    for kind, sites in (("hbp", HBP), ("multiphase", MULTIPHASE), ("triage", TRIAGE), ("ct-mvi", CT_MVI))
}
"""Kind of study -> name of the site -> what is drawn there."""
