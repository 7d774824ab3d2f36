"""What a source explains of a target beyond what controls explain: R² of what they leave."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import Rest, SecondMoments, Union
from samefeatures.similarity.common import Common, Split
from samefeatures.similarity.sheet import Sheet, weights_of
from samefeatures.similarity.sketch import sketch_of
from samefeatures.similarity.strengths import CrossValidation, Strengths, TakenOff


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained:
    """Targets explained by blocks of columns together.

    Attributes:
        strengths: Of the ridge, block by block.
        errors: Σ‖y − prediction‖² over the rows that judge, by target.
        weights: (d, D) of each block to all targets side by side, for columns less the fit's means;
            where a block was taken off first, of what it leaves of the others.
    """

    strengths: Strengths
    errors: Mapping[str, float]
    weights: Mapping[str, Float64]


class Ground:
    """What regressions are chosen on, fitted on, and judged by.

    Args:
        fit: Moments of all rows of the fit.
        folds: Of the rows of each fold, with a ``Sketch`` of every target: strengths are chosen by
            them.
        judge: Of the rows that regressions are judged on.
        targets: Names of all that are ever explained.
    """

    def __init__(
        self,
        fit: SecondMoments,
        folds: Sequence[SecondMoments],
        judge: SecondMoments,
        *,
        targets: Sequence[str],
    ) -> None:
        self.targets = tuple(targets)
        self.whole = Split(fit, judge)
        self.chosen_on = Union(folds)
        self.folds = [Split(Rest(self.chosen_on, fold), fold) for fold in folds]

    @property
    def sketches(self) -> tuple[str, ...]:
        """Of the targets."""
        return tuple(map(sketch_of, self.targets))

    def forget(self) -> None:
        """Sums over the folds, which are taken anew where they are asked for."""
        self.chosen_on.forget()

    def common(self, block: str, *, algebra: Algebra = HOST) -> Common:
        """A block that is taken off once for many regressions."""
        return Common(
            block,
            self.chosen_on,
            self.folds,
            self.whole,
            often=self.sketches,
            targets=self.targets,
            algebra=algebra,
        )


class Explainer:
    """The best regressions of targets on blocks: strengths by cross-validation, then all fit rows.

    Args:
        ground: Moments of blocks and targets.
        blocks: Names of all that may explain.
        count: The targets for which strengths are chosen; all of them where it is not given.
        common: Stands before the blocks in every regression, taken off already.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        ground: Ground,
        *,
        blocks: Sequence[str],
        count: Sequence[str] | None = None,
        common: Common | None = None,
        algebra: Algebra = HOST,
    ) -> None:
        self._ground, self._blocks, self._algebra = ground, tuple(blocks), algebra
        self._common = common
        sheets = partial(_sheets, self._blocks, ground.sketches)
        taken_off: dict[str, TakenOff] = {}
        if common is not None:
            # Nothing refers to the explainer itself: in a circle it would outlive its use.
            taken_off = {common.block: lambda strength: sheets(common.folds(strength))}
        self.cv = CrossValidation(
            ground.chosen_on,
            sheets(ground.folds) if common is None else (),
            ground.sketches,
            count=[sketch_of(name) for name in (ground.targets if count is None else count)],
            taken_off=taken_off,
            algebra=algebra,
        )

    def explain(
        self, blocks: Sequence[str], *, start: Mapping[str, float] | None = None
    ) -> Explained:
        """By the common block, if there is one, and the blocks together.

        Args:
            blocks: Names, in the order of elimination.
            start: As in ``CrossValidation.choose``; with a common block it must have its strength.
        """
        front = [] if self._common is None else [self._common.block]
        found = self.cv.choose([*front, *blocks], start=start)
        left = self._whole(found)
        for block in blocks:
            shift = self.cv.shift(block, found.by_block[block], left.n)
            left = left.without(block, shift, algebra=self._algebra)
        return Explained(
            strengths=found,
            errors=dict(zip(self._ground.targets, left.squares.tolist(), strict=True)),
            weights=weights_of(left.taken, algebra=self._algebra),
        )

    def _whole(self, found: Strengths) -> Sheet:
        split, common = self._ground.whole, self._common
        if common is not None:
            split = common.whole(found.by_block[common.block]).split
        return Sheet.of(split.fit, split.judge, self._blocks, self._ground.targets)


def _sheets(blocks: Sequence[str], targets: Sequence[str], splits: Sequence[Split]) -> list[Sheet]:
    """One of each split."""
    return [Sheet.of(split.fit, split.judge, blocks, targets) for split in splits]


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


def cosine_beyond(squares: float, left: float, shared: float) -> float:
    """Of what controls leave of a target, and of what a source adds to their prediction.

    With e the errors of the controls and f those of source and controls,
    ``⟨e, e − f⟩ / ‖e‖‖e − f‖`` over all images as one vector. NaN where the source adds
    nothing, or nothing is left.

    Args:
        squares: Σ‖f‖².
        left: Σ‖e‖².
        shared: Σ⟨e, f⟩.
    """
    added = left - 2 * shared + squares
    lengths = math.sqrt(max(left, 0.0)) * math.sqrt(max(added, 0.0))
    return (left - shared) / lengths if lengths > 0 else float("nan")


def errors_of(
    explained: Explained, rows: Mapping[str, Float64], *, algebra: Algebra = HOST
) -> Float64:
    """(r, D) errors of r rows, target beside target.

    Args:
        explained: Its weights are used.
        rows: (r, d) of blocks and targets less the fit's means, and less what a common block
            explains of them; row i of each the same image.
        algebra: Where the products run.
    """
    error = np.concatenate([rows[t] for t in explained.errors], axis=1)  # (r, D)
    for block, weight in explained.weights.items():
        if weight.any():
            error -= algebra.product(rows[block], weight)
    return error
