"""The protocols of one study: what the headers will say of every volume, in the order in which they were taken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from overread.phantom.ct_noise import VENDOR_KERNELS
from overread.phantom.headers import B_IN_WORDS, draw_habits
from overread.phantom.looks import CT, DWI, GRE, TSE, Sequence
from overread.phantom.names import draw_language, series_name
from overread.phantom.noise import pick, stream
from overread.phantom.sites import SITE_TABLE, Scanner, Site
from overread.phantom.tables import table
from overread.phantom.timing import PRE, Phase, draw_phases
from overread.phantom.tissues import EXTRACELLULAR, GADOXETATE

SEQUENCES_OF = {
    "hbp": ("t1-hbp",),
    "multiphase": ("t1-in", "t1-opposed", "t2-fs", "dwi", "adc", "t1-pre", "t1-arterial", "t1-portal", "t1-delayed"),
    "triage": ("t2-fs", "dwi", "adc", "t1-pre", "t1-arterial", "t1-portal", "t1-delayed"),
    "ct-mvi": ("ct-pre", "ct-arterial", "ct-portal", "ct-delayed"),
}
"""Series of each kind of study; a gadoxetate study has t1-transitional and t1-hbp in place of t1-delayed."""
LATE_ROLES = ("t1-transitional", "t1-hbp")
REFERENCE = {"hbp": "t1-hbp", "multiphase": "t1-portal", "triage": "t2-fs", "ct-mvi": "ct-arterial"}
"""The volume on whose grid the truth of a kind of study is stated."""
MANUFACTURERS = {
    "philips": ("Philips Medical Systems", "Philips Healthcare", "Philips"),
    "siemens": ("SIEMENS", "Siemens Healthineers"),
    "ge": ("GE MEDICAL SYSTEMS",),
    "uih": ("UIH",),
    "canon": ("TOSHIBA", "CANON_MEC"),
}
IN_PHASE_MS, OPPOSED_MS = {1.5: 4.6, 3.0: 2.3}, {1.5: 2.3, 3.0: 1.15}


@dataclass(frozen=True, slots=True)
class Protocol:
    """What the scanner was set to for one volume. ``series``: volumes with the same number are one DICOM series.

    ``role`` as in CONTRACT section 3, with the b-value after a colon for diffusion (``dwi:800``). ``lowest_b``: of the
    diffusion images that an ADC map is made of.
    """

    role: str
    series: int
    vendor: str
    manufacturer: str
    model: str
    field_t: float
    sequence: Sequence
    phase: Phase
    agent: str
    fat_suppressed: bool
    language: str
    description: str
    slice_thickness_mm: float
    slice_spacing_mm: float
    pixel_mm: float
    rows: int
    columns: int
    acquired_matrix: tuple[int, int]
    phase_direction: str
    bandwidth_hz_per_px: float
    is_breath_hold: bool
    kernel: str = ""
    kvp: int = 0
    slope: float = 1.0
    lowest_b: float = 0.0

    @property
    def modality(self) -> str:
        """CT or MR."""
        return "CT" if self.sequence.kind == CT else "MR"

    def at_matrix(self, columns: int) -> Protocol:
        """The same field of view on fewer or more pixels, for images drawn in memory."""
        factor = columns / self.columns
        rows = max(round(self.rows * factor), 8)
        matrix = (round(self.acquired_matrix[0] * factor), round(self.acquired_matrix[1] * factor))
        return replace(
            self,
            pixel_mm=self.pixel_mm / factor,
            rows=rows,
            columns=columns,
            acquired_matrix=matrix,
            bandwidth_hz_per_px=self.bandwidth_hz_per_px / factor,
        )


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all volumes of a study share."""

    seed: int
    kind: str
    site: Site
    scanner: Scanner
    manufacturer: str
    agent: str
    language: str
    phases: dict[str, Phase]
    fov_mm: float
    share: float
    is_square: bool


def draw_protocols(
    seed: int, kind: str, site_name: str, body_mm: tuple[float, float], roles: Collection[str] | None = None
) -> tuple[Protocol, ...]:
    """Draw scanner and protocols of a study.

    Parameters
    ----------
    seed, kind, site_name
        Of the study.
    body_mm
        Width and depth of the trunk, which the field of view must hold.
    roles
        Only these; None for all that the study has. ``dwi`` asks for all b-values.
    """
    setting = _draw_setting(seed, kind, site_name, body_mm)
    result: list[Protocol] = []
    for number, role in enumerate(_roles_of(setting), 1):
        if roles is None or any(wanted.split(":")[0] == role for wanted in roles):
            result.extend(_volumes(setting, role, number))
    wanted = None if roles is None else {role for role in roles if ":" in role}
    return tuple(p for p in result if not wanted or ":" not in p.role or p.role in wanted)


