"""The training loop of ``Adam`` (needs torch): all targets of a source at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ConfigError, StoreDamagedError
from samefeatures.features.shuffle import Order
from samefeatures.maps.normalised.adam_options import AdamOptions

WINDOW = 100
"""Batches whose mean loss tells whether a target diverges."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result:
    """What came out for one target.

    Attributes:
        weight: (d_B, d_A + 1), the bias last.
        losses: (steps,) of every batch.
        loss: Mean over the last window, or over the best where it diverged; None without any.
        message: What a reader must know, else empty.
    """

    weight: Float32
    losses: Float32
    loss: float | None
    message: str


class Training:
    """One weight matrix for all targets of a source, and one Adam.

    Targets do not meet but in the batches: the loss is a sum over them, and Adam works on every
    number by itself.
    """

    def __init__(self, options: AdamOptions, source_dim: int, dims: Mapping[str, int]) -> None:
        self._options = options
        self._device = _device(options.device)
        self._names = list(dims)
        stops = list(accumulate(dims.values()))
        self._slices = [slice(b - d, b) for b, d in zip(stops, dims.values(), strict=True)]
        self.step = 0
        self._weight = torch.cat([_glorot(options.seed, d, source_dim) for d in dims.values()]).to(
            self._device
        )  # (D, d_A + 1), D the sum of the targets' dimensions
        self._adam = torch.optim.Adam(
            [self._weight],
            lr=options.rate,
            betas=(options.beta1, options.beta2),
            eps=options.epsilon,
            fused=True,
        )
        count = len(dims)
        self._losses = np.empty((options.iterations, count), np.float32)
        self._best = np.full(count, np.inf)  # least window mean
        self._good = self._weight.clone()  # weights after that window
        self._stopped = np.full(count, -1)  # step at which it had diverged

    def run(self, stream: Iterable[tuple[Float32, Order]]) -> Iterator[int]:
        """Train to the end; yields after each window of steps, with their number.

        Args:
            stream: Pools of rows (r, d_A + 1 + D), each with the order (r,) in which they
                are dealt.
        """
        batches = self._batches(stream)
        while self.step < self._options.iterations and (self._stopped < 0).any():
            steps = min(WINDOW - self.step % WINDOW, self._options.iterations - self.step)
            losses = torch.stack([self._update(next(batches)) for _ in range(steps)])
            self._losses[self.step - steps : self.step] = losses.cpu().numpy()
            self._judge(steps)
            yield steps

    def _batches(self, stream: Iterable[tuple[Float32, Order]]) -> Iterator[Tensor]:
        """(batch, d_A + 1 + D) rows, on the device."""
        size, held, rows = self._options.batch, None, torch.empty(0)
        parts: list[Tensor] = []
        room = size
        for pool, order in stream:
            if pool is not held:
                held, rows = pool, torch.from_numpy(pool).to(self._device)
            places = torch.from_numpy(order).to(self._device)
            while len(places):
                taken, places = places[:room], places[room:]
                parts.append(rows.index_select(0, taken))
                room -= len(taken)
                if room == 0:
                    yield parts[0] if len(parts) == 1 else torch.cat(parts)
                    parts, room = [], size

    def _update(self, batch: Tensor) -> Tensor:
        """One step on (r, d_A + 1 + D) rows; (targets,) losses before it."""
        inputs = self._weight.shape[1]
        z, units = batch[:, :inputs], batch[:, inputs:]  # (r, d_A + 1), (r, D)
        p = z @ self._weight.T  # (r, D)
        losses = torch.stack([_loss(p[:, k], units[:, k]) for k in self._slices])
        self._weight.grad = p.T @ z  # p holds the loss's gradient by now
        options = self._options
        self._adam.param_groups[0]["lr"] = options.rate * (1 - options.decay) ** self.step
        self._adam.step()
        self.step += 1
        return losses

    def _judge(self, steps: int) -> None:
        """Note the targets that have diverged, and keep the weights of those at their best."""
        means = self._losses[self.step - steps : self.step].mean(axis=0, dtype=np.float64)
        # Not a number is not below anything, and so counts as risen.
        risen = ~(means <= self._best + self._options.max_rise) | ~np.isfinite(means)
        self._stopped[risen & (self._stopped < 0)] = self.step
        for k in np.flatnonzero((means <= self._best) & (self._stopped < 0)):
            self._best[k] = means[k]
            self._good[self._slices[k]] = self._weight[self._slices[k]]

    def result(self, name: str) -> Result:
        """Of one target."""
        k = self._names.index(name)
        stopped, last = int(self._stopped[k]), max(0, self.step - WINDOW)
        if stopped < 0:
            losses, weight = self._losses[: self.step, k], self._weight
            return Result(
                weight=weight[self._slices[k]].cpu().numpy(),
                losses=losses,
                loss=float(losses[last:].mean(dtype=np.float64)),
                message="",
            )
        best = float(self._best[k])
        known = np.isfinite(best)
        kept = f"after its best {WINDOW} batches (loss {best:.4g})" if known else "at its start"
        return Result(
            weight=self._good[self._slices[k]].cpu().numpy(),
            losses=self._losses[:stopped, k],
            loss=best if known else None,
            message=f"Adam into {name} diverged and was stopped after {stopped} batches; the map "
            f"is that {kept}. Try a smaller rate",
        )

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All that decides what follows, for a checkpoint: weights (D, d_A + 1) and the like."""
        kept = self._adam.state[self._weight]
        tensors = {"weight": self._weight, "good": self._good}
        tensors |= {name: kept[name] for name in ("step", "exp_avg", "exp_avg_sq")}
        return {
            "targets": np.array(self._names),
            "dims": np.array([part.stop - part.start for part in self._slices]),
            "losses": self._losses[: self.step],
            "best": self._best,
            "stopped": self._stopped,
            **{name: tensor.cpu().numpy() for name, tensor in tensors.items()},
        }

    def resume(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what ``state`` gave, weights (D, d_A + 1) and the like.

        Targets that are done since may be missing here.

        Raises:
            StoreDamagedError: when it is of other targets.
        """
        names = [str(name) for name in saved["targets"]]
        if not set(self._names) <= set(names):
            raise StoreDamagedError(
                f"The checkpoint holds {', '.join(names)}, not all of {', '.join(self._names)}. "
                "Delete it and the maps beside it, and fit again."
            )
        columns = [names.index(name) for name in self._names]
        stops = np.cumsum(saved["dims"])
        rows = np.concatenate([np.arange(stops[k] - saved["dims"][k], stops[k]) for k in columns])
        self.step = len(saved["losses"])
        self._losses[: self.step] = saved["losses"][:, columns]
        self._best, self._stopped = saved["best"][columns], saved["stopped"][columns]
        self._good = self._tensor(saved["good"][rows])
        self._weight.copy_(self._tensor(saved["weight"][rows]))
        self._adam.state[self._weight] = {
            "step": self._tensor(saved["step"]),
            "exp_avg": self._tensor(saved["exp_avg"][rows]),
            "exp_avg_sq": self._tensor(saved["exp_avg_sq"][rows]),
        }

    def _tensor(self, values: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self._device)


