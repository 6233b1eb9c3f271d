"""The manifest against its schema: the program's verdict is the reference validator's, whatever the manifest holds."""

from __future__ import annotations

import copy
import json
import math
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overread.core.errors import BundleError
from overread.core.places import resources, shipped_models
from overread.core.roles import ROLE_NAMES
from overread.systems import Bundle, load_bundle
from overread.systems.gate_limits import DEFAULTS
from overread.systems.manifest import LARGEST_MANIFEST, MANIFEST, fault_of, manifest_digest, read_manifest
from overread.systems.schema import fault_against

SCHEMA: dict[str, Any] = json.loads((resources() / "schemas" / "manifest.schema.json").read_text(encoding="utf-8"))
SHIPPED: dict[str, Any] = tomllib.loads(
    (shipped_models() / "hbp-detection-small" / MANIFEST).read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EXAMPLE = Path("contracts/examples/manifest.toml")

_KEYWORDS = {
    "$ref", "additionalProperties", "const", "enum", "exclusiveMinimum", "items", "maxItems", "maxLength", "maximum",
    "minItems", "minLength", "minimum", "pattern", "properties", "propertyNames", "required", "type", "description",
    "$schema", "$defs", "title",
}  # fmt: skip
_WORDS = st.sampled_from(
    ["", "x", "../weights.safetensors", "weights.safetensors", "model.onnx", "hbp-detection", "t1-hbp", "axial", "MR",
     "overread.bundle/1", "overread.bundle/2", "line\nline", "\x1b[31m", "onnx", "kim-11", "9.9", "a" * 500, "é"]
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 10**6), st.floats(-1e3, 1e3), _WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["refuse_below", "warn_above", "threshold", "x", "roles"]), inner, max_size=3),
    ),
    max_leaves=5,
)


def _places(table: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values in a manifest."""
    parts = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    return [p for key, value in parts for p in [(*path, key), *_places(value, (*path, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The shipped manifest with keys dropped, renamed, added, or given other values."""
    manifest = copy.deepcopy(SHIPPED)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(manifest)))
        table = manifest
        for key in path[:-1]:
            table = table[key]
        match draw(st.sampled_from(["drop", "change", "add", "change"])):
            case "drop":
                del table[path[-1]]
            case "change":
                table[path[-1]] = draw(_VALUES)
            case _ if isinstance(table, dict):
                table[draw(st.sampled_from(["extra", "b_value", "needs", "bad name", "never", "control"]))] = draw(
                    _VALUES
                )
    return manifest


def _parts(schema: Any) -> list[dict[str, Any]]:
    """A schema and all schemas within it."""
    found = [schema]
    for key, value in schema.items():
        inner = value.values() if key in ("properties", "$defs") else [value] if isinstance(value, dict) else []
        found += [part for one in inner for part in _parts(one)]
    return found


def _bundle_or_fault(folder: Path) -> Bundle | str:
    """The bundle, or the sentence why there is none; any other error is the test's to find."""
    try:
        return load_bundle(folder)
    except BundleError as problem:
        sentence = str(problem)
    assert sentence.isprintable()
    return sentence


def test_the_schema_is_one_and_uses_only_what_the_program_understands() -> None:
    VALIDATOR.check_schema(SCHEMA)
    for part in _parts(SCHEMA):
        assert set(part) <= _KEYWORDS


def test_the_schema_names_every_role_and_every_figure_of_the_gate() -> None:
    assert tuple(SCHEMA["$defs"]["role"]["enum"]) == ROLE_NAMES
    gate = SCHEMA["properties"]["gate"]["properties"]
    assert set(gate) == {*DEFAULTS, "modality", "orientation", "never", "roles"}
    assert set(gate["roles"]["additionalProperties"]["properties"]) == set(gate) - {"roles"}


def test_the_shipped_manifest_is_whole_for_both() -> None:
    assert VALIDATOR.is_valid(SHIPPED)
    assert fault_of(SHIPPED) is None


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_the_program_and_the_reference_validator_agree_on_any_manifest(manifest: dict[str, Any]) -> None:
    errors = [e.message for e in VALIDATOR.iter_errors(manifest)]
    assert (fault_against(manifest, SCHEMA, what="it") is None) == (not errors), errors


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated())
def test_any_manifest_is_a_bundle_or_a_bundle_error(tmp_path: Path, manifest: dict[str, Any]) -> None:
    (tmp_path / MANIFEST).write_text(tomli_w.dumps(manifest), encoding="utf-8")
    bundle = _bundle_or_fault(tmp_path)
    if isinstance(bundle, str):
        assert len(bundle) < 600
    else:
        assert bundle.gate("t1-hbp").system == "hbp-detection"
        assert bundle.operating["default"].threshold >= 0
        assert bundle.weights_path.parent == tmp_path
        assert len(bundle.digest) == 64
        assert bundle.caution
        assert math.isfinite(bundle.activation_scale)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)), st.integers(0, 3000))