def _draw_setting(seed: int, kind: str, site_name: str, body_mm: tuple[float, float]) -> _Setting:
    site = SITE_TABLE[kind][site_name]
    rng = stream(seed, "protocol")
    scanner = site.scanners[pick(rng, tuple(s.share for s in site.scanners))]
    fov = float(np.clip(rng.uniform(1.03, 1.22) * body_mm[0], max(330, body_mm[0] * 1.02), 480))
    if kind == "ct-mvi":
        fov = float(np.clip(rng.uniform(1.02, 1.12) * body_mm[0], 300, 500))
    is_square = kind == "ct-mvi" or scanner.vendor in ("ge", "canon") or bool(rng.random() < 0.35)
    share = max(float(rng.uniform(0.72, 0.86)), (body_mm[1] * 1.05) / fov)
    is_gadoxetate = kind == "hbp" or (kind != "ct-mvi" and bool(rng.random() < site.gadoxetate))
    delay = float(np.clip(rng.normal(20, 2), 15, 25))
    return _Setting(
        seed=seed,
        kind=kind,
        site=site,
        scanner=scanner,
        manufacturer=str(rng.choice(MANUFACTURERS[scanner.vendor])),
        agent=GADOXETATE if is_gadoxetate else EXTRACELLULAR,
        language=draw_language(seed, site_name),
        phases=draw_phases(seed, delay),
        fov_mm=fov,
        share=share,
        is_square=is_square,
    )


def _roles_of(setting: _Setting) -> list[str]:
    """Series that this study has: those of its kind, with the agent's late phase, less what was left out."""
    roles = []
    rng = stream(setting.seed, "missing")
    for role in SEQUENCES_OF[setting.kind]:
        is_missing = rng.random() < setting.site.missing.get(role, 0.0)
        if not is_missing:
            roles.append(role)
    if setting.agent == GADOXETATE and setting.kind != "hbp":
        roles = [role for role in roles if role != "t1-delayed"] + list(LATE_ROLES)
    return roles


def _volumes(setting: _Setting, role: str, number: int) -> list[Protocol]:
    """The volumes of a series: one, or one per b-value."""
    if setting.kind == "ct-mvi":
        return [_ct(setting, role, number)]
    return _mr(setting, role, number)


def _mr(setting: _Setting, role: str, number: int) -> list[Protocol]:
    site, scanner = setting.site, setting.scanner
    family = "t2" if role == "t2-fs" else "dwi" if role in ("dwi", "adc") else "t1"
    row = table("protocols")[f"{scanner.vendor}-{family}"]
    rng = stream(setting.seed, f"protocol-{family}")
    is_hbp_study = setting.kind == "hbp"
    columns = int(rng.choice(site.matrices)) if site.matrices and family == "t1" else int(_one_of(rng, row["recon"]))
    rows = columns if setting.is_square else min(columns, int(np.ceil(setting.share * columns / 16)) * 16)
    pixel = round(setting.fov_mm / columns, 4)
    thickness, spacing = _slab(rng, row, site, family, is_hbp_study)
    flip = _range(rng, row["flip_deg"])
    if site.flip_deg is not None:
        flip = float(rng.uniform(*site.flip_deg))
    tr, te = _range(rng, row["tr_ms"]), _range(rng, row["te_ms"])
    read, phase = _acquired(rng, row, site, rows, columns)
    b_values = _b_values(rng, row, site)
    slope = round(float(rng.uniform(0.3, 4.0)), 5) if scanner.vendor == "philips" else 1.0
    bandwidth = round(_range(rng, row["bandwidth"]), 1)
    if role in ("t1-in", "t1-opposed"):
        te = (IN_PHASE_MS if role == "t1-in" else OPPOSED_MS)[3.0 if scanner.field_t > 2.3 else 1.5]
        tr, flip = max(tr, te + 1.9), 10.0
    kind = {"t1": GRE, "t2": TSE, "dwi": DWI}[family]
    common = Protocol(
        role=role,
        series=number,
        vendor=scanner.vendor,
        manufacturer=setting.manufacturer,
        model=scanner.model,
        field_t=scanner.field_t,
        sequence=Sequence(kind, round(tr, 2), round(te, 2), round(flip)),
        phase=_phase(setting, role),
        agent=setting.agent,
        fat_suppressed=role not in ("t1-in", "t1-opposed"),
        language=setting.language,
        description=_describe(setting, role, b_values),
        slice_thickness_mm=thickness,
        slice_spacing_mm=spacing,
        pixel_mm=pixel,
        rows=rows,
        columns=columns,
        acquired_matrix=(phase, read),
        phase_direction="COL" if rng.random() < 0.85 or family == "dwi" else "ROW",
        bandwidth_hz_per_px=bandwidth,
        is_breath_hold=family == "t1",
        slope=slope,
    )
    if role == "dwi":
        return [_at_b(setting, common, place, b) for place, b in enumerate(b_values)]
    if role == "adc":
        return [replace(common, sequence=replace(common.sequence, b_value=b_values[-1]), lowest_b=b_values[0])]
    return [common]


