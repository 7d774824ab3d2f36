"""Regressions judged on few eval rows: rows are mapped, and no map is made.

A regression is M = S_BA S⁻¹. Where the rows that judge are fewer than features, (X S⁻¹) S_AB costs
less than M, and less than what moments of these rows take to judge it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Float64, Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import SourceProblem
from samefeatures.maps.inverse import Inverse
from samefeatures.networks.record import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One map, on the rows that judge.

    Attributes:
        target: Name.
        correct: Rows that the target's head gets right; None without one or without labels.
        r2: NaN where the target does not vary.
    """

    target: str
    correct: int | None
    r2: float


def is_cheaper(rows: int, dim: int, classes: int) -> bool:
    """Whether rows are mapped for less than a map, its R² and its composed head take.

    By column of the target: d² for the map, d² for R² and K·d for the head, against m·d.

    Args:
        rows: m, that judge.
        dim: d, of the source.
        classes: K, of the heads; 0 where there are none.
    """
    return rows < 2 * dim + classes


def judged_rows(
    problem: SourceProblem,
    inverse: Inverse,
    targets: Sequence[str],
    *,
    networks: Mapping[str, Network],
    rows: Mapping[str, FeatureRows],
    labels: Int64 | None,
    judge: SecondMoments,
) -> Iterator[Judged]:
    """All regressions out of one source.

    Args:
        problem: The source, and moments of the rows that are fitted.
        inverse: S⁻¹, (d_A, d_A).
        targets: Names.
        networks: By name.
        rows: (m, d) rows that judge, by network.
        labels: (m,) of these, or None.
        judge: Moments of these rows.
    """
    source, moments, product = problem.source, problem.moments, problem.algebra.product
    x = _whole(rows[source]).astype(np.float64) - moments.mean_of(source)  # (m, d_A)
    ready = product(x, inverse.matrix)
    for target in targets:
        mapped = product(ready, moments.block(source, target))  # (m, d_B)
        mapped += moments.mean_of(target)
        correct, head = None, networks[target].head
        if head is not None and labels is not None:
            logits = head.logits(mapped.astype(np.float32))
            correct = int((logits.argmax(axis=1) == labels).sum())
        yield Judged(
            target=target,
            correct=correct,
            r2=_r2(mapped, _whole(rows[target]), judge.sum_of_squares(target)),
        )


def _r2(mapped: Float64, true: Float32, spread: float) -> float:
    """Of (m, d) mapped rows; they are written over."""
    mapped -= true
    return 1 - float(np.vdot(mapped, mapped)) / spread if spread > 0 else float("nan")


def _whole(rows: FeatureRows) -> Float32:
    """(m, d)."""
    return rows.span(0, len(rows))
