"""What controls leave of feature spaces, on rows that no regression saw: for any measure."""

from __future__ import annotations

from collections.abc import Mapping

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.similarity.common import Off, Split
from samefeatures.similarity.sheet import inverse_of
from samefeatures.similarity.strengths import shift_of


def left_of(
    split: Split, strengths: Mapping[str, float], total: SecondMoments, *, algebra: Algebra = HOST
) -> SecondMoments:
    """Moments of the errors of ridge regressions of every space on controls together.

    S_XY|C of the rows that judge, block after block taken off, about the predictions: the
    regressions have taken the means with them.

    Args:
        split: Rows that are fitted, and rows that judge.
        strengths: Of the ridge by control block, relative, in the order of elimination.
        total: Moments that say what a strength means; see ``shift_of``.
        algebra: Where products and factorisations run.
    """
    for block, strength in strengths.items():
        shift = shift_of(total, block, strength, split.fit.n)
        inverse = inverse_of(split.fit.block(block, block), shift, algebra)
        split = Off(split, block, inverse, often=frozenset(), algebra=algebra).split
    return split.judge
