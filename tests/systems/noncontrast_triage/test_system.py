"""noncontrast-triage from files to a reading: variants, rules, what is refused and what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tomli_w
from tests.systems.multiphase_characterisation.conftest import write_bundle as write_detectors
from tests.systems.noncontrast_triage.conftest import (
    CENTRE_MM,
    GRIDS,
    RADIUS_MM,
    ball_region,
    write_series,
)

from overread.core.errors import BundleError
from overread.core.places import resources
from overread.core.progress import CallbackProgress, Cancelled
from overread.core.region import Circle, LesionRegion, Region
from overread.core.study import Volume
from overread.io.places import user_places
from overread.systems import ReadRequest, load_bundle, read
from overread.systems.noncontrast_triage.variants import CLASSES, STACKS, roles_of

Bundles = Callable[[str], Path]


def request_of(
    series: dict[str, Volume], bundle: Path, variant: str, region: Region | None, **how: object
) -> ReadRequest:
    volumes = tuple((role, series[role]) for role in roles_of(variant))
    words = {"device": "cpu", "engine": "torch", **how}
    return ReadRequest("noncontrast-triage", volumes, variant, bundle_folder=str(bundle), region=region, **words)


@pytest.mark.parametrize("variant", list(STACKS))
def test_every_variant_gives_classes_a_mark_a_square_and_a_reading_that_keeps_to_its_schema(
    variant: str, series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    outcome = read(request_of(series, triage_bundle(variant), variant, region))
    reading = outcome.reading
    assert reading.result == "classes"
    assert set(reading.classes or {}) == set(CLASSES)
    assert sum((reading.classes or {}).values()) == pytest.approx(1)
    assert reading.category == max(reading.classes or {}, key=lambda name: (reading.classes or {})[name])
    assert reading.rating == pytest.approx(1 - (reading.classes or {})["benign"])
    assert [i.role for i in reading.inputs] == list(roles_of(variant))
    assert len(reading.marks) == 3  # five slices, 24 mm from the first to the last
    assert reading.region == region.to_json()
    schema = json.loads((resources() / "schemas" / "reading.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(reading.to_json())), schema)


def test_the_patient_is_the_mean_of_its_squares_and_the_rules_follow_from_them(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    reading = read(request_of(series, triage_bundle("t2"), "t2", region)).reading
    vectors = np.array([[mark.classes[name] for name in CLASSES] for mark in reading.marks])
    assert [(reading.classes or {})[name] for name in CLASSES] == pytest.approx(vectors.mean(axis=0).tolist())
    assert [mark.score for mark in reading.marks] == pytest.approx((1 - vectors[:, 0]).tolist())
    malignant = int((vectors.argmax(axis=1) > 0).sum())
    assert (reading.parameters or {})["malignant_slices"] == malignant
    assert (reading.parameters or {})["any_slice"] == ("malignant" if malignant else "benign")
    assert (reading.parameters or {})["rule"] == "sum"


def test_marks_lie_on_slices_of_t2_inside_the_lesion(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    reading = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    for mark in reading.marks:
        assert mark.volume == series["t2"].id
        assert (mark.peak_slice,) == mark.slices
        assert mark.centre_mm[2] == pytest.approx(GRIDS["t2"][2][2] + 6.0 * (mark.peak_slice or 0))
        assert np.linalg.norm(np.subtract(mark.centre_mm, CENTRE_MM)) < RADIUS_MM


def test_the_heatmap_lies_on_the_slices_and_within_the_squares(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    outcome = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", region))
    grid, heatmap = series["t2"].grid, outcome.heatmap
    assert grid is not None
    assert heatmap is not None
    assert heatmap.sha256 == (outcome.reading.heatmap.sha256 if outcome.reading.heatmap else None)
    on_grid = heatmap.on_grid(grid)
    read_slices = {mark.peak_slice for mark in outcome.reading.marks}
    assert {int(k) for k in np.flatnonzero(on_grid.any(axis=(1, 2)))} <= read_slices
    assert on_grid.max() > 0
    _, rows, columns = np.nonzero(on_grid)
    reach = max(mark.extent_mm or 0 for mark in outcome.reading.marks) / 2 + 3
    mm = grid.affine.to_mm(np.stack([np.zeros_like(rows), rows, columns], axis=1))
    assert np.abs(mm[:, 0] - CENTRE_MM[0]).max() < reach
    assert np.abs(mm[:, 1] - CENTRE_MM[1]).max() < reach


def test_the_same_request_gives_the_same_digest_and_the_second_comes_from_the_cache(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    request = request_of(series, triage_bundle("tri"), "tri", region)
    first, again = read(request), read(request)
    anew = read(replace(request, use_cache=False))
    digests = {outcome.reading.to_json()["content_digest"] for outcome in (first, again, anew)}
    assert len(digests) == 1
    assert (first.is_from_cache, again.is_from_cache, anew.is_from_cache) == (False, True, False)
    moved = Region((replace(region.lesions[0], circles=region.lesions[0].circles[:3]),))
    assert not read(replace(request, region=moved)).is_from_cache


@pytest.mark.slow
def test_onnx_runtime_says_what_torch_says(series: dict[str, Volume], triage_bundle: Bundles, region: Region) -> None:
    pytest.importorskip("onnxruntime")
    bundle = triage_bundle("t2")
    one = read(request_of(series, bundle, "t2", region)).reading
    other = read(request_of(series, bundle, "t2", region, engine="onnx")).reading
    assert other.reader.engine != one.reader.engine
    for name in CLASSES:
        assert (other.classes or {})[name] == pytest.approx((one.classes or {})[name], abs=1e-4)


def test_without_a_region_and_without_detectors_it_asks_for_one(
    series: dict[str, Volume], triage_bundle: Bundles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("overread.systems.installed.shipped_models", lambda: tmp_path)
    reading = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", None)).reading
    assert reading.result == "refused"
    (message,) = reading.messages
    assert "nobody has said where the lesion is" in message.text
    assert "--region" in message.text


@pytest.mark.slow
def test_without_a_region_the_detectors_of_the_other_system_look_for_one(
    series: dict[str, Volume], triage_bundle: Bundles
) -> None:
    write_detectors(user_places().bundles / "multiphase-tiny", {})
    reading = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", None)).reading
    assert reading.result == "classes"
    assert (reading.parameters or {})["region_from"] == "detectors"
    assert reading.region is not None
    assert {lesion["source"] for lesion in reading.region["lesions"]} == {"detector"}
    assert any("not by a person" in message.text for message in reading.messages)


@pytest.mark.slow
def test_detectors_that_find_nothing_give_no_region_never_benign(
    series: dict[str, Volume], triage_bundle: Bundles
) -> None:
    write_detectors(user_places().bundles / "multiphase-tiny", {"voting": {"cut": 1.0, "share": 0.48}})
    outcome = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", None))
    assert outcome.reading.result == "no-region"
    assert (outcome.reading.category, outcome.reading.classes, outcome.reading.rating) == (None, None, None)
    assert any("no answer about a lesion" in message.text for message in outcome.reading.messages)
    again = read(request_of(series, triage_bundle("t2-dwi"), "t2-dwi", None))
    assert again.reading.to_json()["content_digest"] == outcome.reading.to_json()["content_digest"]


def test_a_region_outside_t2_is_refused_in_words(series: dict[str, Volume], triage_bundle: Bundles) -> None:
    far = Region((LesionRegion("L1", (Circle((0.0, 0.0, 900.0), 20.0),), "circle", 10.0),))
    reading = read(request_of(series, triage_bundle("t2"), "t2", far)).reading
    assert reading.result == "refused"
    assert "outside its T2 series" in reading.messages[0].text


def test_of_several_lesions_the_largest_is_read_and_that_is_said(
    series: dict[str, Volume], triage_bundle: Bundles
) -> None:
    small = LesionRegion("L2", (Circle((30.0, 10.0, 9.0), 15.0),), "mask", 10.0)
    reading = read(request_of(series, triage_bundle("t2"), "t2", Region((ball_region(), small)))).reading
    assert (reading.parameters or {})["lesion"] == "L1"
    assert any("holds 2 lesions" in message.text for message in reading.messages)


def test_of_many_circled_slices_it_says_how_many_were_read(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region
) -> None:
    lesion = region.lesions[0]
    reading = read(request_of(series, triage_bundle("t2"), "t2", region)).reading
    told = [m.text for m in reading.messages if "circled slices were chosen" in m.text]
    ours = f"{len(reading.marks)} of {len(lesion.circles)} circled slices were chosen to be read, about every 10 mm."
    assert told == [ours]


def test_every_missing_series_is_named(series: dict[str, Volume], triage_bundle: Bundles, region: Region) -> None:
    request = request_of(series, triage_bundle("six"), "six", region)
    kept = tuple((role, volume) for role, volume in request.volumes if role not in ("t1-portal", "t1-delayed"))
    reading = read(replace(request, volumes=kept)).reading
    assert reading.result == "refused"
    assert "t1-portal" in reading.messages[0].text
    assert "t1-delayed" in reading.messages[0].text


def test_series_of_different_frames_of_reference_are_refused(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region, tmp_path: Path
) -> None:
    other = {**series, "dwi": write_series(tmp_path / "dwi", "dwi", frame="another table")}
    reading = read(request_of(other, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    assert reading.result == "refused"
    assert "dwi and T2 have different frames of reference" in reading.messages[0].text


def test_slices_outside_another_series_are_left_out_and_said(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region, tmp_path: Path
) -> None:
    short = {**series, "dwi": write_series(tmp_path / "dwi", "dwi", corner_mm=(-107.0, -108.0, 12.0))}
    reading = read(request_of(short, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    assert reading.result == "classes"
    assert len(reading.marks) == 1
    assert any("2 of 3 slices of the region lie outside dwi" in message.text for message in reading.messages)
    gone = {**series, "dwi": write_series(tmp_path / "gone", "dwi", corner_mm=(-107.0, -108.0, 400.0))}
    refused = read(request_of(gone, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    assert refused.result == "refused"
    assert "lies outside dwi" in refused.messages[0].text


def test_a_warning_names_its_series_once(
    series: dict[str, Volume], triage_bundle: Bundles, region: Region, tmp_path: Path
) -> None:
    dwi = write_series(tmp_path / "dwi", "dwi")
    spoilt = Path(dwi.slices[0].path)
    spoilt.write_bytes(spoilt.read_bytes()[:-500])
    reading = read(request_of({**series, "dwi": dwi}, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    said = [message.text for message in reading.messages if message.text.startswith("dwi: ")]
    assert said
    assert not any(text.startswith("dwi: dwi: ") for text in said)


def test_low_b_values_are_not_read(series: dict[str, Volume], triage_bundle: Bundles, region: Region) -> None:
    low = {**series, "dwi": replace(series["dwi"], b_value=50.0)}
    reading = read(request_of(low, triage_bundle("t2-dwi"), "t2-dwi", region)).reading
    assert reading.result == "refused"
    assert "b-value" in reading.messages[0].text


def test_where_the_rules_part_that_is_said() -> None:
    from overread.systems.noncontrast_triage.findings import call_of

    call = call_of(np.array([[0.9, 0.05, 0.05], [0.9, 0.05, 0.05], [0.3, 0.4, 0.3]]))
    assert (call.category, call.any_slice, call.malignant_slices) == ("benign", "malignant", 1)
    even = call_of(np.array([[0.4, 0.3, 0.3]]))
    assert (even.category, even.any_slice, even.rating) == ("benign", "benign", pytest.approx(0.6))


def test_a_wish_to_stop_is_heard(series: dict[str, Volume], triage_bundle: Bundles, region: Region) -> None:
    stop = CallbackProgress(lambda stage: None, lambda: True)
    with pytest.raises(Cancelled):
        read(request_of(series, triage_bundle("t2"), "t2", region), stop)


@pytest.mark.parametrize(
    ("table", "changes", "words"),
    [
        ("input", {"stack": ["dwi", "t2", "dwi"], "roles": ["dwi", "t2"]}, "T2 first"),
        ("input", {"channels": 6}, "planes are not the network's"),
        ("input", {"size": [64, 64]}, "below 75 pixels"),
        ("network", {"classes": ["benign", "malignant"]}, "classes are not"),
        ("region", {"pixel_mm": 0.0}, "[region]"),
        ("network", {"width": 0.25}, "network"),
    ],
)
def test_a_bundle_whose_parts_do_not_go_together_is_named(
    table: str,
    changes: dict[str, object],
    words: str,
    series: dict[str, Volume],
    triage_bundle: Bundles,
    region: Region,
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(triage_bundle("t2-dwi"), tmp_path / "bundle")
    manifest = dict(load_bundle(folder).manifest)
    manifest[table] = {**manifest[table], **changes}
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError) as problem:
        read(request_of(series, folder, "t2-dwi", region))
    assert words in str(problem.value)
