"""``load("timm:resnet18")``: any source string to a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from samefeatures.errors import ConfigError
from samefeatures.networks.network import Network
from samefeatures.networks.settings import check_overrides
from samefeatures.networks.source import Source, parse_source, resolve_path


def load(
    source: str,
    *,
    name: str | None = None,
    preprocessing: Mapping[str, object] | None = None,
    threads: int | None = None,
    device: str = "cpu",
    base: Path | None = None,
) -> Network:
    """Load a network, split it at its last linear layer, and prove the split.

    Args:
        source: ``mini:NAME``, ``timm:NAME[?checkpoint=PATH]``,
            ``torchvision:NAME[?checkpoint=PATH][&weights=NAME]``, ``python:module:callable``,
            ``onnx:PATH[?output=NAME]`` or ``npz:PATH``.
        name: Short name; by default that of the model, file or callable.
        preprocessing: Replaces fields of the source's own ``Preprocessing``, by their names.
        threads: Threads of the runtime; by default its own choice. No effect on ``npz:``.
        device: ``cpu``, ``cuda`` or ``cuda:N``. No effect on ``npz:``.
        base: Where relative paths in ``source`` start; by default the current folder.

    Raises:
        NetworkError: when it can't be loaded (``CheckpointError``, ``SplitError`` among them).
        ConfigError: when an option is wrong.
        MissingExtraError: when the source needs a package that is not installed.
    """
    parsed = parse_source(source)
    overrides = check_overrides(preprocessing)
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be at least 1.")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ConfigError(f"device is '{device}'; use 'cpu', 'cuda', or 'cuda:0' and so on.")
    if parsed.kind == "npz" and overrides:
        raise ConfigError(
            f"{source} brings features, not images: its preprocessing ({', '.join(overrides)}) "
            "would have no effect. Leave it out."
        )
    return _load(
        parsed,
        name=name or default_name(parsed),
        overrides=overrides,
        threads=threads,
        device=device,
        base=base,
    )


def default_name(source: Source) -> str:
    """The name of a model, file or callable; for ``…/NAME/model.onnx`` that of its folder."""
    if source.kind == "npz":
        return Path(source.rest).stem
    if source.kind == "onnx":
        path = Path(source.rest)
        return path.resolve().parent.name if path.name == "model.onnx" else path.stem
    if source.kind == "python":
        return source.rest.rpartition(":")[2]
    return re.split("[:/]", source.rest)[-1]


def _load(
    source: Source,
    *,
    name: str,
    overrides: Mapping[str, object],
    threads: int | None,
    device: str,
    base: Path | None,
) -> Network:
    """Hand over to the adapter of the source's kind; each is imported on use."""
    text, rest = source.text, source.rest
    if source.kind == "npz":
        from samefeatures.networks.npz_source import load_npz

        return load_npz(resolve_path(rest, base), name=name, source=text)
    if source.kind == "onnx":
        from samefeatures.networks.onnx_source import load_onnx

        return load_onnx(
            resolve_path(rest, base),
            name=name,
            source=text,
            overrides=overrides,
            output=source.query.get("output"),
            threads=threads,
            device=device,
        )
    if source.kind == "mini":
        from samefeatures.networks.miniatures.load import load_mini

        return load_mini(
            rest, name=name, source=text, overrides=overrides, threads=threads, device=device
        )
    from samefeatures.networks.torch_source import load_torch

    return load_torch(
        source, name=name, overrides=overrides, threads=threads, device=device, base=base
    )
