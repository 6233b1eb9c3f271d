"""Engines, precision, cache and external models from outside."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import tomli_w

from overread.core.geometry import Affine
from overread.core.places import resources, shipped_models
from overread.core.reading import content_digest
from overread.engines.choice import onnx_is_installed
from overread.io import scan, uid_from, write_mr_series
from overread.systems import load_bundle

Overread = Callable[..., Any]
needs_onnx = pytest.mark.skipif(not onnx_is_installed(), reason="the extra overread[onnx] is not installed")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten slices of a bright body with a dark disc."""
    folder = tmp_path_factory.mktemp("series")
    rows, columns = np.mgrid[:96, :96]
    body = ((rows - 48) / 35) ** 2 + ((columns - 48) / 42) ** 2 < 1
    disc = (rows - 40) ** 2 + (columns - 35) ** 2 < 40
    noise = np.random.default_rng(0).normal(0, 25, (10, 96, 96))
    write_mr_series(
        folder,
        stored=np.clip(np.where(body, 500, 20) - 250 * (disc & body) + noise, 0, 4000).astype(np.uint16),
        slope=1.0,
        intercept=0.0,
        affine=Affine(np.diag([2.5, 2.5, 4.0, 1.0])),
        attributes={"manufacturer": "Overread", "series_description": "HBP 20MIN"},
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
    )
    return folder


def _hbp(series: Path) -> tuple[str, ...]:
    (volume,) = scan([series]).volumes()
    return "--system", "hbp-detection", "--role", f"t1-hbp={volume.id}"


def _read(overread: Overread, series: Path, *options: object) -> tuple[dict[str, Any], str]:
    done = overread("read", series, *_hbp(series), "--json", *options)
    assert done.status == 0, done.err
    return json.loads(done.out), done.err


@pytest.mark.slow
def test_a_second_reading_comes_from_the_cache_and_computed_anew_it_is_the_same(
    overread: Overread, series: Path
) -> None:
    options = ("--engine", "torch", "--device", "cpu")
    first, told = _read(overread, series, *options)
    assert "From the cache" not in told
    assert "CPU, because it was asked for; torch " in told
    second, told = _read(overread, series, *options)
    assert "From the cache: the same pixels were read before" in told
    third, told = _read(overread, series, *options, "--no-cache")
    assert "From the cache" not in told
    assert first["content_digest"] == second["content_digest"] == third["content_digest"] == content_digest(third)
    assert len({first["id"], second["id"], third["id"]}) == 3


@pytest.mark.slow
@needs_onnx
def test_both_engines_find_the_same(overread: Overread, series: Path) -> None:
    torch_read, _ = _read(overread, series, "--engine", "torch")
    onnx_read, _ = _read(overread, series, "--engine", "onnx")
    assert onnx_read["reader"]["engine"].startswith("onnxruntime ")
    assert torch_read["reader"]["engine"].startswith("torch ")
    scores = [[s["score"] for s in document["slices"]] for document in (torch_read, onnx_read)]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3)
    assert [m["slices"] for m in torch_read["marks"]] == [m["slices"] for m in onnx_read["marks"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--engine", "abacus"), "There is no engine 'abacus'"),
        (("--precision", "float8"), "There is no precision 'float8'"),
        (("--device", "quantum"), "There is no device 'quantum'"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(
    overread: Overread, series: Path, options: tuple[str, str], words: str
) -> None:
    assert words in overread("read", series, *_hbp(series), *options).refuses()


@pytest.fixture
def external(tmp_path: Path) -> Path:
    """A bundle with somebody's model: dark patches of 16 x 16 pixels inside bright ones count."""
    onnx = pytest.importorskip("onnx")
    shipped = next(f for f in sorted(shipped_models().iterdir()) if f.name.startswith("hbp-detection"))
    folder = tmp_path / "hbp-detection-theirs"
    folder.mkdir()
    shutil.copy(shipped / "CARD.md", folder)
    weight = np.zeros((2, 1, 16, 16), dtype=np.float32)
    weight[1] = -8 / 256
    constants = [onnx.numpy_helper.from_array(weight, "w"), onnx.numpy_helper.from_array(np.float32([0, 4]), "b")]
    nodes = [
        onnx.helper.make_node("Conv", ["image", "w", "b"], ["maps"], strides=[16, 16], kernel_shape=[16, 16]),
        onnx.helper.make_node("ReduceMean", ["maps"], ["logits"], axes=[2, 3], keepdims=0),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "theirs",
        [value("image", onnx.TensorProto.FLOAT, [1, 1, 320, 320])],
        [value(name, onnx.TensorProto.FLOAT, None) for name in ("logits", "maps")],
        constants,
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    content = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    manifest = dict(load_bundle(shipped).manifest)
    manifest.pop("control", None)
    manifest["network"] = {"name": "onnx", "classes": ["none", "hcc"]}
    manifest["input"] = {**manifest["input"], "channels": 1}
    digest = hashlib.sha256(content).hexdigest()
    head = {"weights": "model.onnx", "weights_sha256": digest, "variant": "theirs", "trained_on": "somebody's cases"}
    manifest["bundle"] = {**manifest["bundle"], **head}
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest), encoding="utf-8")
    return folder


@needs_onnx
def test_somebody_elses_model_reads_a_study(overread: Overread, series: Path, external: Path) -> None:
    document, _ = _read(overread, series, "--bundle", external)
    assert document["reader"]["engine"].startswith("onnxruntime ")
    assert document["reader"]["variant"] == "theirs"
    assert len(document["slices"]) == 10
    assert all(0 < s["score"] < 1 for s in document["slices"])
    assert (
        "it is an ONNX model"
        in overread("read", series, *_hbp(series), "--bundle", external, "--engine", "torch").refuses()
    )


@needs_onnx
def test_somebody_elses_model_that_was_changed_is_refused(overread: Overread, series: Path, external: Path) -> None:
    with (external / "model.onnx").open("ab") as file:
        file.write(b"more")
    sentence = overread("read", series, *_hbp(series), "--bundle", external).refuses()
    assert "model.onnx is damaged or not the one it was released with" in sentence


@pytest.mark.slow
def test_selftest_lists_every_engine_with_its_speed(overread: Overread) -> None:
    done = overread("selftest", "--json")
    document = json.loads(done.out)
    schema = json.loads((resources() / "schemas" / "selftest.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    engines = {c["name"]: c for c in document["checks"] if c["subject"] == "engine"}
    assert engines["torch on cpu, float32"]["works"]
    assert " ms a slice with torch " in engines["torch on cpu, float32"]["detail"]
    onnx_runtime = engines["ONNX Runtime on cpu, float32"]
    assert onnx_runtime["optional"]
    assert onnx_runtime["works"] == onnx_is_installed()
    assert any(c["subject"] == "device" and "a reading runs on " in c["detail"] for c in document["checks"])
