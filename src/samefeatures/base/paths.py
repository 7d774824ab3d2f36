"""Paths as people write them in study files and sources."""

from __future__ import annotations

from pathlib import Path

from samefeatures.base.errors import ConfigError
from samefeatures.base.shown import plain


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
