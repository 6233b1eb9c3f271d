"""Protocols: every site of every kind has the scanners and series that it should, and headers fit together."""

from __future__ import annotations

import pytest

from overread.phantom.headers import B_IN_WORDS, draw_habits
from overread.phantom.protocols import REFERENCE, SEQUENCES_OF, Protocol, draw_protocols
from overread.phantom.sites import SITE_TABLE

pytestmark = pytest.mark.light
BODY = (330.0, 230.0)
ALL = [(kind, site) for kind, sites in SITE_TABLE.items() for site in sites]


def protocols(kind: str, site: str, count: int = 60) -> list[tuple[int, tuple[Protocol, ...]]]:
    return [(seed, draw_protocols(seed, kind, site, BODY)) for seed in range(count)]


@pytest.mark.parametrize(("kind", "site"), ALL)
def test_every_study_has_one_scanner_of_its_site_and_its_reference_volume(kind: str, site: str) -> None:
    scanners = {(s.vendor, s.model, s.field_t) for s in SITE_TABLE[kind][site].scanners}
    for _, study in protocols(kind, site):
        assert {(p.vendor, p.model, p.field_t) for p in study} <= scanners
        assert len({(p.manufacturer, p.model, p.language, p.agent) for p in study}) == 1
        assert REFERENCE[kind] in {p.role for p in study}
        assert len({p.role for p in study}) == len(study)
        for p in study:
            assert p.rows <= p.columns
            assert p.acquired_matrix[0] <= p.rows
            assert p.acquired_matrix[1] <= p.columns
            assert p.columns * p.pixel_mm >= BODY[0]
            assert p.description


@pytest.mark.parametrize("kind", ["multiphase", "triage"])
def test_gadoxetate_studies_have_their_late_phases_and_others_a_delayed_one(kind: str) -> None:
    seen = set()
    for _, study in protocols(kind, "internal"):
        roles = {p.role for p in study}
        is_gadoxetate = study[0].agent == "gadoxetate"
        seen.add(is_gadoxetate)
        assert ("t1-hbp" in roles) == is_gadoxetate
        assert not (is_gadoxetate and "t1-delayed" in roles)
    assert seen == {True, False}


def test_dynamic_phases_follow_in_time() -> None:
    for _, study in protocols("multiphase", "internal"):
        seconds = [p.phase.seconds for p in study if p.role in ("t1-pre", "t1-arterial", "t1-portal", "t1-delayed")]
        assert seconds == sorted(seconds)


def test_b_values_share_a_series_unless_they_stand_in_words_alone() -> None:
    styles = set()
    for seed, study in protocols("triage", "internal", 200):
        diffusion = [p for p in study if p.role.startswith("dwi:")]
        assert len({p.sequence.b_value for p in diffusion}) == len(diffusion) >= 2
        in_words = draw_habits(seed, study[0].vendor, study[0].language).b_style == B_IN_WORDS
        styles.add(in_words)
        assert len({p.series for p in diffusion}) == (len(diffusion) if in_words else 1)
        if in_words:
            assert all(f"{p.sequence.b_value:g}" in p.description for p in diffusion)
    assert styles == {True, False}


def test_matrix_asked_for_keeps_the_field_of_view() -> None:
    (protocol,) = draw_protocols(5, "hbp", "internal", BODY)
    small = protocol.at_matrix(96)
    assert small.columns == 96
    assert small.columns * small.pixel_mm == pytest.approx(protocol.columns * protocol.pixel_mm)
    assert small.rows / small.columns == pytest.approx(protocol.rows / protocol.columns, abs=0.01)


def test_kinds_know_their_series() -> None:
    assert set(SEQUENCES_OF) == set(SITE_TABLE) == set(REFERENCE)
