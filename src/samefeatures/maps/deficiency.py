"""Why a source's features do not span their space, as its moments show it."""

from __future__ import annotations

import numpy as np

from samefeatures.maps.inverse import cutoff
from samefeatures.maps.problem import SourceProblem


def deficiency(problem: SourceProblem) -> str:
    """What to tell a reader when the source's features do not span their space; else empty."""
    inverse = problem.inverse
    if inverse.rank == inverse.dim:
        return ""
    return (
        f"minimum-norm solution: rank {inverse.rank} of {inverse.dim} ({reason(problem)}); compare "
        "with ridge"
    )


def reason(problem: SourceProblem) -> str:
    """Features that do not vary, features that repeat another, too few rows, and what is left.

    A feature repeats another where it is that one times a number plus a number, to rounding. n rows
    span n − 1 directions around their mean.
    """
    n, rank, dim = problem.moments.n, problem.inverse.rank, problem.inverse.dim
    if rank == 0:
        return f"none of the {dim} features varies over {n} fit rows"
    dead, repeated = _idle(problem)
    left = dim - dead - repeated
    few = n - 1 < left
    rest = min(left, n - 1) - rank
    said = []
    if dead:
        said.append("one feature does not vary" if dead == 1 else f"{dead} features do not vary")
    if repeated:
        said.append("one repeats another" if repeated == 1 else f"{repeated} repeat others")
    if rest:
        more = "more " if said else ""
        one = f"one {more}direction does not vary"
        said.append(one if rest == 1 else f"{rest} {more}directions do not vary")
    text = ", ".join(said) + (f" over {n} fit rows" if said else "")
    if not few:
        return text
    what = f"{n} fit rows are too few for {'the other ' if left < dim else ''}{left} features"
    return f"{text}, and {what}" if text else what


def _idle(problem: SourceProblem) -> tuple[int, int]:
    """How many features do not vary, and how many others repeat one before them.

    Of two rows each feature repeats every other, which says nothing of the features. No
    more than the rank lacks: what counts as zero is what the rank took for it.
    """
    moments = problem.moments
    second = moments.block(problem.source, problem.source)  # (d, d)
    spread = second.diagonal()
    zero = cutoff(len(second), moments.precision) * spread.sum()  # no eigenvalue is above the sum
    lacking = problem.inverse.dim - problem.inverse.rank
    dead = min(int((spread <= zero).sum()), lacking)
    if moments.n <= 2:
        return dead, 0
    alive = np.flatnonzero(spread > zero)
    scaled = second[np.ix_(alive, alive)] / np.sqrt(spread[alive])[:, None]  # (k, k)
    left = spread[alive] - scaled**2  # of column j, once row i has explained it
    repeats = np.triu(left <= zero, k=1).any(axis=0)
    return dead, min(int(repeats.sum()), lacking - dead)
