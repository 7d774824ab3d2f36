"""The same algebra in torch, on any device that has float64 (needs torch)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from samefeatures.algebra.device_heads import DeviceHeads
from samefeatures.algebra.device_sums import DeviceSums
from samefeatures.algebra.protocol import Precision
from samefeatures.algebra.sending import sent
from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.errors import ConfigError, MapError, first_line


class TorchDevice:
    """Products and factorisations by torch.

    Args:
        device: As torch names it; ``cpu`` is there for tests.

    Raises:
        ConfigError: when there is no such device.
    """

    def __init__(self, device: str) -> None:
        place = torch.device(device)
        if place.type == "cuda":
            count = torch.cuda.device_count() if torch.cuda.is_available() else 0
            if (place.index or 0) >= count:
                raise ConfigError(
                    f"algebra: the device '{device}' is not available: torch finds {count} CUDA "
                    "devices. Give 'algebra: {device: cpu}', or install a torch with CUDA on a "
                    "machine that has a GPU."
                )
        self._place = place

    @property
    def device(self) -> str:
        return str(self._place)

    def product(self, a: Float64, b: Float64) -> Float64:
        """(m, n) of (m, k) times (k, n)."""
        with self._running("a product"):
            return self._back(sent(a, self._place) @ sent(b, self._place))

    def inverse(self, matrix: Float64) -> Float64 | None:
        """(d, d) of a symmetric (d, d) matrix, by Cholesky; None when it has no such factor."""
        with self._running("an inverse"):
            factor, failed = torch.linalg.cholesky_ex(sent(matrix, self._place))
            return None if int(failed) else self._back(torch.cholesky_inverse(factor))

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        """(d,) ascending and (d, d) vectors in columns, of a symmetric (d, d) matrix."""
        with self._running("eigenvalues"):
            values, vectors = torch.linalg.eigh(sent(matrix, self._place))
            return self._back(values), self._back(vectors)

    def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
        """u (m, k), s (k,) descending and vᵀ (k, n) of (m, n), k the smaller of both sides."""
        with self._running("singular values"):
            u, s, vt = torch.linalg.svd(sent(matrix, self._place), full_matrices=False)
            return self._back(u), self._back(s), self._back(vt)

    def singular_values_alone(self, matrix: Float64) -> Float64:
        """(k,) descending of (m, n)."""
        with self._running("singular values"):
            return self._back(torch.linalg.svdvals(sent(matrix, self._place)))

    def sums(self, dims: Sequence[int], precision: Precision) -> DeviceSums:
        """Empty sums of rows of these widths side by side."""
        return DeviceSums(dims, precision, self._place, self._running)

    def heads(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> DeviceHeads:
        """Linear heads, (classes, d) and (classes,) each, on the same d features."""
        return DeviceHeads(weights, biases, self._place, self._running)

    def _back(self, tensor: Tensor) -> Float64:
        return np.asarray(tensor.cpu().numpy(), np.float64)

    @contextmanager
    def _running(self, what: str) -> Iterator[None]:
        """No gradients, no TensorFloat-32; torch's refusals become ours."""
        try:
            with torch.no_grad(), _full_float32():
                yield
        except torch.OutOfMemoryError as error:
            raise ConfigError(
                f"algebra: the device '{self.device}' has no room for {what} "
                f"({first_line(error)}). Give 'algebra: {{device: cpu}}', or a device with more "
                "memory."
            ) from None
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise MapError(
                f"torch can't compute {what} on '{self.device}' ({first_line(error)}). Give "
                "'algebra: {device: cpu}'."
            ) from None


@contextmanager
def _full_float32() -> Iterator[None]:
    """No TensorFloat-32 in products; torch's settings are put back afterwards."""
    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # set through torch's newer names, of which the older ones know nothing
        matmul: Any = torch.backends.cuda.matmul
        newer = matmul.fp32_precision
        matmul.fp32_precision = "ieee"
        try:
            yield
        finally:
            matmul.fp32_precision = newer
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
