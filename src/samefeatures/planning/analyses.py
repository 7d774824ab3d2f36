"""What ``curve``, ``ranks`` and ``canonical`` of a study cost, from sizes and rates alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from samefeatures.algebra.krylov import AT_ONCE
from samefeatures.maps import Sizes
from samefeatures.maps.canonical.stack import DENSE
from samefeatures.planning.algebra import AlgebraRates, method_work
from samefeatures.study.by_rows.sizes import methods_of, sizes_of
from samefeatures.study.canonical.leave_out import MOST
from samefeatures.study.canonical.sweep import LARGEST
from samefeatures.study.config import StudyConfig
from samefeatures.study.controls_config import ANSWERS
from samefeatures.study.methods import MethodConfig

EIGEN = 10.0
"""Times d³ that eigenvectors take."""
KEPT, KEPT_OF_FEW = 7, 20
"""Vectors that Lanczos keeps for each that it seeks: of some hundred, and of a few dozen."""
REGRESSIONS = 2
"""With all directions a canonical space is held against, by OLS and by ridge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveWork:
    """Maps of fewer rows.

    Attributes:
        sizes: Rising numbers of fit rows.
        seeds: Orders of the images.
        rows: Of the fit set: with all of them one order is like the other.
        methods: That are followed.
    """

    sizes: tuple[int, ...]
    seeds: int
    rows: int
    methods: tuple[MethodConfig, ...]

    @property
    def steps(self) -> list[int]:
        """Fit rows of each table of one method."""
        return [n for n in self.sizes for _ in range(self.seeds if n < self.rows else 1)]

    @property
    def summed(self) -> int:
        """Rows that go into moments."""
        below = max((n for n in self.sizes if n < self.rows), default=0)
        return max(self.sizes) + (self.seeds - 1) * below


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyses:
    """Which a study asks for.

    Attributes:
        curve: Maps of fewer rows; None: not asked for.
        ranks: Whether all ranks of every pair are judged.
        canonical: Directions of the canonical space; 0: there is none.
        beyond: Whether R² beyond answers is taken.
    """

    curve: CurveWork | None = None
    ranks: bool = False
    canonical: int = 0
    beyond: bool = False

    @classmethod
    def of(cls, config: StudyConfig, rows: int, dims: Sequence[int]) -> Analyses:
        """Of a study that is open.

        Args:
            config: Without methods that its networks can't have.
            rows: Of the fit set.
            dims: Features of each network.

        Raises:
            ConfigError: when ``curve`` names what can't be.
        """
        curve, space, controls = (
            config.chosen_curve,
            config.chosen_canonical,
            config.chosen_controls,
        )
        followed = None
        if curve is not None:
            followed = CurveWork(
                sizes=sizes_of(curve, rows, dims),
                seeds=curve.seeds,
                rows=rows,
                methods=tuple(methods_of(curve, config.methods)),
            )
        return cls(
            curve=followed,
            ranks=bool(config.ranks),
            canonical=0 if space is None else max(space.k or (min(LARGEST, sum(dims)),)),
            beyond=controls is not None and (ANSWERS,) in controls.given,
        )

    def bytes(self, sizes: Sizes) -> int:
        """At the peak, beside the moments of both sides: the largest of the three, in float64."""
        square, answers = sizes.total**2, len(sizes.dims) * sizes.classes * sizes.total
        beyond = self.beyond * (square + 2 * answers)
        widest = max(sizes.dims)
        sheet = 2 * (sizes.classes + widest) * (sizes.classes + sizes.total)
        curve = square + beyond if self.curve else 0
        return 8 * max(curve, self.ranks * self.beyond * sheet, self._space(sizes))

    def _space(self, sizes: Sizes) -> int:
        """Numbers of the canonical space: its matrix, and all eigenvectors or Lanczos bases."""
        total, k = sizes.total, self.canonical
        if not k:
            return 0
        together = min(len(sizes.dims), AT_ONCE) * KEPT_OF_FEW * min(k, MOST)
        bases = total * max(KEPT * k, together) if total > DENSE else 0
        return total**2 + max(total**2, bases)


NO_ANALYSES = Analyses()


