"""The map of least normalised loss (paper, section 4.2), without a learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.rows import FeatureRows, held
from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.checkpoint import Arrays, Checkpoint
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.descent import MEMORY, Descent
from samefeatures.maps.normalised import check_rows, fit_key, zero_vectors
from samefeatures.maps.ols import OLS, deficiency
from samefeatures.maps.problem import SourceProblem

CHUNK_BYTES = 2**24
"""Of a source's rows and one target's, in float64, while they are worked on."""
ROUNDING = 1e-12
"""Decrease of the loss that is too little to speak of: float64 sums end near there."""
HOLD_BYTES = 2**28
"""Rows that take no more than this, source and targets together, are read once."""
GROUP_BYTES = 2**30
"""Of the states of the targets that share a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine:
    """Minimise the mean of ``E = ‖x/‖x‖ − y/‖y‖‖² = 2 − 2 cos(x, y)`` over maps, x = M z + m.

    From the OLS map on, by L-BFGS with the inverse of the source's second moments in front: the
    weighted least-squares step of this loss is that inverse, but for weights that vary little. One
    streamed pass over the rows a step. The loss never rises, and no vector is divided by a cosine,
    so that negative ones do no harm. It ends when a pass lowers the loss by no more than
    ``tolerance`` (relative), and the next promises no more.

    The loss does not see how long M z is: the map is at last scaled by the one number that brings
    M z + m nearest to the targets, since a head's biases do see it. Directions in which the source
    does not vary stay out, as in OLS (minimum norm). Zero vectors have no direction: x/‖x‖ is 0
    there, E is 1 whatever the map, and the note counts them.

    Attributes:
        tolerance: Relative decrease of the loss that is not worth another pass, above 0.
        passes: Most passes over the rows; the note says when they did not suffice.
    """

    tolerance: float = 1e-5
    passes: int = 200

    def __post_init__(self) -> None:
        number = isinstance(self.tolerance, int | float) and not isinstance(self.tolerance, bool)
        if not number or not math.isfinite(self.tolerance) or self.tolerance <= 0:
            raise ConfigError(
                f"The option tolerance of cosine is {self.tolerance!r}; it must be a number above "
                "0 (YAML takes 1e-5 for text; write 1.0e-5)."
            )
        if not isinstance(self.passes, int) or isinstance(self.passes, bool) or self.passes < 1:
            raise ConfigError(
                f"The option passes of cosine is {self.passes!r}; it must be a whole number, at "
                "least 1."
            )

    @property
    def name(self) -> str:
        return "cosine"

    @property
    def options(self) -> Mapping[str, object]:
        return {"tolerance": self.tolerance, "passes": self.passes}

    def fit_rows(
        self,
        problem: SourceProblem,
        rows: Mapping[str, FeatureRows],
        targets: Sequence[str],
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Iterator[AffineMap]:
        """One map per target, in order; targets share passes, up to 1 GB of state.

        Args:
            problem: The source, and the moments of the same rows.
            rows: Fit rows by network, of the source and all targets.
            targets: Names.
            checkpoint: File for the state; a stopped fit loses at most a pass, or 20 seconds.
            progress: Shows how far it is.

        Raises:
            FeatureError: when rows are missing, or of other images.
            MapError: when every row of a target is a zero vector.
        """
        if not targets:
            return
        check_rows(problem, rows, targets)
        key = fit_key(self.name, self.options, problem.source, rows)
        kept = Checkpoint(checkpoint, key)
        rows = held({name: rows[name] for name in (problem.source, *targets)}, HOLD_BYTES)
        zeros = zero_vectors(rows, targets)
        for group in _groups(problem, targets):
            yield from _Fit(
                method=self,
                problem=problem,
                rows=rows,
                targets=group,
                zeros=zeros,
                kept=kept,
                progress=progress or Silent(),
            ).run()
        kept.discard()


@dataclass(slots=True)
class _Target:
    """One target of a group.

    Attributes:
        descent: Its map [weight, bias] on centred rows, (d_B, d_A + 1), and where to go next.
        scale: Of its preconditioner.
        losses: After every pass.
    """

    descent: Descent
    scale: float
    losses: list[float] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Fit:
    """The fit of one group of targets."""

    method: Cosine
    problem: SourceProblem
    rows: Mapping[str, FeatureRows]
    targets: Sequence[str]
    zeros: Mapping[str, str]
    kept: Checkpoint
    progress: Progress

    @property
    def _centre(self) -> Float64:
        """(d_A,) mean of the source's rows."""
        return self.problem.moments.mean_of(self.problem.source)

    def run(self) -> Iterator[AffineMap]:
        """Pass after pass until every target has ended; then one map per target."""
        states = self._begin()
        while active := [t for t in self.targets if self._open(states[t])]:
            advance = self.progress.task(
                f"{self.method.name} from {self.problem.source}", self.problem.moments.n
            )
            sums = {t: _Sums(states[t].descent.trial) for t in active}
            for z, blocks in self._chunks(active):
                for target, block in zip(active, blocks, strict=True):
                    sums[target].add(z, block)
                advance(len(z))
            for target in active:
                state, found, n = states[target], sums[target], self.problem.moments.n
                state.descent.tell(found.loss / n, found.gradient / n)
                state.losses.append(state.descent.loss)
            if self.kept.due:
                self.kept.save(_packed(states))
        for target in self.targets:
            yield self._map(target, states[target])

    def _open(self, state: _Target) -> bool:
        return not state.descent.ended and len(state.losses) < self.method.passes

    def _begin(self) -> dict[str, _Target]:
        """From the checkpoint what is there, the others from OLS."""
        saved = self.kept.load() or {}
        out = {}
        for target in self.targets:
            found = {
                k.removeprefix(f"{target}/"): v
                for k, v in saved.items()
                if k.startswith(f"{target}/")
            }
            out[target] = self._resumed(found) if found else self._fresh(target)
        return out

    def _fresh(self, target: str) -> _Target:
        (ols,) = OLS().fit(self.problem, [target])
        bias = ols.bias + ols.weight @ self._centre  # (d_B,)
        start = np.column_stack([ols.weight, bias])  # (d_B, d_A + 1)
        # The loss curves as least squares with weights cos/length² do: here all at once.
        scale = 0.5 * _products(self.problem, target, start)[1] / self.problem.moments.n
        return _Target(self._descent(start, scale), scale)

    def _descent(self, start: Float64, scale: float) -> Descent:
        return Descent(
            start,
            precondition=lambda gradient: self._step(gradient, scale),
            tolerance=self.method.tolerance,
        )

    def _step(self, gradient: Float64, scale: float) -> Float64:
        """Gradient times the inverse second moments of z = [centred row; 1], per row."""
        out = np.empty_like(gradient)  # (d_B, d_A + 1)
        np.matmul(gradient[:, :-1], self.problem.inverse.matrix, out=out[:, :-1])
        out[:, :-1] *= self.problem.moments.n
        out[:, -1] = gradient[:, -1]
        out *= scale
        return out

    def _chunks(self, targets: Sequence[str]) -> Iterator[tuple[Float64, list[Float64]]]:
        """The source's rows, centred and with a column of ones, and the targets' as they are."""
        names = [self.problem.source, *targets]
        widest = self.rows[self.problem.source].dim + max(self.rows[t].dim for t in targets)
        # A power of two: the store reads in such blocks, and cuts them without copying.
        size = 2 ** min(11, max(8, (CHUNK_BYTES // (8 * widest)).bit_length() - 1))
        centre = self._centre
        for x, *blocks in zip(*(self.rows[name].chunks(size) for name in names), strict=True):
            z = np.ones((len(x), x.shape[1] + 1))  # (r, d_A + 1)
            np.subtract(x, centre, out=z[:, :-1])
            yield z, [block.astype(np.float64) for block in blocks]

    def _map(self, target: str, state: _Target) -> AffineMap:
        point = state.descent.point
        with_target, with_itself = _products(self.problem, target, point)
        if with_target > 0:
            point = point * (with_target / with_itself)
        weight = np.ascontiguousarray(point[:, :-1])
        bias = point[:, -1] - weight @ self._centre
        curve = LossCurve(unit="pass", loss=np.array(state.losses))
        return self.problem.affine(
            self.method.name, target, weight, bias, self._note(target, state), curve=curve
        )

    def _note(self, target: str, state: _Target) -> FitNote:
        inverse, descent = self.problem.inverse, state.descent
        said = [deficiency(self.problem), self.zeros[target]]
        if not descent.ended:
            said.append(
                f"the fit into {target} was stopped after {len(state.losses)} passes, its loss "
                f"{descent.loss:.6g} about {descent.promised:.1g} above the minimum; allow more"
            )
        elif descent.promised > max(self.method.tolerance * descent.loss, ROUNDING):
            said.append(
                f"the fit into {target} got stuck at loss {descent.loss:.6g}, where it is not "
                "smooth (rows mapped to almost zero): no step lowers it"
            )
        return FitNote(
            rank=inverse.rank,
            full_rank=inverse.dim,
            condition=inverse.condition,
            message="; ".join(filter(None, said)),
            steps=len(state.losses),
            loss=descent.loss,
        )

    def _resumed(self, saved: Arrays) -> _Target:
        (scale,) = saved["scale"]
        return _Target(
            self._descent(saved["point"], scale).resume(saved),
            scale=float(scale),
            losses=[float(loss) for loss in saved["losses"]],
        )


class _Sums:
    """Loss and gradient at one map, summed over the chunks of a pass.

    With p = M z, s = ‖p‖ and ŷ the unit target: ``E = 2 − 2 c``, ``c = ⟨p, ŷ⟩ / s``, and
    ``∂E/∂p = (2 / s) (c p / s − ŷ)``. A vector of length zero has c = 0 and no gradient.
    """

    def __init__(self, point: Float64) -> None:
        self._point = point
        self.gradient = np.zeros_like(point)  # (d_B, d_A + 1)
        self.loss = 0.0

    def add(self, z: Float64, y: Float64) -> None:
        """Add rows: z (r, d_A + 1), y (r, d_B)."""
        p = z @ self._point.T  # (r, d_B)
        s, t = np.sqrt(np.einsum("ij,ij->i", p, p)), np.sqrt(np.einsum("ij,ij->i", y, y))
        per_s, per_t = _reciprocal(s), _reciprocal(t)
        c = np.einsum("ij,ij->i", p, y) * per_s * per_t  # (r,)
        self.loss += float(np.count_nonzero(s) + np.count_nonzero(t) - 2 * c.sum())
        p *= (2 * c * per_s**2)[:, None]
        p -= y * (2 * per_s * per_t)[:, None]
        self.gradient += p.T @ z


def _reciprocal(lengths: Float64) -> Float64:
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def _products(problem: SourceProblem, target: str, point: Float64) -> tuple[float, float]:
    """Σ ⟨p, y⟩ and Σ ‖p‖² over the fit rows, p their images under a map of centred rows."""
    moments, weight, bias = problem.moments, point[:, :-1], point[:, -1]
    across = moments.block(target, problem.source)  # (d_B, d_A)
    within = weight @ moments.block(problem.source, problem.source)  # (d_B, d_A)
    with_target = np.vdot(weight, across) + moments.n * (bias @ moments.mean_of(target))
    return float(with_target), float(np.vdot(weight, within) + moments.n * (bias @ bias))


def _groups(problem: SourceProblem, targets: Sequence[str]) -> Iterator[list[str]]:
    """Targets in order, as many at a time as their states may take."""
    group: list[str] = []
    room = 0
    for target in targets:
        d_a, d_b = (problem.networks[name].head.dim for name in (problem.source, target))
        size = 8 * d_b * (d_a + 1) * (2 * MEMORY + 6)
        if group and room < size:
            yield group
            group = []
        if not group:
            room = GROUP_BYTES
        group.append(target)
        room -= size
    if group:
        yield group


def _packed(states: Mapping[str, _Target]) -> Arrays:
    return {
        f"{target}/{name}": value
        for target, state in states.items()
        for name, value in {
            **state.descent.state(),
            "losses": np.array(state.losses),
            "scale": np.array([state.scale]),
        }.items()
    }
