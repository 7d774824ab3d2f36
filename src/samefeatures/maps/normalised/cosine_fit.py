"""The fit of some targets of a source that share their passes over the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.features.rows import FeatureRows
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.checkpoint import Arrays, Checkpoint
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.deficiency import deficiency
from samefeatures.maps.methods.ols import OLS
from samefeatures.maps.normalised.cosine_loss import Sums, products
from samefeatures.maps.normalised.descent import Descent
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem

CHUNK_BYTES = 2**24
"""Of a source's rows and one target's, in float64, while they are worked on."""
ROUNDING = 1e-12
"""Decrease of the loss that is too little to speak of: float64 sums end near there."""


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
class GroupFit:
    """The fit of one group of targets.

    Attributes:
        problem: The source, and the moments.
        rows: Of source and targets, by network.
        targets: Names.
        zeros: What to say of rows without direction, by target.
        kept: Where the state is kept.
        tolerance: As in ``Cosine``.
        passes: As in ``Cosine``.
    """

    problem: SourceProblem
    rows: Mapping[str, FeatureRows]
    targets: Sequence[str]
    zeros: Mapping[str, str]
    kept: Checkpoint
    tolerance: float
    passes: int

    @property
    def _centre(self) -> Float64:
        """(d_A,) mean of the source's rows."""
        return self.problem.moments.mean_of(self.problem.source)

    def run(self) -> Iterator[AffineMap]:
        """Pass after pass until every target has ended; then one map per target."""
        states, n = self._begin(), self.problem.moments.n
        while active := [t for t in self.targets if self._open(states[t])]:
            advance = self.problem.progress.task(f"cosine from {self.problem.source}", n)
            sums = {t: Sums(states[t].descent.trial) for t in active}
            for z, blocks in self._chunks(active):
                for target, block in zip(active, blocks, strict=True):
                    sums[target].add(z, block)
                advance(len(z))
            for target in active:
                state, found = states[target], sums[target]
                state.descent.tell(found.loss / n, found.gradient / n)
                state.losses.append(state.descent.loss)
            if self.kept.due:
                self.kept.save(_packed(states))
        for target in self.targets:
            yield self._map(target, states[target])

    def _open(self, state: _Target) -> bool:
        return not state.descent.ended and len(state.losses) < self.passes

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
        scale = 0.5 * products(self.problem, target, start)[1] / self.problem.moments.n
        return _Target(self._descent(start, scale), scale)

    def _resumed(self, saved: Arrays) -> _Target:
        (scale,) = saved["scale"]
        return _Target(
            self._descent(saved["point"], scale).resume(saved),
            scale=float(scale),
            losses=[float(loss) for loss in saved["losses"]],
        )

    def _descent(self, start: Float64, scale: float) -> Descent:
        return Descent(
            start,
            precondition=lambda gradient: self._step(gradient, scale),
            tolerance=self.tolerance,
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
        with_target, with_itself = products(self.problem, target, point)
        if with_target > 0:
            point = point * (with_target / with_itself)
        weight = np.ascontiguousarray(point[:, :-1])
        bias = point[:, -1] - weight @ self._centre
        curve = LossCurve(unit="pass", loss=np.array(state.losses))
        note = self._note(target, state)
        return self.problem.affine("cosine", target, weight, bias, note, curve=curve)

    def _note(self, target: str, state: _Target) -> FitNote:
        inverse, descent = self.problem.inverse, state.descent
        said = [deficiency(self.problem), self.zeros[target]]
        if not descent.ended:
            said.append(
                f"the fit into {target} was stopped after {len(state.losses)} passes, its loss "
                f"{descent.loss:.6g} about {descent.promised:.1g} above the minimum; allow more"
            )
        elif descent.promised > max(self.tolerance * descent.loss, ROUNDING):
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
