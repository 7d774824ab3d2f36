"""``load("timm:resnet18")``: any source string to a network."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Progress, Silent
from samefeatures.networks.arithmetic import Arithmetic, check_arithmetic
from samefeatures.networks.record import Network
from samefeatures.networks.settings import check_overrides
from samefeatures.networks.source import KERAS_FILES, LoadOptions, Source, parse_source


def load(
    source: str,
    *,
    name: str | None = None,
    preprocessing: Mapping[str, object] | None = None,
    threads: int | None = None,
    device: str = "cpu",
    precision: str = "float32",
    compile: bool = False,
    base: Path | None = None,
    progress: Progress | None = None,
) -> Network:
    """Load a network, split it at its last linear layer, and prove the split.

    Args:
        source: ``mini:NAME``, ``timm:NAME[?checkpoint=PATH]``,
            ``torchvision:NAME[?checkpoint=PATH][&weights=NAME]``,
            ``hf:OWNER/NAME[?revision=REV][&background=drop]``, ``hf:FOLDER``,
            ``python:module:callable``, ``slim:NAME?checkpoint=PATH[&background=keep]``,
            ``thesis:NAME[?weights_dir=DIR][&checkpoint=PATH][&crop=PIXELS]``,
            ``onnx:PATH[?output=NAME]``, ``npz:PATH``, ``keras:NAME[?weights=PATH][&alpha=N]``,
            ``keras:PATH`` or ``savedmodel:PATH[?signature=NAME][&output=NAME]``.
        name: Short name; by default that of the model, file or callable.
        preprocessing: Replaces fields of the source's own ``Preprocessing``, by their names.
        threads: Threads of the runtime; by default its own choice. No effect on ``npz:``, nor on
            TensorFlow and JAX, which set them for the whole process.
        device: ``cpu``, ``cuda`` or ``cuda:N``. No effect on ``npz:``.
        precision: ``float32``, ``bfloat16`` or ``float16``: torch's automatic mixed precision, for
            networks that run on torch. What it changes is measured: ``ImageNetwork.effect``.
        compile: Run through ``torch.compile``; for networks that run on torch.
        base: Where relative paths in ``source`` start; by default the current folder.
        progress: Shows downloads; nothing is shown by default.

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
    options = LoadOptions(
        name=name or default_name(parsed),
        overrides=overrides,
        threads=threads,
        device=device,
        base=base,
        progress=progress or Silent(),
        arithmetic=Arithmetic(precision=precision, compile=compile),
    )
    check_arithmetic([(parsed.kind, source)], options.arithmetic)
    return _adapter(parsed.kind)(parsed, options)


def default_name(source: Source) -> str:
    """The name of a model, file or callable; for ``…/NAME/model.onnx`` that of its folder."""
    if source.kind == "python":
        return source.rest.rpartition(":")[2]
    path = Path(source.rest)
    if source.kind == "hf":
        return path.name
    if source.kind == "onnx" and path.name == "model.onnx":
        return path.resolve().parent.name
    if source.kind == "savedmodel":
        path = path.resolve()
        return path.parent.name if path.name.isdecimal() else path.name  # …/NAME/1, a version
    if source.kind in ("npz", "onnx") or path.suffix in KERAS_FILES:
        return path.stem
    return re.split("[:/]", source.rest)[-1]


ADAPTERS: Mapping[str, str] = {
    "mini": "miniatures.load:load_mini",
    "timm": "torch.source:load_torch",
    "torchvision": "torch.source:load_torch",
    "hf": "torch.source:load_torch",
    "python": "torch.source:load_torch",
    "slim": "torch.source:load_torch",
    "thesis": "torch.source:load_torch",
    "onnx": "onnx.source:load_onnx",
    "npz": "npz:load_npz",
    "keras": "keras.source:load_keras",
    "savedmodel": "tensorflow.source:load_savedmodel",
}
"""Kind of source to the module and function that loads it; imported on use."""


Adapter = Callable[[Source, LoadOptions], Network]


def _adapter(kind: str) -> Adapter:
    module, _, function = ADAPTERS[kind].partition(":")
    loaded: Adapter = getattr(importlib.import_module(f"samefeatures.networks.{module}"), function)
    return loaded
