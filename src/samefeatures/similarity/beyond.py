"""What a source explains of a target beyond what controls explain: R² of what they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Float64
from samefeatures.moments.views import SecondMoments
from samefeatures.similarity.path import RidgePath
from samefeatures.similarity.residual import Eliminations, Split, Without
from samefeatures.similarity.strengths import CrossValidation, Strengths


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained:
    """Targets explained by blocks of columns together.

    Attributes:
        strengths: Of the ridge, block by block.
        errors: Σ‖y − prediction‖² over the rows that judge, by target.
        weights: (d_block, d_target) by block and target, for columns centred on the fit's means.
    """

    strengths: Strengths
    errors: Mapping[str, float]
    weights: Mapping[str, Mapping[str, Float64]]


class Explainer:
    """The best regressions of targets on blocks: strengths by cross-validation, then all fit rows.

    Args:
        cv: Over the folds of the fit rows.
        judge: Moments of the rows that regressions are judged on.
    """

    def __init__(self, cv: CrossValidation, judge: SecondMoments) -> None:
        self._cv = cv
        splits = [Split(cv.total, judge)]
        self._left = Eliminations(splits, cv.shift, shared=cv.shared, algebra=cv.algebra)

    def explain(self, blocks: Sequence[str], targets: Sequence[str]) -> Explained:
        """Blocks are eliminated in their order, shared ones first."""
        found = self._cv.choose(blocks, targets)
        chain = tuple((block, found.by_block[block]) for block in blocks)
        (left,) = self._left.after(chain[:-1])
        last, strength = chain[-1]
        shift = self._cv.shift(last, strength, left.n)
        path = RidgePath(left, last, algebra=self._cv.algebra)
        steps = [self._left.after(chain[:k])[0] for k in range(1, len(chain) + 1)]
        taken = [step for step in steps if isinstance(step, Without)]
        return Explained(
            strengths=found,
            errors={t: float(path.errors(t, [shift])[0]) for t in targets},
            weights=_weights(
                [t for t in taken if isinstance(t, Without)], targets, self._cv.algebra
            ),
        )


def _weights(
    taken: Sequence[Without], targets: Sequence[str], algebra: Algebra
) -> dict[str, dict[str, Float64]]:
    """Back substitution, from the last block to the first."""
    out: dict[str, dict[str, Float64]] = {}
    for k in reversed(range(len(taken))):
        step = taken[k]
        found = {}
        for target in targets:
            weight = step.taken(target).copy()  # (d, d_t)
            for later in taken[k + 1 :]:
                weight -= algebra.product(step.taken(later.block), out[later.block][target])
            found[target] = weight
        out[step.block] = found
    return out


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
    explained: Explained, means: Mapping[str, Float64], rows: Mapping[str, Float64]
) -> Float64:
    """(t, r) squared errors of r rows, target by target.

    Args:
        explained: Its weights are used.
        means: (d,) of the fit rows, by block and target.
        rows: (r, d) of the blocks and the targets, row i of each the same image.
    """
    out = []
    for target in explained.errors:
        error = rows[target] - means[target]  # (r, d_t)
        for block, by_target in explained.weights.items():
            error = error - (rows[block] - means[block]) @ by_target[target]
        out.append(np.einsum("ij,ij->i", error, error))
    return np.array(out)
