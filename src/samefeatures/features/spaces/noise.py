"""Class noise: rows that know a network's answer and nothing else (Smith et al., ICML 2025)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.features.rows import FeatureRows, Over
from samefeatures.features.spaces.answers import answered
from samefeatures.networks.record import Head

COLUMNS = 128
BLOCK = 1024
"""Rows that are drawn together, so that row i is the same however rows are read."""


def centres(classes: int, *, seed: int, columns: int = COLUMNS) -> Float32:
    """(K, c) a standard normal vector for each answer."""
    return np.random.default_rng([seed, 0]).standard_normal((classes, columns), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """(n, c) standard normal rows by their place alone: the part that all class noise shares.

    Attributes:
        length: n.
        seed: Of the draws.
        columns: c.
        name: Of the space.
    """

    length: int
    seed: int
    columns: int = COLUMNS
    name: str = "noise"
    ids: None = field(default=None, init=False)
    labels: None = field(default=None, init=False)

    @property
    def dim(self) -> int:
        return self.columns

    @property
    def fingerprint(self) -> str:
        """Of how it is drawn."""
        return digest(f"noise {self.seed} {self.columns} {self.length}")

    def __len__(self) -> int:
        return self.length

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(r, c) all rows in order, ``rows`` at a time."""
        for start in range(0, self.length, rows):
            yield self.span(start, min(start + rows, self.length))

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, c) rows ``start`` to ``stop``."""
        first, last = start // BLOCK, -(-stop // BLOCK)
        drawn = [self._block(k) for k in range(first, last)]
        joined = np.concatenate(drawn) if drawn else np.empty((0, self.columns), np.float32)
        return joined[start - first * BLOCK : stop - first * BLOCK]

    @property
    def one_hot(self) -> bool:
        """No."""
        return False

    def derive(self, blocks: Mapping[str, Float32], start: int) -> Float32:
        """(r, c) rows ``start`` on, as many as the (r, d) blocks have."""
        return self.span(start, start + len(next(iter(blocks.values()))))

    def _block(self, k: int) -> Float32:
        rng = np.random.default_rng([self.seed, 1, k])
        return rng.standard_normal((BLOCK, self.columns), np.float32)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassNoise(Over):
    """A random vector for each answer of a network, and noise: the null of every measure.

    Attributes:
        name: Of the space.
        rows: Features of the network.
        head: Its own.
        seed: Of vectors and noise.
        columns: c.
    """

    name: str
    rows: FeatureRows
    head: Head
    seed: int
    columns: int = COLUMNS

    @property
    def dim(self) -> int:
        return self.columns

    @property
    def fingerprint(self) -> str:
        """Of the features, the head and how noise is drawn."""
        weights = (self.head.weight.tobytes(), self.head.bias.tobytes())
        drawn = f"class noise {self.seed} {self.columns}"
        return digest(drawn, self.rows.fingerprint, *weights)

    @property
    def noise(self) -> Noise:
        """What is added to the vector of the answer."""
        return Noise(length=len(self.rows), seed=self.seed, columns=self.columns)

    @property
    def centres(self) -> Float32:
        """(K, c) the vector of each answer."""
        return centres(self.head.classes, seed=self.seed, columns=self.columns)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(r, c) all rows in order, ``rows`` at a time."""
        for block, noise in zip(self.rows.chunks(rows), self.noise.chunks(rows), strict=True):
            yield self.centres[answered(block, self.head)] + noise

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, c) rows ``start`` to ``stop``."""
        classes = answered(self.rows.span(start, stop), self.head)
        return self.centres[classes] + self.noise.span(start, stop)
