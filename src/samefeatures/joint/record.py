"""Joint second moments of several networks' features: all that closed-form maps need.

Stack the features of N networks for the same image into z = [x_1; …; x_N]. One pass over the rows
gives n, mean(z) and S = Σ (z − mean)(z − mean)ᵀ, whose blocks S_AB hold everything about every
pair. Memory is D² numbers, D the sum of the dimensions, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Self

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Precision
from samefeatures.algebra.blas import mirror
from samefeatures.algebra.protocol import PANEL
from samefeatures.base.arrays import Float64
from samefeatures.base.border import border
from samefeatures.base.brief import brief
from samefeatures.base.errors import FeatureError, FileError, NoFileError, StoreDamagedError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.base.options import check_known
from samefeatures.base.paths import PathLike, as_path

KINDS = {"names": ("U", 1), "dims": ("i", 1), "n": ("i", 0), "mean": ("f", 1), "second": ("f", 2)}
"""Of the arrays of a file, with their axes."""


class Moments:
    """n, mean and centred second moments of concatenated features, in float64.

    Rows are centred on their own chunk's mean before they are multiplied, and chunks are joined by
    the update of Chan, Golub & LeVeque (1983), so that a large mean costs no digits. Only the lower
    triangle of S is computed.

    Attributes:
        names: One name per network, in the order of the columns.
        dims: Features per network.
        n: Rows seen.
        mean: (D,) mean of each feature.
        precision: ``float32`` once any product was; see ``update``.
    """

    def __init__(self, names: Sequence[str], dims: Sequence[int]) -> None:
        if len(names) != len(dims) or not names or min(dims) < 1:
            raise FeatureError(
                f"Moments need one positive dimension per name, but got names {list(names)} "
                f"and dims {list(dims)}."
            )
        if len(set(names)) != len(names):
            raise FeatureError(f"Moments need distinct names, but got {list(names)}.")
        self.names = tuple(names)
        self.dims = tuple(int(d) for d in dims)
        stops = list(accumulate(self.dims))
        self._slices = {
            name: slice(stop - dim, stop)
            for name, dim, stop in zip(self.names, self.dims, stops, strict=True)
        }
        self.n = 0
        self._changes = 0  # how often rows came or went
        self.precision: Precision = "float64"
        self.mean: Float64 = np.zeros(stops[-1])
        self._second: Float64 = np.zeros((stops[-1], stops[-1]))  # valid on and below the diagonal

    def update(self, *blocks: npt.NDArray[np.floating], precision: Precision = "float64") -> None:
        """Add rows: one (r, d) array per network, row i of each the same image.

        Cost: r·D² / 2 multiply-adds in matrix products.

        With ``precision="float32"`` rows are centred in float64, rounded, multiplied and summed
        over runs of at most k = 1,024 rows in float32, and those sums are added in float64.
        Whatever the number of rows,

            |Ŝ_ij − S_ij| ≤ γ √(S_ii S_jj),   γ = (k + 2) u / (1 − (k + 2) u) < 6.2e-5,  u = 2⁻²⁴

        (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1, for each run, and the
        inequality of Cauchy and Schwarz over runs), as long as no product is below float32's normal
        range, 1e-38; above it rows are refused.

        Args:
            blocks: Rows of every network, in the order of the names.
            precision: Of the products.

        Raises:
            FeatureError: when shapes do not fit or a value is not finite.
        """
        rows = self.checked_rows(blocks)
        if rows == 0:
            return
        sums = HOST.sums(self.dims, precision)
        sums.restore(self.n, self.mean, self._second)
        self.check_finite(sums.add(blocks), rows)
        self.n, self.mean, self._second = sums.read()
        self._changes += 1
        if precision == "float32":
            self.precision = precision

    def check_finite(self, chunk_mean: Float64, rows: int) -> None:
        """Refuse rows by their (D,) mean.

        Raises:
            FeatureError: when it is not finite; networks are named.
        """
        bad = [k for k in self.names if not np.isfinite(chunk_mean[self._slices[k]]).all()]
        if bad:
            raise FeatureError(
                f"Features of {', '.join(bad)} are NaN or infinite in a chunk of {rows} rows. "
                "Moments of such rows mean nothing; extract them again or leave the images out."
            )

    def checked_rows(self, blocks: Sequence[npt.NDArray[np.floating]]) -> int:
        """r of (r, d) blocks that belong side by side, one for each network.

        Raises:
            FeatureError: when their shapes do not fit.
        """
        shapes = [b.shape for b in blocks]
        rows = shapes[0][0] if shapes and shapes[0] else 0
        if shapes != [(rows, d) for d in self.dims]:
            raise FeatureError(
                f"Rows for {list(self.names)} came with shapes {shapes}; expected the same number "
                f"of rows for all and dims {list(self.dims)}."
            )
        return rows

    def _panels(self) -> Iterator[tuple[int, int]]:
        """Start and stop of each run of rows of S; columns up to ``stop`` are valid."""
        total = len(self.mean)
        for start in range(0, total, PANEL):
            yield start, min(start + PANEL, total)

    def block(self, a: str, b: str) -> Float64:
        """S_AB, (d_a, d_b): summed products of centred features of a and b.

        Read-only, and as of now: off the diagonal a view, which later updates change.
        """
        rows, columns = self._slice(a), self._slice(b)
        if rows.start > columns.start:
            out = self._second[rows, columns]
        elif rows.start < columns.start:
            out = self._second[columns, rows].T
        else:
            out = self._second[rows, rows].copy()
            mirror(out)
        out.flags.writeable = False
        return out

    @property
    def lower(self) -> Float64:
        """S itself, (D, D), valid on and below the diagonal; a view, not to be written."""
        return self._second

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        dims: Sequence[int],
        *,
        n: int,
        mean: Float64,
        lower: Float64,
        precision: Precision = "float64",
    ) -> Self:
        """A record of arrays that were summed elsewhere; they are not copied.

        Args:
            names: Of the networks.
            dims: Features per network.
            n: Rows.
            mean: (D,).
            lower: (D, D), valid on and below the diagonal.
            precision: Of the products.

        Raises:
            FeatureError: when their shapes do not fit.
        """
        out = cls(names, dims)
        if mean.shape != out.mean.shape or lower.shape != out._second.shape:
            raise FeatureError(
                f"Moments of dims {list(dims)} came with mean {mean.shape} and second moments "
                f"{lower.shape}."
            )
        out.n, out.mean, out._second, out.precision = n, mean, lower, precision
        return out

    def mean_of(self, name: str) -> Float64:
        """(d,) mean of one network's features."""
        return self.mean[self._slice(name)].copy()

    def sum_of_squares(self, name: str) -> float:
        """Trace of S_AA: squared distances of all rows from their mean."""
        part = self._slice(name)
        return float(self._second.diagonal()[part].sum())

    def _slice(self, name: str) -> slice:
        check_known(name, self._slices, "These moments know no network", FeatureError)
        return self._slices[name]

    def merge(self, other: Moments) -> None:
        """Add the rows that ``other`` has seen, as if they had come here."""
        self._same_columns(other)
        if other.n == 0:
            return
        self._changes += 1
        self._take_precision(other)
        total = self.n + other.n
        shift = other.mean - self.mean
        self._combine(np.add, other, np.sqrt(self.n * other.n / total) * shift)
        self.mean += shift * (other.n / total)
        self.n = total

    def subtract(self, other: Moments) -> None:
        """Take away rows that were added before: the inverse of ``merge``.

        Digits are lost when few rows remain of many.

        Raises:
            FeatureError: when ``other`` has more rows, or other networks.
        """
        self._same_columns(other)
        self._take_precision(other)
        rest = self.n - other.n
        if rest < 0:
            raise FeatureError(
                f"Can't take {other.n} rows away from {self.n}. Subtract only what was added."
            )
        self._changes += 1
        if rest == 0:
            self.n = 0
            self.mean[:] = 0
            self._second[:] = 0
            return
        shift = (other.mean - self.mean) * (self.n / rest)  # other.mean - mean of what remains
        self._combine(np.subtract, other, np.sqrt(rest * other.n / self.n) * shift)
        self.mean -= shift * (other.n / self.n)
        self.n = rest

    def _combine(self, join: np.ufunc, other: Moments, apart: Float64) -> None:
        """S ± S_other ± v vᵀ, v (D,) the distance of the means by its weight."""
        for start, stop in self._panels():
            part = self._second[start:stop, :stop]
            join(part, other._second[start:stop, :stop], out=part)
            join(part, apart[start:stop, None] * apart[:stop], out=part)

    def _take_precision(self, other: Moments) -> None:
        if other.precision == "float32":
            self.precision = "float32"

    def _same_columns(self, other: Moments) -> None:
        if (self.names, self.dims) != (other.names, other.dims):
            raise FeatureError(
                f"{self!r} and {other!r} can't be combined: the networks, their "
                "dimensions and their order must be the same."
            )

    def copy(self) -> Self:
        """An independent copy."""
        twin = type(self)(self.names, self.dims)
        twin.merge(self)
        return twin

    def __add__(self, other: Moments) -> Self:
        out = self.copy()
        out.merge(other)
        return out

    def __sub__(self, other: Moments) -> Self:
        out = self.copy()
        out.subtract(other)
        return out

    def __repr__(self) -> str:
        return brief(self, names=self.names, dims=self.dims, n=self.n)

    def save(self, path: PathLike) -> None:
        """Write an uncompressed ``.npz`` whole or not at all."""
        arrays = {
            "names": np.array(self.names),
            "dims": np.array(self.dims),
            "n": np.array(self.n),
            "mean": self.mean,
            "second": self._second,
        }
        if self.precision == "float32":
            arrays["precision"] = np.array(self.precision)
        write_npz(as_path(path), arrays)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            NoFileError: when there is none.
            StoreDamagedError: when the file is cut short or is not one of ours.
        """
        try:
            file = load_npz(as_path(path))
            check_kinds(file, KINDS)
            with border():
                return cls.of(
                    [str(name) for name in file["names"]],
                    [int(dim) for dim in file["dims"]],
                    n=int(file["n"]),
                    mean=file["mean"],
                    lower=file["second"],
                    precision="float32" if "precision" in file else "float64",
                )
        except NoFileError:
            raise
        except FileError as error:
            raise StoreDamagedError(
                f"{path} does not hold moments ({error}). Delete it; the same command computes "
                "them again from the stored features."
            ) from None
