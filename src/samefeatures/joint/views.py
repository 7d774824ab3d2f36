"""Second moments made of others without touching a row or copying a block."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from samefeatures.algebra import Precision
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import FeatureError


class SecondMoments(Protocol):
    """n, means and centred second moments of named blocks of columns (feature spaces)."""

    @property
    def n(self) -> int: ...

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        ...

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        ...

    def sum_of_squares(self, name: str) -> float:
        """Trace of S_AA."""
        ...


def precision_of(moments: SecondMoments) -> Precision:
    """Of the products; float64 where moments say nothing of it."""
    found: Precision = getattr(moments, "precision", "float64")
    return found


@runtime_checkable
class Stacking(Protocol):
    """Moments that give many blocks at once more cheaply than one by one."""

    def stacked(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        """(Σ d_a, Σ d_b) blocks, those of a row of names below each other."""
        ...


def stacked(moments: SecondMoments, rows: Sequence[str], columns: Sequence[str]) -> Float64:
    """(Σ d_a, Σ d_b) blocks of every name of ``rows`` with every name of ``columns``."""
    if isinstance(moments, Stacking):
        return moments.stacked(rows, columns)
    out: Float64 = np.block([[moments.block(a, b) for b in columns] for a in rows])
    return out


class Rest:
    """The rows of a whole that are not in a part: total minus fold.

    Args:
        whole: Moments of all rows.
        part: Of some of them.
    """

    def __init__(self, whole: SecondMoments, part: SecondMoments) -> None:
        if part.n >= whole.n:
            raise FeatureError(
                f"Nothing is left of {whole.n} rows without {part.n}. Take fewer folds."
            )
        self._whole, self._part = whole, part
        self.n = whole.n - part.n
        self._weight = self.n * part.n / whole.n
        self.precision = precision_of(whole)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        whole, part = self._whole, self._part
        out: Float64 = (whole.n * whole.mean_of(name) - part.n * part.mean_of(name)) / self.n
        return out

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        shift = self._weight * np.outer(self._apart(a), self._apart(b))
        out: Float64 = self._whole.block(a, b) - self._part.block(a, b) - shift
        return out

    def sum_of_squares(self, name: str) -> float:
        apart = self._apart(name)
        both = self._whole.sum_of_squares(name) - self._part.sum_of_squares(name)
        return both - self._weight * float(apart @ apart)

    def _apart(self, name: str) -> Float64:
        return self._part.mean_of(name) - self.mean_of(name)


class Union:
    """All rows of several parts.

    Args:
        parts: Moments of rows that no two of them share.
    """

    def __init__(self, parts: Sequence[SecondMoments]) -> None:
        self._parts = [part for part in parts if part.n]
        self.n = sum(part.n for part in self._parts)
        self.precision = precision_of(self._parts[0]) if self._parts else "float64"
        self._known: dict[tuple[str, str], Float64] = {}

    def forget(self) -> None:
        """The sums that were taken."""
        self._known.clear()

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        return _sum([part.n / self.n * part.mean_of(name) for part in self._parts])

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b), summed once."""
        if (b, a) in self._known:
            return self._known[b, a].T
        if (a, b) not in self._known:
            mean_a, mean_b = self.mean_of(a), self.mean_of(b)
            out = np.zeros((len(mean_a), len(mean_b)))
            for part in self._parts:
                apart = part.mean_of(a) - mean_a, part.mean_of(b) - mean_b
                out += part.block(a, b) + part.n * np.outer(*apart)
            self._known[a, b] = out
        return self._known[a, b]

    def sum_of_squares(self, name: str) -> float:
        mean, total = self.mean_of(name), 0.0
        for part in self._parts:
            apart = part.mean_of(name) - mean
            total += part.sum_of_squares(name) + part.n * float(apart @ apart)
        return total


class Either:
    """Blocks of one record, and those of another that the first lacks, of the same rows.

    Args:
        first: Asked first.
        second: For what it does not know.
        pairs: That the first knows.
    """

    def __init__(
        self, first: SecondMoments, second: SecondMoments, pairs: Collection[tuple[str, str]]
    ) -> None:
        if first.n != second.n:
            raise FeatureError(
                f"Blocks are of {first.n} rows and of {second.n}. Take both of the same images."
            )
        self._first, self._second = first, second
        self._pairs = {*pairs, *((b, a) for a, b in pairs)}
        self.n = first.n
        self.precision = precision_of(second)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        return self._second.mean_of(name)

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        return (self._first if (a, b) in self._pairs else self._second).block(a, b)

    def sum_of_squares(self, name: str) -> float:
        known = (name, name) in self._pairs
        return (self._first if known else self._second).sum_of_squares(name)


class Beside:
    """Moments of networks, and blocks of control spaces beside them, of the same rows.

    Args:
        networks: Joint moments.
        names: Of the networks.
        controls: Blocks of controls with networks and among themselves.
    """

    def __init__(
        self, networks: SecondMoments, names: frozenset[str], controls: SecondMoments
    ) -> None:
        if networks.n != controls.n:
            raise FeatureError(
                f"Moments of networks are of {networks.n} rows, those of controls of {controls.n}. "
                "Take both of the same images."
            )
        self._networks, self._names, self._controls = networks, names, controls
        self.n = networks.n
        self.precision = precision_of(networks)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        return self._of(name).mean_of(name)

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        both = a in self._names and b in self._names
        return (self._networks if both else self._controls).block(a, b)

    def sum_of_squares(self, name: str) -> float:
        return self._of(name).sum_of_squares(name)

    def _of(self, name: str) -> SecondMoments:
        return self._networks if name in self._names else self._controls


Mixture = Mapping[str, Float64 | None]
"""(d_part, d) by the name of each part, which is multiplied by it; None: taken as it is."""


class Mixed:
    """Moments with further spaces that are linear in those that were summed.

    Args:
        moments: Of the parts.
        mixtures: By the name of the further space, what each part adds to it.
    """

    def __init__(self, moments: SecondMoments, mixtures: Mapping[str, Mixture]) -> None:
        self._moments, self._mixtures = moments, mixtures
        self.n = moments.n
        self.precision = precision_of(moments)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        parts = self._mixtures.get(name)
        if parts is None:
            return self._moments.mean_of(name)
        total = [_times(self._moments.mean_of(p)[None], m)[0] for p, m in parts.items()]
        return _sum(total)

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        if a in self._mixtures:
            rows = [_times(self.block(p, b).T, m).T for p, m in self._mixtures[a].items()]
            return _sum(rows)
        if b in self._mixtures:
            columns = [_times(self.block(a, p), m) for p, m in self._mixtures[b].items()]
            return _sum(columns)
        return self._moments.block(a, b)

    def sum_of_squares(self, name: str) -> float:
        if name in self._mixtures:
            return float(np.trace(self.block(name, name)))
        return self._moments.sum_of_squares(name)


def _times(rows: Float64, matrix: Float64 | None) -> Float64:
    return rows if matrix is None else rows @ matrix


def _sum(parts: Sequence[Float64]) -> Float64:
    out: Float64 = np.sum(parts, axis=0)
    return out
