"""A torch module as an ONNX model of one file, for the optional engine."""

from __future__ import annotations

import copy
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from overread.engines.torch_engine import fold_batch_norm

WRITTEN_AS = "traced/1"
"""Changes with how models are written here, so that those compiled by an earlier version are made anew."""
OPSET = 17


def exported(module: nn.Module, shape: Sequence[int], output_names: Sequence[str]) -> bytes:
    """The model's file: ``image`` (1, planes, rows, columns) gives the named outputs, batch norm folded.

    Parameters
    ----------
    module
        Takes one tensor and returns a tuple of tensors; it is not changed.
    shape
        Planes, rows and columns of the one image; fixed in the model.
    output_names
        One for each tensor that the module returns.
    """
    ready = fold_batch_norm(copy.deepcopy(module).cpu().float().eval()).requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        written = Path(folder) / "model.onnx"
        # the newer exporter would need a further package; the older one only says that it is old
        warnings.simplefilter("ignore")
        torch.onnx.export(
            ready,
            (torch.zeros(1, *shape),),
            written,
            input_names=["image"],
            output_names=list(output_names),
            opset_version=OPSET,
            dynamo=False,
        )
        return written.read_bytes()
