"""Paths as people write them in study files and sources."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

from samefeatures.base.errors import ConfigError
from samefeatures.base.shown import plain

PathLike: TypeAlias = str | os.PathLike[str]
"""What every public function takes for a path."""


def as_path(given: PathLike) -> Path:
    """The path that a caller means; ``~`` and ``~user`` are home folders.

    Raises:
        ConfigError: when it is no text and no path, empty, or a URL, or as ``path_of``.
    """
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(
            f"{plain(repr(given))} is no path. Give a string or a pathlib.Path, e.g. 'out/study'."
        )
    text = os.fspath(given)
    if not text:
        raise ConfigError("The path is empty. Give a string or a pathlib.Path; '.' is this folder.")
    if "://" in text:
        raise ConfigError(
            f"'{plain(text)}' is a URL. Only stores of features may lie at one; give a path."
        )
    return path_of(text)


def path_of(given: str | Path, base: Path | None = None) -> Path:
    """A path; ``~`` and ``~user`` are home folders, relative ones start at ``base``.

    Raises:
        ConfigError: when there is no such user, or it holds a NUL, which no path can.
    """
    text = str(given)
    if "\0" in text:
        raise ConfigError(f"The path '{plain(text)}' holds a NUL character. Write it without.")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        user = text.partition("/")[0]
        raise ConfigError(
            f"The path '{plain(text)}' begins with '{plain(user)}', which is no user of this "
            f"machine. Write './{plain(text)}' if the folder is called so."
        ) from None
    return path if base is None else base / path
