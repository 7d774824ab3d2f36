"""True labels as a space: given to a measure, they are said to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.digests import digest


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Labels:
    """One-hot rows of (n,) class indices.

    Attributes:
        name: Of the space.
        labels: (n,) in 0 … classes − 1.
        classes: Columns.
        ids: One a row, or None.
    """

    name: str
    labels: Int64
    classes: int
    ids: Sequence[str] | None = None

    @property
    def dim(self) -> int:
        return self.classes

    @property
    def fingerprint(self) -> str:
        """Of the labels."""
        return digest(f"labels {self.classes}", self.labels.tobytes())

    def __len__(self) -> int:
        return len(self.labels)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(r, K) all rows in order, ``rows`` at a time."""
        for start in range(0, len(self), rows):
            yield self.span(start, min(start + rows, len(self)))

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, K) rows ``start`` to ``stop``."""
        return np.eye(self.classes, dtype=np.float32)[self.labels[start:stop]]

    @property
    def one_hot(self) -> bool:
        """Yes."""
        return True

    def derive(self, blocks: Mapping[str, Float32], start: int) -> Int64:
        """(r,) labels of rows ``start`` on, as many as the (r, d) blocks have."""
        return self.labels[start : start + len(next(iter(blocks.values())))]
