"""Source strings: ``kind:rest?key=value&key=value``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from samefeatures.base.errors import NetworkError, did_you_mean, require
from samefeatures.base.options import check_known
from samefeatures.base.paths import path_of
from samefeatures.base.progress import Progress
from samefeatures.networks.arithmetic import PLAIN, Arithmetic
from samefeatures.networks.kinds import GENERAL, Kind, find_kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """A source string in its parts.

    Attributes:
        text: As it was given.
        kind: Its row of ``kinds``.
        rest: Name or path.
        query: Values by key; only keys that the kind knows, or all kinds.
    """

    text: str
    kind: Kind
    rest: str
    query: Mapping[str, str]

    def require(self, module: str) -> ModuleType:
        """Import a module that this kind needs.

        Raises:
            MissingExtraError: naming the extra that brings it.
        """
        return require(module, extra=self.kind.extra or "all", purpose=f"The network {self.text}")


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


_QUERY, _BETWEEN = re.compile(r"\?(?=\w+=|\w*$)"), re.compile(r"&(?=\w+=|\w*(?:&|$))")
"""Where a query begins, and its pairs: a ``?`` or an ``&`` of a path has no key behind it."""


def parse_source(text: str) -> Source:
    """Take a source string apart: ``KIND:REST?KEY=VALUE&KEY=VALUE``.

    Raises:
        NetworkError: when the kind or a query key does not exist, or a part is empty.
        ConfigError: when the kind is that of another package, which can't be used.
    """
    name, colon, tail = text.partition(":")
    kind = find_kind(name if colon else "", text=text)
    query_at = _QUERY.search(tail)
    rest, raw = (tail[: query_at.start()], tail[query_at.end() :]) if query_at else (tail, "")
    if not rest:
        raise NetworkError(f"'{text}' names nothing after '{name}:'. Add a name or a path.")
    query: dict[str, str] = {}
    for pair in _BETWEEN.split(raw) if raw else ():
        key, _, value = pair.partition("=")
        if key not in (*kind.keys, *GENERAL):
            raise NetworkError(_unknown_key(text, kind, key))
        if not value or key in query:
            why = "has no value" if not value else "is given twice"
            raise NetworkError(f"'{text}': '{key}' {why}. Write {key}=VALUE once.")
        query[key] = value
    return Source(text, kind, rest, query)


def _unknown_key(text: str, kind: Kind, key: str) -> str:
    known = [*kind.keys, *(each for each in GENERAL if each not in kind.keys)]
    return (
        f"'{text}' has the unknown option '{key}'. {did_you_mean(key, known)}"
        f"{kind.name}: takes {', '.join(known)}."
    )


def look_up(name: str, table: Mapping[str, T], missing: str) -> T:
    """What a table has under a name.

    Raises:
        NetworkError: starting with ``missing``, naming the nearest and all there are.
    """
    check_known(name, table, missing, NetworkError)
    return table[name]


def resolve_path(text: str, base: Path | None) -> Path:
    """A path from a source string; relative ones start at ``base``, or at the current folder.

    Raises:
        ConfigError: as ``path_of``.
    """
    return path_of(text, base)


def anchored(text: str, base: Path) -> str:
    """The same source with its relative paths made absolute, from ``base``.

    Raises:
        NetworkError: when it is no source.
    """
    source = parse_source(text)
    kind, base = source.kind, base.resolve()
    rest = resolve_path(source.rest, base) if kind.is_path(source.rest, base) else source.rest
    query = [
        f"{key}={resolve_path(value, base) if key in kind.paths else value}"
        for key, value in source.query.items()
    ]
    return f"{kind.name}:{rest}{'?' if query else ''}{'&'.join(query)}"
