"""What a source explains of a target beyond what controls explain: R² of what they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.moments.views import Rest, SecondMoments
from samefeatures.similarity.sheet import Sheet, weights_of
from samefeatures.similarity.strengths import CrossValidation, Strengths


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained:
    """Targets explained by blocks of columns together.

    Attributes:
        strengths: Of the ridge, block by block.
        errors: Σ‖y − prediction‖² over the rows that judge, by target.
        weights: (d, D) of each block to all targets side by side, for columns less the fit's means.
    """

    strengths: Strengths
    errors: Mapping[str, float]
    weights: Mapping[str, Float64]


class Explainer:
    """The best regressions of targets on blocks: strengths by cross-validation, then all fit rows.

    Args:
        fit: Moments of all rows of the fit.
        folds: Of the rows of each fold.
        judge: Of the rows that regressions are judged on.
        blocks: Names of all that may explain.
        targets: Names.
        count: The targets for which strengths are chosen; all of them where it is not given.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        fit: SecondMoments,
        folds: Sequence[SecondMoments],
        judge: SecondMoments,
        *,
        blocks: Sequence[str],
        targets: Sequence[str],
        count: Sequence[str] | None = None,
        algebra: Algebra = HOST,
    ) -> None:
        sheets = [Sheet.of(Rest(fit, fold), fold, blocks, targets) for fold in folds]
        self.cv = CrossValidation(
            fit, sheets, targets, count=targets if count is None else count, algebra=algebra
        )
        self._whole = Sheet.of(fit, judge, blocks, targets)
        self._targets, self._algebra = tuple(targets), algebra

    def explain(
        self, blocks: Sequence[str], *, start: Mapping[str, float] | None = None
    ) -> Explained:
        """By the blocks together; arguments as those of ``CrossValidation.choose``."""
        found, left = self.cv.choose(blocks, start=start), self._whole
        for block in blocks[:-1]:
            left = self._off(left, block, found)
        last = blocks[-1]
        shift = self.cv.shift(last, found.by_block[last], left.n)
        errors = left.path(last, [shift], algebra=self._algebra)[0]
        return Explained(
            strengths=found,
            errors=dict(zip(self._targets, errors.tolist(), strict=True)),
            weights=weights_of(self._off(left, last, found).taken, algebra=self._algebra),
        )

    def _off(self, left: Sheet, block: str, found: Strengths) -> Sheet:
        shift = self.cv.shift(block, found.by_block[block], left.n)
        return left.without(block, shift, algebra=self._algebra)


def r2_beyond(both: Explained, controls: Explained) -> dict[str, float]:
    """``1 − SSE(A and C → B) / SSE(C → B)`` by target; NaN where the controls leave nothing.

    Each side is at its best, with strengths of its own, so that what A adds is not what a weak fit
    of C leaves to it. 1: A explains all that C leaves; 0 or less: nothing.

    Args:
        both: Of the source and the controls.
        controls: Of the controls alone.
    """
    return {
        target: 1 - both.errors[target] / left if left > 0 else float("nan")
        for target, left in controls.errors.items()
    }


def squared_errors(
    explained: Explained,
    means: Mapping[str, Float64],
    rows: Mapping[str, npt.NDArray[np.floating]],
    *,
    algebra: Algebra = HOST,
) -> Float64:
    """(t, r) squared errors of r rows, target by target.

    Args:
        explained: Its weights are used.
        means: (d,) of the fit rows, by block and target.
        rows: (r, d) of the blocks and the targets, row i of each the same image.
        algebra: Where the products run.
    """
    targets = list(explained.errors)
    error = np.concatenate([rows[t] - means[t] for t in targets], axis=1)  # (r, D)
    for block, weight in explained.weights.items():
        if weight.any():
            error -= algebra.product(rows[block] - means[block], weight)
    starts = np.cumsum([0, *(len(means[t]) for t in targets[:-1])])
    out: Float64 = np.add.reduceat(error * error, starts, axis=1).T
    return out
