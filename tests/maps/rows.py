"""Rows for methods that see them, and the loss written out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from worlds import World

from samefeatures.base.progress import Advance
from samefeatures.maps import AffineMap


def float32_world(world: World) -> World:
    return World(
        world.networks, {k: x.astype(np.float32).astype(float) for k, x in world.features.items()}
    )


def normalised_loss(world: World, fitted: AffineMap) -> float:
    """The paper's E, as it stands there."""
    p = world.features[fitted.source] @ fitted.weight.T + fitted.bias
    y = world.features[fitted.target]
    p = p / np.linalg.norm(p, axis=1, keepdims=True)
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    return float(((p - y) ** 2).sum(axis=1).mean())


class Kill(Exception):
    """Stops a fit from outside."""


class KillAfter:
    """A progress that raises after so many calls of ``advance``."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def task(self, description: str, total: int) -> Advance:
        def advance(steps: int) -> None:
            self.left -= 1
            if self.left < 0:
                raise Kill

        return advance


class MadeRows:
    """Rows that are made while they are read, and remember how many were asked for at once."""

    def __init__(self, name: str, n: int, dim: int, mix: np.ndarray) -> None:
        self.name, self.dim, self._n, self._mix = name, dim, n, mix
        self.fingerprint = f"made-{name}"
        self.ids = self.labels = None
        self.largest = 0

    def __len__(self) -> int:
        return self._n

    def span(self, start: int, stop: int) -> np.ndarray:
        self.largest = max(self.largest, stop - start)
        i = np.arange(start, stop)[:, None]
        cause = np.sin(i * np.arange(1, len(self._mix) + 1) * 0.7).astype(np.float32)
        return cause @ self._mix + np.float32(0.5)

    def chunks(self, rows: int) -> Iterator[np.ndarray]:
        for start in range(0, self._n, rows):
            yield self.span(start, min(start + rows, self._n))
