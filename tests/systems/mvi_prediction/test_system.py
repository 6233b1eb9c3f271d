"""mvi-prediction as a whole: a circled tumour in, a reading out; every variant, every refusal."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator
from tests.systems.mvi_prediction.conftest import RECIPES, Drawn, write_bundle

from overread.core.errors import BundleError, Cancelled, InputError
from overread.core.facts import Facts, facts_from
from overread.core.geometry import Affine, Grid
from overread.core.places import resources
from overread.core.progress import CallbackProgress
from overread.core.region import Circle, LesionRegion, Region
from overread.engines.weights import with_weights
from overread.systems import Outcome, ReadRequest, load_bundle, read
from overread.systems.mvi_prediction.loading import load
from overread.systems.mvi_prediction.network import network_from
from overread.systems.mvi_prediction.system import slice_scores

MakeBundle = Callable[[str], Path]
FACTS = facts_from(
    {"sex": "male", "age_y": 61, "diameter_mm": 30, "afp_ng_ml": 400, "child_pugh": "A", "hbsag": True, "hcv": False}
)


def ask(drawn: Drawn, bundle: Path, **changes: Any) -> Outcome:
    """Read the CT with a bundle; the region is the tumour's unless another is given."""
    request = ReadRequest(
        "mvi-prediction",
        (("ct-arterial", drawn.volume),),
        engine="torch",
        device="cpu",
        bundle_folder=str(bundle),
        region=drawn.region,
    )
    return read(dataclasses.replace(request, **{"use_cache": False, **changes}))


