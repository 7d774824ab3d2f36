"""Multinomial logistic regression with an L2 penalty, in coordinates where few steps do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Float64, Int64
from samefeatures.networks.record import Head

Part = tuple[Float64, Int64]
"""Coordinates (r, d) and labels (r,) of some of the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Standardised features, turned to their principal axes.

    The norm of weights is the same there, and the curvature of the loss is nearly diagonal.

    Attributes:
        mean: (d,) float64 of the features.
        axes: (d, d) float64: a centred row times these is a row of coordinates.
        variance: (d,) float64 of each coordinate.
    """

    mean: Float64
    axes: Float64
    variance: Float64

    @classmethod
    def of(cls, features: Float32 | Float64) -> Basis:
        """The basis of (n, d) features; what does not vary counts as 0."""
        x = features.astype(np.float64)
        mean, deviation = x.mean(axis=0), x.std(axis=0)
        # What varies by less than float32 resolves is constant: dividing would blow up rounding.
        constant = deviation <= 1e-6 * np.abs(x).max(axis=0)
        scale = np.where(constant, 0, 1 / np.where(constant, 1, deviation))
        x -= mean
        x *= scale
        variance, axes = np.linalg.eigh(x.T @ x / len(x))
        return cls(mean, scale[:, None] * axes, np.maximum(variance, 0))

    def rows(self, features: Float32 | Float64) -> Float64:
        """(r, d) features to (r, d) coordinates."""
        out: Float64 = (features - self.mean) @ self.axes
        return out

    def head(self, weights: Float64) -> Head:
        """(classes, d + 1) weights of coordinates, the bias last, as a head on the features."""
        weight = (weights[:, :-1] @ self.axes.T).astype(np.float32)
        # From the rounded weights: their rounding then does not count times the mean.
        bias = weights[:, -1] - weight.astype(np.float64) @ self.mean
        return Head(weight, bias.astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Where a fit ended.

    Attributes:
        weights: (classes, d + 1) float64, the bias last.
        gradient: Its largest entry, in the units of the fit.
        steps: How many it took.
    """

    weights: Float64
    gradient: float
    steps: int


def minimise(
    parts: Sequence[Part],
    strength: float,
    *,
    variance: Float64,
    start: Float64,
    tolerance: float,
    steps: int,
) -> Reached:
    """Minimise ``(1/n) Σ log loss + (strength / 2) ‖W‖²`` over the rows of all parts by L-BFGS.

    Weights are measured in units that make the curvature about 1 in every direction: where all
    classes are as likely, the loss has curvature variance / classes. On features of trained
    networks this takes a tenth of the steps, and makes the tolerance mean the same everywhere.

    Args:
        parts: Coordinates and labels.
        strength: Above 0; the bias is free.
        variance: (d,) about that of the coordinates; it decides the steps, not the result.
        start: (classes, d + 1), the bias last.
        tolerance: It ends when no entry of the gradient is above.
        steps: It ends after as many all the same.
    """
    from scipy.optimize import minimize

    n, classes = sum(len(labels) for _, labels in parts), len(start)
    curvature = np.append(variance / classes + strength, 1 / classes)
    unit = 1 / np.sqrt(curvature)  # (d + 1,)
    penalty = np.append(np.full(len(variance), strength), 0.0)

    def objective(flat: Float64) -> tuple[float, Float64]:
        weights = flat.reshape(start.shape) * unit
        loss, gradient = 0.0, np.zeros_like(weights)
        for x, labels in parts:
            part, by_logit = _losses(x, labels, weights)
            loss += part
            gradient[:, :-1] += by_logit @ x
            gradient[:, -1] += by_logit.sum(axis=1)
        shrunk = penalty * weights
        total = loss / n + float(np.vdot(shrunk, weights)) / 2
        return total, ((gradient / n + shrunk) * unit).ravel()

    found = minimize(
        objective,
        (start / unit).ravel(),
        jac=True,
        method="L-BFGS-B",
        # ftol 0: the gradient alone decides. maxfun is out of the way of maxiter.
        options={
            "maxiter": steps,
            "maxfun": 20 * steps,
            "maxcor": 20,
            "gtol": tolerance,
            "ftol": 0.0,
        },
    )
    weights = found.x.reshape(start.shape) * unit
    return Reached(weights, float(np.abs(found.jac).max()), int(found.nit))


def log_loss(parts: Sequence[Part], weights: Float64) -> float:
    """Mean of −log softmax(W x + b)[label] over all rows, weights (classes, d + 1), b the last."""
    total = sum(_losses(x, labels, weights)[0] for x, labels in parts)
    return total / sum(len(labels) for _, labels in parts)


def _losses(x: Float64, labels: Int64, weights: Float64) -> tuple[float, Float64]:
    """Sum of the log losses of (r, d) rows, and its gradient by their logits, (classes, r)."""
    logits = weights[:, :-1] @ x.T + weights[:, -1:]
    logits -= logits.max(axis=0)
    own = (labels, np.arange(len(labels)))
    loss = -float(logits[own].sum())
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    logits /= total
    logits[own] -= 1
    return loss + float(np.log(total).sum()), logits
