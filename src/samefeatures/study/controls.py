"""Controls beside the results, so that nobody takes a number for more than it is.

Those of this module are taken of the maps out of one source, the first network of the study, into
every other network, and by ordinary least squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.cross import ROWS, chunks_of, cross_moments, permuted
from samefeatures.maps import OLS, AffineMap, FitNote, Naive, SourceProblem
from samefeatures.networks.record import Head, head_of
from samefeatures.scores.heads import Score, score_heads
from samefeatures.study.control_inputs import SEED, ControlInputs
from samefeatures.study.control_spaces import Kept, find_spaces, taken
from samefeatures.study.fit_set import control_row, fit_set_rows
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results import ControlRow, Controls
from samefeatures.study.scoring import labelled


def run_controls(
    inputs: ControlInputs, made: MadeSpaces, own: Mapping[str, Score], *, kept: Kept = taken
) -> Controls:
    """All controls that can be taken; those that can't are named with the reason.

    Args:
        inputs: The study.
        made: Its control spaces, and moments of the networks.
        own: Scores of the networks with their own heads on the eval rows.
        kept: Keeps what is found of each source; see ``find_spaces``.
    """
    source, targets = inputs.source, inputs.targets
    advance = inputs.progress.task("controls", 3)
    problem = SourceProblem(source, inputs.networks, made.summed.networks, algebra=inputs.algebra)
    maps = list(OLS().fit(problem, targets))
    groups = {
        "ols": maps,
        "naive": list(Naive().fit(problem, targets)),
        "shuffled pairs": _shuffled(inputs, problem),
    }
    direct = _onto_logits(inputs, problem)
    advance(1)
    heads = {name: _folded(inputs, group) for name, group in groups.items()}
    heads["onto logits"] = direct
    scores = _score(inputs, inputs.evaluation[source], inputs.labels, heads)
    rows = [row for name in heads for row in _rows(inputs, own, name, scores[name])]
    advance(1)
    left_out: dict[str, str] = {}
    labels = inputs.fit_labels()
    if isinstance(labels, str):
        left_out["top-1 on the fit set"] = labels
    known = None if isinstance(labels, str) else labels
    rows += fit_set_rows(inputs, made, heads["ols"], known)
    advance(1)
    spaces = find_spaces(inputs, made, own, kept=kept)
    pairs = zip(scores["ols"], scores["onto logits"], strict=True)
    return Controls(
        source=source,
        seed=SEED,
        rows=tuple(rows),
        logit_predictions_differing=sum(
            int((a.predictions != b.predictions).sum()) for a, b in pairs
        ),
        logit_difference=_logit_difference(inputs, maps, direct),
        left_out={**left_out, **spaces.left_out},
        spaces=spaces,
    )


def _shuffled(inputs: ControlInputs, problem: SourceProblem) -> list[AffineMap]:
    """OLS maps between rows that do not belong together.

    The source's rows are permuted at random, all of them by one permutation, which pairs every row
    of every target with that of another image. Means and S_AA are not changed by it.
    """
    names, moments = inputs.targets, problem.moments
    rows = inputs.fit[inputs.source]
    means = [moments.mean_of(name) for name in names]
    with permuted(rows, inputs.folder, seed=SEED) as mixed:
        crossed = cross_moments(
            mixed.chunks(ROWS),
            moments.mean_of(inputs.source),
            chunks_of([inputs.fit[name] for name in names]),
            means,
            algebra=inputs.algebra,
        )
    weights = [inputs.algebra.product(cross, problem.inverse.matrix) for cross in crossed]
    return [
        problem.affine("ols", name, weight, problem.centred_bias(name, weight), FitNote())
        for name, weight in zip(names, weights, strict=True)
    ]


def _onto_logits(inputs: ControlInputs, problem: SourceProblem) -> list[Head]:
    """Regressions of every target's logits, computed row by row, on the source's features."""
    names, moments = inputs.targets, problem.moments
    heads = [head_of(inputs.networks[name]) for name in names]
    mean = moments.mean_of(inputs.source)
    means = [
        head.weight.astype(np.float64) @ moments.mean_of(name) + head.bias
        for name, head in zip(names, heads, strict=True)
    ]
    logits = (
        [head.logits(block) for head, block in zip(heads, blocks, strict=True)]
        for blocks in chunks_of([inputs.fit[name] for name in names])
    )
    algebra = inputs.algebra
    source = inputs.fit[inputs.source].chunks(ROWS)
    crossed = cross_moments(source, mean, logits, means, algebra=algebra)
    # (classes, d_A) each
    weights = [algebra.product(cross, problem.inverse.matrix) for cross in crossed]
    return [
        Head(w.astype(np.float32), (mean_l - w @ mean).astype(np.float32))
        for w, mean_l in zip(weights, means, strict=True)
    ]


def _logit_difference(
    inputs: ControlInputs, maps: Sequence[AffineMap], direct: Sequence[Head]
) -> float:
    """Largest difference of the two sets of logits on the eval rows, relative to the largest."""
    folded = _folded(inputs, maps)
    largest = difference = 0.0
    for block in inputs.evaluation[inputs.source].chunks(ROWS):
        for one, other in zip(folded, direct, strict=True):
            logits = one.logits(block)
            largest = max(largest, float(np.abs(logits).max()))
            difference = max(difference, float(np.abs(logits - other.logits(block)).max()))
    return difference / largest if largest else 0.0


def _folded(inputs: ControlInputs, maps: Sequence[AffineMap]) -> list[Head]:
    return [fitted.fold(inputs.networks[fitted.target], algebra=inputs.algebra) for fitted in maps]


def _score(
    inputs: ControlInputs, rows: FeatureRows, labels: Int64, groups: Mapping[str, Sequence[Head]]
) -> dict[str, list[Score]]:
    """Scores of several groups of heads in one pass over the rows."""
    every = [head for heads in groups.values() for head in heads]
    scores = iter(score_heads(labelled(rows, labels), every, algebra=inputs.algebra))
    return {name: [next(scores) for _ in heads] for name, heads in groups.items()}


def _rows(
    inputs: ControlInputs, own: Mapping[str, Score], control: str, scores: Sequence[Score]
) -> Iterator[ControlRow]:
    for name, score in zip(inputs.targets, scores, strict=True):
        yield control_row(
            control, (inputs.source, name), score.predictions, own[name].predictions, inputs.labels
        )