@dataclass(frozen=True, slots=True)
class AnalysisCost:
    """Of one of them.

    Attributes:
        name: Its key.
        seconds: From nothing.
        note: What it consists of.
    """

    name: str
    seconds: float
    note: str


def analysis_costs(
    chosen: Analyses, sizes: Sizes, eval_rows: int, rates: AlgebraRates, *, reading: float
) -> Iterator[AnalysisCost]:
    """Of those that the study asks for.

    Args:
        chosen: Which.
        sizes: Of the study.
        eval_rows: That maps are judged on.
        rates: As measured.
        reading: Seconds of a pass over the stored features of the fit side.
    """
    scoring = rates.score.at(float(eval_rows) * sizes.hybrids)
    if chosen.curve is not None:
        yield _curve(chosen.curve, sizes, rates, scoring, beyond=chosen.beyond, reading=reading)
    if chosen.ranks:
        seconds = scoring + rates.moments.at(rank_work(sizes, beyond=chosen.beyond))
        yield AnalysisCost("ranks", seconds, f"every rank of {sizes.hybrids} maps")
    if chosen.canonical:
        work = canonical_work(sizes, chosen.canonical)
        regressions = REGRESSIONS * (sizes.regressions + sizes.products)
        seconds = 2 * scoring + rates.moments.at(work + regressions)
        note = f"up to {chosen.canonical} directions, and each network left out once"
        yield AnalysisCost("canonical space", seconds, note)


def _curve(
    curve: CurveWork,
    sizes: Sizes,
    rates: AlgebraRates,
    scoring: float,
    *,
    beyond: bool,
    reading: float,
) -> AnalysisCost:
    """A table of every method at every step; all sizes of one order share the sums of the rows."""
    times = 2 if beyond else 1  # fitted again to what the answers leave
    seconds = rates.moments.at(curve.summed * sizes.total**2 / 2)
    judging = rates.judge.at(sizes.products + sizes.pairs * sizes.classes, calls=sizes.hybrids)
    for n in curve.steps:
        here = replace(sizes, fit_rows=n)
        deficient = EIGEN * sum(d**3 for d in sizes.dims if d >= n)
        for entry in curve.methods:
            fits = rates.maps[entry.label].at(method_work(here, entry.build()), calls=sizes.hybrids)
            seconds += times * (fits + rates.moments.at(deficient)) + scoring + judging
            seconds += (times - 1) * rates.moments.at(sizes.products)
        if beyond:
            seconds += rates.moments.at(2.0 * sizes.classes * sizes.total**2)
    tables, most = len(curve.steps) * len(curve.methods), max(curve.sizes)
    note = f"{tables} tables of {sizes.hybrids} maps, of up to {most:,} rows"
    return AnalysisCost("how many images", seconds + len(curve.steps) * reading, note)


def rank_work(sizes: Sizes, *, beyond: bool) -> float:
    """Multiply-adds of the directions of every pair, and of R² of every rank.

    Args:
        sizes: Of the study.
        beyond: Whether it is taken of what the answers leave, too.
    """
    work = 2.3 * sum(d**3 for d in sizes.dims)
    for i, a in enumerate(sizes.dims):
        for j, b in enumerate(sizes.dims):
            if i != j:
                k = min(a, b)
                work += a * a * b + b * b * a + EIGEN * b**3 + k * a * (2.0 * b + a)
                work += beyond * (2.0 * k * a * (a + k) + 4.0 * k * k * b + 4.0 * k**3)
        if beyond:
            answers = sizes.classes
            work += 3.0 * answers * (answers + a) * sizes.total
    return work


def canonical_work(sizes: Sizes, k: int) -> float:
    """Multiply-adds of white features, their products, and the space of all and of all but one.

    Args:
        sizes: Of the study.
        k: Directions.
    """
    total = sizes.total
    spaces = [k, *[min(k, MOST)] * len(sizes.dims)]
    vectors = sum(min(EIGEN * total**3, 2.0 * EIGEN * each * total**2) for each in spaces)
    return EIGEN * sum(d**3 for d in sizes.dims) + 2 * sizes.products + vectors
