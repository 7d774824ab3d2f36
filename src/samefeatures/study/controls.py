"""Controls beside the results, so that nobody takes a number for more than it is.

All are taken of the maps out of one source, the first network of the study, into every other
network, and by ordinary least squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.errors import NetworkError
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows, check_same_images
from samefeatures.maps import OLS, AffineMap, FitNote, Naive, SourceProblem
from samefeatures.maps.inverse import pseudoinverse
from samefeatures.moments.cross import ROWS, chunks_of, cross_moments, permuted
from samefeatures.moments.record import Moments
from samefeatures.moments.sums import Accumulator
from samefeatures.moments.views import SecondMoments
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import Head, ImageNetwork, Network
from samefeatures.scores.heads import Score, agreement, score_heads
from samefeatures.scores.intervals import wilson
from samefeatures.study.results import ControlRow, Controls
from samefeatures.study.scoring import labelled

SEED = 0
Rows = Mapping[str, FeatureRows]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ControlInputs:
    """What the controls are taken of.

    Attributes:
        networks: Of the study, in order.
        fit: Fit rows of each.
        evaluation: Eval rows of each.
        moments: Takes those of the fit rows.
        labels: (m,) of the eval rows.
        fit_labels: Finds (n,) of the fit rows, or why they are not known.
        own: Scores of the networks with their own heads on the eval rows.
        folder: For scratch files.
        extract: Fit rows and eval rows of one more network.
        algebra: Where factorisations and products run.
        progress: Shows how far it is.
    """

    networks: Mapping[str, Network]
    fit: Rows
    evaluation: Rows
    moments: Callable[[], Moments]
    labels: Int64
    fit_labels: Callable[[], Int64 | str]
    own: Mapping[str, Score]
    folder: Path
    extract: Callable[[ImageNetwork], tuple[FeatureRows, FeatureRows]]
    algebra: Algebra
    progress: Progress

    @property
    def source(self) -> str:
        """The first network of the study."""
        return next(iter(self.networks))

    @property
    def targets(self) -> list[str]:
        """All other networks."""
        return [name for name in self.networks if name != self.source]


def run_controls(inputs: ControlInputs) -> Controls:
    """All controls that can be taken; those that can't are named with the reason."""
    source, targets = inputs.source, inputs.targets
    advance = inputs.progress.task("controls", 4)
    problem = SourceProblem(source, inputs.networks, inputs.moments(), algebra=inputs.algebra)
    maps = list(OLS().fit(problem, targets))
    naive = list(Naive().fit(problem, targets))
    shuffled = _shuffled(inputs, problem)
    direct = _onto_logits(inputs, problem)
    advance(1)
    groups = {"ols": maps, "naive": naive, "shuffled pairs": shuffled}
    heads = {name: _folded(inputs, group) for name, group in groups.items()}
    heads["onto logits"] = direct
    scores = _score(inputs, inputs.evaluation[source], inputs.labels, heads)
    rows = [row for name in heads for row in _rows(inputs, name, scores[name])]
    advance(1)
    left_out: dict[str, str] = {}
    try:
        rows += _random_weights(inputs, problem.moments)
    except NetworkError as error:
        left_out["random weights"] = str(error)
    advance(1)
    labels = inputs.fit_labels()
    if isinstance(labels, str):
        left_out["top-1 on the fit set"] = labels
    rows += _on_the_fit_set(inputs, heads["ols"], None if isinstance(labels, str) else labels)
    advance(1)
    pairs = zip(scores["ols"], scores["onto logits"], strict=True)
    return Controls(
        source=source,
        seed=SEED,
        rows=tuple(rows),
        logit_predictions_differing=sum(
            int((a.predictions != b.predictions).sum()) for a, b in pairs
        ),
        logit_difference=_logit_difference(inputs, maps, direct),
        left_out=left_out,
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
    heads = [inputs.networks[name].head for name in names]
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


def _random_weights(inputs: ControlInputs, moments: SecondMoments) -> list[ControlRow]:
    """Hybrids whose source has the architecture of the source and untrained weights."""
    network = with_random_weights(inputs.networks[inputs.source], seed=SEED)
    fit, evaluation = inputs.extract(network)
    check_same_images([inputs.fit[inputs.source], fit])
    check_same_images([inputs.evaluation[inputs.source], evaluation])
    algebra = inputs.algebra
    sums = Accumulator(Moments([network.name], [network.dim]), algebra=algebra)
    for block in fit.chunks(ROWS):
        sums.update(block)
    own = sums.moments()
    inverse = pseudoinverse(own.block(network.name, network.name), algebra=algebra).matrix
    names = inputs.targets
    means = [moments.mean_of(name) for name in names]
    targets = chunks_of([inputs.fit[name] for name in names])
    crossed = cross_moments(fit.chunks(ROWS), own.mean, targets, means, algebra=algebra)
    heads = []
    for name, cross, mean in zip(names, crossed, means, strict=True):
        weight, head = algebra.product(cross, inverse), inputs.networks[name].head
        composed = algebra.product(head.weight.astype(np.float64), weight)  # (classes, d_A)
        bias = head.weight.astype(np.float64) @ (mean - weight @ own.mean) + head.bias
        heads.append(Head(composed.astype(np.float32), bias.astype(np.float32)))
    scores = _score(inputs, evaluation, inputs.labels, {"random": heads})["random"]
    return list(_rows(inputs, "random weights", scores))


def _on_the_fit_set(
    inputs: ControlInputs, heads: Sequence[Head], labels: Int64 | None
) -> Iterator[ControlRow]:
    """The OLS hybrids on the rows that their maps were fitted on."""
    rows, known = inputs.fit[inputs.source], labels is not None
    if labels is None:  # then only the predictions are used
        labels = np.zeros(len(rows), np.int64)
    scores = _score(inputs, rows, labels, {"ols": heads})["ols"]
    for name, score in zip(inputs.targets, scores, strict=True):
        head = {"own": [inputs.networks[name].head]}
        own = _score(inputs, inputs.fit[name], labels, head)["own"][0]
        yield _row(inputs.source, name, "fit set", score, agreement(score, own), known=known)


def _folded(inputs: ControlInputs, maps: Sequence[AffineMap]) -> list[Head]:
    return [fitted.fold(inputs.networks[fitted.target], algebra=inputs.algebra) for fitted in maps]


def _score(
    inputs: ControlInputs, rows: FeatureRows, labels: Int64, groups: Mapping[str, Sequence[Head]]
) -> dict[str, list[Score]]:
    """Scores of several groups of heads in one pass over the rows."""
    every = [head for heads in groups.values() for head in heads]
    scores = iter(score_heads(labelled(rows, labels), every, algebra=inputs.algebra))
    return {name: [next(scores) for _ in heads] for name, heads in groups.items()}


def _rows(inputs: ControlInputs, control: str, scores: Sequence[Score]) -> Iterator[ControlRow]:
    for name, score in zip(inputs.targets, scores, strict=True):
        same = agreement(score, inputs.own[name])
        yield _row(inputs.source, name, control, score, same, known=True)


def _row(
    source: str, target: str, control: str, score: Score, same: float, *, known: bool
) -> ControlRow:
    low, high = wilson(score.correct, score.n)
    return ControlRow(
        control=control,
        source=source,
        target=target,
        n=score.n,
        correct=score.correct if known else None,
        top1=score.top1 if known else None,
        ci_low=low if known else None,
        ci_high=high if known else None,
        agreement=same,
    )
