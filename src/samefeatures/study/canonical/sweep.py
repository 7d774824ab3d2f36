"""The canonical space of a study, and what its first directions hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.maps import OLS, Ridge, SourceProblem
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import space_of
from samefeatures.maps.canonical.stack import Stack
from samefeatures.scores.heads import score_heads
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measures.r2 import R2
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.leave_out import (
    attached_to_others,
    fit_of_others,
    left_out_k,
    median_of,
)
from samefeatures.study.canonical.nested import Pair, count_right, judge
from samefeatures.study.canonical.points import answers_of, points_of, told_by_answers
from samefeatures.study.results.canonical import CanonicalNetwork, CanonicalPair, CanonicalResults
from samefeatures.study.scoring import labelled

LARGEST = 256
"""The largest k that is looked at where the study names none."""


def sweep(inputs: CanonicalInputs) -> tuple[CanonicalSpace, CanonicalResults]:
    """The space of the largest k, and what all k came to.

    Raises:
        MapError: when the features do not span the k that the study names, or do not vary.
    """
    chosen, names = inputs.chosen, list(inputs.networks)
    count = 2 * len(names) + 2
    advance = inputs.progress.task("canonical space", count)
    stack = Stack(inputs.fit_moments, alpha=chosen.alpha, algebra=inputs.algebra)
    space, ks = _space(inputs, stack)
    advance(1)
    judged = judge(space, inputs.eval_moments, ks, inputs.algebra)
    right = _right(inputs, space, ks)
    advance(1)
    pairs = _pairs(inputs, ks, judged.r2, right)
    for name in names:
        pairs += _full(inputs, name)
        advance(1)
    part_k = left_out_k(stack, ks)
    others = attached_to_others(inputs, stack, part_k) if part_k else {}
    networks = []
    for name in names:
        networks.append(_network(inputs, space, others.get(name), name, pairs, ks=ks, k=part_k))
        advance(1)
    return space, CanonicalResults(
        alpha=chosen.alpha,
        ks=tuple(ks),
        rank=stack.most,
        chance=space.chance,
        shared=tuple(space.shared.tolist()),
        held_out=tuple(map(known, judged.shared.tolist())),
        answers=_answers(inputs, space),
        networks=tuple(networks),
        pairs=tuple(pairs),
        left_out_k=part_k,
    )


def known(value: float) -> float | None:
    """The value; None where it is NaN."""
    return None if math.isnan(value) else float(value)


def _space(inputs: CanonicalInputs, stack: Stack) -> tuple[CanonicalSpace, list[int]]:
    chosen = inputs.chosen
    most = max(stack.most, 1)
    asked = chosen.k or [k for i in range(LARGEST.bit_length()) if (k := 2**i) <= most]
    space = space_of(
        stack,
        inputs.fit_moments,
        inputs.prints,
        k=asked[-1],
        alpha=chosen.alpha,
        at_most=chosen.k is None,
    )
    if not space.k:
        raise MapError(
            "canonical: no network's features vary over the fit rows, so that there is no "
            "direction to share. Leave 'canonical' out, or take other images."
        )
    return space, [k for k in asked if k <= space.k]


def _right(
    inputs: CanonicalInputs, space: CanonicalSpace, ks: Sequence[int]
) -> dict[Pair, list[int]]:
    """Right predictions of every hybrid for every k; nothing without labels."""
    found: dict[Pair, list[int]] = {}
    if inputs.labels is None:
        return found
    for source in inputs.networks:
        targets = {name: head for name, head in inputs.heads.items() if name != source}
        if targets:
            rows = inputs.evaluation[source]
            counts = count_right(space, source, targets, rows=rows, labels=inputs.labels, ks=ks)
            found |= {(source, target): each.tolist() for target, each in counts.items()}
    return found


def _pairs(
    inputs: CanonicalInputs,
    ks: Sequence[int],
    r2: Mapping[Pair, Float64],
    right: Mapping[Pair, Sequence[int]],
) -> list[CanonicalPair]:
    return [
        _pair(inputs, k, pair, right[pair][i] if pair in right else None, float(values[i]))
        for pair, values in r2.items()
        for i, k in enumerate(ks)
    ]


def _pair(
    inputs: CanonicalInputs, k: int | None, pair: Pair, correct: int | None, r2: float
) -> CanonicalPair:
    source, target = pair
    lost = None
    if correct is not None and inputs.own is not None:
        lost = 100 * (inputs.own[target] - correct) / len(inputs.evaluation[target])
    return CanonicalPair(
        k=k, source=source, target=target, correct=correct, loss_points=lost, r2=known(r2)
    )


def _full(inputs: CanonicalInputs, source: str) -> list[CanonicalPair]:
    """Maps of full rank out of one source: what the sweep ends in."""
    problem = SourceProblem(source, inputs.networks, inputs.fit_moments, algebra=inputs.algebra)
    alpha = inputs.chosen.alpha
    targets = [name for name in inputs.networks if name != source]
    maps = list((Ridge(alpha=alpha) if alpha else OLS()).fit(problem, targets))
    heads = {
        m.target: m.fold(inputs.networks[m.target], algebra=inputs.algebra)
        for m in maps
        if m.target in inputs.heads
    }
    right: dict[str, int] = {}
    if inputs.labels is not None and heads:
        rows = labelled(inputs.evaluation[source], inputs.labels)
        scores = score_heads(rows, list(heads.values()), algebra=inputs.algebra)
        right = {name: score.correct for name, score in zip(heads, scores, strict=True)}
    return [
        _pair(
            inputs,
            None,
            (source, m.target),
            right.get(m.target),
            R2().value(Mapped.of(inputs.eval_moments, m, algebra=inputs.algebra)),
        )
        for m in maps
    ]


def _network(
    inputs: CanonicalInputs,
    space: CanonicalSpace,
    others: CanonicalSpace | None,
    name: str,
    pairs: Sequence[CanonicalPair],
    *,
    ks: Sequence[int],
    k: int,
) -> CanonicalNetwork:
    """One network in the space; and attached to that of the others, of k directions, if any."""
    member = space.member(name)
    spread = member.spread
    squares = space.rows * np.cumsum((member.decoder**2).sum(axis=0))
    held = tuple(float(squares[each - 1] / spread) if spread > 0 else 0.0 for each in ks)
    plain = CanonicalNetwork(name=name, dim=member.dim, rank=member.rank, held=held)
    if others is None:
        return plain
    r2, losses = fit_of_others(inputs, others, name)
    mine = {(p.source, p.target): p for p in pairs if p.k == k}
    inside = {q: p.r2 for q, p in mine.items() if p.r2 is not None}
    lost = {q: p.loss_points for q, p in mine.items() if p.loss_points is not None}
    return replace(
        plain,
        r2_in=median_of(inside, name),
        r2_out=median_of(r2, name),
        loss_in=median_of(lost, name),
        loss_out=median_of(losses, name),
    )


def _answers(inputs: CanonicalInputs, space: CanonicalSpace) -> tuple[float | None, ...]:
    """Of each direction, what the answers of that network tell which tells most."""
    points, judged = points_of(space, inputs.fit), points_of(space, inputs.evaluation)
    told = [
        told_by_answers(
            points,
            answers_of(inputs.fit[name], head),
            judged,
            answers_of(inputs.evaluation[name], head),
            head.classes,
        )
        for name, head in inputs.heads.items()
    ]
    return tuple(known(value) for value in np.max(told, axis=0).tolist()) if told else ()
