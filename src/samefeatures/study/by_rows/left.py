"""What one-hot answers leave of features: their moments are a diagonal and a rank-one term.

With classes c of n_c rows, S_PP = diag(n_c) − n_c n_cᵀ / n, and S_P· are the sums by class of rows
less their mean. So the regression on answers is taken off by means of classes: one product for the
rows that are fitted, one for those that judge, and none of classes with classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64, Int64
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Within:
    """Eval rows about the means of the classes that a source answers: no fit changes them.

    Attributes:
        classes: (k,) that are answered.
        counts: (k,) rows of each.
        products: (d_A, d) of the source with every network.
        squares: Of every network.
    """

    classes: Int64
    counts: Float64
    products: Mapping[str, Float64]
    squares: Mapping[str, float]

    @classmethod
    def of(
        cls,
        judge: SecondMoments,
        sums: Blocks,
        source: tuple[str, str],
        names: Sequence[str],
        *,
        algebra: Algebra = HOST,
    ) -> Self:
        """From moments of the eval rows.

        Args:
            judge: Of the networks.
            sums: Of answers with networks.
            source: Network and the space of its answers.
            names: Of all networks.
            algebra: Where products run.
        """
        network, answers = source
        counts = sums.n * sums.mean_of(answers)
        classes = np.flatnonzero(counts > 0.5)
        counts = counts[classes]
        by_class = {b: sums.block(answers, b)[classes] for b in names}  # (k, d) about the mean
        means = by_class[network] / counts[:, None]
        products, squares = {}, {}
        for name, total in by_class.items():
            between = algebra.product(means.T, total)  # (d_A, d)
            products[name] = judge.block(network, name) - between
            explained = np.einsum("ij,ij->i", total, total) / counts
            squares[name] = judge.sum_of_squares(name) - float(explained.sum())
        return cls(classes=classes, counts=counts, products=products, squares=squares)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Left:
    """Second moments of what a source's answers leave of it and of its targets.

    Attributes:
        source: Name.
        targets: Names.
        fit: Of the rows that are fitted: what a method makes maps of.
        held: (d_A, d) of the rows that judge, by network, the source among them.
        squares: Of these rows, by network.
    """

    source: str
    targets: tuple[str, ...]
    fit: Blocks
    held: Mapping[str, Float64]
    squares: Mapping[str, float]

    def r2(self, fitted: AffineMap, *, algebra: Algebra = HOST) -> float:
        """Share of what the answers leave of the target that the map explains, on eval rows.

        Args:
            fitted: Out of the source, made of ``fit``.
            algebra: Where products run.
        """
        left, weight = self.squares[fitted.target], fitted.weight  # (d_B, d_A)
        crossed, within = self.held[fitted.target], self.held[self.source]
        spread = float(np.vdot(algebra.product(weight, within), weight))
        error = left - 2 * float(np.vdot(weight.T, crossed)) + spread
        return 1 - error / left if left > 0 else math.nan


def class_effects(sums: Float64, counts: Float64, shift: float) -> Float64:
    """(K, d) G = (S_PP + shift·I)⁻¹ S_P·, by the formula of Sherman and Morrison.

    Without a shift it is that of minimum norm. Classes without rows get zeros.

    Args:
        sums: (K, d) S_P·, whose columns sum to zero.
        counts: (K,) rows of each class.
        shift: At least 0; infinity takes nothing off.
    """
    if math.isinf(shift):
        return np.zeros_like(sums)
    weight = np.zeros_like(counts)
    np.divide(1.0, counts + shift, out=weight, where=counts > 0.5)
    apart = (weight @ sums) / (weight @ counts)  # (d,)
    out: Float64 = sums - counts[:, None] * apart
    out *= weight[:, None]
    return out


def left_of(
    source: tuple[str, str],
    targets: Sequence[str],
    shift: float,
    *,
    fit: tuple[SecondMoments, Blocks],
    judge: tuple[SecondMoments, Blocks],
    within: Within,
    algebra: Algebra = HOST,
) -> Left:
    """What a ridge on answers leaves of a source and of its targets.

    Args:
        source: Network and the space of its answers.
        targets: Networks.
        shift: Of the ridge.
        fit: Moments of networks, and of answers with networks, of the rows that are fitted.
        judge: The same of the rows that judge.
        within: Of the same rows and the source.
        algebra: Where products run.
    """
    (network, answers), (moments, sums), (eval_moments, eval_sums) = source, fit, judge
    counts, product = sums.n * sums.mean_of(answers), algebra.product
    alive = np.flatnonzero(counts > 0.5)
    totals = sums.block(answers, network)[alive].T  # (d_A, K) of the source by class
    seen, held, squares = {}, {}, {}
    mine: Float64  # (d_A, k) mean errors of the source, which comes first, by class
    for name in (network, *targets):
        effects = class_effects(sums.block(answers, name), counts, shift)  # (K, d)
        seen[network, name] = moments.block(network, name) - product(totals, effects[alive])
        effects -= counts @ effects / sums.n
        moved = eval_moments.mean_of(name) - moments.mean_of(name)
        apart = moved - effects[within.classes]  # (k, d)
        wrong = eval_sums.block(answers, name)[within.classes] + within.counts[:, None] * apart
        if name == network:
            mine = (wrong / within.counts[:, None]).T
        held[name] = within.products[name] + product(mine, wrong)
        between = np.einsum("ij,ij->i", wrong, wrong) / within.counts
        squares[name] = within.squares[name] + float(between.sum())
    means = {name: np.zeros(block.shape[1]) for (_, name), block in seen.items()}
    return Left(
        source=network,
        targets=tuple(targets),
        fit=Blocks(n=moments.n, means=means, products=seen),
        held=held,
        squares=squares,
    )
