"""Roles: names in seven languages, weighed with sequence and time."""

from __future__ import annotations

import pytest

from overread.io.roles import Clues, guess_role

pytestmark = pytest.mark.light


def t1(name: str, **clues: object) -> Clues:
    return Clues(modality="MR", names=(("SeriesDescription", name),), echo_time_ms=1.4, repetition_time_ms=3.6,
                 **clues)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [
    "eTHRIVE_20min", "HBP 20MIN", "t1_vibe_hepatobiliaer_20min", "leberspez", "PHASE HEPATOBILIAIRE 20MIN",
    "FASE HEPATOBILIAR", "肝胆期", "肝特异期20min", "간담도기", "肝細胞相", "HEPATOBILIARY", "DELAY 20", "Ax LAVA HBP"])
def test_hepatobiliary_names_with_a_t1_sequence_are_sure(name: str) -> None:
    role = guess_role(t1(name))
    assert role.name == "t1-hbp"
    assert role.is_sure
    assert name in role.evidence[0]


@pytest.mark.parametrize(("name", "role"), [
    ("AX T1 VIBE FS PRE", "t1-pre"), ("t1_vibe_dixon_tra_nativ", "t1-pre"), ("T1造影前", "t1-pre"),
    ("조영전", "t1-pre"),
    ("TEMPS ARTERIEL", "t1-arterial"), ("动脉期", "t1-arterial"), ("動脈相", "t1-arterial"), ("동맥기", "t1-arterial"),
    ("PV 60S", "t1-portal"), ("门脉期", "t1-portal"), ("門脈相", "t1-portal"), ("PORTAL VENOUS", "t1-portal"),
    ("TRANSITIONAL", "t1-transitional"), ("移行期", "t1-transitional"), ("EQUIL 3 MIN", "t1-delayed"),
    ("t1_vibe_spaet 3min", "t1-delayed"), ("延迟期", "t1-delayed"), ("lava sub arterial", "t1-subtraction"),
    ("t1 in phase", "t1-in"), ("t1_dual_opp", "t1-opposed")])
def test_other_t1_names(name: str, role: str) -> None:
    assert guess_role(t1(name)).name == role


@pytest.mark.parametrize(("name", "role"), [
    ("t2_tse_fs_tra_trigger", "t2-fs"), ("横断位T2压脂", "t2-fs"), ("haste", "t2"), ("T2W_SPAIR_RT", "t2-fs"),
    ("T2 pre biopsy", "t2")])
def test_t2(name: str, role: str) -> None:
    found = guess_role(Clues("MR", (("SeriesDescription", name),), echo_time_ms=90, repetition_time_ms=3000))
    assert found.name == role
    assert found.is_sure


def test_diffusion_and_adc() -> None:
    dwi = guess_role(Clues("MR", (("SeriesDescription", "弥散加权"),), b_value=800))
    assert (dwi.name, dwi.is_sure) == ("dwi", True)
    assert "b-value 800" in dwi.evidence[0]
    assert guess_role(Clues("MR", (("SeriesDescription", "ADC图"),), image_type=("DERIVED", "PRIMARY"))).name == "adc"
    unknown = guess_role(Clues("MR", (("SeriesDescription", "DIFFUSION"),)))
    assert (unknown.name, unknown.is_sure) == ("dwi", False)


@pytest.mark.parametrize(("name", "role"), [("LIVER ART 5.0 B30f", "ct-arterial"), ("肝脏动脉期 5mm", "ct-arterial"),
                                            ("A_Phase 5.0 I30f 3", "ct-arterial"), ("Portal 3mm", "ct-portal"),
                                            ("NATIV 5.0", "ct-pre"), ("DELAY 180s", "ct-delayed")])
def test_ct_names(name: str, role: str) -> None:
    assert guess_role(Clues("CT", (("SeriesDescription", name),))).name == role


def test_time_after_contrast_overrules_a_name() -> None:
    early = guess_role(t1("HBP 20MIN", after_contrast_s=70.0))
    assert not early.is_sure
    assert any(e.startswith("but 70 s") for e in early.evidence)
    assert guess_role(t1("HBP 20MIN", after_contrast_s=1200.0)).confidence > 0.95


def test_late_series_with_a_liver_agent_is_hepatobiliary() -> None:
    late = guess_role(t1("t1_vibe_fs_tra_320_late", after_contrast_s=1200.0, contrast_agent="Gadoxetate (Primovist)"))
    assert (late.name, late.is_sure) == ("t1-hbp", True)
    assert not guess_role(t1("t1_vibe_fs_tra_320_late", after_contrast_s=1200.0)).is_sure


