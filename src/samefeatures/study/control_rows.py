"""Control spaces in place of a source: maps by OLS into every network, scored through its head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.numbers import finite_or_none
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap
from samefeatures.maps.inverse import Inverse, pseudoinverse
from samefeatures.networks.record import Network, head_of
from samefeatures.scores.heads import Score, agreement, score_heads
from samefeatures.scores.intervals import wilson
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measures.r2 import R2
from samefeatures.study.results.spaces import AnswersRow, SpaceRow
from samefeatures.study.scoring import labelled


def space_rows(
    space: FeatureRows,
    *,
    kind: str,
    of: str | None,
    networks: Mapping[str, Network],
    fit: SecondMoments,
    judge: SecondMoments,
    own: Mapping[str, Score],
    labels: Int64,
    seed: int = 0,
    algebra: Algebra = HOST,
) -> Iterator[SpaceRow]:
    """One control space as a source for every network but its own.

    Args:
        space: (m, d) eval rows.
        kind: What it is, e.g. ``answers``.
        of: The network that it is made of, if any.
        networks: By name.
        fit: Moments of the fit rows, the space among them.
        judge: Of the eval rows.
        own: Scores of the networks with their own heads.
        labels: (m,) of the eval rows.
        seed: Of the space, where it is drawn.
        algebra: Where it is computed.
    """
    targets = [name for name in networks if name != of]
    inverse = pseudoinverse(fit.block(space.name, space.name), algebra=algebra)
    maps = [_map(space, networks[target], fit, inverse, algebra) for target in targets]
    heads = [fitted.fold(networks[fitted.target], algebra=algebra) for fitted in maps]
    scores = score_heads(labelled(space, labels), heads, algebra=algebra)
    closeness = [R2().value(Mapped.of(judge, fitted, algebra=algebra)) for fitted in maps]
    for target, score, r2 in zip(targets, scores, closeness, strict=True):
        low, high = wilson(score.correct, score.n)
        yield SpaceRow(
            kind=kind,
            of=of,
            target=target,
            n=score.n,
            correct=score.correct,
            top1=score.top1,
            ci_low=low,
            ci_high=high,
            agreement=agreement(score, own[target]),
            r2=finite_or_none(r2),
            rank=inverse.rank,
            columns=inverse.dim,
            seed=seed,
        )


def _map(
    space: FeatureRows, target: Network, fit: SecondMoments, inverse: Inverse, algebra: Algebra
) -> AffineMap:
    weight = algebra.product(fit.block(target.name, space.name), inverse.matrix)  # (d_B, d)
    return AffineMap(
        weight=weight,
        bias=fit.mean_of(target.name) - weight @ fit.mean_of(space.name),
        source=space.name,
        target=target.name,
        method="ols",
        source_fingerprint=space.fingerprint,
        target_fingerprint=target.fingerprint,
    )


def answers_rows(
    network: str, answers: str, networks: Mapping[str, Network], fit: SecondMoments
) -> Iterator[AnswersRow]:
    """For how many answers of a network does another's head label its own mean of them right.

    Where it does for all, the answers alone suffice: OLS from one-hot answers gives these means.

    Args:
        network: Whose answers.
        answers: Name of their space.
        networks: By name.
        fit: Moments of the fit rows.
    """
    counts = np.rint(fit.n * fit.mean_of(answers)).astype(np.int64)  # (K,)
    seen = np.flatnonzero(counts)
    for target, other in networks.items():
        if target == network:
            continue
        shift = fit.block(answers, target)[seen] / counts[seen, None]
        means = fit.mean_of(target) + shift  # (seen, d_B)
        said = head_of(other).logits(means.astype(np.float32)).argmax(axis=1)
        yield AnswersRow(
            source=network,
            target=target,
            classes=len(counts),
            seen=len(seen),
            labelled_right=int((said == seen).sum()),
            fewest=int(counts.min()),
            typical=int(np.median(counts)),
            most=int(counts.max()),
        )
