"""Which part a volume plays in a liver study: a guess with its confidence and its reasons in words.

Names are matched in the languages of science/tables/phantom_series_names.csv; a name alone is never quite enough:
the pulse sequence, the contrast and the time after it speak for or against it. Below 0.8 a role stays a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overread.core.roles import Role
from overread.io.role_words import (
    ADC,
    ARTERIAL,
    CONTRASTED,
    DELAYED,
    DUAL_ECHO,
    DWI,
    DYNAMIC,
    FAT_SATURATED,
    HBP,
    HEPATOBILIARY_AGENT,
    IN_PHASE,
    LOCALISER,
    MASK,
    OPPOSED,
    PORTAL,
    PRE,
    PROJECTION,
    SUBTRACTION,
    T1_SEQUENCE,
    T2,
    Word,
)

SURE_NAME, FAIR_NAME, WEAK = 0.92, 0.75, 0.5


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known about a volume that may tell its role.

    Times in s, ``echo_time_ms`` and ``repetition_time_ms`` in ms. ``phase`` of ``phases`` counts from 1 in the dynamic
    group; ``after_first_s`` is the time since the group's first volume, ``after_contrast_s`` since the injection.
    """

    modality: str | None
    names: tuple[tuple[str, str], ...] = ()
    """(keyword, text) pairs: SeriesDescription, ProtocolName, SequenceName, ImageComments."""
    image_type: tuple[str, ...] = ()
    scanning_sequence: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    field_t: float | None = None
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    echo_train: int | None = None
    b_value: float | None = None
    contrast_agent: str | None = None
    agent_follows: bool = False
    """No agent is stated here, but by a later volume of the same protocol."""
    phase: int | None = None
    phases: int | None = None
    after_first_s: float | None = None
    after_contrast_s: float | None = None
    slices: int = 1
    is_binary: bool = False
    is_mosaic: bool = False
    is_odd_scout: bool = False
    """A lone slice across the direction of the series' other slices."""


def guess_role(clues: Clues) -> Role:
    """The most likely role of a volume, with confidence and evidence."""
    for judge in (_formal, _of_mr, _of_ct):
        role = judge(clues)
        if role is not None:
            return role
    return Role(None)


def _find(clues: Clues, word: Word) -> str | None:
    """Evidence that a word stands in one of the names."""
    for keyword, text in clues.names:
        if word.pattern.search(text):
            return f"{keyword} '{text}' says {word.says}"
    return None


def _formal(clues: Clues) -> Role | None:
    """Roles that the image type or the kind of picture settles, whatever the modality."""
    named, flat = _find(clues, LOCALISER), _find(clues, PROJECTION)
    is_projection = any(t in ("MIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE") for t in clues.image_type)
    rules = (
        (clues.is_mosaic, "other", 0.9, "many slices side by side in one picture"),
        ("LOCALIZER" in clues.image_type, "localiser", 0.99, "ImageType says LOCALIZER"),
        (named is not None, "localiser", 0.9 if clues.slices <= 60 else FAIR_NAME, named or ""),
        (clues.is_odd_scout, "localiser", 0.7, "a lone slice across the direction of the others in its series"),
        (is_projection, "other", 0.95, "ImageType says it is a projection"),
        (flat is not None, "other", 0.85, flat or ""),
        (clues.is_binary, "mask", 0.85, "values are only 0 and one other"),
        (clues.modality not in ("MR", "CT", None), "other", 0.9, f"modality {clues.modality}"),
    )
    return next((Role(name, sure, (why,)) for applies, name, sure, why in rules if applies), None)


def _of_mr(clues: Clues) -> Role | None:
    if clues.modality != "MR":
        return None
    for judge in (_diffusion, _subtraction, _named_t1, _dual_echo, _of_t2, _by_time):
        role = judge(clues)
        if role is not None:
            return role
    return None


