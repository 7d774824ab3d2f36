"""The key ``ranks`` of a study: ``true``, or the ranks themselves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator

from samefeatures.base.errors import ConfigError


def _ranks(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value or None
    whole = isinstance(value, list | tuple) and all(type(each) is int for each in value)
    if not whole or not value or min(value) < 1:
        raise ValueError(
            f"{value!r} is no list of ranks. Give whole numbers from 1, e.g. [1, 2, 4, 8], or "
            "true for powers of two"
        )
    if any(a >= b for a, b in pairwise(value)):
        raise ValueError(f"the ranks {list(value)} do not ascend. Give each once, in order")
    return tuple(value)


ChosenRanks = bool | tuple[int, ...] | None
"""Powers of two, or the ranks themselves, beside the full one; None where none is judged."""
RanksKey = Annotated[ChosenRanks, BeforeValidator(_ranks)]


def check_ranks_have_maps(ranks: ChosenRanks, *, networks: int) -> None:
    """Refuse them for a single network.

    Raises:
        ValueError: as a validator does.
    """
    if ranks and networks < 2:
        raise ValueError("ranks are of maps, and one network has none. Leave 'ranks' out")


def check_ranks(ranks: ChosenRanks, dims: Mapping[str, int]) -> None:
    """Refuse ranks that no pair of these widths can have.

    Raises:
        ConfigError: naming the largest.
    """
    if not isinstance(ranks, tuple):
        return
    most = sorted(dims.values())[-2]  # the narrower side of the widest pair
    if ranks[-1] > most:
        raise ConfigError(
            f"ranks: {ranks[-1]} is above the {most} features that the widest pair of networks has "
            f"on both sides. Take ranks of at most {most}, or 'ranks: true'."
        )
