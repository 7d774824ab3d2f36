"""Source strings: ``kind:rest?key=value&key=value``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.errors import NetworkError, did_you_mean
from samefeatures.base.progress import Progress
from samefeatures.networks.arithmetic import PLAIN, Arithmetic

KINDS: Mapping[str, tuple[str, ...]] = {
    "mini": (),
    "timm": ("checkpoint",),
    "torchvision": ("checkpoint", "weights"),
    "hf": ("revision", "background"),
    "python": (),
    "slim": ("checkpoint", "background"),
    "thesis": ("checkpoint", "weights_dir", "crop"),
    "onnx": ("output",),
    "npz": (),
    "keras": ("weights", "alpha", "depth_multiplier", "minimalistic", "classes"),
    "savedmodel": ("signature", "output"),
}
"""The kinds of sources, and the query keys that each takes."""


KERAS_FILES = (".keras", ".h5", ".hdf5")
"""Endings of files that ``keras:`` takes instead of a name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source string in its parts.

    Attributes:
        text: As it was given.
        kind: One of ``KINDS``.
        rest: Name or path.
        query: Values by key; only keys that the kind knows.
    """

    text: str
    kind: str
    rest: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What a caller may say beside the source, already checked.

    Attributes:
        name: Short name of the network.
        overrides: Fields of ``Preprocessing`` that replace the source's own.
        threads: Threads of the runtime; None leaves it its own choice.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        base: Where relative paths start; None for the current folder.
        progress: Shows downloads.
        arithmetic: Precision and compilation; other than plain only for what runs on torch.
    """

    name: str
    overrides: Mapping[str, object]
    threads: int | None
    device: str
    base: Path | None
    progress: Progress
    arithmetic: Arithmetic = PLAIN


def parse_source(text: str) -> Source:
    """Take a source string apart.

    Raises:
        NetworkError: when the kind or a query key does not exist, or a part is empty.
    """
    kind, colon, tail = text.partition(":")
    if not colon or kind not in KINDS:
        came = f"'{text}' has no kind" if not colon else f"'{text}' has the unknown kind '{kind}'"
        listed = ", ".join(f"{known}:" for known in KINDS)
        raise NetworkError(
            f"{came}. A network's source is kind:name. "
            f"{did_you_mean(kind, KINDS)}There are: {listed}."
        )
    rest, _, raw = tail.partition("?")
    if not rest:
        raise NetworkError(f"'{text}' names nothing after '{kind}:'. Add a name or a path.")
    query: dict[str, str] = {}
    for pair in raw.split("&") if raw else ():
        key, _, value = pair.partition("=")
        if key not in KINDS[kind]:
            raise NetworkError(_unknown_key(text, kind, key))
        if not value or key in query:
            why = "has no value" if not value else "is given twice"
            raise NetworkError(f"'{text}': '{key}' {why}. Write {key}=VALUE once.")
        query[key] = value
    return Source(text, kind, rest, query)


def _unknown_key(text: str, kind: str, key: str) -> str:
    valid = KINDS[kind]
    if not valid:
        return (
            f"'{text}' has the option '{key}', but {kind}: takes none. Leave out '?' and the rest."
        )
    return (
        f"'{text}' has the unknown option '{key}'. {did_you_mean(key, valid)}"
        f"{kind}: takes {', '.join(valid)}."
    )


def resolve_path(text: str, base: Path | None) -> Path:
    """A path from a source string; relative ones start at ``base``, or at the current folder."""
    path = Path(text).expanduser()
    return path if base is None else base / path


def anchored(text: str, base: Path) -> str:
    """The same source with its relative paths made absolute, from ``base``.

    Raises:
        NetworkError: when it is no source.
    """
    source = parse_source(text)
    is_path = source.kind in ("onnx", "npz", "savedmodel")
    is_path |= source.kind == "keras" and Path(source.rest).suffix in KERAS_FILES
    is_path |= source.kind == "hf" and (base / source.rest).is_dir()
    paths = {"checkpoint", "weights_dir"} | ({"weights"} if source.kind == "keras" else set())
    rest = str(_absolute(source.rest, base)) if is_path else source.rest
    query = [
        f"{key}={_absolute(value, base) if key in paths else value}"
        for key, value in source.query.items()
    ]
    return f"{source.kind}:{rest}{'?' if query else ''}{'&'.join(query)}"


def _absolute(text: str, base: Path) -> Path:
    return resolve_path(text, base.resolve())
