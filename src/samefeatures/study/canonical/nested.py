"""Maps through the first k directions for many k at once: what all share is taken once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Float32, Float64, Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.canonical.member import Member
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.networks.record import Head

CHUNK = 1024
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judged:
    """What moments of other rows say of a space.

    Attributes:
        r2: (K,) by pair, one for each k; NaN where the target does not vary.
        shared: (k,) by how many networks each direction is shared there: the variance of the sum
            of all encoders over the sum of their variances; NaN where nothing varies.
    """

    r2: Mapping[Pair, Float64]
    shared: Float64


def judge(
    space: CanonicalSpace, moments: SecondMoments, ks: Sequence[int], algebra: Algebra
) -> Judged:
    """R² of every map for every k, and what is shared, by moments of held-out rows.

    With T = E_A S_AB, (k, d_B), the errors of a map of k directions are

        tr S_BB − 2 Σ_{i≤k} (T D_B)_ii + Σ_{i,j≤k} (E_A S_AA E_Aᵀ)_ij (D_BᵀD_B)_ij + n ‖offset‖²

    so that all k of a pair cost k · d_A · d_B multiply-adds.
    """
    r2: dict[Pair, Float64] = {}
    within = {m.name: algebra.product(m.decoder.T, m.decoder) for m in space.members}
    alone, together = np.zeros(space.k), np.zeros(space.k)
    for a in space.members:
        encoded = algebra.product(
            algebra.product(a.encoder, moments.block(a.name, a.name)), a.encoder.T
        )  # (k, k)
        alone += encoded.diagonal()
        together += encoded.diagonal()
        for b in space.members:
            if a.name == b.name:
                continue
            across = algebra.product(a.encoder, moments.block(a.name, b.name))  # (k, d_B)
            together += (across * b.encoder).sum(axis=1)
            hit = np.cumsum((across * b.decoder.T).sum(axis=1))
            product = encoded * within[b.name]
            spread = np.array([product[:k, :k].sum() for k in ks])
            offsets = np.array([_offset(a, b, moments, k) for k in ks])
            of_target = moments.sum_of_squares(b.name)
            errors = of_target - 2 * hit[np.array(ks) - 1] + spread + moments.n * offsets
            r2[a.name, b.name] = (
                1 - errors / of_target if of_target > 0 else np.full(len(ks), math.nan)
            )
    shared = np.divide(together, alone, out=np.full(space.k, math.nan), where=alone > 0)
    return Judged(r2=r2, shared=shared)


def _offset(a: Member, b: Member, moments: SecondMoments, k: int) -> float:
    """Squared distance of the mean that is mapped from the mean that is there."""
    point = a.encoder[:k] @ (moments.mean_of(a.name) - a.mean)
    gap = b.mean + b.decoder[:, :k] @ point - moments.mean_of(b.name)
    return float(gap @ gap)


def count_right(
    space: CanonicalSpace,
    source: str,
    targets: Mapping[str, Head],
    *,
    rows: FeatureRows,
    labels: Int64,
    ks: Sequence[int],
) -> dict[str, Int64]:
    """(K,) right predictions of the hybrids of one source, by target, for every k.

    Logits of k directions are those of fewer plus what the directions between them add: all k of a
    pair cost one product with the largest, (n, k) times (k, classes), and K passes over the logits.

    Args:
        space: With at least the largest k.
        source: Name.
        targets: Heads by name.
        rows: (n, d) of the source.
        labels: (n,).
        ks: Ascending.
    """
    member = space.member(source)
    encoder = member.encoder[: ks[-1]].T.astype(np.float32)  # (d, k)
    mean = member.mean.astype(np.float32)
    heads = {name: _composed(space.member(name), head, ks[-1]) for name, head in targets.items()}
    found = {name: np.zeros(len(ks), np.int64) for name in targets}
    for block, right in _labelled(rows, labels):
        points = (block - mean) @ encoder  # (r, k)
        for name, (weight, bias) in heads.items():
            logits = np.tile(bias, (len(block), 1))
            for i, (first, last) in enumerate(pairwise((0, *ks))):
                logits += points[:, first:last] @ weight[first:last]
                found[name][i] += int((logits.argmax(axis=1) == right).sum())
    return found


def _composed(member: Member, head: Head, k: int) -> tuple[Float32, Float32]:
    """(k, classes) and (classes,): a head behind a decoder."""
    weight = head.weight.astype(np.float64)
    onto = (weight @ member.decoder[:, :k]).T
    bias = weight @ member.mean + head.bias
    return np.ascontiguousarray(onto, np.float32), bias.astype(np.float32)


def _labelled(rows: FeatureRows, labels: Int64) -> Iterator[tuple[Float32, Int64]]:
    start = 0
    for block in rows.chunks(CHUNK):
        yield block, labels[start : start + len(block)]
        start += len(block)
