"""The places where cases come from: who lies in the scanner, which scanner, how well it works (PHANTOM 9)."""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scanner:
    """A make of scanner with its share at a site, and its row in ``protocols.VENDORS``."""

    share: float
    vendor: str
    model: str
    field_t: float


@dataclass(frozen=True, slots=True)
class Site:
    """Draws of one site. Ranges are uniform; ``fat``: shares of good, patchy, failing fat suppression."""

    scanners: tuple[Scanner, ...]
    stages: tuple[float, float, float, float]
    european: float = 0.0
    uptake: float = 1.0
    flip_deg: Range | None = None
    spacing_mm: Range = (2.1, 2.9)
    thickness_ratio: Range = (1.0, 1.8)
    matrices: tuple[int, ...] = (256, 288, 320, 320, 352, 400)
    acquired: Range = (0.62, 0.95)
    snr: Range = (12.0, 45.0)
    psf_px: Range = (0.3, 0.8)
    shading: float = 1.0
    motion: float = 1.0
    fat: tuple[float, float, float] = (0.62, 0.20, 0.18)
    gamma: Range = (0.88, 1.15)


SITE_TABLE: dict[str, dict[str, Site]] = {
    "hbp": {
        "internal": Site(
            scanners=(
                Scanner(0.35, "philips", "Ingenia 1.5", 1.5),
                Scanner(0.65, "philips", "Ingenia 3.0", 3.0),
            ),
            stages=(0.50, 0.43, 0.06, 0.01),
        ),
        "external-1": Site(
            scanners=(
                Scanner(0.4, "philips", "Achieva", 3.0),
                Scanner(0.2, "siemens", "MAGNETOM Skyra", 3.0),
                Scanner(0.15, "siemens", "MAGNETOM Aera", 1.5),
                Scanner(0.25, "ge", "DISCOVERY MR750", 3.0),
            ),
            stages=(0.33, 0.45, 0.20, 0.02),
            european=0.5,
            flip_deg=(10.0, 30.0),
            spacing_mm=(2.4, 3.0),
            thickness_ratio=(1.2, 1.9),
            snr=(9.0, 26.0),
            psf_px=(0.4, 1.2),
            shading=1.4,
            motion=1.3,
            gamma=(0.75, 1.35),
        ),
        "external-2": Site(
            scanners=(
                Scanner(0.5, "siemens", "MAGNETOM Vida", 3.0),
                Scanner(0.5, "siemens", "MAGNETOM Sola", 1.5),
            ),
            stages=(0.08, 0.6, 0.3, 0.02),
            european=0.7,
            uptake=0.9,
            flip_deg=(9.0, 15.0),
            spacing_mm=(2.0, 3.0),
            thickness_ratio=(1.0, 1.35),
            matrices=(288, 320, 320, 384),
            shading=1.5,
        ),
        "external-3": Site(
            scanners=(Scanner(0.6, "ge", "SIGNA Premier", 3.0), Scanner(0.4, "ge", "SIGNA Artist", 1.5)),
            stages=(0.50, 0.40, 0.08, 0.02),
            european=0.3,
            spacing_mm=(2.0, 2.8),
            thickness_ratio=(1.0, 2.0),
            matrices=(384, 400),
            acquired=(0.48, 0.56),
            fat=(0.15, 0.60, 0.25),
            motion=1.6,
        ),
    }
}
"""Kind of study -> name of the site -> what is drawn there."""
