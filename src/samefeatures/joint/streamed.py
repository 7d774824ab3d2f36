"""Rows that were not kept: what stands for them once they have gone into moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedRows:
    """Rows that have gone into moments: known by name, and not there any more."""

    name: str
    dim: int
    fingerprint: str
    rows: int = 0

    @property
    def ids(self) -> None:
        """Not kept."""
        return

    @property
    def labels(self) -> None:
        """Not read."""
        return

    def __len__(self) -> int:
        return self.rows

    def chunks(self, rows: int) -> Iterator[Float32]:
        """Refuses: there are no rows (``rows``, d).

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            f"The {self.rows:,} fit features of {self.name} were not kept ({rows} at a time were "
            "asked for). Say 'store: true' in the study file."
        )

    def span(self, start: int, stop: int) -> Float32:
        """Refuses, as ``chunks`` does: there are no rows (stop - start, d)."""
        next(self.chunks(stop - start))
        raise AssertionError  # not reached


@dataclass(frozen=True, slots=True, eq=False)
class Streamed:
    """What is known of rows that have gone into moments.

    Attributes:
        rows: By network.
        left_out: Why, by id, for each source of images.
        prints: (n, 8), see ``features.prints``.
    """

    rows: Mapping[str, StreamedRows]
    left_out: Sequence[Mapping[str, str]]
    prints: Float32