@pytest.mark.parametrize("variant", RECIPES)
def test_every_variant_calls_the_patient_in_a_reading_of_the_schema(
    variant: str, drawn: Drawn, mvi_bundle: MakeBundle
) -> None:
    outcome = ask(drawn, mvi_bundle(variant), facts=FACTS)
    reading = outcome.reading
    document = reading.to_json()
    schema = json.loads((resources() / "schemas" / "reading.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)
    assert reading.result == "classes"
    assert reading.category == ("mvi+" if (reading.rating or 0) >= 0.5 else "mvi-")
    assert reading.classes == {"mvi-": 1 - (reading.rating or 0), "mvi+": reading.rating}
    assert len(reading.marks) == len(drawn.region.lesions[0].circles)
    assert bool(reading.slices) == variant.startswith("image") == (outcome.heatmap is not None)
    assert (reading.facts is None) == (variant == "image")


def test_the_highest_slice_is_the_patient(drawn: Drawn, mvi_bundle: MakeBundle, tmp_path: Path) -> None:
    reading = ask(drawn, mvi_bundle("image")).reading
    scores = [s.score for s in reading.slices]
    assert reading.rating == max(scores)
    assert len(set(scores)) == len(scores) > 3
    between = (sorted(scores)[-1] + sorted(scores)[-2]) / 2
    one = ask(drawn, write_bundle(tmp_path / "high", "image", between)).reading
    assert (one.category, (one.parameters or {})["positive_slices"]) == ("mvi+", 1)
    none = ask(drawn, write_bundle(tmp_path / "higher", "image", min(1.0, max(scores) + 1e-6))).reading
    assert (none.category, (none.parameters or {})["positive_slices"]) == ("mvi-", 0)


def test_slice_scores_are_the_network_s_own_with_the_facts_in_it(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    bundle = load_bundle(mvi_bundle("image-factors"))
    parts = load(bundle, "cpu", "torch", "float32")
    network = with_weights(network_from(bundle.manifest["network"], "ours"), bundle.weights_path, "ours")
    assert parts.scale is not None
    assert drawn.volume.grid is not None
    k, circle = 7, drawn.region.lesions[0].circles[2]
    image = parts.preparation.image(parts.preparation.grey(drawn.values_hu[k]), drawn.volume.grid, circle)
    facts = parts.scale.vector(FACTS)
    with torch.inference_mode():
        logits = network(torch.from_numpy(image)[None], torch.from_numpy(facts.astype(np.float32))[None])[0]
        expected = torch.softmax(logits.double(), dim=1)[0, 1].item()
    share = np.array([parts.loaded.engine.run(image)[0]], dtype=np.float64)
    assert slice_scores(share, parts, facts)[0] == pytest.approx(expected, abs=1e-5)


def test_equal_requests_give_equal_digests_and_the_second_comes_from_the_cache(
    drawn: Drawn, mvi_bundle: MakeBundle
) -> None:
    bundle = mvi_bundle("image-factors")
    first, second = (ask(drawn, bundle, facts=FACTS, use_cache=True) for _ in range(2))
    anew = ask(drawn, bundle, facts=FACTS)
    digests = {o.reading.to_json()["content_digest"] for o in (first, second, anew)}
    assert (first.is_from_cache, second.is_from_cache, len(digests)) == (False, True, 1)


def test_another_fact_or_another_region_is_not_taken_from_the_cache(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    bundle = mvi_bundle("image-factors")
    ask(drawn, bundle, facts=FACTS, use_cache=True)
    older = ask(drawn, bundle, facts=dataclasses.replace(FACTS, afp_ng_ml=4.0), use_cache=True)
    lesion = drawn.region.lesions[0]
    smaller = Region((dataclasses.replace(lesion, circles=lesion.circles[1:]),))
    other = ask(drawn, bundle, facts=FACTS, region=smaller, use_cache=True)
    assert not older.is_from_cache
    assert not other.is_from_cache


def test_missing_facts_take_the_training_mean_and_the_reading_names_them(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    reading = ask(drawn, mvi_bundle("image-factors"), facts=Facts(sex="female", diameter_mm=30.0)).reading
    assert reading.facts is not None
    assert reading.facts["given"] == {"sex": "female", "diameter_mm": 30.0}
    assert set(reading.facts["imputed"]) == {"age_y", "afp_ng_ml", "child_pugh", "hbsag", "hcv"}
    assert reading.facts["imputed"]["age_y"] == pytest.approx(51.0)
    words = [m.text for m in reading.messages if "training mean" in m.text]
    assert words == ["Not given, so that the training mean stands for it: age, afp, child-pugh, hbsag, hcv."]


def test_a_missing_diameter_is_measured_on_the_circles_and_said(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    bundle = mvi_bundle("svm-factors")
    without = ask(drawn, bundle, facts=dataclasses.replace(FACTS, diameter_mm=None)).reading
    measured = round(drawn.region.lesions[0].diameter_mm, 1)
    given = ask(drawn, bundle, facts=dataclasses.replace(FACTS, diameter_mm=measured)).reading
    assert (without.facts or {})["measured"] == {"diameter_mm": measured}
    assert without.rating == given.rating
    assert any("measured on the circles" in m.text for m in without.messages)


def test_of_several_lesions_the_largest_is_read_and_the_others_are_said(
    drawn: Drawn, grid: Grid, mvi_bundle: MakeBundle
) -> None:
    x, y, z = grid.affine.to_mm((3, 60, 60)).tolist()
    second = LesionRegion("small", (Circle((x, y, z), 12.0),), "circle", 10.0)
    reading = ask(drawn, mvi_bundle("image"), region=Region((*drawn.region.lesions, second))).reading
    assert len(reading.marks) == len(drawn.region.lesions[0].circles)
    assert any("2 lesions; the largest, L1, was read" in m.text for m in reading.messages)


def test_one_tumour_gives_one_answer_however_far_beyond_its_edge_it_was_circled(
    drawn: Drawn, mvi_bundle: MakeBundle
) -> None:
    as_mask = ask(drawn, mvi_bundle("image")).reading
    close = Region((drawn.region.lesions[0].at_margin(2.0),))
    reading = ask(drawn, mvi_bundle("image"), region=close).reading
    assert reading.rating == pytest.approx(as_mask.rating, abs=1e-6)
    assert [m.extent_mm for m in reading.marks] == pytest.approx([m.extent_mm for m in as_mask.marks])
    assert reading.region == close.to_json()
    words = [m.text for m in reading.messages if "were brought to 10 mm" in m.text]
    assert words == [
        "The circles reach 2 mm beyond the tumour's edge; they were brought to 10 mm beyond it, as it learnt."
    ]
    assert not any("were brought to" in m.text for m in as_mask.messages)


@pytest.mark.parametrize(
    ("region", "why"),
    [
        (None, "nobody has circled the tumour"),
        (Region((LesionRegion("far", (Circle((900.0, 0.0, 0.0), 20.0),), "circle"),)), "lies outside this volume"),
    ],
)
def test_without_a_circle_on_the_volume_it_refuses_in_one_sentence(
    region: Region | None, why: str, drawn: Drawn, mvi_bundle: MakeBundle
) -> None:
    reading = ask(drawn, mvi_bundle("image"), region=region).reading
    (message,) = reading.messages
    assert (reading.result, message.level) == ("refused", "refusal")
    assert why in message.text


def test_magnetic_resonance_is_refused_by_the_gate(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    volume = dataclasses.replace(drawn.volume, modality="MR")
    reading = ask(dataclasses.replace(drawn, volume=volume), mvi_bundle("image")).reading
    assert reading.result == "refused"
    assert "it is MR, not CT" in reading.messages[0].text


def test_bfloat16_is_refused_by_name(drawn: Drawn, mvi_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overread.engines.choice.computes_bfloat16", lambda kind: True)
    with pytest.raises(InputError, match="computes in float32 only"):
        ask(drawn, mvi_bundle("image"), precision="bfloat16")


def test_a_wish_to_stop_ends_the_reading(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    seen: list[str] = []
    progress = CallbackProgress(lambda stage: seen.append(stage.name), lambda: "Reading slices" in seen)
    request = ReadRequest(
        "mvi-prediction",
        (("ct-arterial", drawn.volume),),
        engine="torch",
        device="cpu",
        bundle_folder=str(mvi_bundle("image")),
        use_cache=False,
        region=drawn.region,
    )
    with pytest.raises(Cancelled):
        read(request, progress)


@pytest.mark.parametrize(
    ("table", "change"),
    [("facts", {"sd": [0.0] * 9}), ("facts", {"columns": ["age_y"]}), ("region", {"margin": "wide"}), ("svm", {})],
)
def test_a_damaged_manifest_is_said_and_not_run(
    table: str, change: dict[str, Any], drawn: Drawn, mvi_bundle: MakeBundle, tmp_path: Path
) -> None:
    import tomllib

    import tomli_w

    variant = "svm-factors" if table == "svm" else "image-factors"
    folder = write_bundle(tmp_path / variant, variant)
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    manifest[table] = {**manifest[table], **change}
    if table == "svm":
        manifest["facts"]["columns"] = manifest["facts"]["columns"][::-1]
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError, match="cannot run"):
        ask(drawn, folder)


def test_the_map_lies_on_the_tumour_s_slices_and_nowhere_else(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    outcome = ask(drawn, mvi_bundle("image"))
    assert outcome.heatmap is not None
    circled = {mark.peak_slice for mark in outcome.reading.marks}
    warm = {k for k in range(drawn.volume.frames) if outcome.heatmap.values[k].any()}
    assert warm <= circled
    assert warm


@pytest.mark.slow
def test_onnx_runtime_gives_the_scores_of_torch(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    pytest.importorskip("onnxruntime")
    bundle = mvi_bundle("image-factors")
    one, other = (ask(drawn, bundle, facts=FACTS, engine=engine).reading for engine in ("torch", "onnx"))
    np.testing.assert_allclose([s.score for s in one.slices], [s.score for s in other.slices], atol=1e-4)


def test_a_diameter_that_does_not_fit_the_circles_is_said(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    lesion, bundle = drawn.region.lesions[0], mvi_bundle("image-factors")
    fitting = ask(drawn, bundle, facts=dataclasses.replace(FACTS, diameter_mm=lesion.diameter_mm)).reading
    assert not any("the circles measure" in m.text for m in fitting.messages)
    odd = ask(drawn, bundle, facts=dataclasses.replace(FACTS, diameter_mm=3 * lesion.diameter_mm)).reading
    (told,) = (m.text for m in odd.messages if "the circles measure" in m.text)
    assert f"the circles measure {lesion.diameter_mm:.0f} mm" in told


def test_thin_slices_are_said_to_raise_the_highest_of_them(drawn: Drawn, mvi_bundle: MakeBundle) -> None:
    affine = drawn.volume.affine
    assert affine is not None
    matrix = np.array(affine.matrix)
    matrix[:3, 2] *= 0.3
    matrix[2, 3] += 0.7 * float(affine.matrix[2, 2]) * 7
    thin = dataclasses.replace(drawn.volume, affine=Affine(matrix))
    lesion = drawn.region.lesions[0]
    index = affine.to_index([c.centre_mm for c in lesion.circles])
    places = [Affine(matrix).to_mm(place).tolist() for place in index]
    circles = tuple(Circle((x, y, z), c.radius_mm) for (x, y, z), c in zip(places, lesion.circles, strict=True))
    region = Region((dataclasses.replace(lesion, circles=circles),))
    reading = ask(dataclasses.replace(drawn, volume=thin), mvi_bundle("image"), region=region).reading
    assert any("slices 1.5 mm apart counts" in m.text for m in reading.messages)
    usual = ask(drawn, mvi_bundle("image")).reading
    assert not any("apart counts" in m.text for m in usual.messages)
