"""noncontrast-triage on a real stranger: T1 and T2 of a healthy liver, with a place in it named by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.systems.noncontrast_triage.conftest import write_bundle

from overread.core.errors import GateRefusal
from overread.core.region import Circle, LesionRegion, Region
from overread.core.study import Study, Volume
from overread.io import scan
from overread.systems import ReadRequest, choose_volumes, load_bundle, read

pytestmark = pytest.mark.shared
LIVER_MM = (-60.0, -20.0)
"""[A] A place in the right lobe, x and y from the middle of the T2 stack; there is no lesion there."""


@pytest.fixture(scope="module")
def chaos(shared_data: Path) -> Study:
    (study,) = scan([shared_data / "liver-mr-chaos-1"]).studies
    return study


def named(study: Study, word: str) -> Volume:
    return next(v for v in study.volumes() if word in (v.description or "") or word in v.slices[0].path)


def region_in(volume: Volume) -> Region:
    assert volume.affine is not None
    k = volume.shape[0] // 2
    x, y, z = volume.affine.to_mm((k, (volume.shape[1] - 1) / 2, (volume.shape[2] - 1) / 2)).tolist()
    circles = tuple(
        Circle((x + LIVER_MM[0], y + LIVER_MM[1], z + n * volume.affine.spacing_mm[0]), 25.0) for n in (-1, 0, 1)
    )
    return Region((LesionRegion("L1", circles, "circle", 10.0),))


def test_t2_of_a_stranger_is_read_where_a_person_points(chaos: Study, tmp_path: Path) -> None:
    volume = named(chaos, "T2_1")
    bundle = load_bundle(write_bundle(tmp_path / "t2", "t2"))
    chosen = choose_volumes(chaos, "noncontrast-triage", {"t2": volume}, "t2", bundle)
    request = ReadRequest("noncontrast-triage", chosen, bundle_folder=str(bundle.folder), region=region_in(volume))
    outcome = read(request)
    assert outcome.reading.result == "classes"
    assert [mark.peak_slice for mark in outcome.reading.marks] == [17, 19]
    assert outcome.heatmap is not None
    assert outcome.heatmap.values.shape[0] == volume.shape[0]
    again = read(replace(request, use_cache=False))
    assert again.reading.to_json()["content_digest"] == outcome.reading.to_json()["content_digest"]
    assert np.isfinite(outcome.reading.rating or np.nan)


def test_six_series_of_a_stranger_that_has_two_are_refused_naming_what_is_missing(chaos: Study, tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "six", "six"))
    assigned = {"t2": named(chaos, "T2_1"), "t1-pre": named(chaos, "T1_1")}
    with pytest.raises(GateRefusal) as refusal:
        choose_volumes(chaos, "noncontrast-triage", assigned, "six", bundle)
    for role in ("dwi", "t1-arterial", "t1-portal", "t1-delayed"):
        assert role in str(refusal.value)
    reading = read(
        ReadRequest("noncontrast-triage", tuple(assigned.items()), bundle_folder=str(bundle.folder), region=None)
    ).reading
    assert reading.result == "refused"
    assert "dwi" in reading.messages[0].text
