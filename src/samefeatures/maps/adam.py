"""The paper's map (section 4.2): the normalised loss by Adam, as printed (needs torch)."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ConfigError, require
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.rows import FeatureRows
from samefeatures.features.shuffle import Shuffle
from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.checkpoint import Checkpoint
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.normalised import check_rows, fit_key, unit, zero_vectors
from samefeatures.maps.problem import SourceProblem

if TYPE_CHECKING:
    from samefeatures.maps.adam_loop import Result

PURPOSE = "The method 'adam'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Minimise the mean of ``E = ‖x/‖x‖ − y/‖y‖‖²``, x = M z + m, by Adam on random batches.

    In float32, from weights that are uniform in ±sqrt(6 / (d_A + d_B)) (Glorot) and biases of
    zero: TensorFlow's defaults, since the paper does not say. Batches are cut from shuffled epochs,
    see ``Shuffle``; all targets of a source see the same ones, in one loop. The map is the last
    iterate, as long as Adam left it: the loss does not see its length.

    Zero vectors have no direction: x/‖x‖ is 0 there, and such rows do not move the map. A target
    whose loss becomes NaN or infinite, or whose mean over 100 batches rises ``max_rise`` above the
    least such mean, has diverged: its map is that after its best 100 batches, and the note says so.

    Attributes:
        iterations: Updates (paper: 100,000).
        batch: Rows in each (paper: 2,048).
        rate: Learning rate of the first (paper: 0.1).
        decay: The rate is multiplied by 1 - decay after each (paper: 1e-5).
        beta1: Decay of the mean gradient (TensorFlow's default, 0.9).
        beta2: Decay of the mean square (0.999).
        epsilon: Added to its root (1e-8).
        max_rise: Rise of the loss, which lies between 0 and 4, that counts as divergence.
        pool: Rows in memory from which batches are dealt.
        seed: Decides start and batches.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    iterations: int = 100_000
    batch: int = 2048
    rate: float = 0.1
    decay: float = 1e-5
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    max_rise: float = 0.5
    pool: int = 32_768
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for field, least in (("iterations", 1), ("batch", 1), ("pool", 256), ("seed", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"The option {field} of adam is {value!r}; it must be a whole number, at least "
                    f"{least}."
                )
        limits = {"rate": math.inf, "epsilon": math.inf, "max_rise": math.inf}
        limits.update(decay=1, beta1=1, beta2=1)
        for field, limit in limits.items():
            value = getattr(self, field)
            zero = field in ("decay", "beta1", "beta2")
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < limit or (value == 0 and not zero):
                span = f"from 0 to below {limit:g}" if zero else "finite and above 0"
                raise ConfigError(
                    f"The option {field} of adam is {value!r}; it must be a number {span} (YAML "
                    "takes 1e-5 for text; write 1.0e-5)."
                )
        if importlib.util.find_spec("torch") is None:
            require("torch", extra="torch", purpose=PURPOSE)

    @property
    def name(self) -> str:
        return "adam"

    @property
    def options(self) -> Mapping[str, object]:
        return asdict(self)

    def fit_rows(
        self,
        problem: SourceProblem,
        rows: Mapping[str, FeatureRows],
        targets: Sequence[str],
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Iterator[AffineMap]:
        """One map per target, in order, all trained in one loop.

        Args:
            problem: The source and the networks; of the moments only the number of rows is used.
            rows: Fit rows by network, of the source and all targets.
            targets: Names.
            checkpoint: File for the state, written every 20 seconds; a stopped fit goes on to the
                same bits on the same machine.
            progress: Shows how far it is.

        Raises:
            MissingExtraError: without torch.
            ConfigError: when there is no such device.
            MapError: when rows are not those of the moments.
            FeatureError: when the networks saw different images.
        """
        require("torch", extra="torch", purpose=PURPOSE)
        from samefeatures.maps.adam_loop import Training

        if not targets:
            return
        check_rows(problem, rows, targets)
        zeros = zero_vectors(rows, targets)
        kept = Checkpoint(checkpoint, fit_key(self.name, self.options, problem.source, rows))
        source, others = rows[problem.source], [rows[target] for target in targets]
        training = Training(self, source.dim, {part.name: part.dim for part in others})
        saved = kept.load()
        if saved is not None:
            training.resume(saved)
        advance = (progress or Silent()).task(f"adam from {problem.source}", self.iterations)
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


def _joined(source: FeatureRows, targets: Sequence[FeatureRows], start: int, stop: int) -> Float32:
    """Rows as the loop wants them: [x, 1 | unit vectors of every target]."""
    x = source.span(start, stop)
    ones = np.ones((len(x), 1), np.float32)
    return np.hstack([x, ones, *(unit(part.span(start, stop)) for part in targets)])


def _map(problem: SourceProblem, found: Result, target: str, zeros: str) -> AffineMap:
    said = [found.message, zeros]
    note = FitNote(
        message="; ".join(filter(None, said)),
        steps=len(found.losses),
        loss=found.loss,
    )
    weight = found.weight.astype(np.float64)  # (d_B, d_A + 1)
    curve = LossCurve(unit="batch", loss=found.losses.astype(np.float64))
    return problem.affine("adam", target, weight[:, :-1].copy(), weight[:, -1], note, curve=curve)
