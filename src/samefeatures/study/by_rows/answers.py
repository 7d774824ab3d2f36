"""What a source's answers leave of all features, at any number of fit rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.features.spaces.answers import answered
from samefeatures.joint.blocks import Blocks, BlockSums, Rows
from samefeatures.joint.nested import Beside, Nest
from samefeatures.joint.views import SecondMoments
from samefeatures.networks.record import Network, head_of
from samefeatures.similarity.strengths import GRID
from samefeatures.study.by_rows.left import Left, Within, left_of
from samefeatures.study.spaces import answers_of

SQUARES = "squares: of each network"
ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AnswerSpaces:
    """One-hot answers of every network, on rows that are fitted and on rows that judge.

    Attributes:
        networks: By name, all with heads.
        classes: (n,) answers to the fit rows, by network.
        centres: (d,) about which squares are summed, by network; near the means.
        judge: Moments of the eval rows.
        sums: Of the same rows, of answers with networks.
        within: Of the same rows, about the means of what each network answers.
    """

    networks: Mapping[str, Network]
    classes: Mapping[str, Int64]
    centres: Mapping[str, Float64]
    judge: SecondMoments
    sums: Blocks
    within: Mapping[str, Within]

    @classmethod
    def of(
        cls,
        networks: Mapping[str, Network],
        fit: Mapping[str, FeatureRows],
        evaluation: Mapping[str, FeatureRows],
        judge: SecondMoments,
        *,
        algebra: Algebra = HOST,
    ) -> AnswerSpaces:
        """From rows and moments of both sides.

        Args:
            networks: By name, all with heads.
            fit: (n, d) fit rows of each.
            evaluation: (m, d) eval rows of each.
            judge: Joint moments of the eval rows.
            algebra: Where products run.
        """
        classes = {
            name: np.concatenate([answered(x, head_of(net)) for x in fit[name].chunks(ROWS)])
            for name, net in networks.items()
        }
        centres = {name: np.asarray(fit[name].span(0, 1)[0], np.float64) for name in networks}
        pairs = [(answers_of(a), b) for a in networks for b in networks]
        sums = BlockSums(_dims(networks), classes=[answers_of(a) for a in networks], pairs=pairs)
        for chunk in joint_chunks([evaluation[name] for name in networks], ROWS):
            rows: dict[str, Rows] = dict(zip(networks, chunk, strict=True))
            rows |= {
                answers_of(name): answered(x, head_of(networks[name]))
                for name, x in zip(networks, chunk, strict=True)
            }
            sums.update(rows)
        blocks, names = sums.blocks(), list(networks)
        within = {
            name: Within.of(judge, blocks, (name, answers_of(name)), names, algebra=algebra)
            for name in names
        }
        return cls(
            networks=networks,
            classes=classes,
            centres=centres,
            judge=judge,
            sums=blocks,
            within=within,
        )

    @property
    def beside(self) -> Beside:
        """What is summed of the fit rows, beside the networks."""
        names = list(self.networks)
        answers = [answers_of(name) for name in names]
        pairs = [(a, b) for a in answers for b in [*names, SQUARES]]
        return Beside(
            dims={**_dims(self.networks), SQUARES: len(names)},
            classes=answers,
            pairs=pairs,
            derive=self._derive,
        )

    def _derive(self, rows: Mapping[str, Rows], numbers: Int64) -> Mapping[str, Rows]:
        answers = {answers_of(name): self.classes[name][numbers] for name in self.networks}
        apart = [rows[name] - self.centres[name] for name in self.networks]
        squares = np.stack([np.einsum("ij,ij->i", x, x) for x in apart], axis=1)  # (r, N)
        return {**rows, **answers, SQUARES: squares}

    def left(self, nest: Nest, source: str, *, algebra: Algebra = HOST) -> Left:
        """What the source's answers leave of it and of all others, fitted on the rows of a nest.

        Their regression is a ridge, of the strength that is best for the answers alone: by the
        squared error of each row by all others, mean over targets of the share of its squares.

        Args:
            nest: Moments, with what ``beside`` asks for.
            source: Name.
            algebra: Where products run.
        """
        assert nest.beside is not None
        answers, targets = answers_of(source), [name for name in self.networks if name != source]
        return left_of(
            (source, answers),
            targets,
            best_shift(self._sums(nest.beside, source, targets)),
            fit=(nest.networks, nest.beside),
            judge=(self.judge, self.sums),
            within=self.within[source],
            algebra=algebra,
        )

    def _sums(self, blocks: Blocks, source: str, targets: Sequence[str]) -> ClassSums:
        """Of every target by the source's answers, about the means of these rows."""
        answers, n, place = answers_of(source), blocks.n, list(self.networks).index
        counts = n * blocks.mean_of(answers)  # (K,)
        squares = blocks.block(answers, SQUARES) + np.outer(counts, blocks.mean_of(SQUARES))
        totals, within = [], []
        for target in targets:
            total = blocks.block(answers, target)  # (K, d): sums about the mean
            apart = blocks.mean_of(target) - self.centres[target]
            about = squares[:, place(target)] - 2 * total @ apart - counts * (apart @ apart)
            totals.append(np.einsum("ij,ij->i", total, total))
            within.append(about)
        return ClassSums(counts=counts, totals=np.stack(totals), squares=np.stack(within))


def _dims(networks: Mapping[str, Network]) -> dict[str, int]:
    dims = {name: network.dim for name, network in networks.items()}
    return dims | {answers_of(name): head_of(net).classes for name, net in networks.items()}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassSums:
    """Sums over the rows of each of K classes, of t targets about their means.

    Attributes:
        counts: (K,) rows.
        totals: (t, K) ‖Σ y‖².
        squares: (t, K) Σ ‖y‖².
    """

    counts: Float64
    totals: Float64
    squares: Float64

    def left_out(self, shift: float) -> Float64:
        """(t,) squared errors of every row, by the mean of all others of its class, shrunk.

        With m = n_c − 1 + shift the error of y is ``y − (Σ y − y) / m``.

        Args:
            shift: Rows of mean 0 that are thought to be in each class; infinity: all are 0.
        """
        weight = self.counts - 1 + shift
        inverse = np.zeros_like(weight)  # where nothing else is known of the class
        np.divide(1.0, weight, out=inverse, where=weight > 0.5)
        square = (1 + inverse) ** 2 * self.squares
        rest = (self.counts * inverse - 2 * (1 + inverse)) * inverse * self.totals
        out: Float64 = (square + rest).sum(axis=1)
        return out


def best_shift(sums: ClassSums) -> float:
    """What the strength out of ``GRID`` adds that explains targets best by answers alone.

    A strength is relative to the mean variance of the answers, Σ n_c (1 − n_c / n) / (n K).

    Args:
        sums: Of the targets.
    """
    whole = sums.squares.sum(axis=1)  # (t,)
    known = whole > 0
    if not known.any():
        return math.inf
    counts, n = sums.counts, sums.counts.sum()
    spread = float((counts * (1 - counts / n)).mean())

    def share(shift: float) -> float:
        return float((sums.left_out(shift)[known] / whole[known]).mean())

    shifts = [each if math.isinf(each) else each * spread for each in GRID]
    return min(shifts, key=share)
