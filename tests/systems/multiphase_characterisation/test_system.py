"""multiphase-characterisation from files to a reading: found and given regions, what is refused and what is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tomli_w
from tests.systems.noncontrast_triage.conftest import CENTRE_MM, GRIDS, RADIUS_MM, write_series

from overread.core.errors import BundleError, GateRefusal, InputError
from overread.core.places import resources
from overread.core.progress import CallbackProgress, Cancelled
from overread.core.region import Circle, LesionRegion, Region
from overread.core.roles import Role
from overread.core.study import Series, Study, Volume
from overread.engines.choice import onnx_is_installed
from overread.io import read_pixels
from overread.systems import ReadRequest, choose_volumes, load_bundle, read
from overread.systems.multiphase_characterisation.detect import find_regions
from overread.systems.multiphase_characterisation.loading import load, rules_of
from overread.training.multiphase.drawing import ROLES

SYSTEM = "multiphase-characterisation"
CLASSES = ("hcc", "icc", "metastasis")


def request_of(series: dict[str, Volume], bundle: Path, region: Region | None = None, **how: object) -> ReadRequest:
    words = {"device": "cpu", "engine": "torch", **how}
    return ReadRequest(SYSTEM, tuple(series.items()), bundle_folder=str(bundle), region=region, **words)


def test_what_the_detectors_find_is_classified_and_the_reading_keeps_to_its_schema(
    five_series: dict[str, Volume], tiny_bundle: Path
) -> None:
    outcome = read(request_of(five_series, tiny_bundle))
    reading, rules = outcome.reading, rules_of(load_bundle(tiny_bundle).manifest, "tiny")
    assert reading.result == "classes"
    parameters = reading.parameters or {}
    assert parameters["regions"] == "detectors"
    assert len(reading.marks) == parameters["regions_kept"] == int(np.ceil(0.48 * parameters["regions_found"]))
    assert parameters["regions_found"] > 2
    assert set(parameters["votes"]) == {mark.id for mark in reading.marks}
    assert all(roles and set(roles) <= set(ROLES) for roles in parameters["votes"].values())
    assert all(rules.cut <= mark.score <= 1 for mark in reading.marks if mark.score is not None)
    assert [i.role for i in reading.inputs] == list(ROLES)
    schema = json.loads((resources() / "schemas" / "reading.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(reading.to_json())), schema)


def test_the_study_is_the_mean_of_its_regions_and_its_rating_that_of_hcc(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    reading = read(request_of(five_series, tiny_bundle, ball)).reading
    vectors = np.array([[(mark.classes or {})[name] for name in CLASSES] for mark in reading.marks])
    assert [(reading.classes or {})[name] for name in CLASSES] == pytest.approx(vectors.mean(axis=0).tolist())
    assert reading.rating == pytest.approx((reading.classes or {})["hcc"])
    assert reading.category == CLASSES[int(vectors.mean(axis=0).argmax())]
    assert reading.confidence is not None
    assert 0 < reading.confidence.value < 1


def test_given_regions_are_looked_at_instead_of_the_detectors_own(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    outcome = read(request_of(five_series, tiny_bundle, ball))
    reading = outcome.reading
    assert len(reading.marks) == len(ball.lesions[0].circles)
    assert (reading.parameters or {})["regions"] == "given"
    assert reading.region == ball.to_json()
    for mark in reading.marks:
        assert mark.score is None
        assert mark.volume == five_series["t2"].id
        assert mark.centre_mm[2] == pytest.approx(GRIDS["t2"][2][2] + 6.0 * (mark.peak_slice or 0))
        assert np.linalg.norm(np.subtract(mark.centre_mm, CENTRE_MM)) < RADIUS_MM
    largest = max(mark.extent_mm or 0 for mark in reading.marks)
    assert largest == pytest.approx(1.2 * ball.lesions[0].diameter_mm, rel=1e-3)


def test_the_map_lies_on_the_regions_of_t2_and_nowhere_else(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    outcome = read(request_of(five_series, tiny_bundle, ball))
    assert outcome.heatmap is not None
    grid = five_series["t2"].grid
    assert grid is not None
    assert outcome.heatmap.volume == five_series["t2"].id
    shown = outcome.heatmap.on_grid(grid)
    slices = {mark.peak_slice for mark in outcome.reading.marks}
    assert {int(k) for k in np.flatnonzero(shown.max(axis=(1, 2)) > 0)} <= slices
    rows_and_columns = np.argwhere(shown > 0)
    distances = np.linalg.norm(grid.affine.to_mm(rows_and_columns)[:, :2] - np.array(CENTRE_MM[:2]), axis=1)
    assert distances.max() < 1.2 * RADIUS_MM * np.sqrt(2) + 5


def test_the_same_request_gives_the_same_digest_and_a_kept_reading_equals_a_new_one(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    first = read(request_of(five_series, tiny_bundle))
    second = read(request_of(five_series, tiny_bundle, use_cache=False))
    third = read(request_of(five_series, tiny_bundle))
    digests = {outcome.reading.to_json()["content_digest"] for outcome in (first, second, third)}
    assert len(digests) == 1
    assert [o.is_from_cache for o in (first, second, third)] == [False, False, True]
    assert not read(request_of(five_series, tiny_bundle, ball)).is_from_cache


def test_no_box_at_the_cut_is_no_region_which_is_an_answer(
    five_series: dict[str, Volume], make_bundle: Callable[..., Path]
) -> None:
    outcome = read(request_of(five_series, make_bundle(voting={"cut": 1.0, "share": 0.48})))
    assert outcome.reading.result == "no-region"
    assert outcome.reading.rating is None
    assert outcome.reading.classes is None
    assert outcome.heatmap is None
    assert any("does not mean that none is there" in m.text for m in outcome.reading.messages)
    schema = json.loads((resources() / "schemas" / "reading.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(outcome.reading.to_json())), schema)


def test_every_missing_series_is_named_in_the_refusal(five_series: dict[str, Volume], tiny_bundle: Path) -> None:
    two = {role: five_series[role] for role in ("t2", "t1-pre")}
    reading = read(request_of(two, tiny_bundle)).reading
    assert reading.result == "refused"
    (refusal,) = (m.text for m in reading.messages if m.level == "refusal")
    assert all(role in refusal for role in ("t1-arterial", "t1-portal", "dwi"))


def test_a_region_outside_t2_is_refused_in_a_sentence(five_series: dict[str, Volume], tiny_bundle: Path) -> None:
    far = Region((LesionRegion("L1", (Circle((0.0, 0.0, 900.0), 10.0),), "circle"),))
    reading = read(request_of(five_series, tiny_bundle, far)).reading
    assert reading.result == "refused"
    assert "outside the slices of t2" in reading.messages[0].text


def test_circles_on_slices_that_cannot_be_decoded_are_left_out_and_without_others_it_refuses(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region, tmp_path: Path
) -> None:
    t2 = write_series(tmp_path / "t2", "t2")
    assert t2.grid is not None
    heights = [t2.grid.affine.to_index([circle.centre_mm])[0, 0] for circle in ball.lesions[0].circles]
    spoilt = Path(t2.slices[round(heights[0])].path)
    spoilt.write_bytes(spoilt.read_bytes()[:-500])
    reading = read(request_of(five_series | {"t2": t2}, tiny_bundle, ball)).reading
    assert round(heights[0]) not in {mark.peak_slice for mark in reading.marks}
    assert len(reading.marks) == len(heights) - 1
    assert any(m.text.startswith("1 circles lie on slices of t2 that could not be decoded") for m in reading.messages)
    alone = Region((LesionRegion("L1", ball.lesions[0].circles[:1], "mask", 10.0),))
    refused = read(request_of(five_series | {"t2": t2}, tiny_bundle, alone)).reading
    assert refused.result == "refused"
    assert "lies only on slices of t2 that could not be decoded" in refused.messages[0].text


def test_a_note_of_the_region_is_a_message_of_the_reading(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    noted = replace(ball, notes=("seg.dcm: not taken for lesions, by their names: liver.",))
    messages = read(request_of(five_series, tiny_bundle, noted)).reading.messages
    assert noted.notes[0] in [m.text for m in messages]


def test_another_b_value_is_another_request(five_series: dict[str, Volume], tiny_bundle: Path, ball: Region) -> None:
    read(request_of(five_series, tiny_bundle, ball))
    other = five_series | {"dwi": replace(five_series["dwi"], b_value=900.0)}
    messages = read(request_of(other, tiny_bundle, ball)).reading.messages
    assert "Diffusion was read at b 900 s/mm²." in [m.text for m in messages]


def test_a_series_of_another_place_is_refused_and_one_that_falls_short_is_told(
    five_series: dict[str, Volume], tiny_bundle: Path, tmp_path: Path, ball: Region
) -> None:
    x, y, z = GRIDS["dwi"][2]
    far = five_series | {"dwi": write_series(tmp_path / "far", "dwi", corner_mm=(x, y, z + 400))}
    reading = read(request_of(far, tiny_bundle, ball)).reading
    assert reading.result == "refused"
    assert "dwi lies wholly outside" in reading.messages[0].text
    short = five_series | {"dwi": write_series(tmp_path / "short", "dwi", corner_mm=(x, y, z + 30))}
    reading = read(request_of(short, tiny_bundle, ball)).reading
    assert reading.result == "classes"
    assert any("dwi does not reach" in m.text for m in reading.messages)


def test_volumes_of_other_frames_of_reference_are_read_with_a_warning(
    five_series: dict[str, Volume], tiny_bundle: Path, tmp_path: Path, ball: Region
) -> None:
    other = five_series | {"dwi": write_series(tmp_path / "other", "dwi", frame="another frame")}
    reading = read(request_of(other, tiny_bundle, ball)).reading
    assert any("frame of reference" in m.text for m in reading.messages)


def test_the_b_value_is_told_and_a_low_one_is_refused(
    five_series: dict[str, Volume], tiny_bundle: Path, ball: Region
) -> None:
    reading = read(request_of(five_series, tiny_bundle, ball)).reading
    assert any("b 800" in m.text for m in reading.messages)
    low = five_series | {"dwi": replace(five_series["dwi"], b_value=50.0)}
    assert read(request_of(low, tiny_bundle, ball)).reading.result == "refused"


def test_a_wish_to_stop_is_heard_within_the_slices(five_series: dict[str, Volume], tiny_bundle: Path) -> None:
    asked = []
    progress = CallbackProgress(lambda stage: asked.append(stage.name), lambda: "Looking for lesions" in asked)
    with pytest.raises(Cancelled):
        read(request_of(five_series, tiny_bundle, use_cache=False), progress)


def test_another_aggregate_changes_the_confidence_and_nothing_else(
    five_series: dict[str, Volume], tiny_bundle: Path, make_bundle: Callable[..., Path], ball: Region
) -> None:
    summed = read(request_of(five_series, tiny_bundle, ball)).reading
    meant = read(request_of(five_series, make_bundle(confidence={"aggregate": "mean"}), ball)).reading
    assert summed.confidence is not None
    assert meant.confidence is not None
    assert 1 - meant.confidence.value == pytest.approx((1 - summed.confidence.value) / 3)
    assert meant.classes == summed.classes
    assert (meant.parameters or {})["dropout"]["aggregate"] == "mean"


def test_a_bundle_with_detectors_for_other_series_cannot_run(make_bundle: Callable[..., Path]) -> None:
    folder = make_bundle()
    manifest = dict(load_bundle(folder).manifest)
    manifest["detectors"] = {**manifest["detectors"], "in_channels": {"t2": 1}}
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError, match="other series than it reads"):
        load(load_bundle(folder), "cpu", "torch", "float32")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"voting": {"cut": 1.5}}, "voting.cut is 1.5"),
        ({"voting": {"share": 0}}, "voting.share is 0"),
        ({"region": {"enlarge": "much"}}, "region.enlarge is 'much'"),
        ({"dropout": {"samples": 1}}, "dropout.samples is 1"),
        ({"confidence": {"aggregate": "median"}}, "confidence.aggregate is 'median'"),
        ({"confidence": {"validation": [[0.9]]}}, "has 1 entries"),
        ({"detectors": {"width": 0.1}}, "it lacks detectors.in_channels"),
        ({"detectors": {"in_channels": {"t3": 1}}}, "detectors.in_channels"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_named(
    make_bundle: Callable[..., Path], changes: dict[str, object], words: str
) -> None:
    with pytest.raises(BundleError, match=re.escape(words)):
        make_bundle(**changes)


def test_bfloat16_is_refused_in_a_sentence(
    five_series: dict[str, Volume], tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overread.engines.choice.computes_bfloat16", lambda _: True)
    with pytest.raises(InputError, match="float32 only"):
        read(request_of(five_series, tiny_bundle, precision="bfloat16"))


@pytest.mark.slow
@pytest.mark.skipif(not onnx_is_installed(), reason="the extra overread[onnx] is not installed")
def test_onnx_runtime_gives_the_same_answer(five_series: dict[str, Volume], tiny_bundle: Path) -> None:
    ours, theirs = (read(request_of(five_series, tiny_bundle, engine=name)).reading for name in ("torch", "onnx"))
    assert theirs.reader.engine is not None
    assert theirs.reader.engine.startswith("onnxruntime")
    assert [mark.peak_slice for mark in theirs.marks] == [mark.peak_slice for mark in ours.marks]
    assert theirs.classes == pytest.approx(ours.classes, abs=1e-4)
    assert theirs.confidence is not None
    assert ours.confidence is not None
    assert theirs.confidence.value == pytest.approx(ours.confidence.value, abs=1e-4)


def test_two_detectors_alone_find_lesions_for_other_systems(five_series: dict[str, Volume], tiny_bundle: Path) -> None:
    volumes = {}
    for role in ("t2", "dwi"):
        grid = five_series[role].grid
        assert grid is not None
        volumes[role] = read_pixels(five_series[role]), grid
    bundle = load_bundle(tiny_bundle)
    found = find_regions(bundle, volumes, ("t2", "dwi"), device="cpu", engine="torch")
    assert found is not None
    assert {lesion.source for lesion in found.lesions} == {"detector"}
    assert [lesion.id for lesion in found.lesions] == [f"D{n}" for n in range(1, len(found.lesions) + 1)]
    with pytest.raises(InputError, match="no volume for dwi"):
        find_regions(bundle, {"t2": volumes["t2"]}, ("t2", "dwi"))


def study_of(*volumes: Volume) -> Study:
    return Study("1", None, None, (Series("1", "MR", 1, None, volumes),))


def as_role(volume: Volume, name: str, number: int, **changes: object) -> Volume:
    return replace(volume, id=f"{number:012d}", role=Role(name, 0.95), **changes)


def test_fat_suppressed_t2_stands_in_and_the_b_value_nearest_to_800_is_taken(five_series: dict[str, Volume]) -> None:
    volumes = [as_role(five_series[role], role, n) for n, role in enumerate(ROLES) if role not in ("t2", "dwi")]
    volumes.append(as_role(five_series["t2"], "t2-fs", 10))
    b_values = (0.0, 400.0, 1000.0, 600.0)
    volumes += [as_role(five_series["dwi"], "dwi", 20 + n, b_value=b) for n, b in enumerate(b_values)]
    chosen = dict(choose_volumes(study_of(*volumes), SYSTEM, {}))
    assert chosen["t2"].role.name == "t2-fs"
    assert chosen["dwi"].b_value == 1000.0  # as far from 800 as 600, and within what was learnt from
    nearer = as_role(five_series["dwi"], "dwi", 30, b_value=900.0)
    assert dict(choose_volumes(study_of(*volumes, nearer), SYSTEM, {}))["dwi"] == nearer


def test_of_two_t2_series_the_fat_suppressed_is_taken_unless_the_gate_would_refuse_it(
    five_series: dict[str, Volume],
) -> None:
    others = [as_role(five_series[role], role, n) for n, role in enumerate(ROLES) if role != "t2"]
    plain, suppressed = (as_role(five_series["t2"], name, 10 + n) for n, name in enumerate(("t2", "t2-fs")))
    assert dict(choose_volumes(study_of(*others, plain, suppressed), SYSTEM, {}))["t2"] == suppressed
    coronal = replace(suppressed, orientation="coronal")
    assert dict(choose_volumes(study_of(*others, plain, coronal), SYSTEM, {}))["t2"] == plain
    coronal = replace(plain, orientation="coronal")
    assert dict(choose_volumes(study_of(*others, coronal, suppressed), SYSTEM, {}))["t2"] == suppressed
    assert dict(choose_volumes(study_of(*others, coronal), SYSTEM, {}))["t2"] == coronal  # the gate will say why not


def test_two_series_that_may_be_t2_are_told_by_their_own_name(five_series: dict[str, Volume]) -> None:
    volumes = [as_role(five_series[role], role, n) for n, role in enumerate(ROLES) if role != "t2"]
    volumes += [as_role(five_series["t2"], "t2-fs", 10 + n) for n in range(2)]
    with pytest.raises(GateRefusal, match="2 volumes of this study are t2-fs"):
        choose_volumes(study_of(*volumes), SYSTEM, {})


def test_two_series_equally_good_are_not_chosen_between(five_series: dict[str, Volume]) -> None:
    volumes = [as_role(five_series[role], role, n) for n, role in enumerate(ROLES)]
    with pytest.raises(GateRefusal, match="2 volumes of this study are dwi"):
        choose_volumes(study_of(*volumes, as_role(five_series["dwi"], "dwi", 9)), SYSTEM, {})


def test_all_series_that_a_study_lacks_are_named_at_once(five_series: dict[str, Volume]) -> None:
    with pytest.raises(GateRefusal, match=r"known to be t1-arterial, t1-portal or dwi\.") as refusal:
        choose_volumes(
            study_of(as_role(five_series["t2"], "t2", 1), as_role(five_series["t1-pre"], "t1-pre", 2)), SYSTEM, {}
        )
    assert "--role t1-arterial=VOLUME and --role t1-portal=VOLUME and --role dwi=VOLUME" in str(refusal.value)


def test_fat_suppressed_t2_is_read_and_told(five_series: dict[str, Volume], tiny_bundle: Path, ball: Region) -> None:
    t2 = replace(five_series["t2"], role=Role("t2-fs", 0.95))
    reading = read(request_of(five_series | {"t2": t2}, tiny_bundle, ball)).reading
    assert reading.result == "classes"
    assert any(m.text == "Its t2-fs series was read as t2." for m in reading.messages)


@pytest.mark.shared
def test_a_real_stranger_without_the_other_series_is_refused_by_their_names(
    shared_data: Path, tiny_bundle: Path
) -> None:
    from overread.io import scan

    (t1,) = (v for v in scan([shared_data / "liver-mr-chaos-1" / "T1_1.nii.gz"]).volumes())
    (t2,) = (v for v in scan([shared_data / "liver-mr-chaos-1" / "T2_1.nii.gz"]).volumes())
    reading = read(request_of({"t2": t2, "t1-pre": t1}, tiny_bundle)).reading
    assert reading.result == "refused"
    assert all(role in reading.messages[0].text for role in ("t1-arterial", "t1-portal", "dwi"))
    assert "t1-pre," not in reading.messages[0].text.split("reads")[0]


@pytest.mark.shared
@pytest.mark.slow
def test_a_real_stranger_is_read_where_its_series_stand_for_the_missing_ones(
    shared_data: Path, tiny_bundle: Path
) -> None:
    from overread.io import scan

    (t1,) = (v for v in scan([shared_data / "liver-mr-chaos-1" / "T1_1.nii.gz"]).volumes())
    (t2,) = (v for v in scan([shared_data / "liver-mr-chaos-1" / "T2_1.nii.gz"]).volumes())
    stand_in = {role: replace(t1, b_value=800.0 if role == "dwi" else None) for role in ROLES if role != "t2"}
    reading = read(request_of({"t2": t2, **stand_in}, tiny_bundle)).reading
    assert reading.result in ("classes", "no-region")
    assert any("do not reach" in m.text for m in reading.messages)  # the T1 ends below the dome
    grid = t2.grid
    assert grid is not None
    assert all(grid.contains([mark.centre_mm]) for mark in reading.marks)
