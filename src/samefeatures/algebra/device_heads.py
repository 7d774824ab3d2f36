"""Composed heads in a device's memory: logits are counted where they are made (needs torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor

from samefeatures.algebra.protocol import TOP
from samefeatures.algebra.sending import sent
from samefeatures.base.arrays import Float32, Int32, Int64


class DeviceHeads:
    """All heads on one set of features: one matrix product per chunk of rows.

    Memory on the device: 4·Σ classes·(d + r) bytes and 4·r·d, r the rows of a chunk; what comes
    back is one class per head and row.

    Args:
        weights: (classes, d) each.
        biases: (classes,) each.
        place: The device.
        running: Sets torch up while a block runs.
    """

    def __init__(
        self,
        weights: Sequence[Float32],
        biases: Sequence[Float32],
        place: torch.device,
        running: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._classes = [len(weight) for weight in weights]
        self._place = place
        self._running = running
        self._what = f"{len(weights)} heads on {weights[0].shape[1]:,} features"
        with running(self._what):
            self._weight = sent(np.concatenate(weights), self._place)  # (Σ classes, d)
            self._bias = sent(np.concatenate(biases), self._place)  # (Σ classes,)

    def count(self, features: Float32, labels: Int64) -> tuple[Int32, Int64]:
        """Predictions (heads, r), and (heads, 2) rows with the label first and in the first 5.

        Args:
            features: (r, d).
            labels: (r,).
        """
        with self._running(self._what):
            logits = torch.addmm(self._bias, sent(features, self._place), self._weight.T)
            truth = sent(labels, self._place)  # (r,)
            predictions, counts = [], []
            for part in torch.split(logits, self._classes, dim=1):  # (r, classes)
                best = part.argmax(dim=1)  # the first one at a tie, as torch says
                hit = best == truth
                near = _ahead(part, truth) < TOP
                predictions.append(best.to(torch.int32))
                counts.append(torch.stack([hit.sum(), (near | hit).sum()]))
            return torch.stack(predictions).cpu().numpy(), torch.stack(counts).cpu().numpy()


def _ahead(logits: Tensor, labels: Tensor) -> Tensor:
    """(r,) logits before the label's own in a stable descending sort."""
    own = logits.gather(1, labels[:, None])  # (r, 1)
    before = torch.arange(logits.shape[1], device=logits.device) < labels[:, None]
    return ((logits > own) | ((logits == own) & before)).sum(dim=1)