def _diffusion(clues: Clues) -> Role | None:
    adc = _find(clues, ADC)
    if "ADC" in clues.image_type or "ADC_MAP" in clues.image_type or any(t.startswith("ADC") for t in clues.image_type):
        return Role("adc", 0.97, ("ImageType says ADC", *((adc,) if adc else ())))
    named = _find(clues, DWI)
    if adc is not None and not (named is not None and (clues.b_value or 0) > 0 and "DERIVED" not in clues.image_type):
        return Role("adc", 0.85 if "DERIVED" in clues.image_type or clues.b_value is None else 0.7, (adc,))
    is_typed = "DIFFUSION" in clues.image_type
    if clues.b_value is not None:
        evidence = [f"b-value {clues.b_value:g} s/mm2"]
        evidence += [named] if named else ["ImageType says DIFFUSION"] if is_typed else []
        return Role("dwi", 0.95 if len(evidence) > 1 else 0.85, tuple(evidence))
    if named is not None or is_typed:
        return Role("dwi", FAIR_NAME, (named or "ImageType says DIFFUSION", "no b-value in the header"))
    return None


def _subtraction(clues: Clues) -> Role | None:
    named = _find(clues, SUBTRACTION)
    if "SUBTRACTION" in clues.image_type or "SUBTRACT" in clues.image_type:
        return Role("t1-subtraction", 0.95, ("ImageType says SUBTRACTION", *((named,) if named else ())))
    return Role("t1-subtraction", 0.8, (named,)) if named is not None else None


def _t1_evidence(clues: Clues) -> tuple[float, str]:
    """How well the pulse sequence fits T1-weighted gradient echo (-1 against, 0 unknown, 1 for) and why."""
    te, tr = clues.echo_time_ms, clues.repetition_time_ms
    if te is not None and te > 30:
        return -1, f"echo time {te:g} ms is too long for T1"
    if (clues.echo_train or 0) > 40 and te is not None and te > 15:
        return -1, f"echo train of {clues.echo_train}"
    if te is not None and tr is not None and te <= 12 and tr <= 400:
        return 1, f"TR {tr:g} / TE {te:g} ms is T1 gradient echo"
    for keyword, text in clues.names:
        if T1_SEQUENCE.search(text):
            return 1, f"{keyword} '{text}' is a T1 sequence"
    if te is not None and te <= 12 and "GR" in clues.scanning_sequence:
        return 1, f"gradient echo with TE {te:g} ms"
    return 0, "the pulse sequence is not stated"


def _named_t1(clues: Clues) -> Role | None:
    fit, why = _t1_evidence(clues)
    if fit < 0:
        return None
    for word in CONTRASTED:
        named = _find(clues, word)
        if named is None:
            continue
        late = _is_hepatobiliary_time(clues) if word is DELAYED else None
        if late is not None:
            return Role("t1-hbp", late[0], (named, why, *late[1]))
        if fit == 0 and word is not HBP:
            return Role(word.role, WEAK, (named, why))
        confidence, evidence = _weigh_time(clues, word.role, SURE_NAME if fit > 0 else FAIR_NAME)
        return Role(word.role, confidence, (named, why, *evidence))
    return None


def _is_hepatobiliary_time(clues: Clues) -> tuple[float, tuple[str, ...]] | None:
    """Confidence and evidence where a "late" volume is so late that it is the hepatobiliary phase."""
    after, since = clues.after_contrast_s, "the contrast agent"
    if after is None and clues.phase is not None and clues.phase > 1:
        after, since = clues.after_first_s, "the first of the dynamic group"
    if after is None or after < 600:
        return None
    agent = clues.contrast_agent
    if agent is not None and HEPATOBILIARY_AGENT.search(agent):
        return 0.92, (f"{after:.0f} s after {since}", f"contrast agent '{agent}' is taken up by the liver")
    return 0.75, (f"{after:.0f} s after {since}",)


_WINDOWS_S = {"t1-arterial": (5, 60), "t1-portal": (40, 130), "t1-transitional": (100, 420), "t1-delayed": (100, 900),
              "t1-hbp": (540, 7200)}


