"""Headers of every vendor in every language: what the digital liver writes is what the intake reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.study import Volume
from overread.io import scan, uid_from
from overread.io.series_writer import OutVolume, write_series
from overread.phantom.headers import (
    ACQUISITION_TIME,
    B_IN_WORDS,
    TEMPORAL_POSITION,
    TRIGGER_TIME,
    Habits,
    contrast_attributes,
    ct_attributes,
    diffusion_attributes,
    mr_attributes,
    timing_attributes,
)
from overread.phantom.names import LANGUAGES, VENDORS, filled, names_of, series_name

pytestmark = pytest.mark.light
AFFINE = Affine(np.array([[1.5, 0, 0, -10], [0, 1.5, 0, -10], [0, 0, 3.0, 0], [0, 0, 0, 1.0]]))
SECONDS = {
    "t1-pre": -60.0,
    "t1-arterial": 27.0,
    "t1-portal": 62.0,
    "t1-transitional": 185.0,
    "t1-delayed": 185.0,
    "t1-hbp": 1200.0,
    "ct-pre": -30.0,
    "ct-arterial": 32.0,
    "ct-portal": 70.0,
    "ct-delayed": 180.0,
}
EARLY = {
    "localiser": -900.0,
    "t1-in": -500.0,
    "t1-opposed": -499.0,
    "t2": -700.0,
    "t2-fs": -600.0,
    "dwi": -400.0,
    "adc": -400.0,
    "t1-subtraction": 100.0,
    "mip": 100.0,
}
MR_WITH_GADOXETATE = (
    "localiser",
    "t1-in",
    "t1-opposed",
    "t2",
    "t2-fs",
    "dwi",
    "adc",
    "t1-pre",
    "t1-arterial",
    "t1-portal",
    "t1-transitional",
    "t1-hbp",
    "t1-subtraction",
    "mip",
)
MR_EXTRACELLULAR = ("t2-fs", "dwi", "adc", "t1-pre", "t1-arterial", "t1-portal", "t1-delayed")
CT_SERIES = ("ct-pre", "ct-arterial", "ct-portal", "ct-delayed")
B_VALUES = (50.0, 400.0, 800.0)
INJECTION_S = 36_000.0
TE_MS = {"t1-in": 2.3, "t1-opposed": 1.15, "t2": 90.0, "t2-fs": 85.0, "dwi": 58.0, "adc": 58.0}
STUDIES = {"gadoxetate": MR_WITH_GADOXETATE, "extracellular": MR_EXTRACELLULAR, "iodine": CT_SERIES}
_PIXELS = np.arange(2 * 4 * 4, dtype=np.uint16).reshape(2, 4, 4)


@dataclass(frozen=True)
class Expected:
    """One volume to be written: attributes, and what a reader has to make of it."""

    role: str
    b_value: float | None
    attributes: dict[str, object]


def habits(language: str, **changes: object) -> Habits:
    """A study whose headers say everything."""
    values: dict[str, object] = {
        "language": language,
        "character_set": "ISO_IR 192",
        "time_style": ACQUISITION_TIME,
        "b_style": "private",
        "states_agent": True,
        "states_start": True,
        "start_s": INJECTION_S - 1000,
    } | changes
    return Habits(**values)  # type: ignore[arg-type]


def volumes_of(
    vendor: str, role: str, name: str, habit: Habits, agent: str, b_values: tuple[float, ...] = B_VALUES
) -> Iterator[Expected]:
    """The volumes of one series, by name with its b-values open."""
    seconds = SECONDS.get(role, EARLY.get(role, 0.0))
    shared: dict[str, object] = {"StudyDate": "20240102", "StudyTime": "093000", "Manufacturer": vendor}
    shared |= timing_attributes(injection_s=INJECTION_S, seconds=seconds)
    if seconds > 0:
        shared |= contrast_attributes(agent, 7, habit, INJECTION_S)
    description = filled(name, b_values if role in ("dwi", "adc") else ())
    if role.startswith("ct-"):
        yield Expected(
            role,
            None,
            shared
            | ct_attributes(
                vendor,
                role,
                description=description,
                kernel="B30f",
                kvp=120,
                mas=160,
                thickness_mm=5,
                field_of_view_mm=360,
            ),
        )
        return
    for b_value in b_values if role == "dwi" else (None,):
        values = mr_attributes(
            vendor,
            role,
            description=description,
            field_t=3.0,
            tr_ms=3.6 if role.startswith("t1") else 3000,
            te_ms=TE_MS.get(role, 1.3),
            flip_deg=10,
            thickness_mm=3,
            b_value=b_value,
            b_values=b_values,
            is_fat_suppressed=role not in ("t1-in", "t1-opposed", "t2"),
            acquired=(224, 320),
        )
        if b_value is not None:
            values |= diffusion_attributes(vendor, b_value, habit.b_style)
        expected = {"mip": "other"}.get(role, role)
        yield Expected(expected, b_value, shared | values)


def single_b_name(vendor: str, language: str) -> str:
    """A diffusion name that states its only b-value."""
    return next((n for n in names_of("dwi", vendor, language) if "{" in n), "DWI b={top}")


def write(folder: Path, study: str, volumes: list[Expected], **options: object) -> None:
    """One series; its pixels are all there need be."""
    out = [OutVolume(_PIXELS, 1.0, 0.0, AFFINE, v.attributes | {"SeriesNumber": 1}) for v in volumes]
    write_series(
        folder,
        out,
        study_uid=uid_from(study),
        series_uid=uid_from(str(folder)),
        frame_of_reference_uid=uid_from(study + "/frame"),
        **options,
    )  # type: ignore[arg-type]


def roles_of(folder: Path) -> dict[str, list[Volume]]:
    """Volumes by the folder in which their series lies."""
    found: dict[str, list[Volume]] = {}
    for volume in scan([folder]).volumes():
        found.setdefault(Path(volume.slices[0].path).parent.name, []).append(volume)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_name_of_every_series_is_read_as_its_role(tmp_path: Path, vendor: str, language: str) -> None:
    expected: dict[str, list[Expected]] = {}
    for agent, roles in STUDIES.items():
        longest = max(len(names_of(role, vendor, language)) for role in roles)
        for turn in range(longest):
            for role in roles:
                names = names_of(role, vendor, language)
                series = f"{agent}-{turn}-{role}"
                expected[series] = list(volumes_of(vendor, role, names[turn % len(names)], habits(language), agent))
                write(tmp_path / series, f"{agent}-{turn}", expected[series])
    found = roles_of(tmp_path)
    wrong = []
    for series, volumes in expected.items():
        got = [(v.role.name, v.b_value) for v in found[series] if v.role.is_sure]
        wanted = [(v.role, v.b_value) for v in volumes]
        if sorted(got, key=str) != sorted(wanted, key=str):
            wrong.append(
                (
                    series,
                    volumes[0].attributes["SeriesDescription"],
                    wanted,
                    [(v.role, v.b_value) for v in found[series]],
                )
            )
    assert wrong == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_b_value_that_stands_only_in_words_is_found(tmp_path: Path, vendor: str) -> None:
    for language in LANGUAGES:
        name = single_b_name(vendor, language)
        volumes = list(volumes_of(vendor, "dwi", name, habits(language, b_style=B_IN_WORDS), "gadoxetate", (800.0,)))
        volumes[0].attributes.pop("SequenceName", None)
        write(tmp_path / language, language, volumes)
    for volumes_found in roles_of(tmp_path).values():
        assert [(v.role.name, v.role.is_sure, v.b_value) for v in volumes_found] == [("dwi", True, 800.0)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_several_b_values_in_one_name_are_not_taken_for_one(tmp_path: Path, vendor: str) -> None:
    (volume,) = volumes_of(
        vendor, "dwi", filled("DWI b{b}", B_VALUES), habits("en", b_style=B_IN_WORDS), "gadoxetate", (800.0,)
    )
    values = {k: v for k, v in volume.attributes.items() if k not in ("SequenceName", "ImageComments")}
    write(tmp_path / "a", "a", [Expected("dwi", None, values)])
    assert [v.b_value for v in roles_of(tmp_path)["a"]] == [None]


def dynamic_series(style: str, names: tuple[str, ...]) -> list[Expected]:
    """The phases of one acquisition, with their times in one of the styles."""
    begins = {"t1-pre": -60.0, "t1-arterial": 27.0, "t1-portal": 62.0, "t1-transitional": 185.0}
    volumes = []
    for place, ((role, seconds), name) in enumerate(zip(begins.items(), names, strict=True), 1):
        (one,) = volumes_of("philips", role, name, habits("coded"), "gadoxetate")
        times = timing_attributes(
            injection_s=INJECTION_S, seconds=seconds, style=style, dynamic_start_s=-60.0, place=place, places=4
        )
        volumes.append(Expected(role, None, one.attributes | times))
    return volumes


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("style", [ACQUISITION_TIME, TRIGGER_TIME])
def test_phases_of_one_series_follow_in_time_whatever_says_so(tmp_path: Path, style: str, enhanced: bool) -> None:
    volumes = dynamic_series(style, ("dyn_eTHRIVE",) * 4)
    write(tmp_path / "a", "a", volumes, enhanced=enhanced)
    found = roles_of(tmp_path)["a"]
    assert [(v.role.name, v.role.is_sure) for v in found] == [(v.role, True) for v in volumes]
    assert [v.acquired_s for v in found] == pytest.approx([0.0, 87.0, 122.0, 245.0], abs=0.02)


def test_phases_numbered_without_times_are_read_by_their_names(tmp_path: Path) -> None:
    volumes = dynamic_series(TEMPORAL_POSITION, ("PRE", "T1 ART", "T1 PORTAL", "TRANSITIONAL"))
    write(tmp_path / "a", "a", volumes)
    found = roles_of(tmp_path)["a"]
    assert [(v.role.name, v.role.is_sure) for v in found] == [(v.role, True) for v in volumes]


@pytest.mark.parametrize(("field_t", "in_ms", "opposed_ms"), [(1.5, 4.6, 2.3), (3.0, 2.3, 1.15)])
def test_echo_time_tells_the_two_echoes_of_one_name_apart(
    tmp_path: Path, field_t: float, in_ms: float, opposed_ms: float
) -> None:
    volumes = []
    for echo, echo_time in (("t1-opposed", opposed_ms), ("t1-in", in_ms)):
        (one,) = volumes_of("canon", "t1-in", "Ax Dual Echo", habits("en"), "gadoxetate")
        volumes.append(
            Expected(
                echo,
                None,
                one.attributes | {"EchoTime": echo_time, "MagneticFieldStrength": field_t, "RepetitionTime": 120},
            )
        )
    write(tmp_path / "a", "a", volumes)
    assert {(v.role.name, v.role.is_sure) for v in roles_of(tmp_path)["a"]} == {("t1-opposed", True), ("t1-in", True)}


@pytest.mark.parametrize(
    ("character_set", "language"),
    [
        ("GB18030", "zh"),
        ("ISO 2022 IR 149", "ko"),
        ("ISO 2022 IR 87", "ja"),
        ("ISO_IR 100", "de"),
        ("ISO_IR 192", "zh"),
    ],
)
def test_names_survive_every_character_set(tmp_path: Path, character_set: str, language: str) -> None:
    names = {
        f"{n}-{role}": name
        for role in ("t1-hbp", "t1-portal", "t2-fs")
        for n, name in enumerate(names_of(role, "siemens", language))
    }
    for key, name in names.items():
        volumes = list(volumes_of("siemens", key[2:], name, habits(language), "gadoxetate"))
        write(tmp_path / key, key, volumes, character_set=character_set)
    assert {key: volumes[0].description for key, volumes in roles_of(tmp_path).items()} == names


def test_text_that_a_character_set_lacks_makes_the_file_utf_8(tmp_path: Path) -> None:
    volumes = list(volumes_of("siemens", "t1-hbp", "간담도기", habits("ko"), "gadoxetate"))
    write(tmp_path / "a", "a", volumes, character_set="ISO 2022 IR 87")
    assert roles_of(tmp_path)["a"][0].description == "간담도기"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("style", ["private", "standard", "both"])
def test_b_value_comes_back_from_each_vendors_elements(tmp_path: Path, vendor: str, style: str) -> None:
    (one,) = volumes_of(vendor, "dwi", "AX DWI RT", habits("en"), "gadoxetate", (800.0,))
    plain = {k: v for k, v in one.attributes.items() if k in ("StudyDate", "SeriesDescription", "EchoTime")}
    volumes = [Expected("dwi", b, plain | diffusion_attributes(vendor, b, style)) for b in (0.0, 50.0, 1000.0)]
    write(tmp_path / "a", "a", volumes)
    assert sorted(str(v.b_value) for v in roles_of(tmp_path)["a"]) == ["0.0", "1000.0", "50.0"]


def test_name_is_drawn_from_the_vendors_words() -> None:
    rng = np.random.default_rng(0)
    drawn = {series_name("t1-hbp", "ge", "en", rng) for _ in range(200)}
    assert drawn == set(names_of("t1-hbp", "ge", "en"))
    assert not any("THRIVE" in name for name in drawn)
