"""Which engine serves which wish; always the same one for the same wish."""

from __future__ import annotations

import pytest

from overread.core.errors import DeviceError, InputError
from overread.engines import choice
from overread.engines.choice import choose


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed."""
    monkeypatch.setattr(choice, "onnx_is_installed", lambda: False)


@pytest.fixture
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were installed."""
    monkeypatch.setattr(choice, "onnx_is_installed", lambda: True)


def _processor_has_bfloat16(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    monkeypatch.setattr(choice, "computes_bfloat16", lambda _kind: has)


@pytest.mark.usefixtures("present")
def test_auto_on_a_cpu_takes_onnx_runtime_where_it_is_installed() -> None:
    assert choose("auto", "cpu").engine == "onnx"


@pytest.mark.usefixtures("absent")
def test_auto_on_a_cpu_takes_torch_otherwise() -> None:
    assert choose("auto", "cpu").engine == "torch"


@pytest.mark.usefixtures("absent")
def test_an_absent_extra_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(DeviceError, match=r"is not installed\. Install it with pip install 'overread\[onnx\]'"):
        choose("onnx")


@pytest.mark.usefixtures("present")
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"engine": "onnx", "device": "cuda"}, "it runs on the CPU only"),
        ({"engine": "onnx", "precision": "bfloat16"}, "it runs in float32 only"),
        ({"engine": "torch", "onnx_only": True}, "it is an ONNX model"),
        ({"engine": "abacus"}, "the choices are auto, torch, onnx"),
        ({"precision": "float8"}, "the choices are auto, float32, bfloat16"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(wish: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        choose(**wish)


def test_a_processor_without_bfloat16_is_not_made_to_imitate_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _processor_has_bfloat16(monkeypatch, False)
    with pytest.raises(DeviceError, match="has no such arithmetic of its own"):
        choose("torch", "cpu", "bfloat16")
    assert choose("torch", "cpu", "auto").precisions == ("float32",)


def test_auto_precision_tries_the_lower_one_first_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _processor_has_bfloat16(monkeypatch, True)
    assert choose("torch", "cpu", "auto").precisions == ("bfloat16", "float32")
    assert choose("torch", "cpu", "bfloat16").precisions == ("bfloat16",)


def test_float32_is_what_one_gets_without_asking() -> None:
    assert choose("torch", "cpu").precisions == ("float32",)