def _at_b(setting: _Setting, common: Protocol, place: int, b: float) -> Protocol:
    """One b-value of a diffusion series; a series of its own, named by it, where the scanner says b only in words."""
    found = replace(common, role=f"dwi:{b:g}", sequence=replace(common.sequence, b_value=b))
    if draw_habits(setting.seed, common.vendor, common.language).b_style != B_IN_WORDS:
        return found
    rng = stream(setting.seed, f"description-dwi-{b:g}")
    name = series_name("dwi", common.vendor, common.language, rng, (b,), states_b=True)
    return replace(found, series=common.series + 50 * place, description=name)


def _describe(setting: _Setting, role: str, b_values: tuple[float, ...]) -> str:
    rng = stream(setting.seed, f"description-{role}")
    return series_name(role, setting.scanner.vendor, setting.language, rng, b_values)


def _ct(setting: _Setting, role: str, number: int) -> Protocol:
    site, scanner = setting.site, setting.scanner
    rng = stream(setting.seed, "protocol-ct")
    slab = site.slab_mm or (5.0, 5.0)
    thickness = float(rng.choice([t for t in (1.25, 2.5, 3.0, 5.0) if slab[0] <= t <= slab[1]]))
    vendor_kernels = VENDOR_KERNELS[{"ge": "GE"}.get(scanner.vendor, scanner.vendor.capitalize())]
    return Protocol(
        role=role,
        series=number,
        vendor=scanner.vendor,
        manufacturer=setting.manufacturer,
        model=scanner.model,
        field_t=0.0,
        sequence=Sequence(CT),
        phase=_phase(setting, role),
        agent="iodine",
        fat_suppressed=False,
        language=setting.language,
        description=_describe(setting, role, ()),
        slice_thickness_mm=thickness,
        slice_spacing_mm=thickness,
        pixel_mm=round(setting.fov_mm / 512, 6),
        rows=512,
        columns=512,
        acquired_matrix=(512, 512),
        phase_direction="",
        bandwidth_hz_per_px=0.0,
        is_breath_hold=True,
        kernel=str(rng.choice(vendor_kernels)),
        kvp=int(rng.choice(site.kvp)),
    )


def _phase(setting: _Setting, role: str) -> Phase:
    name = role.split("-", 1)[1] if role.startswith(("t1-", "ct-")) else "pre"
    return PRE if name in ("in", "opposed", "pre") or name not in setting.phases else setting.phases[name]


def _slab(
    rng: np.random.Generator, row: dict[str, str], site: Site, family: str, is_hbp_study: bool
) -> tuple[float, float]:
    """Slice thickness and spacing, mm."""
    if is_hbp_study:
        spacing = round(float(rng.uniform(*(site.spacing_mm or (2.0, 3.0)))), 1)
        return round(spacing * float(rng.uniform(*(site.thickness_ratio or (1.0, 1.5)))), 1), spacing
    thickness = _range(rng, row["thickness_mm"])
    if site.slab_mm is not None and family != "t1":
        thickness = float(rng.uniform(*site.slab_mm))
    thickness = round(thickness, 1)
    return thickness, round(thickness * _range(rng, row["spacing_ratio"]), 2)


def _acquired(rng: np.random.Generator, row: dict[str, str], site: Site, rows: int, columns: int) -> tuple[int, int]:
    """Acquired read and phase lines of the reconstructed columns and rows."""
    if site.acquired is not None:
        read, phase = sorted(rng.uniform(*site.acquired, 2), reverse=True)
        return int(read * columns), int(phase * rows)
    read, phase = (int(part) for part in _one_of(rng, row["acquired"]).split("x"))
    return min(read, columns), min(round(phase * rows / columns), rows)


def _b_values(rng: np.random.Generator, row: dict[str, str], site: Site) -> tuple[float, ...]:
    text = str(rng.choice(site.b_values)) if site.b_values else _one_of(rng, row["b_values"] or "0")
    return tuple(float(b) for b in text.split(";"))


def _one_of(rng: np.random.Generator, text: str) -> str:
    return str(rng.choice(text.split("|")))


def _range(rng: np.random.Generator, text: str) -> float:
    low, _, high = text.partition("-")
    return float(rng.uniform(float(low), float(high or low)))
