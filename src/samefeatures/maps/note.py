"""What a solver says of a fit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FitNote:
    """What the solver has to say about a fit.

    Attributes:
        rank: Rank of the matrix that was inverted.
        full_rank: Its rank had nothing been deficient.
        condition: Condition number of that matrix: in the 1-norm for S_AA, with deficient rank
            the ratio of its kept eigenvalues; the ratio of singular values for W_B.
        message: One sentence where the reader must know more; else empty.
        steps: Passes or batches of an iterative fit.
        loss: What an iterative fit ended with, in the unit of its loss.
        alpha: The strength that was chosen, where it was.
        path: Every strength that was compared, with what held-out rows are left with at it: a
            share of the target's squares.
    """

    rank: int | None = None
    full_rank: int | None = None
    condition: float | None = None
    message: str = ""
    steps: int | None = None
    loss: float | None = None
    alpha: float | None = None
    path: tuple[tuple[float, float], ...] = field(default=(), repr=False)
