"""Pixels of grey images: one channel of three that are equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.features.rows import FeatureRows, Over


@dataclass(frozen=True, slots=True, eq=False)
class FirstChannel(Over):
    """Every third column of pixel rows, (n, 3·p) to (n, p).

    Attributes:
        rows: Of ``networks.pixels.PixelMeans``, channels last.
    """

    rows: FeatureRows

    @property
    def name(self) -> str:
        return self.rows.name

    @property
    def dim(self) -> int:
        return self.rows.dim // 3

    @property
    def fingerprint(self) -> str:
        """Of all channels."""
        return digest("first channel", self.rows.fingerprint)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(r, p) all rows in order, ``rows`` at a time."""
        for block in self.rows.chunks(rows):
            yield block[:, ::3]

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, p) rows ``start`` to ``stop``."""
        return self.rows.span(start, stop)[:, ::3]
