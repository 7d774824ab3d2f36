"""Which archives a pattern names."""

from __future__ import annotations

import math
import re
from itertools import product
from pathlib import Path

from samefeatures.base.errors import ConfigError, DataError
from samefeatures.base.paths import path_of

MOST_SHARDS = 1_000_000
"""Archives that a pattern may name."""


def expand(pattern: str, base: Path) -> list[Path]:
    """Paths of a pattern with ``{000..009}`` and ``*``, in order.

    Raises:
        ConfigError: when a range runs backwards, or there are more than ``MOST_SHARDS``.
        DataError: when a path does not exist.
    """
    out: list[Path] = []
    for text in _spelt_out(pattern):
        path = path_of(text, base)
        if "**" in path.name:
            raise DataError(f"{pattern} holds '**', which means nothing here. Write one '*'.")
        found = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
        if not found or not found[0].is_file():
            raise DataError(f"There is no archive at {path}. Check the path.")
        out += found
    return out


def _spelt_out(pattern: str) -> list[str]:
    pieces = re.split(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}", pattern)
    choices: list[list[str]] = []
    ranges = []
    for low, high in zip(pieces[1::3], pieces[2::3], strict=True):
        ranges.append(range(int(low), int(high) + 1))
        if not ranges[-1]:
            raise ConfigError(
                f"{pattern}: {{{low}..{high}}} names nothing. Give the smaller first."
            )
    count = math.prod(map(len, ranges))
    if count > MOST_SHARDS:
        raise ConfigError(
            f"{pattern} names {count:,} archives; at most {MOST_SHARDS:,} are looked for. Check "
            "the range."
        )
    for text, low, numbers in zip(pieces[::3], pieces[1::3], ranges, strict=False):
        choices += [[text], [str(n).zfill(len(low)) for n in numbers]]
    return ["".join(parts) for parts in product(*choices, [pieces[-1]])]
