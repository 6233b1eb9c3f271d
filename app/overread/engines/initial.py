"""Public weights from a user's own file as the start of a training; nothing is downloaded.

Known are ResNet-18 and DenseNet-121 as torchvision names their tensors and Inception-ResNet V2 as timm does. The last
layer of the file is left out, its first convolution adapted to another number of planes, every shape compared.

References
----------
PARAMS B, loader rules.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from overread.core.errors import InputError
from overread.engines.backbones.densenet import DenseNet121
from overread.engines.backbones.inception_resnet import InceptionResNetV2
from overread.engines.backbones.resnet import ResNet18
from overread.engines.weights import COUNTER

LARGEST_BYTES = 1_000_000_000
_OLD_DENSE = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d)\.")
_WRAPPINGS = ("state_dict", "model", "model_state_dict")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a backbone's public weights have their first convolution and their last layer, by the files' names."""

    name: str
    first: str
    last: tuple[str, ...]
    examples: str


SOURCES: dict[type[nn.Module], Source] = {
    ResNet18: Source("ResNet-18", "conv1.weight", ("fc.",), "torchvision"),
    DenseNet121: Source("DenseNet-121", "features.conv0.weight", ("classifier.",), "torchvision"),
    InceptionResNetV2: Source("Inception-ResNet V2", "conv2d_1a.conv.weight", ("classif.", "last_linear."), "timm"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Names of the network's tensors: filled as they were, filled after adapting, left at their random start.

    ``missing`` holds the network's own last layer (with what is joined to it); ``unexpected`` the file's last layer.
    Batch norm's counters are not counted.
    """

    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    def sentence(self) -> str:
        """The counts in words."""
        counts = (len(self.loaded), len(self.adapted), len(self.missing), len(self.unexpected))
        return "{} tensors loaded, {} adapted, {} left at their random start, {} of the file not used".format(*counts)


def load_initial(network: nn.Module, path: Path) -> Loaded:
    """Fill a full-width network from a file of public weights; the network stays untouched where the file does not fit.

    Parameters
    ----------
    network
        A ResNet-18, DenseNet-121 or Inception-ResNet V2, or one of the systems' networks built on them.
    path
        ``.safetensors``, or ``.pth`` / ``.pt``, which is read as plain tensors: code in it is never run.

    Raises
    ------
    InputError
        The file cannot be read, is something else, holds more than tensors, or belongs to another network or width.
    ValueError
        No public weights are known for such a network.
    """
    source = next((known for kind, known in SOURCES.items() if isinstance(network, kind)), None)
    if source is None:
        raise ValueError(f"no public weights are known for {type(network).__name__}")
    given = {_as_named_today(name): tensor for name, tensor in _read(path).items()}
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith(COUNTER)}
    ends = tuple(name for name in own if name.startswith((*source.last, "branch.")))
    fitting, adapted = {}, []
    for name, mine in own.items():
        if name in ends:
            continue
        theirs = given.get(name)
        if theirs is None:
            raise _misfit(path, source, f"it has no tensor {name!r}")
        if name == source.first and theirs.ndim == 4 and theirs.shape[1] != mine.shape[1]:
            theirs = adapted_planes(theirs, mine.shape[1])
            adapted.append(name)
        if theirs.shape != mine.shape:
            shapes = f"{list(theirs.shape)} where the network has {list(mine.shape)}"
            raise _misfit(path, source, f"its tensor {name!r} is {shapes}")
        if not theirs.isfinite().all():
            raise _misfit(path, source, f"its tensor {name!r} holds numbers that are not finite")
        fitting[name] = theirs.to(torch.float32)
    strangers = [n for n in given if n not in fitting and not n.endswith(COUNTER)]
    foreign = [name for name in strangers if not name.startswith(source.last)]
    if foreign:
        raise _misfit(path, source, f"it also holds {foreign[0]!r}")
    network.load_state_dict(fitting, strict=False)
    return Loaded(tuple(n for n in fitting if n not in adapted), tuple(adapted), ends, tuple(strangers))


def adapted_planes(weight: Tensor, planes: int) -> Tensor:
    """A first convolution (out, 3, r, c) for another number of planes, about as loud as before.

    One plane takes the sum, which does to a grey image what the three did to three copies of it; more planes take the
    three in turn, times 3 / ``planes``.
    """
    if planes == 1:
        return weight.sum(dim=1, keepdim=True)
    return weight[:, [n % weight.shape[1] for n in range(planes)]] * (weight.shape[1] / planes)


def _as_named_today(name: str) -> str:
    """A tensor's name without the prefix of parallel training, older DenseNet names brought up to date."""
    return _OLD_DENSE.sub(r"\1\2.", name.removeprefix("module."))


def _read(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise _unreadable(path, "it is no file")
        if size > LARGEST_BYTES:
            raise _unreadable(path, f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
        with path.open("rb") as file:
            beginning = file.read(512)
    except OSError as problem:
        raise _unreadable(path, problem.strerror or "it cannot be opened") from problem
    if beginning.lstrip()[:1] == b"<":
        raise _unreadable(path, "it is a web page, not weights")
    is_safetensors = path.suffix.lower() == ".safetensors" or beginning[8:9] == b"{"
    return _safetensors(path) if is_safetensors else _pickled(path)


def _safetensors(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, RuntimeError, OSError) as problem:
        raise _unreadable(path, "it is damaged, cut short or no safetensors file") from problem
    return tensors


def _pickled(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a torch file by its loader of plain tensors, which refuses anything that could run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on unusual pickles before it refuses or reads them
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise _unreadable(path, "it holds more than tensors, or is no torch file") from problem
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise _unreadable(path, "it is damaged, cut short or no torch file") from problem
    if isinstance(content, dict):
        content = next((content[key] for key in _WRAPPINGS if isinstance(content.get(key), dict)), content)
    if not isinstance(content, dict) or not all(isinstance(n, str) and _is_plain(t) for n, t in content.items()):
        raise _unreadable(path, "it holds something else than named tensors")
    return content


def _is_plain(thing: object) -> bool:
    """Whether a thing is a tensor that holds all its numbers in this memory."""
    if not isinstance(thing, Tensor) or thing.is_quantized or thing.is_complex():
        return False
    return thing.layout == torch.strided and thing.device.type == "cpu"


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        f"The weights {path.name} cannot be read", why, "Name a .safetensors or .pth file of ImageNet weights"
    )


def _misfit(path: Path, source: Source, why: str) -> InputError:
    return InputError(
        f"The weights {path.name} do not fit the network",
        why,
        f"Name {source.examples}'s weights of {source.name} and train at width 1, the only one that public weights fit",
    )
