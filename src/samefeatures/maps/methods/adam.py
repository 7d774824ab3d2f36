"""The paper's map (section 4.2): the normalised loss by Adam, as printed (needs torch)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import require
from samefeatures.features.rows import FeatureRows
from samefeatures.features.shuffle import Shuffle
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.checkpoint import Checkpoint
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.method import Method
from samefeatures.maps.normalised.adam_options import AdamOptions
from samefeatures.maps.normalised.rows import fit_key, rows_of, unit, zero_vectors
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes

if TYPE_CHECKING:
    from samefeatures.maps.normalised.adam_loop import Result

PURPOSE = "The method 'adam'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam(AdamOptions, Method):
    """Minimise the mean of ``E = ‖x/‖x‖ − y/‖y‖‖²``, x = M z + m, by Adam on random batches.

    In float32, from weights that are uniform in ±sqrt(6 / (d_A + d_B)) (Glorot) and biases of
    zero: TensorFlow's defaults, since the paper does not say. Batches are cut from shuffled epochs,
    see ``Shuffle``; all targets of a source see the same ones, in one loop. The map is the last
    iterate, as long as Adam left it: the loss does not see its length.

    Zero vectors have no direction: x/‖x‖ is 0 there, and such rows do not move the map. A target
    whose loss becomes NaN or infinite, or whose mean over 100 batches rises ``max_rise`` above the
    least such mean, has diverged: its map is that after its best 100 batches, and the note says so.
    Options and their meaning: ``AdamOptions``.
    """

    name = "adam"
    needs_rows = True
    packages = ("torch",)

    def __post_init__(self) -> None:
        AdamOptions.__post_init__(self)
        if importlib.util.find_spec("torch") is None:
            require("torch", extra="torch", purpose=PURPOSE)

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order, all trained in one loop.

        The state is written every 20 seconds; a stopped fit goes on to the same bits on the same
        machine.

        Raises:
            MissingExtraError: without torch.
            ConfigError: when there is no such device.
            MapError: when the problem has no rows, or not those of its moments.
            FeatureError: when the networks saw different images.
        """
        require("torch", extra="torch", purpose=PURPOSE)
        from samefeatures.maps.normalised.adam_loop import Training

        if not targets:
            return
        rows = rows_of(problem, targets, method=self.name)
        zeros = zero_vectors(rows, targets)
        kept = Checkpoint(problem.checkpoint, fit_key(self.name, self.options, problem))
        source, others = rows[problem.source], [rows[target] for target in targets]
        training = Training(self, source.dim, {part.name: part.dim for part in others})
        saved = kept.load()
        if saved is not None:
            training.resume(saved)
        advance = problem.progress.task(f"adam from {problem.source}", self.iterations)
        advance(training.step)
        shuffle = Shuffle(rows=len(source), pool=self.pool, seed=self.seed)
        stream = shuffle.stream(
            lambda start, stop: _joined(source, others, start, stop),
            start=training.step * self.batch,
        )
        for steps in training.run(stream):
            advance(steps)
            if kept.due:
                kept.save(training.state())
        for target in targets:
            yield _map(problem, training.result(target), target, zeros[target])
        kept.discard()

    def work(self, sizes: Sizes) -> float:
        """Three products a row of a batch: forwards, and two for the gradient."""
        return 3.0 * self.iterations * self.batch * sizes.pairs

    def note(self, sizes: Sizes) -> str:  # noqa: ARG002
        """How many iterations that is."""
        return f"{self.iterations:,} iterations"

    def short(self) -> Self:
        """A few iterations."""
        return replace(self, iterations=min(3, self.iterations))


def _joined(source: FeatureRows, targets: Sequence[FeatureRows], start: int, stop: int) -> Float32:
    """Rows as the loop wants them, (r, d_A + 1 + D): [x, 1 | unit vectors of every target]."""
    x = source.span(start, stop)
    ones = np.ones((len(x), 1), np.float32)
    return np.hstack([x, ones, *(unit(part.span(start, stop)) for part in targets)])


def _map(problem: SourceProblem, found: Result, target: str, zeros: str) -> AffineMap:
    said = [found.message, zeros]
    note = FitNote(message="; ".join(filter(None, said)), steps=len(found.losses), loss=found.loss)
    weight = found.weight.astype(np.float64)  # (d_B, d_A + 1)
    curve = LossCurve(unit="batch", loss=found.losses.astype(np.float64))
    return problem.affine("adam", target, weight[:, :-1].copy(), weight[:, -1], note, curve=curve)
