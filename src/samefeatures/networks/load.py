"""``load("timm:resnet18")``: any source string to a network."""

from __future__ import annotations

import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from samefeatures.base.devices import check_device
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.base.paths import PathLike, as_path
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.arithmetic import Arithmetic
from samefeatures.networks.background import without_background
from samefeatures.networks.kinds import GENERAL, KINDS
from samefeatures.networks.record import FeatureFile, Network
from samefeatures.networks.settings import check_overrides
from samefeatures.networks.source import LoadOptions, Source, parse_source

if TYPE_CHECKING:
    from torch import nn

Loader = Callable[[Source, LoadOptions], Network]
"""What an adapter offers, and a row of ``KINDS`` names."""


def load(
    source: str | nn.Module,
    *,
    name: str | None = None,
    preprocessing: Mapping[str, object] | Preprocessing | None = None,
    threads: int | None = None,
    device: str = "cpu",
    precision: str = "float32",
    compile: bool = False,
    base: PathLike | None = None,
    progress: ProgressChoice = "quiet",
) -> Network:
    """Load a network, split it at its last linear layer, and prove the split.

    Args:
        source: ``kind:rest?key=value&key=value``, e.g. ``timm:resnet18`` or
            ``onnx:PATH?output=logits``: the rows of ``KINDS``, and what other packages register.
            ``background=drop`` or ``keep`` is an option of all of them: see ``background_rows``.
            Or a live ``nn.Module``, in whatever mode and on whatever device: a copy of it as it is
            now is the network, and it is left as it is.
        name: Short name; by default that of the model, file, callable or class.
        preprocessing: Replaces fields of the source's own ``Preprocessing``, by their names. Size,
            mean and std are needed where the source does not say them.
        threads: Threads of the runtime; by default its own choice. No effect on features from
            outside, nor on TensorFlow and JAX, which set them for the whole process.
        device: ``cpu``, ``cuda`` or ``cuda:N``. No effect on features from outside.
        precision: ``float32``, ``bfloat16`` or ``float16``: torch's automatic mixed precision, for
            networks that run on torch. What it changes is measured: ``ImageNetwork.effect``.
        compile: Run through ``torch.compile``; for networks that run on torch.
        base: Where relative paths in ``source`` start; by default the current folder.
        progress: Of downloads: ``"bar"``, ``"quiet"``, or a function that takes a
            ``ProgressStep``.

    Raises:
        NetworkError: when it can't be loaded (``CheckpointError``, ``SplitError`` among them).
        ConfigError: when an option is wrong.
        MissingExtraError: when the source needs a package that is not installed.
    """
    parsed = parse_source(source) if isinstance(source, str) else _live(source, name)
    overrides = check_overrides(preprocessing)
    if threads is not None and threads < 1:
        raise ConfigError(f"threads is {threads}; it must be at least 1.")
    check_device(device)
    if parsed.kind.runtime is None and overrides:
        raise ConfigError(
            f"{parsed.text} brings features, not images: its preprocessing "
            f"({', '.join(overrides)}) would have no effect. Leave it out."
        )
    shown = Display(progress)
    options = LoadOptions(
        name=name or parsed.kind.short(parsed.rest),
        overrides=overrides,
        threads=threads,
        device=device,
        base=None if base is None else as_path(base),
        progress=shown,
        arithmetic=Arithmetic(precision=precision, compile=compile),
    )
    check_arithmetic([parsed], options.arithmetic)
    loader: Loader = pkgutil.resolve_name(parsed.kind.loader)
    if not isinstance(source, str):
        from samefeatures.networks.torch.live import load_live

        loader = partial(load_live, source)
    general = [key for key in GENERAL if key not in parsed.kind.keys]
    own = {key: value for key, value in parsed.query.items() if key not in general}
    with shown:
        network = loader(replace(parsed, query=own), options)
    _check_adapter(parsed, network)
    return without_background(parsed, network) if "background" in general else network


def _live(module: object, name: str | None) -> Source:
    """The source of what is no text.

    Raises:
        NetworkError: when it is no ``nn.Module``.
    """
    if "torch" not in sys.modules or isinstance(module, os.PathLike):
        raise NetworkError(
            f"load() was given {type(module).__name__}; it takes a source string, kind:name, such "
            "as 'onnx:net.onnx' for a file, or an nn.Module."
        )
    from samefeatures.networks.torch.live import live_source

    return live_source(module, name)


def _check_adapter(source: Source, network: Network) -> None:
    """Hold an adapter, which may come from another package, to what a network is."""
    proved = isinstance(network, FeatureFile) or network.split is not None
    if not proved or not re.fullmatch(r"[0-9a-f]{64}", network.fingerprint):
        raise NetworkError(
            f"{source.text}: {source.kind.loader} gives a network without "
            f"{'a fingerprint of base.digests.digest' if proved else 'the proof of its split'}. "
            "Mend that adapter."
        )


def check_arithmetic(sources: Iterable[Source], arithmetic: Arithmetic) -> None:
    """Refuse networks that do not run on torch, unless the arithmetic is plain.

    Args:
        sources: Of networks; those that compute nothing may stay.
        arithmetic: What is asked of them.

    Raises:
        ConfigError: naming all that are refused.
    """
    if arithmetic.is_plain:
        return
    others = [each.text for each in sources if each.kind.runtime not in ("torch", None)]
    if others:
        asked = [] if arithmetic.precision == "float32" else [f"precision {arithmetic.precision}"]
        asked += ["compile"] if arithmetic.compile else []
        kinds = ", ".join(f"{kind.name}:" for kind in KINDS.values() if kind.runtime == "torch")
        does, them = ("does", "it") if len(others) == 1 else ("do", "them")
        raise ConfigError(
            f"{' and '.join(asked)} needs networks that run on torch ({kinds}); "
            f"{', '.join(others)} {does} not. Use precision float32 without compile, or leave "
            f"{them} out."
        )