def _weigh_time(clues: Clues, role: str, confidence: float) -> tuple[float, tuple[str, ...]]:
    """Let the time after the contrast agent speak for or against a named phase."""
    if role == "t1-pre":
        late = clues.after_contrast_s is not None and clues.after_contrast_s > 0
        return (0.5, (f"but {clues.after_contrast_s:.0f} s after the contrast agent",)) if late else (confidence, ())
    window, after = _WINDOWS_S[role], clues.after_contrast_s
    if after is not None and after > 0:
        fits = window[0] <= after <= window[1]
        text = f"{after:.0f} s after the contrast agent"
        return (min(0.97, confidence + 0.05), (text,)) if fits else (min(confidence, 0.6), (f"but {text}",))
    if clues.phase is not None and clues.phases and clues.after_first_s is not None:
        text = _place(clues.phase, clues.phases, clues.after_first_s)
        if role == "t1-hbp" and clues.phase > 1 and clues.after_first_s < 400:
            return min(confidence, 0.6), (f"but {text}",)
        return confidence, (text,)
    return confidence, ()


def _dual_echo(clues: Clues) -> Role | None:
    fit, why = _t1_evidence(clues)
    typed = [t for t in clues.image_type if t in ("IN_PHASE", "OPP_PHASE", "OUT_PHASE", "IP", "OP", "W", "WATER", "F",
                                                  "FAT")]
    if fit >= 0 and typed:
        role = {"IN_PHASE": "t1-in", "IP": "t1-in", "OPP_PHASE": "t1-opposed", "OUT_PHASE": "t1-opposed",
                "OP": "t1-opposed"}.get(typed[0])
        if role is not None:
            return Role(role, 0.9, (f"ImageType says {typed[0]}", why))
    dual = _of_two_echoes(clues, fit, why)
    if dual is not None:
        return dual
    for word in (OPPOSED, IN_PHASE):
        named = _find(clues, word)
        if named is not None and fit >= 0 and not _find(clues, T2):
            return Role(word.role, 0.85 if fit > 0 else WEAK, (named, why))
    return None


def _of_two_echoes(clues: Clues, fit: float, why: str) -> Role | None:
    """A name for both echoes of one acquisition: water and fat beat at 3.4 ppm, the echo time tells which is which."""
    has_both = _find(clues, IN_PHASE) is not None and _find(clues, OPPOSED) is not None
    name = next((text for _, text in clues.names if has_both or DUAL_ECHO.search(text)), None)
    if name is None or fit < 0 or clues.echo_time_ms is None or clues.field_t is None:
        return None
    turns = clues.echo_time_ms * 1e-3 * 3.4 * 42.577 * clues.field_t
    role = "t1-in" if abs(turns - round(turns)) < 0.15 else "t1-opposed" if abs(turns % 1 - 0.5) < 0.15 else None
    if role is None or turns < 0.3:
        return None
    evidence = f"at {clues.field_t:g} T an echo time of {clues.echo_time_ms:g} ms is {role[3:]}-phase"
    return Role(role, 0.85 if fit > 0 else WEAK, (f"'{name}' names two echoes", evidence, why))


def _of_t2(clues: Clues) -> Role | None:
    named, te = _find(clues, T2), clues.echo_time_ms
    is_long = te is not None and te >= 50 and not ("EP" in clues.scanning_sequence and named is None)
    if named is None and not is_long:
        return None
    if te is not None and te < 30:
        return None
    fat = next((f"{keyword} '{text}' says fat is suppressed" for keyword, text in clues.names
                if FAT_SATURATED.search(text)), None)
    if fat is None and "FS" in clues.scan_options:
        fat = "ScanOptions says fat is suppressed"
    evidence = [e for e in (named, f"echo time {te:g} ms" if te is not None else None, fat) if e]
    confidence = 0.9 if named and is_long else FAIR_NAME if named else 0.6
    return Role("t2-fs" if fat else "t2", confidence, tuple(evidence))


# Seconds after the injection at which a dynamic volume can be nothing else [A]: the cores of _WINDOWS_S.
_CORES_S = {"t1-arterial": (15, 42), "t1-portal": (48, 95), "t1-transitional": (130, 330), "t1-delayed": (130, 330)}


