"""Few random mixtures of a target's columns, which stand for it where strengths are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Float64

COLUMNS = 32
"""Targets of at most as many columns stand for themselves."""


def sketch_of(target: str) -> str:
    """Name of its mixtures; no space can have it."""
    return f"mixtures of {target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Mixtures y R of a target's rows y, with R (d, 32) of standard normal numbers.

    The share of the squares of y R that a regression leaves is that of y, but for the draw of R:
    which strength is better needs no more.

    Attributes:
        target: Name.
        width: d.
        seed: Of the draw.
    """

    target: str
    width: int
    seed: int

    @property
    def name(self) -> str:
        """Of the space."""
        return sketch_of(self.target)

    @property
    def dim(self) -> int:
        """Mixtures."""
        return min(self.width, COLUMNS)

    @property
    def fingerprint(self) -> str:
        """Of the draw; the rows are the target's."""
        return f"sketch 1 {self.seed} {self.width}"

    @property
    def one_hot(self) -> bool:
        """No."""
        return False

    @property
    def mixtures(self) -> Float64 | None:
        """(d, 32) R; None where the target stands for itself."""
        if self.width <= COLUMNS:
            return None
        drawn: Float64 = np.random.default_rng(self.seed).standard_normal((self.width, COLUMNS))
        return drawn

    def derive(self, blocks: Mapping[str, Float32], start: int) -> Float64 | Float32:  # noqa: ARG002
        """(r, 32) float64, or the target's own (r, d) float32.

        Args:
            blocks: (r, d) by name, the target's among them.
            start: Number of the first row.
        """
        mixtures = self.mixtures
        if mixtures is None:
            return blocks[self.target]
        out: Float64 = blocks[self.target].astype(np.float64) @ mixtures
        return out
