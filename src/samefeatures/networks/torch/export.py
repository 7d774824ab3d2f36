"""Write a module as ONNX, by torch's exporter (needs torch and onnxscript)."""

from __future__ import annotations

import warnings

import onnx
import torch
from torch import nn

from samefeatures.base.errors import ExportError, require
from samefeatures.images.preprocess import Preprocessing


def export_module(
    module: nn.Module, preprocessing: Preprocessing, *, source: str
) -> onnx.ModelProto:
    """The module with input ``images``, output ``logits``, and a free batch size.

    Raises:
        ExportError: when torch can't export it.
        MissingExtraError: when onnxscript is not installed.
    """
    require("onnxscript", extra="export", purpose="Exporting a torch network to ONNX")
    example = torch.zeros(2, *preprocessing.input_size)
    try:
        with warnings.catch_warnings():
            # The exporter warns about its own internals, which nobody here can change.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
    except Exception as error:  # torch.export raises many kinds
        said = (str(error).strip().splitlines() or [""])[0]
        raise ExportError(
            f"torch could not export {source} ({type(error).__name__}: {said}). Use "
            "samefeatures.hybrid_module for an nn.Module, or rewrite the part that can't be traced."
        ) from error
    if program is None:
        raise ExportError(f"torch exported nothing for {source}.")
    return program.model_proto
