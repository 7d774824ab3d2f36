"""Made features for the suite ``others``, and the records that it keeps.

The same seeds give the same rows wherever the suite's values are held to ours again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.floating]
Pair = tuple[Rows, Rows]
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A function of a package, and the measure of ours that it should be.

    Attributes:
        package: As in ``peers.txt``.
        call: What is called.
        measure: Of ours.
        of: Takes two (n, d) arrays; gives the value in our terms.
        apart: Why it is not ours, by kind of data: a word of ``REASONS``. On all others it must be.
        within: How near it must be.
        note: Why it is no nearer: a word of ``REASONS``.
        both: Whether ours is the mean of both directions.
    """

    package: str
    call: str
    measure: str
    of: Callable[[Rows, Rows], float]
    apart: Mapping[str, str] = field(default_factory=dict)
    within: float = TOLERANCE
    note: str = ""
    both: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What both say of one kind of data.

    Attributes:
        package: Of the peer.
        call: Of the peer.
        measure: Of ours.
        data: A word of ``PAIRS``.
        theirs: None where it is no number, or none came.
        said: The error that came, or what came in place of a number.
        ours: None where we leave it empty.
        why: Why they are apart: a word of ``REASONS``; "" where they must not be.
        within: How near they must be where they are not apart.
        note: Why no nearer.
        both: As of ``Peer``.
    """

    package: str
    call: str
    measure: str
    data: str
    theirs: float | None
    said: str
    ours: float | None
    why: str
    within: float
    note: str
    both: bool

    @property
    def difference(self) -> float | None:
        """How far apart they are; None where one of them is empty."""
        if self.theirs is None or self.ours is None:
            return None
        return abs(self.theirs - self.ours)

    @property
    def agrees(self) -> bool:
        """Whether both say the same, or both say nothing."""
        if self.difference is None:
            return self.theirs is None and self.ours is None
        return self.difference <= self.within


def pair(n: int, dims: tuple[int, int], *, shared: int, seed: int) -> Pair:
    """(n, d) rows of two spaces with so many causes in common, of uneven noise, means about 5."""
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((n, shared))
    a, b = (
        causes @ rng.standard_normal((shared, d))
        + rng.standard_normal((n, d)) * rng.uniform(0.2, 2, d)
        + 5
        for d in dims
    )
    return a, b


def far(seed: int = 0) -> Pair:
    """(40, 8) float32 of mean 100 and variance 2, one cause in common."""
    rng = np.random.default_rng(seed)
    cause = rng.standard_normal((40, 1))
    a, b = ((100 + cause + rng.standard_normal((40, 8))).astype(np.float32) for _ in range(2))
    return a, b


def small() -> Pair:
    """The tall ones, every feature a hundredth."""
    a, b = PAIRS["tall"]()
    return a / 100, b / 100


PAIRS: Mapping[str, Callable[[], Pair]] = {
    "tall": lambda: pair(400, (6, 9), shared=2, seed=1),
    "tall, unrelated": lambda: pair(400, (6, 9), shared=0, seed=2),
    "square": lambda: pair(50, (24, 20), shared=2, seed=3),
    "square, unrelated": lambda: pair(50, (24, 20), shared=0, seed=4),
    "n < d": lambda: pair(15, (20, 30), shared=2, seed=5),
    "n < d, unrelated": lambda: pair(15, (20, 30), shared=0, seed=6),
    "small": small,
    "far": far,
}
SAYS = {
    "tall": "400 rows of 6 and 9 features, two causes in common",
    "square": "50 rows of 24 and 20",
    "n < d": "15 rows of 20 and 30",
    "small": "the tall ones in a hundredth of the unit",
    "far": "40 rows of 8 and 8 in float32, mean 100, variance 2",
}
FEW = ("n < d", "n < d, unrelated")
UNRELATED = ("tall, unrelated", "square, unrelated", "n < d, unrelated")
ENOUGH = ("tall", "tall, unrelated", "square", "square, unrelated", "small", "far")
REASONS: Mapping[str, str] = {
    "single": "Computes in the type that comes, here float32; ours widens it.",
    "uncentred": "Multiplies rows that are not centred: far from zero digits are lost.",
    "roots": "Adds up roots of eigenvalues that are rounding: the root of 1e-16 is 1e-8.",
    "float32": "Computes in float32 whatever comes, of rows that are not centred.",
    "rounding": "In float32, far from zero: HSIC of a space with itself is rounding, 0 or below.",
    "zero": "Makes estimates below 0 to 0: unrelated spaces are above 0 in the mean.",
    "epsilon": "Adds 1e-4, if not told otherwise, under the root: the value depends on the unit.",
    "mixed": "Divides the unbiased estimate by biased ones: too near 0, more so with few rows.",
    "centring": "Centres by I − 11ᵀ in place of I − 11ᵀ/n: above 1 whatever the spaces are.",
    "width": "Divides by the width of the first space in place of the number of correlations.",
    "whitened": "Seeks the directions that hold 99 % once all variances are equal, and divides by "
    "all directions.",
    "few": "Correlations that have to be 1 with so few rows pass for similarity.",
    "tail": "Leaves out the smallest correlations, what is behind 98 % of their sum: too high.",
    "variates": "Weights by directions that are not whitened and to which means were added: these "
    "are no canonical variates. Where the second space is smaller it fails.",
}


def views(n: int, dims: tuple[int, ...], *, seed: int) -> dict[str, Rows]:
    """(n, d) rows of several spaces with two causes in common."""
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((n, 2)) * [2, 1]
    return {
        f"v{place}": causes @ rng.standard_normal((2, d)) + rng.standard_normal((n, d)) + 3
        for place, d in enumerate(dims)
    }


def rows_of_equal_length(seed: int) -> dict[str, Rows]:
    """Views whose rows have mean 0 and variance 1, as one peer makes all rows before it begins."""
    out = {}
    for name, x in views(200, (7, 6, 5), seed=seed).items():
        about = x - x.mean(axis=1, keepdims=True)
        out[name] = about / x.std(axis=1, ddof=1, keepdims=True)
    return out


VIEWS: Mapping[str, Callable[[], dict[str, Rows]]] = {
    "tall": lambda: views(200, (6, 5, 4), seed=1),
    "square": lambda: views(18, (6, 5, 4), seed=2),
    "n < d": lambda: views(10, (12, 11, 7), seed=3),
    "rows of mean 0 and variance 1": lambda: rows_of_equal_length(4),
}
