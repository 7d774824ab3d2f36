"""The way into training: checks that PyTorch is there before anything imports it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from samefeatures.base.errors import require
from samefeatures.networks.miniatures.catalogue import find_miniature


def train(
    names: Sequence[str], data: Path, out: Path, *, report: Callable[[str], None] = print
) -> list[Path]:
    """Train the named miniatures one after another; those already exported are left alone.

    Args:
        names: Out of ``catalogue.MINIATURES``.
        data: Folder with the four gzipped IDX files of Fashion-MNIST.
        out: Gets one folder per network: ``model.onnx`` and ``meta.json``.
        report: Told a line per epoch.

    Raises:
        MissingExtraError: when PyTorch or its ONNX exporter is not installed.
        NetworkError: when there is no miniature of a name.
        DataError: when the images are not in ``data``.
    """
    specs = [find_miniature(name) for name in names]
    for module in ("torch", "onnxscript"):
        require(module, extra="train", purpose="Training the miniatures")
    from samefeatures_training.train import train_one

    folders = []
    for spec in specs:
        folders.append(out / spec.name)
        if not (folders[-1] / "meta.json").exists():
            train_one(spec, data, out, report=report)
    return folders
