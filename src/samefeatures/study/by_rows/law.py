"""What more rows would bring: a power law through the tail, tested before it is asked."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.study.results.by_rows import VALUES, RowsForecast, RowsPoint

TAIL = 5
"""Sizes that a law is fitted to, at most."""
FEWEST = 4
"""At least: three for the law, one to test it."""
TIMES = 10
"""So many times as many rows are asked for."""
EXPONENTS: Float64 = np.geomspace(0.05, 4.0, 400)
"""Out of which c is chosen."""
MISS = 0.5
"""Of the last step: a law that misses the largest size by more is no better than none."""
FLAT = {"change": 0.05, "r2": 5e-4, "r2_beyond_answers": 5e-4}
"""A last step below this is none."""

Series = Mapping[int, float]
"""Values by rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """``a − b·n^−c``, of least squares."""

    a: float
    b: float
    c: float

    def at(self, rows: float) -> float:
        """Its value."""
        return self.a - self.b * math.pow(rows, -self.c)

    @property
    def bends(self) -> bool:
        """Whether it rises, to a limit that the values tell of."""
        return self.b > 0 and self.c > float(EXPONENTS[0])


def law_of(series: Series) -> Law:
    """The best law through at least three values.

    For each c out of ``EXPONENTS`` a and b are linear least squares; the best c is taken.
    """
    n, y = np.array(list(series), float), np.array(list(series.values()))
    x = (n / n[-1])[None, :] ** -EXPONENTS[:, None]  # (c, n)
    x0, y0 = x - x.mean(axis=1, keepdims=True), y - y.mean()
    slope = x0 @ y0 / (x0**2).sum(axis=1)  # (c,)
    errors = ((y0 - slope[:, None] * x0) ** 2).sum(axis=1)
    best = int(errors.argmin())
    c = float(EXPONENTS[best])
    a = float(y.mean() - slope[best] * x[best].mean())
    return Law(a=a, b=float(-slope[best] * n[-1] ** c), c=c)


def forecasts(points: Sequence[RowsPoint], widest: int) -> Iterator[RowsForecast]:
    """One for each method and value that there is.

    Args:
        points: Medians by method, rows and seed.
        widest: Features of the widest network: the tail lies above.
    """
    for method in dict.fromkeys(point.method for point in points):
        for value in VALUES:
            by_seed = _by_seed([p for p in points if p.method == method], value)
            if by_seed:
                yield _forecast(method, value, by_seed, widest)


def _by_seed(points: Sequence[RowsPoint], value: str) -> list[dict[int, float]]:
    """A series for each seed; what one seed alone has (all rows) belongs to all of them."""
    found: dict[int, dict[int, float]] = {}
    for point in points:
        known = getattr(point, value)
        if known is not None:
            found.setdefault(point.rows, {})[point.seed] = known
    seeds = sorted({seed for values in found.values() for seed in values})
    return [
        {n: values.get(seed, next(iter(values.values()))) for n, values in sorted(found.items())}
        for seed in seeds
        if all(seed in values or len(values) == 1 for values in found.values())
    ]


def _forecast(method: str, value: str, by_seed: Sequence[Series], widest: int) -> RowsForecast:
    mean = {n: statistics.fmean(s[n] for s in by_seed) for n in by_seed[0]}
    tail = [n for n in mean if n > widest][-TAIL:]
    nothing = RowsForecast(method=method, value=value)
    if len(tail) < FEWEST:
        return replace(
            nothing,
            poor=f"{len(tail)} sizes lie above the features of the widest network ({widest}), and "
            f"a law takes {FEWEST}",
        )
    last = tail[-1]
    tested = law_of({n: mean[n] for n in tail[:-1]})
    whole, *each = (law_of({n: s[n] for n in tail}) for s in (mean, *by_seed))
    predicted, found = tested.at(last), mean[last]
    known = replace(
        nothing, since=tail[0], tested_at=last, found=found, predicted=predicted, rows=TIMES * last
    )
    poor = _poor(value, found - mean[tail[-2]], abs(predicted - found), [tested, whole, *each])
    if poor:
        return replace(known, poor=poor)
    at = [law.at(TIMES * last) for law in each]
    half, expected = max(_half_width(at), abs(predicted - found)), statistics.fmean(at)
    return replace(
        known,
        limit=whole.a,
        exponent=whole.c,
        expected=expected,
        low=expected - half,
        high=expected + half,
    )


def _poor(value: str, step: float, miss: float, laws: Sequence[Law]) -> str:
    """Why nothing is expected of laws; empty where something is."""
    if step < FLAT[value]:
        return "it does not rise any more from the last size but one to the last"
    if not all(law.bends for law in laws):
        return "no limit is in sight: it rises as steeply as a logarithm"
    if miss > MISS * step:
        return "without the largest size, the law misses it by more than half of the last step"
    if value != "change" and max(law.a for law in laws) > 1:
        return "the law would go above 1"
    return ""


def _half_width(values: Sequence[float]) -> float:
    """Of the 95 % interval of a mean, by Student's t; 0 of one value."""
    k = len(values)
    if k < 2:
        return 0.0
    from scipy.special import stdtrit

    return float(stdtrit(k - 1, 0.975)) * statistics.stdev(values) / math.sqrt(k)
