"""A network's answers in place of its features: one-hot, or its probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.digests import digest
from samefeatures.features.rows import FeatureRows, Over
from samefeatures.networks.record import Head


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answers(Over):
    """Rows of K columns made of a network's logits; nothing else of it is left.

    Attributes:
        name: Of the space.
        rows: Features of the network.
        head: Its own.
        soft: Its probabilities, softmax of the logits, instead of a 1 at the predicted class.
    """

    name: str
    rows: FeatureRows
    head: Head
    soft: bool = False

    @property
    def dim(self) -> int:
        return self.head.classes

    @property
    def fingerprint(self) -> str:
        """Of the features and the head."""
        weights = (self.head.weight.tobytes(), self.head.bias.tobytes())
        return digest("soft answers" if self.soft else "answers", self.rows.fingerprint, *weights)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(r, K) all rows in order, ``rows`` at a time."""
        for block in self.rows.chunks(rows):
            yield self.of(block)

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, K) rows ``start`` to ``stop``."""
        return self.of(self.rows.span(start, stop))

    @property
    def one_hot(self) -> bool:
        """Whether rows can stand as classes."""
        return not self.soft

    def derive(self, blocks: Mapping[str, Float32], start: int) -> Float32 | Int64:  # noqa: ARG002
        """(r,) predicted classes, or (r, K) probabilities, from the network's block of rows.

        Args:
            blocks: (r, d) by name, the network's among them.
            start: Number of the first row.
        """
        features = blocks[self.rows.name]
        return self.of(features) if self.soft else answered(features, self.head)

    def of(self, features: Float32) -> Float32:
        """(r, d) features of the network to (r, K)."""
        if self.soft:
            logits = features.astype(np.float64) @ self.head.weight.T + self.head.bias
            from scipy.special import softmax

            return np.asarray(softmax(logits, axis=1), np.float32)
        return np.eye(self.dim, dtype=np.float32)[answered(features, self.head)]


def answered(features: Float32, head: Head) -> Int64:
    """(r,) predicted classes of (r, d) features; the first at a tie."""
    return np.asarray(head.logits(features).argmax(axis=1), np.int64)