def _by_time(clues: Clues) -> Role | None:
    """Nameless T1 volumes: by the time after contrast, or their place in a dynamic group. Mostly a guess."""
    fit, why = _t1_evidence(clues)
    if fit <= 0:
        return None
    if clues.agent_follows:
        return Role("t1-pre", 0.85, ("no contrast agent yet, later volumes of the same protocol have it", why))
    is_named_dynamic = any(DYNAMIC.search(text) for _, text in clues.names)
    after = clues.after_contrast_s
    if after is not None and after < 0 and clues.phase == 1:
        text = f"{-after:.0f} s before the contrast agent, first of {clues.phases} in the dynamic group"
        return Role("t1-pre", 0.85 if is_named_dynamic else 0.7, (text, why))
    if after is not None and after > 0:
        return _at_time(clues, after, is_named_dynamic, why)
    return _in_dynamic_group(clues, is_named_dynamic, why)


def _in_dynamic_group(clues: Clues, is_named_dynamic: bool, why: str) -> Role | None:
    """A guess from the place among the volumes that repeat one protocol."""
    is_dynamic = clues.contrast_agent is not None or is_named_dynamic
    if clues.phase is None or not clues.phases or clues.phases < 3 or not is_dynamic or clues.after_first_s is None:
        return None
    place = _place(clues.phase, clues.phases, clues.after_first_s)
    if clues.after_first_s > 600:
        return Role("t1-hbp", 0.7, (place, why))
    if clues.phases <= 6:
        roles: Sequence[str] = ("t1-pre", "t1-arterial", "t1-portal", "t1-transitional", "t1-delayed", "t1-delayed")
        return Role(roles[clues.phase - 1], 0.55, (place, why))
    return None


def _at_time(clues: Clues, after_s: float, is_named_dynamic: bool, why: str) -> Role | None:
    """The phase of a T1 volume so many seconds after the injection; sure only for the heart of a dynamic phase."""
    text = f"{after_s:.0f} s after the contrast agent"
    agent = clues.contrast_agent
    is_liver_agent = agent is not None and HEPATOBILIARY_AGENT.search(agent) is not None
    late = "t1-delayed" if agent and not is_liver_agent else "t1-transitional"
    for role in ("t1-arterial", "t1-portal", late, "t1-hbp"):
        low, high = _WINDOWS_S[role]
        if not low <= after_s <= high:
            continue
        core = _CORES_S.get(role)
        if core is None or not is_named_dynamic or not agent or not core[0] <= after_s <= core[1]:
            return Role(role, 0.7, (text, why))
        return Role(role, 0.85, (text, why, f"contrast agent '{agent}', named as dynamic"))
    return None


_CT_ROLES = {"t1-arterial": "ct-arterial", "t1-portal": "ct-portal", "t1-delayed": "ct-delayed", "t1-pre": "ct-pre"}


def _of_ct(clues: Clues) -> Role | None:
    if clues.modality != "CT":
        return None
    mask = _find(clues, MASK)
    if mask is not None:
        return Role("mask", 0.6, (mask,))
    for word in (ARTERIAL, PORTAL, DELAYED, PRE):
        named = _find(clues, word)
        if named is not None:
            against = word is PRE and clues.contrast_agent is not None
            return Role(_CT_ROLES[word.role], WEAK if against else 0.85, (named,))
    if clues.after_contrast_s is not None and clues.after_contrast_s > 0:
        after = clues.after_contrast_s
        role = "ct-arterial" if 15 <= after <= 45 else "ct-portal" if 55 <= after <= 100 else (
            "ct-delayed" if after >= 120 else None)
        if role is not None:
            return Role(role, 0.7, (f"{after:.0f} s after the contrast agent",))
    if clues.phase is not None and clues.phases in (3, 4) and clues.contrast_agent is not None:
        roles = ("ct-pre", "ct-arterial", "ct-portal", "ct-delayed")[4 - clues.phases:]
        return Role(roles[clues.phase - 1], 0.5, (f"{_ordinal(clues.phase)} of {clues.phases} passes with contrast",))
    return None


def _place(phase: int, phases: int, after_first_s: float) -> str:
    return f"{_ordinal(phase)} of {phases} in the dynamic group, {after_first_s:.0f} s after the first"


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 11 <= number % 100 <= 13 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
