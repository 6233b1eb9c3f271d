"""External models: what runs, and what is refused before it does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import BundleError
from overread.engines import choice
from overread.engines.onnx_model import LARGEST_BYTES, open_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a model: the mean of each 64 x 64 patch as the map of the second class, and its mean as the logit."""

    def make(channels: int = 1, classes: int = 2, size: int = 320, logits: str = "logits", **changes: object) -> Path:
        weight = np.zeros((classes, channels, 64, 64), dtype=np.float32)
        weight[-1] = 1 / weight[-1].size
        nodes = [
            helper.make_node("Conv", ["image", "weight"], ["maps"], strides=[64, 64], kernel_shape=[64, 64]),
            helper.make_node("ReduceMean", ["maps"], ["logits"], axes=[2, 3], keepdims=0),
        ]
        tensor = numpy_helper.from_array(weight, "weight")
        if changes.get("outside"):
            onnx.external_data_helper.set_external_data(tensor, "weights.bin")
            tensor.ClearField("raw_data")
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (logits, "maps")]
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, size, size])
        graph = helper.make_graph(
            nodes, "tiny", [image], outputs if not changes.get("turned") else outputs[::-1], [tensor]
        )
        opset = [helper.make_opsetid("", 17)]
        if changes.get("foreign"):
            opset.append(helper.make_opsetid("org.elsewhere", 1))
        path = tmp_path / "model.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
        return path

    return make


@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_from_elsewhere_runs_on_grey_images(save: Save, channels: int) -> None:
    engine = open_model(save(channels), channels, (320, 320), "theirs")
    image = np.random.default_rng(0).random((1, 320, 320), dtype=np.float32)
    logits, maps = engine.run(image)
    means = image[0].reshape(5, 64, 5, 64).mean(axis=(1, 3))
    np.testing.assert_allclose(maps[1], means, rtol=1e-4)
    np.testing.assert_allclose(logits, [0, means.mean()], rtol=1e-4)
    assert (engine.device, engine.precision) == ("cpu", "float32")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"classes": 3}, r"answers \(1, 3\) and \(1, 3, 5, 5\), not logits \(1, 2\) and class maps"),
        ({"turned": True}, r"answers \(1, 2, 5, 5\) and \(1, 2\), not logits"),
        ({"size": 256}, r"does not run on an image of \(1, 1, 320, 320\) float32"),
        ({"outside": True}, "keeps the tensor 'weight' in another file"),
        ({"foreign": True}, r"needs operators of org\.elsewhere, which are not ONNX's own"),
        ({"logits": "nothing"}, "ONNX Runtime cannot open its model"),
    ],
)
def test_a_model_that_is_not_as_asked_is_refused_in_words(save: Save, how: dict[str, object], words: str) -> None:
    with pytest.raises(BundleError, match=f"The bundle theirs cannot run: .*{words}"):
        open_model(save(**how), 1, (320, 320), "theirs")


@pytest.mark.parametrize("content", [b"", b"hello", bytes(1000), b"\x08\x08" * 50])
def test_a_file_that_is_no_model_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="The bundle theirs cannot run"):
        open_model(path, 1, (320, 320), "theirs")


def test_cut_and_changed_models_are_refused_or_run_but_never_crash(save: Save) -> None:
    path = save()
    whole = path.read_bytes()
    rng, refused = np.random.default_rng(3), []
    for n in range(30):
        changed = bytearray(whole[: int(rng.integers(1, len(whole)))] if n % 2 else whole)
        for at in rng.integers(0, min(len(changed), 400), 4):
            changed[int(at)] = int(rng.integers(0, 256))
        path.write_bytes(changed)
        try:
            outputs = open_model(path, 1, (320, 320), "theirs").run(np.zeros((1, 320, 320), np.float32))
            assert outputs[0].shape == (2,)
        except BundleError as refusal:
            refused.append(str(refusal).partition(":")[0])
    assert 0 < len(refused) <= 30
    assert set(refused) == {"The bundle theirs cannot run"}


def test_a_file_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    with pytest.raises(BundleError, match="is larger than 1000 MB"):
        open_model(path, 1, (320, 320), "theirs")


def test_without_the_extra_the_bundle_says_what_to_install(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "onnx_is_installed", lambda: False)
    with pytest.raises(BundleError, match=r"cannot run: ONNX Runtime is an optional extra .* pip install"):
        open_model(save(), 1, (320, 320), "theirs")


def test_running_a_model_opens_no_connection(save: Save) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): print('CONNECTED'); raise OSError('no network here')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from pathlib import Path\n"
        "from overread.engines.onnx_model import open_model\n"
        "import numpy as np\n"
        "open_model(Path(sys.argv[1]), 1, (320, 320), 'theirs').run(np.zeros((1, 320, 320), np.float32))\n"
        "print('ran', 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(save())], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["ran", "False"], done.stderr
