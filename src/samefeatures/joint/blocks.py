"""Second moments of control spaces beside networks: only the blocks that something reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import Precision
from samefeatures.algebra.blas import add_by_class, add_outer, add_product, add_square, mirror
from samefeatures.base.arrays import Float64, Int64
from samefeatures.base.border import border
from samefeatures.base.brief import brief
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FeatureError, FileError, NoFileError, StoreDamagedError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.base.records import record

THREADS = 8
"""At most, for sums by class: then it is memory that they wait for."""
Pair = tuple[str, str]
Rows = npt.NDArray[np.floating] | Int64
"""(r, d) columns of a space, or (r,) classes of one whose columns are one-hot."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Blocks:
    """n, means and those centred second moments that were asked for.

    Attributes:
        n: Rows seen.
        means: (d,) of each space.
        products: (d_a, d_b) S_ab by pair of names; b, a is its transpose.
    """

    n: int
    means: Mapping[str, Float64]
    products: Mapping[Pair, Float64]

    def __repr__(self) -> str:
        return brief(self, names=self.names, dims=self.dims, n=self.n)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the spaces."""
        return tuple(self.means)

    @property
    def dims(self) -> tuple[int, ...]:
        """Columns of each space."""
        return tuple(map(len, self.means.values()))

    @property
    def precision(self) -> Precision:
        """Of the products."""
        return "float64"

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        if name not in self.means:
            raise FeatureError(
                f"These moments know no space '{name}'; they hold {', '.join(self.means)}."
            )
        return self.means[name]

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b).

        Raises:
            FeatureError: when this block was not asked for.
        """
        if (a, b) in self.products:
            return self.products[a, b]
        if (b, a) in self.products:
            return self.products[b, a].T
        raise FeatureError(
            f"The moments of '{a}' with '{b}' were not summed. Ask for this pair before the rows "
            "are read."
        )

    def sum_of_squares(self, name: str) -> float:
        """Trace of S_AA."""
        return float(np.trace(self.block(name, name)))

    def save(self, path: Path) -> None:
        """Write an uncompressed ``.npz`` whole or not at all."""
        names, pairs = list(self.means), list(self.products)
        arrays = {f"mean {k}": self.means[name] for k, name in enumerate(names)}
        arrays |= {f"product {k}": self.products[pair] for k, pair in enumerate(pairs)}
        said = {"n": self.n, "names": names, "pairs": pairs}
        write_npz(path, {**arrays, "record": np.array(json.dumps(said))})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            NoFileError: when there is none.
            StoreDamagedError: when the file is cut short or is not one of ours.
        """
        try:
            file = load_npz(path)
            with border():
                return cls._of(file)
        except NoFileError:
            raise
        except FileError as error:
            raise StoreDamagedError(
                f"{path} does not hold moments of controls ({error}). Delete it; the same command "
                "computes them again from the stored features."
            ) from None

    @classmethod
    def _of(cls, file: Mapping[str, npt.NDArray[Any]]) -> Self:
        """From the arrays (…) of a file."""
        said = record(_Said, parse_json(str(file["record"])))
        means = {name: file[f"mean {k}"] for k, name in enumerate(said.names)}
        products = {pair: file[f"product {k}"] for k, pair in enumerate(said.pairs)}
        check_kinds(file, {f"mean {k}": ("f", 1) for k in range(len(means))})
        for (a, b), product in products.items():
            if product.shape != (len(means[a]), len(means[b])) or product.dtype.kind != "f":
                raise FileError("its arrays have other shapes than its means")
        return cls(n=said.n, means=means, products=products)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What stands beside the arrays of a file."""

    n: int
    names: tuple[str, ...]
    pairs: tuple[Pair, ...]


