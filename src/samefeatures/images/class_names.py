"""What the classes are called, for the report; class indices stay what everything counts by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import ConfigError, FileError, NoFileError
from samefeatures.base.paths import path_of

MOST = 64 * MEBIBYTE
"""Bytes of a file with names."""


def class_names(given: Sequence[str] | str, *, classes: int, base: Path) -> tuple[str, ...]:
    """One name per class, in the order of the indices. Two classes may have the same name.

    Args:
        given: The names, or a file: line i of a ``.txt`` names class i; a ``.json`` holds a list,
            or an object from index to name or to ``[synset, name]``, as Keras has it.
        classes: Of the networks.
        base: Where a relative path starts.

    Raises:
        ConfigError: when there is no such file, it holds something else, or names are missing.
    """
    names, where = (
        _read(path_of(given, base)) if isinstance(given, str) else (list(given), "class_names")
    )
    if len(names) != classes:
        raise ConfigError(
            f"{where} names {len(names)} classes, but the networks have {classes}. Name every "
            "class, in the order of the indices."
        )
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ConfigError(
                f"{where}: class {i} has the name {name!r}; it must be a word or more."
            )
    return tuple(names)


def _read(path: Path) -> tuple[list[Any], str]:
    readers: dict[str, Callable[[str], list[Any]]] = {".txt": str.splitlines, ".json": _from_json}
    where = f"The class names {path}"
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"{where} must end in .txt or .json.")
    try:
        with border():
            return reader(bytes_of(path, most=MOST).decode("utf-8-sig")), where
    except NoFileError:
        raise ConfigError(f"There are no class names at {path}. Check the path.") from None
    except FileError as error:
        raise ConfigError(
            f"{where} can't be read ({error}). A .txt has one name per line; a .json holds a list, "
            "or an object from index to name or to [synset, name]."
        ) from None


def _from_json(text: str) -> list[Any]:
    found = parse_json(text)
    if isinstance(found, dict):
        by_index = {int(key): value for key, value in found.items()}
        if sorted(by_index) != list(range(len(by_index))):
            raise ValueError("its indices do not run from 0 without a gap")
        found = [by_index[i] for i in range(len(by_index))]
    if not isinstance(found, list):
        raise TypeError("it holds neither a list nor an object")
    return [entry[-1] if isinstance(entry, list) and entry else entry for entry in found]
