"""A probe: a linear head, fitted to features for a question that their network never learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32, Float64, Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError, FeatureError, LabelError
from samefeatures.networks.record import Head
from samefeatures.scores.logistic import Basis, Part, log_loss, minimise

STRENGTHS = tuple(10.0**k for k in range(1, -7, -1))
"""Strengths that are tried: 10, 1, … 1e-6."""

ROUGH, FINE = 1e-4, 1e-7
"""Largest gradient at which a fit has converged: while strengths are compared, and at the end."""

WORSE = 1.1
"""Times the least loss at which a path ends: weaker strengths overfit more, and take most steps."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One strength in the cross-validation.

    Attributes:
        strength: As in ``fit_probe``.
        loss: Mean log loss of every row, by the probe that was fitted without the row's fold.
        converged: Whether the fits of all folds did.
    """

    strength: float
    loss: float
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNote:
    """How a probe was fitted.

    Attributes:
        strength: The one that was chosen: of the least loss, the stronger at a tie.
        path: All that were tried, the strongest first; it ends with the first that overfits: its
            loss is more than a tenth above the least.
        loss: Mean log loss of the rows that the probe was fitted to, without the penalty.
        steps: That its own fit took.
        message: One sentence where that fit did not converge; else empty.
    """

    strength: float
    path: tuple[Tried, ...]
    loss: float
    steps: int
    message: str = ""

    @property
    def converged(self) -> bool:
        """Whether its own fit did."""
        return not self.message


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A head for a question, and how it was fitted."""

    head: Head
    note: ProbeNote


def fit_probe(
    features: Float32 | Float64,
    labels: Int64,
    ids: Sequence[str],
    *,
    classes: int,
    strengths: Sequence[float] = STRENGTHS,
    folds: int = 5,
    steps: int = 1000,
) -> Probe:
    """Multinomial logistic regression with an L2 penalty whose strength is cross-validated.

    With z the features, each centred and divided by its standard deviation over all rows:

        minimise  −(1/n) Σ log softmax(W z_i + b)[y_i] + (strength / 2) ‖W‖²

    in float64; b is free. Mean and deviation are then folded into the head, which takes features
    as they are. Equals scikit-learn's ``LogisticRegression(C=1 / (n · strength))`` on standardised
    features; of two classes that one has the difference of our two rows alone, and its C is
    2 / (n · strength).

    The strength is that of the least log loss on rows held out, each once. Folds are dealt by the
    ids and labels alone: neither the order of the rows nor the features matter, and every class is
    in every fit.

    Args:
        features: (n, d).
        labels: (n,) in 0 … classes − 1.
        ids: n strings, one a row.
        classes: At least 2, each with at least 2 rows.
        strengths: Above 0, in any order.
        folds: At least 2.
        steps: Most steps of one fit.

    Raises:
        ConfigError: when an option is outside its range.
        FeatureError: when features are NaN or infinite, or not one row a label and an id.
        LabelError: when a label is outside the classes, or a class has too few rows.
    """
    _check_options(strengths, folds, steps)
    _check_rows(features, labels, ids, classes)
    basis = Basis.of(features)
    fold = deal(ids, labels, folds)
    parts = [(basis.rows(features[fold == f]), labels[fold == f]) for f in np.unique(fold)]
    start = np.zeros((classes, features.shape[1] + 1))
    path = _cross_validate(parts, sorted(set(strengths), reverse=True), basis, start, steps)
    best = min(path, key=lambda tried: tried.loss)
    reached = minimise(
        parts, best.strength, variance=basis.variance, start=start, tolerance=FINE, steps=steps
    )
    note = ProbeNote(
        strength=best.strength,
        path=path,
        loss=log_loss(parts, reached.weights),
        steps=reached.steps,
        message=""
        if reached.gradient <= FINE
        else f"the probe does not converge: after {reached.steps} steps its largest gradient is "
        f"{reached.gradient:.1e}, above {FINE:.0e}; what was reached is used",
    )
    return Probe(basis.head(reached.weights), note)


def deal(ids: Sequence[str], labels: Int64, folds: int) -> npt.NDArray[np.intp]:
    """(n,) fold of each row: dealt class after class, within one by a digest of the ids.

    So each class is spread over the folds as evenly as can be: two rows are never all in one.
    """
    order = np.lexsort((np.array([digest("fold", name) for name in ids]), labels))
    fold = np.empty(len(labels), np.intp)
    fold[order] = np.arange(len(labels)) % folds
    return fold


def _cross_validate(
    parts: Sequence[Part], strengths: Sequence[float], basis: Basis, start: Float64, steps: int
) -> tuple[Tried, ...]:
    """Each part is held out once; its fits start where the next stronger one ended."""
    n = sum(len(labels) for _, labels in parts)
    trainings = [[*parts[:f], *parts[f + 1 :]] for f in range(len(parts))]
    weights = [start] * len(parts)
    path: list[Tried] = []
    for strength in strengths:
        loss, converged = 0.0, True
        for f, others in enumerate(trainings):
            reached = minimise(
                others,
                strength,
                variance=basis.variance,
                start=weights[f],
                tolerance=ROUGH,
                steps=steps,
            )
            weights[f] = reached.weights
            loss += log_loss([parts[f]], reached.weights) * len(parts[f][1]) / n
            converged &= reached.gradient <= ROUGH
        path.append(Tried(strength, loss, converged))
        if loss > WORSE * min(tried.loss for tried in path):
            break
    return tuple(path)


def _check_options(strengths: Sequence[float], folds: int, steps: int) -> None:
    if not strengths or not all(math.isfinite(s) and s > 0 for s in strengths):
        raise ConfigError(
            f"The strengths of a probe are {tuple(strengths)}; give at least one, all above 0."
        )
    if folds < 2 or steps < 1:
        raise ConfigError(
            f"A probe got folds {folds} and steps {steps}; they must be at least 2 and at least 1."
        )


def _check_rows(
    features: Float32 | Float64, labels: Int64, ids: Sequence[str], classes: int
) -> None:
    if features.ndim != 2 or labels.shape != (len(features),) or len(ids) != len(features):
        raise FeatureError(
            f"A probe got features {features.shape}, labels {labels.shape} and {len(ids)} ids; "
            "they must be (n, d), (n,) and n, of the same images in the same order."
        )
    bad = int((~np.isfinite(features)).any(axis=1).sum())
    if bad:
        raise FeatureError(
            f"{bad} of {len(features)} rows of a probe's features hold NaN or infinite values. "
            "Find out which images they come from, and leave these out."
        )
    if classes < 2:
        raise LabelError(f"A probe tells classes apart, but has {classes}; give at least 2.")
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise LabelError(
            f"The labels of a probe run from {labels.min()} to {labels.max()}, but it has "
            f"{classes} classes, from 0. Leave out images without a label, or give more classes."
        )
    counts = np.bincount(labels, minlength=classes)
    few = [f"{c} ({counts[c]})" for c in np.flatnonzero(counts < 2)]
    if few:
        raise LabelError(
            f"{len(few)} of the {classes} classes of a probe have fewer than 2 fit rows: "
            f"{', '.join(few[:5])}{', …' if len(few) > 5 else ''}. Give at least 2 of every class, "
            "one to fit and one to hold out, or leave these classes out of the task."
        )