class BlockSums:
    """Takes rows of networks and controls, gives ``Blocks``.

    Sums are taken about the means of the first rows, in float64, so that a large mean costs no
    digits, and centred at the end. A one-hot space costs a sum by class, not a product.

    Args:
        dims: Columns of each space, networks and controls.
        classes: Spaces that come as classes, one-hot by their meaning.
        pairs: Blocks to sum.
        start: Of rows that were seen before; None: there are none.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        classes: Sequence[str] = (),
        pairs: Sequence[Pair],
        start: Blocks | None = None,
    ) -> None:
        unknown = [name for pair in pairs for name in pair if name not in dims]
        if unknown:
            raise FeatureError(
                f"There is no space '{unknown[0]}' to sum moments of; there are {', '.join(dims)}."
            )
        self._dims, self._classes = dict(dims), frozenset(classes)
        self.n = 0
        self._centred: Blocks | None = None
        self._about: dict[str, Float64] = {}
        self._sums = {name: np.zeros(dim) for name, dim in dims.items()}
        self._rows = {name: np.empty((0, dim)) for name, dim in dims.items()}
        self._products = {(a, b): np.zeros((dims[a], dims[b])) for a, b in pairs}
        if start is not None and start.n:
            self._go_on(start)

    def _go_on(self, start: Blocks) -> None:
        """About the means so far, the sums are zero; classes are summed about zero."""
        self.n = start.n
        for name, mean in start.means.items():
            self._about[name] = 0 * mean if name in self._classes else mean
            self._sums[name] = start.n * (mean - self._about[name])
        for a, b in self._products:
            self._products[a, b] = start.products[a, b]
            add_outer(self._products[a, b], self._sums[a], self._sums[b], 1 / start.n)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the spaces whose rows it takes."""
        return tuple(self._dims)

    def update(self, rows: Mapping[str, Rows]) -> None:
        """Add rows of every space, row i of each the same image.

        Args:
            rows: (r, d) by name; (r,) classes where the space is one-hot.

        Raises:
            FeatureError: when shapes do not fit, a class is not there, a value is not finite, or
                the blocks were taken already.
        """
        if self._centred is not None:
            raise FeatureError("These sums were taken already. Go on from them as 'start'.")
        count = self._checked(rows)
        if not count:
            return
        first = not self._about
        parts: dict[str, Rows] = {}  # (r, d) centred, or (r,) classes
        for name in self._dims:
            if name in self._classes:
                parts[name] = rows[name]
                self._about[name] = np.zeros(self._dims[name])
                self._sums[name] += np.bincount(rows[name], minlength=self._dims[name])
                continue
            if first:
                self._about[name] = rows[name].mean(axis=0, dtype=np.float64)
            part = self._room(name, count)
            np.subtract(rows[name], self._about[name], out=part)
            total = part.sum(axis=0)
            if not np.isfinite(total).all():
                raise FeatureError(
                    f"Rows of {name} are NaN or infinite in a chunk of {count}. Moments of such "
                    "rows mean nothing; extract them again or leave the images out."
                )
            self._sums[name] += total
            parts[name] = part
        self._add(parts)
        self.n += count

    def _add(self, parts: Mapping[str, Rows]) -> None:
        """BLAS takes all processors for one product; sums by class take one each."""
        by_class = {pair for pair in self._products if not self._classes.isdisjoint(pair)}
        with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
            summed = [
                pool.submit(_add, self._products[a, b], parts[a], parts[b]) for a, b in by_class
            ]
            for each in summed:
                each.result()
        for (a, b), product in self._products.items():
            if (a, b) not in by_class:
                _add(product, parts[a], parts[b])

    def _room(self, name: str, rows: int) -> Float64:
        """(rows, d) to write into; one buffer for all chunks."""
        if len(self._rows[name]) < rows:
            self._rows[name] = np.empty((rows, self._dims[name]))
        return self._rows[name][:rows]

    def _checked(self, rows: Mapping[str, Rows]) -> int:
        counts = {name: len(values) for name, values in rows.items()}
        shapes = {
            name: values.shape
            for name, values in rows.items()
            if values.shape[1:] != (() if name in self._classes else (self._dims.get(name),))
        }
        if set(rows) != set(self._dims) or len(set(counts.values())) != 1 or shapes:
            raise FeatureError(
                f"Rows came as { ({k: v.shape for k, v in rows.items()}) }; expected one row per "
                f"image for each of {self._dims}."
            )
        for name in self._classes:
            values = rows[name]
            if len(values) and not 0 <= values.min() <= values.max() < self._dims[name]:
                raise FeatureError(
                    f"Classes of {name} run from {values.min()} to {values.max()}; there are "
                    f"{self._dims[name]}, from 0."
                )
        return next(iter(counts.values()))

    def blocks(self) -> Blocks:
        """Of all rows so far. They are the sums themselves, centred: no row may come after."""
        if self._centred is None:
            self._centred = self._centre()
        return self._centred

    def _centre(self) -> Blocks:
        n = max(self.n, 1)
        apart = {name: total / n for name, total in self._sums.items()}
        for (a, b), product in self._products.items():
            add_outer(product, apart[a], apart[b], -n)
            if a == b:
                mirror(product)
        return Blocks(
            n=self.n,
            means={k: v + self._about.get(k, np.zeros(len(v))) for k, v in apart.items()},
            products=self._products,
        )


def _add(product: Float64, a: Any, b: Any) -> None:
    """(d_a, d_b) += aᵀ b; of a dense space with itself the lower triangle alone.

    a and b are (r, d), or (r,) classes of one-hot columns.
    """
    if a.ndim == 1 and b.ndim == 1:
        np.add.at(product, (a, b), 1)
    elif a.ndim == 1:
        add_by_class(product, a, b)
    elif b.ndim == 1:
        other = np.zeros(product.shape[::-1])
        add_by_class(other, b, a)
        product += other.T
    elif a is b:
        add_square(product, a)
    else:
        add_product(product, a, b)
