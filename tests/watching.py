"""Stand-ins that note what they are asked for: progress, places to compute, a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from samefeatures.algebra import HOST, Precision
from samefeatures.algebra.host import Host
from samefeatures.algebra.host_heads import HostHeads
from samefeatures.algebra.host_sums import HostSums
from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.progress import Advance, Rate


class Told:
    """Notes every task: its steps in all, and those that were done, one call after the other."""

    visible = True

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[int, list[int]]] = {}
        self.notes: list[str] = []

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """Opens a line; of one name the last is kept."""
        del rate
        self.tasks[description] = total, []
        return self.tasks[description][1].append

    def note(self, text: str) -> None:
        """Keeps it."""
        self.notes.append(text)

    @property
    def totals(self) -> dict[str, int]:
        """Of each task."""
        return {name: total for name, (total, _) in self.tasks.items()}

    @property
    def steps(self) -> list[int]:
        """Of all tasks, one after the other."""
        return [step for _, steps in self.tasks.values() for step in steps]


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


WORK = (
    "product",
    "inverse",
    "_inverse_by_halves",
    "eigenvalues",
    "singular_values",
    "singular_values_alone",
    "heads",
)


class Apart(Host):
    """Computes as the host does, also where that must not."""


for _name in WORK:
    setattr(Apart, _name, vars(Host)[_name])


def not_on_the_host(monkeypatch: pytest.MonkeyPatch) -> Apart:
    """From here on the host refuses; sums of moments alone, which have no other place, go on."""
    for name in WORK:
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    return Apart()


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


class Still:
    """A clock that stands, in place of ``time``."""

    @staticmethod
    def monotonic() -> float:
        return 7.0
