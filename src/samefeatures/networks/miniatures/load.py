"""``mini:NAME``: a trained miniature from inside the package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files

from samefeatures.errors import NetworkError
from samefeatures.networks.miniatures.catalogue import NAMES, check_names
from samefeatures.networks.network import ImageNetwork
from samefeatures.networks.onnx_source import load_onnx
from samefeatures.networks.source import did_you_mean


def load_mini(
    miniature: str,
    *,
    name: str,
    source: str,
    overrides: Mapping[str, object],
    threads: int | None,
    device: str,
) -> ImageNetwork:
    """Load one of the ten networks that ship with the package.

    Raises:
        NetworkError: when there is no such miniature, or its files are missing.
    """
    hint = did_you_mean(miniature, NAMES)
    if miniature not in NAMES and hint:
        raise NetworkError(
            f"There is no miniature '{miniature}'. {hint}There are: {', '.join(NAMES)}."
        )
    check_names((miniature,))
    folder = files("samefeatures.networks.miniatures") / "weights" / miniature
    if not (folder / "model.onnx").is_file():
        raise NetworkError(
            f"The weights of the miniature '{miniature}' are not in this installation. "
            "Install samefeatures again."
        )
    with as_file(folder) as path:
        return load_onnx(
            path / "model.onnx",
            name=name,
            source=source,
            overrides=overrides,
            output=None,
            threads=threads,
            device=device,
        )
