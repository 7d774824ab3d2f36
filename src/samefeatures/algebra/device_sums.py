"""Centred second moments in a device's memory (needs torch)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samefeatures.algebra.protocol import PANEL, SINGLE_ROWS, Precision, check_single
from samefeatures.algebra.sending import sent
from samefeatures.base.arrays import Float64


class DeviceSums:
    """S += zᵀz over centred chunks, on and below the diagonal.

    Memory on the device: 8·D² bytes for S, and for a chunk of r rows 8·r·D for the centred rows
    and what came in; with float32 products 4·PANEL·D more. 21,408 features take 3.67 GB and, in
    chunks of 1,567 rows, 0.5 GB.

    Args:
        dims: Features per network.
        precision: Of the products.
        place: The device.
        running: Sets torch up while a block runs.
    """

    def __init__(
        self,
        dims: Sequence[int],
        precision: Precision,
        place: torch.device,
        running: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        stops = list(accumulate(dims))
        self._columns = [slice(s - d, s) for s, d in zip(stops, dims, strict=True)]
        self._total = stops[-1]
        self._place = place
        self._running = running
        self._single = precision == "float32"
        self._n = 0
        self._rows = torch.empty(0)
        self._what = f"the moments of {self._total:,} features"
        with running(self._what):
            self._mean = self._zeros(self._total)  # (D,)
            self._lower = self._zeros(self._total, self._total)
            self._buffer = torch.empty(
                min(PANEL, self._total) * self._total if self._single else 0,
                dtype=torch.float32,
                device=place,
            )

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._n

    def restore(self, n: int, mean: Float64, lower: Float64) -> None:
        """Go on from what ``read`` returned, (D,) and (D, D)."""
        with self._running(self._what):
            self._n = n
            self._mean.copy_(torch.from_numpy(mean.copy()))
            self._lower.copy_(torch.from_numpy(np.require(lower, requirements=["C", "W"])))

    def add(self, blocks: Sequence[npt.NDArray[np.floating]]) -> Float64:
        """Add rows, (r, d) per network; returns their (D,) mean; not finite: nothing is added."""
        rows = len(blocks[0])
        with self._running(self._what):
            z = self._room(rows + 1)  # (r + 1, D) float64
            for columns, block in zip(self._columns, blocks, strict=True):
                # Sent as it is, widened there: half the bytes.
                z[:rows, columns] = sent(block, self._place)
            chunk_mean = z[:rows].mean(dim=0)  # (D,)
            if any(block.dtype == np.float64 for block in blocks):  # see ``mean_of_rows``
                first = z[0].clone()
                chunk_mean = torch.where((z[:rows] == first).all(dim=0), first, chunk_mean)
            said = np.asarray(chunk_mean.cpu().numpy(), np.float64)
            if not np.isfinite(said).all():
                return said
            z[:rows] -= chunk_mean
            # The rank-one term that joins two means rides along as one more row.
            shift = chunk_mean - self._mean
            torch.mul(shift, float(np.sqrt(self._n * rows / (self._n + rows))), out=z[rows])
            if self._single:
                check_single(float(z.abs().max()))
                for start in range(0, rows + 1, SINGLE_ROWS):
                    self._add_single(z[start : start + SINGLE_ROWS].float())
            else:
                self._add_double(z)
            self._n += rows
            self._mean += shift * (rows / self._n)
        return said

    def read(self) -> tuple[int, Float64, Float64]:
        """n, (D,) mean, and (D, D) with the lower triangle of S, as copies."""
        with self._running(self._what):
            mean, lower = (t.to("cpu", copy=True).numpy() for t in (self._mean, self._lower))
        return self._n, mean, lower

    def _add_double(self, z: Tensor) -> None:
        for panel, left, right in self._products(z):
            self._lower[panel, right].addmm_(z[:, panel].T, left)

    def _add_single(self, z: Tensor) -> None:
        for panel, left, right in self._products(z):
            shape = (panel.stop - panel.start, left.shape[1])
            out = self._buffer[: shape[0] * shape[1]].view(shape)
            torch.mm(z[:, panel].T, left, out=out)
            self._lower[panel, right] += out

    def _products(self, z: Tensor) -> Iterator[tuple[slice, Tensor, slice]]:
        """For each panel of S: its rows, and the columns of z up to its end."""
        for start in range(0, self._total, PANEL):
            stop = min(start + PANEL, self._total)
            yield slice(start, stop), z[:, :stop], slice(0, stop)

    def _room(self, rows: int) -> Tensor:
        """(rows, D) float64 to write into; one buffer for all chunks."""
        if len(self._rows) < rows:
            self._rows = torch.empty(0)  # the old one goes before the new one comes
            self._rows = torch.empty(rows, self._total, dtype=torch.float64, device=self._place)
        return self._rows[:rows]

    def _zeros(self, *shape: int) -> Tensor:
        return torch.zeros(shape, dtype=torch.float64, device=self._place)
