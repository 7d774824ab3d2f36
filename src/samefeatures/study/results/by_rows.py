"""What maps of few rows came to, and what more rows would bring."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.brief import brief

VALUES = ("change", "r2", "r2_beyond_answers")
"""What is followed over the number of rows: medians over the maps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPoint:
    """Medians over all maps of one method, fitted on some of the rows.

    Attributes:
        method: Label.
        rows: That the maps were fitted on.
        seed: Of the order of the images; 0 where all rows are in it.
        change: Percent against the source's own accuracy; None where nothing was counted.
        loss: Points below the target's own accuracy.
        r2: Of the maps on the eval rows; None where no target varies.
        r2_beyond_answers: Of what the source's answers leave; None where the study has no controls.
    """

    method: str
    rows: int
    seed: int
    change: float | None
    loss: float | None
    r2: float | None
    r2_beyond_answers: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsForecast:
    """A power law ``a − b·n^−c`` through the tail of one value of one method.

    Attributes:
        method: Label.
        value: ``change``, ``r2`` or ``r2_beyond_answers``.
        since: Rows where the tail begins.
        limit: a, of the law through the means over the seeds; None where there is no law.
        exponent: c.
        tested_at: Rows of the largest subset, which the law of the others was asked for.
        found: There.
        predicted: There, without it.
        rows: Of the forecast.
        expected: There, mean over the seeds; None where the law is poor.
        low: Lower end of its 95 % interval over the seeds; None with one seed.
        high: Its upper end.
        poor: Why nothing is expected; empty where something is.
    """

    method: str
    value: str
    since: int | None = None
    limit: float | None = None
    exponent: float | None = None
    tested_at: int | None = None
    found: float | None = None
    predicted: float | None = None
    rows: int | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    poor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRows:
    """How many images: medians at every number of rows, and forecasts.

    Attributes:
        points: One a method, number of rows and seed.
        forecasts: One a method and value.
    """

    points: tuple[RowsPoint, ...]
    forecasts: tuple[RowsForecast, ...] = ()

    def __repr__(self) -> str:
        sizes = sorted({point.rows for point in self.points})
        return brief(self, methods=self.methods, sizes=sizes, seeds=self.seeds)

    @property
    def methods(self) -> tuple[str, ...]:
        """Labels, in the order of the study."""
        return tuple(dict.fromkeys(point.method for point in self.points))

    @property
    def seeds(self) -> int:
        """Orders of the images."""
        return len({point.seed for point in self.points})