def test_any_bytes_are_a_bundle_or_a_bundle_error(tmp_path: Path, noise: bytes, at: int) -> None:
    raw = tomli_w.dumps(SHIPPED).encode()
    (tmp_path / MANIFEST).write_bytes(raw[:at] + noise + raw[at + len(noise) :])
    bundle = _bundle_or_fault(tmp_path)
    assert isinstance(bundle, str) or bundle.system == "hbp-detection"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("gate.slice", {"refuse_below": 8}, "gate.slice is no key that this version knows"),
        ("gate.slices", {"refuse_below": "8"}, "gate.slices.refuse_below is '8', not a number"),
        ("gate.slices", {"refuse_below": 30, "warn_below": 8}, "gate.slices refuses what it only warns of"),
        ("gate.roles", {"liver": {}}, "the name of gate.roles.liver is 'liver', which is none of t1-pre"),
        ("input.channels", True, "input.channels is True, not a whole number"),
        ("input.size", [320], "input.size has 1 entries, not 2"),
        ("input.roles", ["hbp"], r"input.roles[0] is 'hbp', which is none of"),
        ("bundle.weights", "../x.safetensors", "not the name of a .safetensors or .onnx file beside it"),
        ("bundle.weights", "model.onnx", "network.name is 'kim-11' but bundle.weights is 'model.onnx'"),
        ("bundle.trained_on", "phantoms\x1b[2J", "not a line of text"),
        ("findings.floor", math.nan, "findings.floor is nan, beyond what it can be"),
        ("placing.activation_scale", 0, "placing.activation_scale is 0, beyond what it can be"),
        ("operating.default", {}, "it lacks operating.default.threshold"),
        (
            "training.deep",
            {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": 1}}}}}}}}}}},
            "nested too deeply",
        ),
    ],
)
def test_a_fault_is_named_with_its_key(path: str, value: Any, words: str) -> None:
    manifest = copy.deepcopy(SHIPPED)
    table, key = path.split(".")
    manifest[table][key] = value
    assert words in str(fault_of(manifest))


def test_evaluations_and_the_control_do_not_change_the_digest_and_everything_else_does() -> None:
    digest = manifest_digest(SHIPPED)
    assert digest == manifest_digest({**SHIPPED, "control": {"weights": "another.safetensors"}})
    assert digest == manifest_digest({**SHIPPED, "evaluation": {"test": {"slice_auc": [0.9, 0.8, 0.95]}}})
    assert digest == manifest_digest({k: v for k, v in reversed(SHIPPED.items()) if k != "evaluation"})
    for path in _places({k: v for k, v in SHIPPED.items() if k not in ("evaluation", "control")}):
        changed = copy.deepcopy(SHIPPED)
        table: Any = changed
        for key in path[:-1]:
            table = table[key]
        table[path[-1]] = "another"
        assert manifest_digest(changed) != digest, path


def test_figures_that_nobody_measured_and_dates_still_give_a_digest() -> None:
    odd = tomllib.loads("a = nan\nb = inf\nc = 2026-11-21\nd = 10:00:00")
    assert manifest_digest(odd) == manifest_digest(tomllib.loads("a = nan\nb = -inf\nc = '2026-11-21'\nd = '10:00:00'"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * (LARGEST_MANIFEST + 1), "is larger than 64 kB"),
        ("a." * 30_000 + "b = 1", "a line has more than 200 dots"),
        ("x = " + "[" * 60_000, "nested too deeply"),
        ("x = " + "{a = " * 12_000, "is damaged"),
        ("x = " + "1" * 5_000, "is damaged"),
        ("x = 0x" + "f" * 60_000, "its schema is missing"),
        ("x = 1\nx = 2", "is damaged"),
        ("\x00", "is damaged"),
        ("bundle = 3", "its schema is missing"),
        ("bundle.schema = 'somebody.else/1'", "Look for a bundle that was made for Overread"),
        ("bundle.schema = 'overread.bundle/12'", "Install the version of Overread it was made for"),
        ("bundle.schema = 'overread.bundle/1'\nbundle.needs = '99.1'", "it needs Overread 99.1 or newer"),
    ],
)
def test_hostile_and_foreign_manifests_are_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=re.escape(words)):
        read_manifest(tmp_path)


def test_a_manifest_full_of_long_dotted_keys_does_not_exhaust_the_memory(tmp_path: Path) -> None:
    """A process with 1 GB of address space stands for a small machine."""
    line = ".".join("a" * 190)
    lines = [f"[b{n}.{line}]" for n in range((LARGEST_MANIFEST - 10) // (len(line) + 8))]
    (tmp_path / MANIFEST).write_text("\n".join(lines), encoding="utf-8")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from pathlib import Path\nfrom overread.core.errors import BundleError\n"
        "from overread.systems.manifest import read_manifest\n"
        "try:\n    read_manifest(Path(sys.argv[1]))\nexcept BundleError as problem:\n    print(problem.why)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith("its schema is missing"), done.stderr


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(BundleError, match="is no plain file"):
        read_manifest(tmp_path)


@pytest.mark.shared
def test_the_example_of_the_contract_is_whole_once_it_has_a_digest(shared_data: Path) -> None:
    manifest = tomllib.loads((shared_data.parent / EXAMPLE).read_text(encoding="utf-8"))
    manifest["bundle"]["weights_sha256"] = "0" * 64
    assert fault_of(manifest) is None
    assert VALIDATOR.is_valid(manifest)
