"""Short measurements of algebra: moments, the maps of every method, and scores."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float32
from samefeatures.features.folds import SEED, parts_of
from samefeatures.features.rows import ArrayRows, FeatureRows
from samefeatures.joint.by_fold import FoldSums
from samefeatures.joint.norms import NormSums, with_norms
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap, Method, Naive, Sizes, SourceProblem
from samefeatures.networks.record import Head
from samefeatures.planning.linear import Clock, Linear, fitted
from samefeatures.scores.comparisons import compare
from samefeatures.scores.heads import Score, score_heads
from samefeatures.similarity import (
    MEASURES,
    MapMeasure,
    Mapped,
    RowMeasure,
    SpaceMeasure,
    closeness,
)
from samefeatures.study.methods import MethodConfig

WIDEST = 768
"""Features of the largest network that maps are measured on."""
ALL = 4096
"""Features in all that moments are measured on, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgebraRates:
    """How fast the algebra of a study is.

    Attributes:
        moments: Seconds by multiply-adds in float64, D² / 2 a row.
        maps: Seconds of one map, saved, by multiply-adds; by the label of the method.
        score: Seconds by rows of one hybrid, at the mean width of the study's networks.
        judge: Seconds of loading a map, folding it, and R², by multiply-adds.
        compare: Seconds of the tests of one hybrid by rows.
        measures: Seconds of one value of a measure beside R² and cosine, by multiply-adds.
    """

    moments: Linear
    maps: Mapping[str, Linear]
    score: Linear
    judge: Linear
    compare: Linear
    measures: Mapping[str, Linear] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A network of which only the head counts."""

    name: str
    head: Head
    fingerprint: str = "made"


def measure_algebra(
    sizes: Sizes,
    methods: Sequence[MethodConfig],
    measures: Sequence[str] = (),
    *,
    algebra: Algebra = HOST,
    precision: Precision = "float64",
    clock: Clock = time.perf_counter,
) -> AlgebraRates:
    """Run each step at two small sizes, on made-up features.

    Args:
        sizes: Of the study.
        methods: Of the study.
        measures: Of the study, those beside R² and cosine.
        algebra: Where the study does its algebra.
        precision: Of the moments' products.
        clock: Seconds.
    """
    widths = (32, max(64, min(WIDEST, max(sizes.dims))))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        return AlgebraRates(
            moments=_moments(min(ALL, sizes.total), algebra, precision, clock),
            maps={
                e.label: _maps(
                    e.build().short(), sizes, widths, folder, algebra=algebra, clock=clock
                )
                for e in methods
            },
            score=_score(sizes, algebra, clock),
            judge=_judge(sizes, widths, folder, algebra, clock),
            compare=_compare(clock),
            measures={n: _measure(MEASURES.get(n)(), widths, algebra, clock) for n in measures},
        )


def method_work(sizes: Sizes, method: Method) -> float:
    """Multiply-adds of all maps of one method, and as many for every number that is saved."""
    return method.work(sizes) + sizes.pairs


def measure_work(
    sizes: Sizes, measure: MapMeasure | SpaceMeasure | RowMeasure
) -> tuple[float, int]:
    """Multiply-adds of a measure, with one more for each value; and how many values there are."""
    values = sizes.hybrids // (2 if measure.symmetric else 1)
    return measure.work(sizes) + values, values


def _moments(total: int, algebra: Algebra, precision: Precision, clock: Clock) -> Linear:
    rng = np.random.default_rng(0)

    def prepare(rows: int) -> Callable[[], object]:
        block = rng.standard_normal((rows, total), np.float32)
        sums = Accumulator(Moments(["a"], [total]), precision=precision, algebra=algebra)
        return lambda: sums.update(block)

    return fitted(prepare, (512, 1024), units=lambda rows: rows * total**2 / 2, clock=clock)


def _made_rows(dim: int) -> int:
    """More than features."""
    return 4 * dim + 64


def _problem(dim: int, classes: int, algebra: Algebra, folds: int = 0) -> SourceProblem:
    """Two networks of ``dim`` features that share a cause, and more rows than features."""
    rng = np.random.default_rng(0)
    rows: dict[str, FeatureRows] = {}
    latent = rng.standard_normal((_made_rows(dim), 16), np.float32)
    networks = {}
    for name in ("a", "b"):
        noise = rng.standard_normal((len(latent), dim), np.float32)
        values = latent @ rng.standard_normal((16, dim), np.float32) + noise
        rows[name] = ArrayRows(name=name, values=values, fingerprint=f"made {name} {dim}")
        networks[name] = Made(name, _head(rng, classes, dim))
    moments = Moments(["a", "b"], [dim, dim])
    moments.update(*(part.span(0, len(latent)) for part in rows.values()))
    by_fold: tuple[Moments, ...] = ()
    if folds:
        sums = FoldSums(["a", "b"], [dim, dim], parts_of(len(latent), folds, seed=SEED))
        sums.update(*(part.span(0, len(latent)) for part in rows.values()))
        by_fold = sums.moments()
    return SourceProblem("a", networks, moments, rows=rows, folds=by_fold, algebra=algebra)


def _maps(
    method: Method,
    sizes: Sizes,
    widths: tuple[int, int],
    folder: Path,
    *,
    algebra: Algebra,
    clock: Clock,
) -> Linear:
    def prepare(dim: int) -> Callable[[], object]:
        made = _problem(dim, sizes.classes, algebra, method.needs_folds)

        def work() -> None:
            fresh = SourceProblem("a", made.networks, made.moments, rows=made.rows, algebra=algebra)
            fresh = fresh.with_folds(made.folds)
            for fitted_map in method.fit(fresh, ["b"]):
                fitted_map.save(folder / "map.safetensors")

        return work

    def units(dim: int) -> float:  # of one of the two maps between two networks
        two = Sizes(dims=(dim, dim), fit_rows=_made_rows(dim), classes=sizes.classes)
        return method_work(two, method) / 2

    return fitted(prepare, widths, units=units, clock=clock)


def _score(sizes: Sizes, algebra: Algebra, clock: Clock) -> Linear:
    """By rows and hybrids: the product with the heads, and counting."""
    rng = np.random.default_rng(0)
    dim = max(1, sizes.total // len(sizes.dims))
    count = max(1, min(9, len(sizes.dims) - 1))
    heads = [_head(rng, sizes.classes, dim)] * count

    def prepare(rows: int) -> Callable[[], object]:
        block = rng.standard_normal((rows, dim), np.float32)
        labels = np.zeros(rows, np.int64)
        return lambda: score_heads([(block, labels)], heads, algebra=algebra)

    return fitted(prepare, (256, 1024), units=lambda rows: float(rows) * count, clock=clock)


def _head(rng: np.random.Generator, classes: int, dim: int) -> Head:
    weight: Float32 = rng.standard_normal((classes, dim), np.float32)
    return Head(weight, np.zeros(classes, np.float32))


def _judge(
    sizes: Sizes, widths: tuple[int, int], folder: Path, algebra: Algebra, clock: Clock
) -> Linear:
    def prepare(dim: int) -> Callable[[], object]:
        problem = _problem(dim, sizes.classes, algebra)
        path = folder / f"judged-{dim}.safetensors"
        (plain,) = Naive().fit(problem, ["b"])
        plain.save(path)

        def work() -> None:
            loaded = AffineMap.load(path)
            loaded.fold(problem.networks["b"])
            closeness(problem.moments, loaded, algebra=algebra)

        return work

    return fitted(prepare, widths, units=lambda d: d**3 + d * d * sizes.classes, clock=clock)


def _measure(
    measure: MapMeasure | SpaceMeasure | RowMeasure,
    widths: tuple[int, int],
    algebra: Algebra,
    clock: Clock,
) -> Linear:
    def prepare(dim: int) -> Callable[[], object]:
        problem = _problem(dim, 2, algebra)
        (plain,) = Naive().fit(problem, ["b"])
        mapped = Mapped.of(problem.moments, plain, algebra=algebra)
        if isinstance(measure, MapMeasure):
            return lambda: measure.value(mapped)
        if isinstance(measure, RowMeasure):
            shown = [rows.span(0, len(rows)) for rows in problem.rows.values()]
            return lambda: measure.value(*(measure.of_rows(r, algebra=algebra) for r in shown))
        moments: SecondMoments = problem.moments
        if measure.reads == "norms":
            sums = NormSums(problem.moments.names, problem.moments.dims)
            sums.update(*(rows.span(0, len(rows)) for rows in problem.rows.values()))
            moments = with_norms(problem.moments, sums.moments(problem.moments))
        return lambda: measure.value(moments, "a", "b", algebra=algebra)

    def units(dim: int) -> float:  # of one value
        work, values = measure_work(
            Sizes(dims=(dim, dim), fit_rows=1, classes=2, sample=_made_rows(dim)), measure
        )
        return work / values

    return fitted(prepare, widths, units=units, clock=clock)


def _compare(clock: Clock) -> Linear:
    rng = np.random.default_rng(0)

    def prepare(rows: int) -> Callable[[], object]:
        labels = rng.integers(0, 10, rows)
        scores = [Score(rng.integers(0, 10, rows).astype(np.int32), 0, 0) for _ in range(4)]
        own = {"a": scores[0], "b": scores[1]}
        hybrids = {("a", "b"): scores[2], ("b", "a"): scores[3]}
        return lambda: compare(hybrids, own, labels)

    return fitted(prepare, (500, 5000), calls=2, units=lambda rows: 2.0 * rows, clock=clock)