def test_place_in_the_dynamic_group_is_a_guess_in_words() -> None:
    role = guess_role(t1("dyn_THRIVE", phase=4, phases=5, after_first_s=1180.0))
    assert (role.name, role.is_sure) == ("t1-hbp", False)
    assert role.evidence[0] == "4th of 5 in the dynamic group, 1180 s after the first"


@pytest.mark.parametrize("name", ["Survey_MST", "3-plane loc", "AAHead_Scout", "定位像", "Topogram 0.6"])
def test_localisers(name: str) -> None:
    assert guess_role(Clues("MR", (("SeriesDescription", name),), slices=9)).name == "localiser"


def test_knowing_nothing_is_said_so() -> None:
    assert guess_role(Clues("MR", (("SeriesDescription", "abdomen"),))).name is None
    assert guess_role(Clues("US")).name == "other"
    assert guess_role(Clues("CT", is_binary=True)).name == "mask"


@pytest.mark.parametrize(("name", "role"), [
    ("T1 FS AVANT INJECTION", "t1-pre"), ("T1 FS SIMPLE", "t1-pre"), ("FASE TRANSICIONAL", "t1-transitional"),
    ("T1 FS Übergangsphase", "t1-transitional"), ("평형기", "t1-delayed"), ("T1 FS 後期相", "t1-delayed"),
    ("後期動脈相", "t1-arterial"), ("SOUSTRACTION ARTERIEL", "t1-subtraction"), ("T1 HORS PHASE", "t1-opposed"),
    ("T1 EN FASE", "t1-in"), ("T1 逆位相", "t1-opposed"), ("T1 동위상", "t1-in")])
def test_more_words_of_more_languages(name: str, role: str) -> None:
    found = guess_role(t1(name))
    assert (found.name, found.is_sure) == (role, True)


def test_word_for_the_transverse_plane_is_no_phase() -> None:
    assert guess_role(t1("t1_vibe_trans_tra")).name != "t1-transitional"


@pytest.mark.parametrize("clues", [{"image_type": ("DERIVED", "SECONDARY", "PROJECTION IMAGE")},
                                   {"names": (("SeriesDescription", "COR MIP ARTERIAL"),)}])
def test_projections_play_no_part(clues: dict[str, object]) -> None:
    role = guess_role(Clues("MR", echo_time_ms=1.4, repetition_time_ms=3.6, after_contrast_s=30.0,
                            **clues))  # type: ignore[arg-type]
    assert (role.name, role.is_sure) == ("other", True)


def test_scan_options_say_that_fat_is_suppressed() -> None:
    names = (("SeriesDescription", "AX T2"),)
    assert guess_role(Clues("MR", names, echo_time_ms=90, scan_options=("PFP", "FS"))).name == "t2-fs"
    assert guess_role(Clues("MR", names, echo_time_ms=90, scan_options=("PFP",))).name == "t2"


@pytest.mark.parametrize(("after", "agent", "role", "is_sure"), [
    (27.0, "Gadovist", "t1-arterial", True), (62.0, "Gadovist", "t1-portal", True),
    (185.0, "Gadovist", "t1-delayed", True), (185.0, "普美显", "t1-transitional", True),
    (45.0, "Gadovist", "t1-arterial", False), (27.0, None, "t1-arterial", False)])
def test_heart_of_a_dynamic_phase_is_told_by_time_and_agent(after: float, agent: str | None, role: str,
                                                            is_sure: bool) -> None:
    found = guess_role(t1("Ph1/Ax LAVA +C", after_contrast_s=after, contrast_agent=agent))
    assert (found.name, found.is_sure) == (role, is_sure)


def test_time_alone_without_a_dynamic_name_stays_a_guess() -> None:
    found = guess_role(t1("Ax LAVA", after_contrast_s=27.0, contrast_agent="Gadovist"))
    assert (found.name, found.is_sure) == ("t1-arterial", False)


def test_volume_before_the_agent_of_its_own_protocol_is_precontrast() -> None:
    assert guess_role(t1("WATER: Ax LAVA-Flex", agent_follows=True)).name == "t1-pre"
    assert guess_role(t1("WATER: Ax LAVA-Flex")).name is None


@pytest.mark.parametrize(("echo_ms", "field_t", "role"), [
    (2.3, 1.5, "t1-opposed"), (4.6, 1.5, "t1-in"), (1.15, 3.0, "t1-opposed"), (2.3, 3.0, "t1-in")])
def test_echo_time_decides_where_a_name_holds_both_echoes(echo_ms: float, field_t: float, role: str) -> None:
    clues = Clues("MR", (("SeriesDescription", "t1_fl2d_opp-in_tra"),), echo_time_ms=echo_ms, repetition_time_ms=120,
                  field_t=field_t)
    assert (guess_role(clues).name, guess_role(clues).is_sure) == (role, True)
