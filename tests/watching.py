"""Stand-ins that note what they are asked for, and hand it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from samefeatures.algebra import HOST, Precision
from samefeatures.algebra.host import Host
from samefeatures.algebra.host_sums import HostSums
from samefeatures.base.arrays import Float64
from samefeatures.base.progress import Advance, Silent


class Told(Silent):
    """Notes titles, totals and every step."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int]] = []
        self.steps: list[int] = []

    def task(self, description: str, total: int, **_: object) -> Advance:
        self.tasks.append((description, total))
        return self.steps.append


@dataclass(frozen=True)
class Elsewhere(Host):
    """The processor, as if it were another place: notes sums and products that it is asked for."""

    summed: list[tuple[tuple[int, ...], Precision]] = field(default_factory=list)
    products: list[tuple[int, int]] = field(default_factory=list)

    def sums(self, dims: Sequence[int], precision: Precision) -> HostSums:
        self.summed.append((tuple(dims), precision))
        return HOST.sums(dims, precision)

    def product(self, a: Float64, b: Float64) -> Float64:
        self.products.append((len(a), b.shape[1]))
        return HOST.product(a, b)


class Still:
    """A clock that stands, in place of ``time``."""

    @staticmethod
    def monotonic() -> float:
        return 7.0
