"""``mini:NAME``: a trained miniature from inside the package."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files

from samefeatures.base.errors import NetworkError
from samefeatures.networks.miniatures.catalogue import find_miniature
from samefeatures.networks.onnx.source import load_onnx
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.source import LoadOptions, Source


def load_mini(source: Source, options: LoadOptions) -> ImageNetwork:
    """Load one of the ten networks that ship with the package.

    Raises:
        NetworkError: when there is no such miniature, or its files are missing.
    """
    miniature = find_miniature(source.rest).name
    folder = files("samefeatures.networks.miniatures") / "weights" / miniature
    if not (folder / "model.onnx").is_file():
        raise NetworkError(
            f"The weights of the miniature '{miniature}' are not in this installation. "
            "Install samefeatures again."
        )
    with as_file(folder) as path:
        file = replace(source, rest=str(path / "model.onnx"))
        return load_onnx(file, replace(options, base=None))
