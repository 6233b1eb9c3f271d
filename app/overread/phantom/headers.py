"""What the headers of each vendor say about a series: DICOM keyword -> value, private elements by their tag.

Pure values, in the form that the writer of series takes. PHANTOM 8; what is marked [A] is how such headers usually
look, without a table behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overread.phantom.looks import MHZ_PER_T
from overread.phantom.noise import pick, stream

Attributes = dict[str, object]

AGENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "gadoxetate": {
        "": ("Primovist", "Gadoxetate", "Eovist", "EOB-Primovist 0.025 mmol/kg"),
        "zh": ("普美显", "Primovist"),
        "ko": ("프리모비스트", "Primovist"),
        "ja": ("EOBプリモビスト", "プリモビスト", "EOB"),
    },
    "gadobutrol": {
        "": ("Gadovist", "Gadobutrol", "Gadavist 7.5"),
        "zh": ("加乐显", "Gadovist"),
        "ko": ("가도비스트", "Gadovist"),
        "ja": ("ガドビスト", "Gadovist"),
    },
    "gadoterate": {
        "": ("Dotarem", "Gadoterate", "DOTAREM 15 ML"),
        "zh": ("多它灵", "Dotarem"),
        "ko": ("도타렘", "Dotarem"),
        "ja": ("マグネスコープ",),
    },
    "iohexol": {
        "": ("Omnipaque 350", "OMNIPAQUE", "Iohexol 300"),
        "zh": ("欧乃派克", "Omnipaque 350"),
        "ko": ("옴니파큐", "Omnipaque"),
        "ja": ("オムニパーク", "OMNIPAQUE 300"),
    },
}
"""Agent -> language ("" where none of its own) -> words of the ContrastBolusAgent."""
PRODUCTS: dict[str, tuple[str, ...]] = {
    "gadoxetate": ("gadoxetate",),
    "extracellular": ("gadobutrol", "gadoterate"),
    "iodine": ("iohexol",),
}
"""Agent as of `tissues` -> rows of ``AGENTS``."""
_CHARACTER_SETS: dict[str, tuple[str, ...]] = {
    "zh": ("GB18030", "GB18030", "ISO_IR 192"),
    "ko": ("ISO 2022 IR 149", "ISO 2022 IR 149", "ISO_IR 192"),
    "ja": ("ISO 2022 IR 87", "ISO 2022 IR 87", "ISO_IR 192"),
}
ACQUISITION_TIME, TEMPORAL_POSITION, TRIGGER_TIME = "acquisition-time", "temporal-position", "trigger-time"
B_PRIVATE, B_STANDARD, B_BOTH, B_IN_WORDS = "private", "standard", "both", "words"
STATES_AGENT, STATES_START = 0.85, 0.75
"""[A] Shares of studies whose headers name the agent, and when it was given."""
B_ONLY_IN_WORDS = 0.1
"""PHANTOM 8, "also vary"."""
_B_STYLES: dict[str, tuple[str, ...]] = {
    "siemens": (B_PRIVATE, B_BOTH),
    "ge": (B_PRIVATE, B_BOTH),
    "philips": (B_PRIVATE, B_BOTH),
    "uih": (B_PRIVATE, B_BOTH),
    "canon": (B_STANDARD,),
}
_CREATORS = {
    "siemens": "SIEMENS MR HEADER",
    "ge": "GEMS_PARM_01",
    "philips": "Philips Imaging DD 001",
    "uih": "Image Private Header",
}
GE_BIAS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Habits:
    """What the headers of one study have in common.

    ``time_style`` tells how phases follow in time, ``b_style`` where b-values stand (both as the constants here);
    ``start_s`` is the clock at the first series, seconds after midnight.
    """

    language: str
    character_set: str
    time_style: str
    b_style: str
    states_agent: bool
    states_start: bool
    start_s: float


def draw_habits(seed: int, vendor: str, language: str) -> Habits:
    """Draw how one scanner of a vendor fills its headers; nothing here knows what the study shows."""
    rng = stream(seed, "header-habits")
    sets = _CHARACTER_SETS.get(language, ("ISO_IR 100", "ISO_IR 100", "ISO_IR 192"))
    can_number = vendor in ("philips", "ge") and language != "coded"  # coded names tell phases by their time alone
    style = TEMPORAL_POSITION if can_number else ACQUISITION_TIME
    styles = _B_STYLES[vendor]
    return Habits(
        language=language,
        character_set=sets[int(rng.integers(len(sets)))],
        time_style=(ACQUISITION_TIME, style)[pick(rng, (0.6, 0.4))],
        b_style=B_IN_WORDS if rng.random() < B_ONLY_IN_WORDS else styles[int(rng.integers(len(styles)))],
        states_agent=bool(rng.random() < STATES_AGENT),
        states_start=bool(rng.random() < STATES_START),
        start_s=float(rng.uniform(7.5, 18.0) * 3600),
    )


def mr_attributes(
    vendor: str,
    role: str,
    *,
    description: str,
    field_t: float,
    tr_ms: float,
    te_ms: float,
    flip_deg: float,
    thickness_mm: float,
    is_fat_suppressed: bool,
    is_dixon: bool = False,
    b_value: float | None = None,
    b_values: Sequence[float] = (),
    acquired: tuple[int, int] | None = None,
    phase_direction: str = "COL",
    bandwidth_hz_per_px: float = 500.0,
    averages: int = 1,
) -> Attributes:
    """Attributes of an MR volume, but for times, contrast agent and b-value.

    Parameters
    ----------
    vendor, role
        As of `names.series_name`.
    tr_ms, te_ms, flip_deg, field_t, thickness_mm, bandwidth_hz_per_px, averages
        Of the sequence.
    is_fat_suppressed, is_dixon
        Saturated fat; the water image of a Dixon acquisition.
    b_value, b_values
        Of this volume and of all volumes of its acquisition, s/mm2.
    acquired
        Acquired matrix: phase steps, read steps.
    phase_direction
        ``COL`` or ``ROW``.
    """
    kind = _kind(role)
    sequence, variant, options = _sequence(vendor, kind, is_fat_suppressed)
    found: Attributes = {
        "Modality": "MR", "SeriesDescription": description, "ProtocolName": description,
        "ImageType": image_type(vendor, role, is_dixon=is_dixon, b_value=b_value),
        "ScanningSequence": sequence, "SequenceVariant": variant, "ScanOptions": options,
        "MRAcquisitionType": "3D" if kind == "gre" else "2D", "RepetitionTime": _short(tr_ms),
        "EchoTime": _short(te_ms), "FlipAngle": _short(flip_deg), "MagneticFieldStrength": _short(field_t),
        "ImagingFrequency": _short(MHZ_PER_T * field_t), "ImagedNucleus": "1H", "SliceThickness": _short(thickness_mm),
        "EchoTrainLength": {"gre": 1, "tse": 18, "dwi": 1}[kind] if vendor != "philips" or kind != "dwi" else 61,
        "InPlanePhaseEncodingDirection": phase_direction, "PixelBandwidth": _short(bandwidth_hz_per_px),
        "NumberOfAverages": _short(averages), "AcquisitionNumber": 1,
    }  # fmt: skip
    if acquired is not None:
        phase, read = acquired
        found["AcquisitionMatrix"] = [0, read, phase, 0] if phase_direction == "COL" else [read, 0, 0, phase]
    name = _sequence_name(vendor, kind, role, is_dixon, b_value, b_values)
    if name is not None:
        found["SequenceName"] = name
    if vendor == "ge":
        found["0019,109C LO GEMS_ACQU_01"] = {"gre": "efgre3d", "tse": "frfse", "dwi": "epi2"}[kind]
    return found


def ct_attributes(
    vendor: str,
    role: str,
    *,
    description: str,
    kernel: str,
    kvp: float,
    mas: float,
    thickness_mm: float,
    field_of_view_mm: float,
    padding: int | None = None,
) -> Attributes:
    """Attributes of a CT volume, but for times and contrast agent.

    ``padding``: the stored value outside the reconstructed circle, where the images have one (GE). The tube current
    follows from ``mas`` with a rotation of 0.5 s and a pitch of 1 [A].
    """
    found: Attributes = {
        "Modality": "CT", "SeriesDescription": description, "ProtocolName": "Liver" if vendor != "ge" else "5.1 LIVER",
        "ImageType": image_type(vendor, role), "KVP": _short(kvp), "ExposureTime": 500, "XRayTubeCurrent":
        round(2 * mas), "Exposure": round(mas), "ConvolutionKernel": kernel, "SliceThickness": _short(thickness_mm),
        "ReconstructionDiameter": _short(field_of_view_mm), "DataCollectionDiameter": "500",
        "GantryDetectorTilt": "0", "TableHeight": "150", "RotationDirection": "CW", "RescaleType": "HU",
        "ScanOptions": {"ge": "HELICAL MODE", "philips": "HELIX", "canon": "HELICAL_CT"}.get(vendor, ""),
        "FilterType": {"ge": "BODY FILTER", "siemens": "FLAT"}.get(vendor, "1"), "AcquisitionNumber": 1,
    }  # fmt: skip
    if padding is not None:
        found["PixelPaddingValue"] = padding
    return found


def image_type(vendor: str, role: str, *, is_dixon: bool = False, b_value: float | None = None) -> list[str]:
    """ImageType as the vendor writes it [A]: classic objects, two fixed values first."""
    special: dict[str, list[str]] = {
        "localiser": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
        "mip": ["DERIVED", "SECONDARY", *(["PROJECTION IMAGE"] if vendor == "ge" else []), "MIP"],
        "t1-subtraction": ["DERIVED", "PRIMARY", "M", "NORM", "SUB"]
        if vendor == "siemens"
        else ["DERIVED", "SECONDARY", "SUBTRACT"],
        "adc": ["DERIVED", "PRIMARY", *_ADC_TYPE[vendor]],
    }
    if role in special:
        return special[role]
    dixon = {"t1-in": "IN_PHASE", "t1-opposed": "OPP_PHASE"}.get(role, "WATER" if is_dixon else "")
    if dixon and vendor in ("siemens", "ge", "uih"):
        return ["DERIVED", "PRIMARY", "DIXON", dixon]
    return ["ORIGINAL", "PRIMARY", *_original_type(vendor, role, dixon, b_value)]


_ADC_TYPE: dict[str, list[str]] = {
    "siemens": ["DIFFUSION", "ADC", "ND", "NORM"],
    "ge": ["ADC"],
    "philips": ["ADC", "ADC", "UNSPECIFIED"],
    "uih": ["DIFFUSION", "ADC"],
    "canon": ["ADC"],
}


def _original_type(vendor: str, role: str, dixon: str, b_value: float | None) -> list[str]:
    """What follows the first two values of acquired images."""
    if role.startswith("ct-"):
        return ["AXIAL", *(["CT_SOM5 SPI"] if vendor == "siemens" else [])]
    if vendor == "philips":
        weight = "FFE" if _kind(role) == "gre" else "SE"
        short = {"IN_PHASE": "IP", "OPP_PHASE": "OP", "WATER": "W"}.get(dixon)
        return [f"M_{weight}", "M", weight] if short is None else [short, short, "DERIVED"]
    if role == "dwi" and vendor in ("siemens", "uih"):
        return ["DIFFUSION", "NONE" if b_value == 0 else "TRACEW", "ND", "NORM"]
    return {"siemens": ["M", "ND", "NORM"], "uih": ["M", "NONE"]}.get(vendor, ["OTHER"])


def diffusion_attributes(vendor: str, b_value: float, style: str = B_BOTH, *, is_enhanced: bool = False) -> Attributes:
    """Where the b-value of a volume stands: vendor's private element, standard element, both, or only in words.

    ``B_IN_WORDS`` fits series of a single b-value; give such a series a name that states it (`names.series_name` with
    ``states_b``). Enhanced objects always have the standard element.
    """
    found: Attributes = {}
    if is_enhanced or style in (B_STANDARD, B_BOTH) or (vendor == "canon" and style != B_IN_WORDS):
        found["DiffusionBValue"] = float(b_value)
    if is_enhanced:
        return found
    if style == B_IN_WORDS:
        return {"ImageComments": f"b={b_value:g}"} if vendor == "canon" else {}
    if style == B_STANDARD or vendor not in _CREATORS:
        return found
    creator, b = _CREATORS[vendor], round(b_value)
    if vendor == "siemens":
        found[f"0019,100C IS {creator}"] = b
        found[f"0019,100D CS {creator}"] = "NONE" if b == 0 else "ISOTROPIC"
    elif vendor == "ge":
        found[f"0043,1039 IS {creator}"] = [GE_BIAS + b if b else 0, 8, 0, 0]
    elif vendor == "philips":
        found[f"2001,1003 FL {creator}"] = float(b)
        found[f"2001,1004 CS {creator}"] = "I" if b else "O"
    else:
        found[f"0065,1009 FD {creator}"] = float(b)
    return found


def timing_attributes(
    *,
    injection_s: float,
    seconds: float,
    style: str = ACQUISITION_TIME,
    dynamic_start_s: float | None = None,
    place: int | None = None,
    places: int | None = None,
) -> Attributes:
    """When a volume was acquired.

    Parameters
    ----------
    injection_s
        Clock at the injection, seconds after midnight.
    seconds
        Begin of the volume, seconds after the injection (negative before it).
    style
        ``acquisition-time``: each volume its own. The others are for volumes of one dynamic acquisition, whose
        Acquisition Time is that of its first: ``temporal-position`` numbers them, ``trigger-time`` gives the time
        since the first. Scanners write the latter, but the standard keeps it for gating by the heart (PS3.3 C.8.3.1):
        a strict checker calls it an error, so `draw_habits` never draws it.
    dynamic_start_s
        Begin of the dynamic acquisition, seconds after the injection; without it the style is ``acquisition-time``.
    place, places
        Number of the volume in the dynamic acquisition, from 1, and how many there are.
    """
    is_shared = style != ACQUISITION_TIME and dynamic_start_s is not None
    begin = seconds if dynamic_start_s is None or not is_shared else dynamic_start_s
    clock = clock_time(injection_s + begin)
    found: Attributes = {
        "AcquisitionTime": clock,
        "SeriesTime": clock,
        "ContentTime": clock_time(injection_s + seconds + 15),
    }
    if is_shared and style == TRIGGER_TIME:
        found["TriggerTime"] = _short(1000 * (seconds - begin))
    elif is_shared and place is not None:
        found["TemporalPositionIdentifier"] = place
        found["NumberOfTemporalPositions"] = places or place
    return found


def contrast_attributes(agent: str, seed: int, habits: Habits, injection_s: float | None) -> Attributes:
    """The agent in the words of the study's language, and when it was given; nothing where the habits say nothing.

    Only for volumes after the injection. ``agent``: gadoxetate, extracellular or iodine. ``injection_s``: clock,
    seconds after midnight.
    """
    found: Attributes = {}
    if habits.states_agent:
        rng = stream(seed, "agent-word")
        words = AGENTS[str(rng.choice(PRODUCTS[agent]))]
        found["ContrastBolusAgent"] = str(rng.choice(words.get(habits.language, words[""])))
        found["ContrastBolusRoute"] = "IV"
    if habits.states_start and injection_s is not None:
        found.setdefault("ContrastBolusAgent", "")
        found["ContrastBolusStartTime"] = clock_time(injection_s)
    return found


def clock_time(seconds: float) -> str:
    """A DICOM time (TM) with hundredths, of seconds after midnight."""
    hundredths = round(seconds * 100) % 8_640_000
    whole, rest = divmod(hundredths, 100)
    return f"{whole // 3600:02d}{whole // 60 % 60:02d}{whole % 60:02d}.{rest:02d}"


def _kind(role: str) -> str:
    return "dwi" if role in ("dwi", "adc") else "tse" if role.startswith("t2") else "gre"


def _sequence(vendor: str, kind: str, is_fat_suppressed: bool) -> tuple[list[str], list[str], list[str]]:
    """ScanningSequence, SequenceVariant and ScanOptions."""
    scanning = {"gre": ["GR"], "tse": ["SE"], "dwi": ["EP", "SE"] if vendor in ("ge", "philips") else ["EP"]}[kind]
    variant = {"gre": ["SK", "SP"], "tse": ["SK"], "dwi": ["SK"]}[kind]
    fat = ["FS"] if is_fat_suppressed or kind == "dwi" else []
    first = {"ge": {"gre": ["FAST_GEMS"], "tse": ["FAST_GEMS"], "dwi": ["EPI_GEMS"]}[kind], "siemens": ["PFP"]}.get(
        vendor, []
    )
    return scanning, variant, [*first, *fat]


def _sequence_name(
    vendor: str, kind: str, role: str, is_dixon: bool, b_value: float | None, b_values: Sequence[float]
) -> str | None:
    """SequenceName of those vendors that fill it (16 characters at most)."""
    if vendor == "siemens":
        is_dual = is_dixon or role in ("t1-in", "t1-opposed")
        weighted = f"*ep_b{b_value or 0:g}" + ("t" if b_value else "")
        all_b = ("*ep_b" + "_".join(f"{b:g}" for b in b_values))[:16]
        names = {"localiser": "*tfi2d1_187", "adc": all_b, "dwi": weighted, "t2": "*h2d1_205", "t2-fs": "*tse2d1_18"}
        return names.get(role, "*fl3d2" if is_dual else "*fl3d1_ns")
    if vendor == "uih":
        return {"gre": "gre_fsp", "tse": "fse_arms", "dwi": "epi_dwi"}[kind]
    if vendor == "canon":
        return {"gre": "FE3D_fs", "tse": "FASE2D", "dwi": "SEEPI2D"}[kind]
    return None


def _short(value: float) -> str:
    return f"{value:.7g}"