def _loss(p: Tensor, units: Tensor) -> Tensor:
    """Mean loss of one target, (); its gradient takes the place of ``p``, (r, d_B).

    With s = ‖p‖ and ŷ the unit target: ``E = ‖p/s‖² + ‖ŷ‖² − 2 c``, ``c = ⟨p, ŷ⟩ / s``, and
    ``∂E/∂p = (2 / s) (c p / s − ŷ)``. A vector of length zero has no direction and no gradient.
    """
    s = torch.linalg.vector_norm(p, dim=1)  # (r,)
    per_s = torch.where(s > 0, 1 / s, 0)
    c = torch.linalg.vecdot(p, units) * per_s  # (r,)
    # s · per_s is 1, or 0 without direction, or not a number once lengths overflow.
    loss: Tensor = (s * per_s + torch.linalg.vecdot(units, units).round() - 2 * c).mean()
    mean = 2 / len(p)
    p.mul_((mean * c * per_s**2)[:, None])
    p.sub_(units * (mean * per_s)[:, None])
    return loss


def _glorot(seed: int, d_target: int, d_source: int) -> Tensor:
    """(d_B, d_A + 1) weights uniform in ±sqrt(6 / (d_A + d_B)), biases of zero."""
    limit = np.sqrt(6 / (d_source + d_target))
    drawn = np.random.default_rng([seed, d_target, d_source]).uniform(
        -limit, limit, (d_target, d_source)
    )
    return torch.from_numpy(np.pad(drawn, ((0, 0), (0, 1))).astype(np.float32))


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"The device '{name}' of adam is not there ({str(error).splitlines()[0]}). Use 'cpu', "
            "or install a torch with CUDA on a machine that has a GPU."
        ) from None
    return device
