"""Preconditioned L-BFGS over a matrix, one evaluation of the loss at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float64

Precondition = Callable[[Float64], Float64]

MEMORY = 2
"""Pairs of steps and gradient changes that are kept; more save no evaluation (docs)."""
SUFFICIENT = 1e-4
"""Part of the decrease promised by the slope that a step must bring (Armijo)."""
SHORTEST = 1e-6
"""Part of the full step below which no decrease is to be found."""


class Descent:
    """Minimise a smooth function whose loss and gradient somebody else computes at ``trial``.

    Each ``tell`` takes both at ``trial``, keeps the point if the loss fell, and sets the next
    ``trial``: one evaluation a step, unless a step was too long and is shortened (by the parabola
    through both losses and the slope). The loss of ``point`` never rises. Directions are those of
    L-BFGS (Nocedal & Wright, algorithm 7.4) with ``precondition`` as the first inverse Hessian.

    It has ended when the last step lowered the loss by at most ``tolerance`` times the loss, and
    the next promises no more: half of slope times step, for a quadratic function the distance of
    the loss from its minimum.

    Args:
        start: Where to begin.
        precondition: A symmetric positive (semi)definite linear map of gradients into steps.
        tolerance: Relative decrease of the loss that is not worth another step.

    Attributes:
        trial: Evaluate loss and gradient here, unless it has ended.
        point: The best point so far.
        loss: Its loss; infinite before the first ``tell``.
        ended: Nothing further to do.
        promised: The last promise: how much lower the loss could be.
    """

    def __init__(self, start: Float64, *, precondition: Precondition, tolerance: float) -> None:
        self._precondition = precondition
        self._tolerance = tolerance
        self.point = self.trial = start
        self.loss = self.promised = np.inf
        self.ended = False
        self._gradient = self._direction = np.zeros_like(start)
        self._length = 1.0
        self._steps: list[Float64] = []
        self._changes: list[Float64] = []

    def tell(self, loss: float, gradient: Float64) -> None:
        """Loss and gradient (d_B, d_A + 1) at ``trial``."""
        slope = float(np.vdot(self._gradient, self._direction))  # below zero, but for the first
        if loss <= self.loss + SUFFICIENT * self._length * slope:
            self._accept(loss, gradient)
        elif self._length < SHORTEST and self._steps:
            self._steps, self._changes = [], []  # they mislead: start anew from here
            self._aim()
        elif self._length < SHORTEST:
            self.ended = True
        else:
            self._shorten(loss, slope)

    def _accept(self, loss: float, gradient: Float64) -> None:
        if np.isfinite(self.loss):
            self._remember(self.trial - self.point, gradient - self._gradient)
        fell = self.loss - loss if np.isfinite(self.loss) else 0.0
        self.point, self.loss, self._gradient = self.trial, loss, gradient
        self._aim()
        self.ended = max(self.promised, fell) <= self._tolerance * loss

    def _aim(self) -> None:
        self._direction = self._downhill()
        self.promised = -0.5 * float(np.vdot(self._gradient, self._direction))
        self._length = 1.0
        self.trial = self.point + self._direction

    def _remember(self, step: Float64, change: Float64) -> None:
        # Only where the function curves upwards does the pair describe a Hessian to go down by.
        if np.vdot(step, change) > 0:
            self._steps = [*self._steps, step][-MEMORY:]
            self._changes = [*self._changes, change][-MEMORY:]

    def _downhill(self) -> Float64:
        """The two-loop recursion: minus the inverse Hessian times the gradient."""
        q = self._gradient.copy()
        pairs = list(zip(self._steps, self._changes, strict=True))
        parts = []
        for step, change in reversed(pairs):
            part = np.vdot(step, q) / np.vdot(step, change)
            q -= part * change
            parts.append(part)
        q = self._precondition(q)
        for (step, change), part in zip(pairs, reversed(parts), strict=True):
            q += (part - np.vdot(change, q) / np.vdot(step, change)) * step
        return -q

    def _shorten(self, loss: float, slope: float) -> None:
        whole = self._length
        if np.isfinite(loss):
            best = -slope * whole / (2 * (loss - self.loss - slope * whole))
            best = min(max(best, 0.1), 0.5)
        else:
            best = 0.1
        self._length = whole * best
        self.trial = self.point + self._length * self._direction

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that decides what follows, for a checkpoint: maps (d_B, d_A + 1), lists of them."""
        shape = (0, *self.point.shape)
        return {
            "point": self.point,
            "gradient": self._gradient,
            "direction": self._direction,
            "steps": np.stack(self._steps) if self._steps else np.empty(shape),
            "changes": np.stack(self._changes) if self._changes else np.empty(shape),
            "numbers": np.array([self.loss, self.promised, self._length, self.ended]),
        }

    def resume(self, state: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """Go on from what ``state`` gave, maps (d_B, d_A + 1) in it, to the same bits."""
        arrays = {name: np.asarray(state[name], np.float64) for name in self.state()}
        self.point, self._gradient = arrays["point"], arrays["gradient"]
        self._direction = arrays["direction"]
        self._steps, self._changes = list(arrays["steps"]), list(arrays["changes"])
        self.loss, self.promised, self._length, ended = (float(v) for v in arrays["numbers"])
        self.ended = bool(ended)
        self.trial = self.point + self._length * self._direction
        return self
