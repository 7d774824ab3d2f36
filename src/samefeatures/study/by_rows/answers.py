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
from samefeatures.joint.views import Beside as View
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap
from samefeatures.networks.record import Network, head_of
from samefeatures.similarity.sheet import Sheet
from samefeatures.similarity.strengths import GRID, shift_of
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
        judge: Moments of the eval rows, answers beside networks.
    """

    networks: Mapping[str, Network]
    classes: Mapping[str, Int64]
    centres: Mapping[str, Float64]
    judge: SecondMoments

    @classmethod
    def of(
        cls,
        networks: Mapping[str, Network],
        fit: Mapping[str, FeatureRows],
        evaluation: Mapping[str, FeatureRows],
        judge: SecondMoments,
    ) -> AnswerSpaces:
        """From rows and moments of both sides.

        Args:
            networks: By name, all with heads.
            fit: (n, d) fit rows of each.
            evaluation: (m, d) eval rows of each.
            judge: Joint moments of the eval rows.
        """
        classes = {
            name: np.concatenate([answered(x, head_of(net)) for x in fit[name].chunks(ROWS)])
            for name, net in networks.items()
        }
        centres = {name: np.asarray(fit[name].span(0, 1)[0], np.float64) for name in networks}
        pairs = [(answers_of(a), b) for a in networks for b in networks]
        pairs += [(answers_of(a), answers_of(a)) for a in networks]
        sums = BlockSums(_dims(networks), classes=[answers_of(a) for a in networks], pairs=pairs)
        for chunk in joint_chunks([evaluation[name] for name in networks], ROWS):
            rows: dict[str, Rows] = dict(zip(networks, chunk, strict=True))
            rows |= {
                answers_of(name): answered(x, head_of(networks[name]))
                for name, x in zip(networks, chunk, strict=True)
            }
            sums.update(rows)
        view = View(judge, frozenset(networks), sums.blocks())
        return cls(networks=networks, classes=classes, centres=centres, judge=view)

    @property
    def beside(self) -> Beside:
        """What is summed of the fit rows, beside the networks."""
        names = list(self.networks)
        answers = [answers_of(name) for name in names]
        pairs = [(a, b) for a in answers for b in [*names, SQUARES]] + [(a, a) for a in answers]
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
        fit = View(nest.networks, frozenset(self.networks), nest.beside)
        answers, targets = answers_of(source), [name for name in self.networks if name != source]
        strength = best_strength(self._sums(nest.beside, source, targets), fit, answers)
        sheet = Sheet.of(fit, self.judge, [answers, source], targets)
        shift = shift_of(fit, answers, strength, fit.n)
        return Left(source, tuple(targets), sheet.without(answers, shift, algebra=algebra))

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
        alone = weight < 0.5  # nothing else is known of the class
        inverse = np.where(alone | ~(self.counts > 0.5), 0.0, 1 / np.where(alone, 1.0, weight))
        square = (1 + inverse) ** 2 * self.squares
        rest = (self.counts * inverse - 2 * (1 + inverse)) * inverse * self.totals
        out: Float64 = (square + rest).sum(axis=1)
        return out


def best_strength(sums: ClassSums, fit: SecondMoments, answers: str) -> float:
    """Out of ``GRID``, the strength that explains targets best by answers alone.

    Args:
        sums: Of the targets.
        fit: Moments of the answers.
        answers: Name of their space.
    """
    whole = sums.squares.sum(axis=1)  # (t,)
    counts = whole > 0
    if not counts.any():
        return math.inf

    def share(strength: float) -> float:
        shift = shift_of(fit, answers, strength, fit.n)
        return float((sums.left_out(shift)[counts] / whole[counts]).mean())

    return min(GRID, key=share)


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """Second moments of what a source's answers leave of it and of its targets.

    Attributes:
        source: Name.
        targets: Names.
        sheet: Of the rows that are fitted and of those that judge, answers taken off.
    """

    source: str
    targets: tuple[str, ...]
    sheet: Sheet

    @property
    def fit(self) -> Blocks:
        """Of the rows that are fitted: what a method makes maps of."""
        d = len(self.sheet.seen)
        products = {(self.source, self.source): self.sheet.seen[:, :d]}
        products |= {
            (self.source, name): self.sheet.seen[:, mine] for name, mine in self._columns.items()
        }
        means = {b: np.zeros(block.shape[1]) for (_, b), block in products.items()}
        return Blocks(n=self.sheet.n, means=means, products=products)

    def r2(self, fitted: AffineMap, *, algebra: Algebra = HOST) -> float:
        """Share of what the answers leave of the target that the map explains, on eval rows.

        Args:
            fitted: Out of the source, made of ``fit``.
            algebra: Where products run.
        """
        place, d = self.targets.index(fitted.target), len(self.sheet.held)
        left, weight = float(self.sheet.squares[place]), fitted.weight  # (d_B, d)
        crossed = self.sheet.held[:, self._columns[fitted.target]]  # (d, d_B)
        within = algebra.product(weight, self.sheet.held[:, :d])
        error = left - 2 * float(np.vdot(weight.T, crossed)) + float(np.vdot(within, weight))
        return 1 - error / left if left > 0 else math.nan

    @property
    def _columns(self) -> dict[str, slice]:
        d = len(self.sheet.seen)
        edges = [*self.sheet.edges, self.sheet.seen.shape[1] - d]
        starts = zip(self.targets, edges[:-1], edges[1:], strict=True)
        return {name: slice(d + low, d + high) for name, low, high in starts}
