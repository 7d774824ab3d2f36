"""Rows of several spaces, as people have them, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from samefeatures.base.errors import ConfigError, FeatureError
from samefeatures.features.given import BLOCK_BYTES, Floats, GivenRows, Rows, given_rows, own_name
from samefeatures.features.same import check_same_ids


def given_spaces(given: Mapping[str, Rows], *, side: str = "") -> dict[str, GivenRows]:
    """Rows of several spaces, by name.

    Args:
        given: By name.
        side: What errors add to the names.

    Raises:
        ConfigError: when a name is none.
        FeatureError: as ``given_rows``; when one iterator is given twice; when rows say that they
            are of another of the spaces; or as ``same_rows``.
    """
    seen: dict[int, str] = {}
    for name, each in given.items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{name!r} is no name of a space. Call every space by a word.")
        own = own_name(each)
        if own != name and own in given:
            raise FeatureError(
                f"The rows of {name}{side} say that they are of {own}, which is another space "
                "here. Swap them, or the names."
            )
        twin = seen.setdefault(id(each), name)
        if twin != name and isinstance(each, Iterator):
            raise FeatureError(
                f"{twin} and {name} are one iterator, and each of them would get half of its "
                "blocks. Make one for each."
            )
    spaces = {name: given_rows(each, f"{name}{side}") for name, each in given.items()}
    same_rows(list(spaces.values()))
    return spaces


def same_rows(parts: Sequence[GivenRows]) -> None:
    """Row i of every space must be the same sample, as far as can be told before they are read.

    Raises:
        FeatureError: naming the first two spaces that differ.
    """
    known = [part for part in parts if part.length is not None]
    for part in known[1:]:
        if part.length != known[0].length:
            raise FeatureError(
                f"{known[0].name} has {known[0].length} rows and {part.name} has {part.length}. "
                "Row i of all of them must be the same sample."
            )
    with_ids = [part for part in parts if part.ids is not None]
    for part in with_ids[1:]:
        check_same_ids(with_ids[0].name, with_ids[0].ids or (), part.name, part.ids or ())


def side_by_side(parts: Sequence[GivenRows]) -> Iterator[list[Floats]]:
    """Blocks of all spaces, (r, d) each, row i the same sample; each is read once.

    Raises:
        FeatureError: when one has more rows than another, or as ``GivenRows.chunks``.
    """
    rows = max(1, BLOCK_BYTES // (8 * sum(part.dim for part in parts)))
    streams, start = [part.chunks(rows) for part in parts], 0
    while True:
        blocks = [next(stream, None) for stream in streams]
        lengths = [0 if block is None else len(block) for block in blocks]
        if len(set(lengths)) > 1:
            short, long = parts[int(np.argmin(lengths))], parts[int(np.argmax(lengths))]
            raise FeatureError(
                f"{short.name} ends after {start + min(lengths)} rows and {long.name} has more. "
                "Row i of all of them must be the same sample."
            )
        if not lengths[0]:
            return
        yield [block for block in blocks if block is not None]
        start += lengths[0]
