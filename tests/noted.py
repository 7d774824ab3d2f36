"""A place to compute and a progress that note what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from samefeatures.algebra.host import Host
from samefeatures.algebra.host_heads import HostHeads
from samefeatures.algebra.host_sums import HostSums
from samefeatures.algebra.protocol import Precision
from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.progress import Advance, Rate


def noted_place() -> tuple[Host, list[str]]:
    """The host, and the names of what is asked of it, in order."""
    asked: list[str] = []

    class Noted(Host):
        def product(self, a: Float64, b: Float64) -> Float64:
            asked.append("product")
            return Host().product(a, b)

        def inverse(self, matrix: Float64) -> Float64 | None:
            asked.append("inverse")
            return Host().inverse(matrix)

        def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
            asked.append("eigenvalues")
            return Host().eigenvalues(matrix)

        def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
            asked.append("singular values")
            return Host().singular_values(matrix)

        def sums(self, dims: Sequence[int], precision: Precision) -> HostSums:
            asked.append("sums")
            return Host().sums(dims, precision)

        def heads(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> HostHeads:
            asked.append("heads")
            return Host().heads(weights, biases)

    return Noted(), asked


@dataclass
class NotedProgress:
    """Steps done of each task, by its description, beside those that were announced."""

    tasks: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    visible: bool = True

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        del rate
        steps: list[int] = []
        self.tasks[description] = (total, steps)
        return steps.append

    def note(self, text: str) -> None:
        raise AssertionError(text)
