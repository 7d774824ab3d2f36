"""How many images: medians over the number of fit rows, and what more would bring, in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from samefeatures.base.shown import plain
from samefeatures.report.grid import MISSING, number, signed
from samefeatures.report.listing import Listing
from samefeatures.study.results import ByRows, RowsForecast, StudyResults

TITLE = "How many images?"
LABELS = {"change": "change vs source, %", "r2": "R²", "r2_beyond_answers": "R² beyond answers"}
CAPTION = (
    "Medians over the maps against the number of fit rows; dots: one random order of the images "
    "each, lines: their mean. Grey: as many rows as a network has features. Open: expected at 10 "
    "times as many rows, with its interval, where a tested law says something."
)
TIMES = 10
NEAR = 2.0
"""By so much the rows of a peak may lie off the features of a network."""


def by_rows_listing(results: StudyResults) -> Listing | None:
    """Medians of each method at each number of rows; None where the study did not ask."""
    found = results.by_rows
    if found is None:
        return None
    values = shown(found)
    orders = f"means over {found.seeds} random orders" if found.seeds > 1 else "one random order"
    return Listing(
        slug="by-rows",
        title=TITLE,
        says=(
            f"The same maps, fitted on random parts of the fit rows, the smaller in the larger; "
            f"medians over the maps, {orders} of the images.",
            *_peaks(results, found),
            *(_expects(forecast) for forecast in found.forecasts if not forecast.poor),
        ),
        heads=("Method", "Fit rows", *(LABELS[value].capitalize() for value in values)),
        rows=tuple(_rows(found, values)),
        notes=tuple(_silent(found)),
    )


def shown(found: ByRows) -> list[str]:
    """Values that there are."""
    return [v for v in LABELS if any(getattr(point, v) is not None for point in found.points)]


def means(found: ByRows, method: str, value: str) -> dict[int, float]:
    """Mean over the seeds by number of rows, few rows first."""
    by_size: dict[int, list[float]] = {}
    for point in found.points:
        known: float | None = getattr(point, value)
        if point.method == method and known is not None:
            by_size.setdefault(point.rows, []).append(known)
    return {rows: statistics.fmean(values) for rows, values in sorted(by_size.items())}


def _rows(found: ByRows, values: list[str]) -> Iterator[tuple[str, ...]]:
    for method in found.methods:
        by_value = {value: means(found, method, value) for value in values}
        for rows in sorted({p.rows for p in found.points if p.method == method}):
            texts = (written(value, by_value[value].get(rows)) for value in values)
            yield (plain(method), f"{rows:,}", *texts)


def written(value: str, number_: float | None) -> str:
    """A value as it is read: percent with its sign, or R²."""
    if number_ is None:
        return MISSING
    return signed(number_) if value == "change" else number(number_, 3)


def _peaks(results: StudyResults, found: ByRows) -> Iterator[str]:
    """Where OLS is worst not with the fewest rows, but near as many rows as features."""
    dims = [network.feature_dim for network in results.networks]
    least_squares = {m.name for m in results.methods if (m.kind or m.name) == "ols"}
    for method in (name for name in found.methods if name in least_squares):
        by_size = means(found, method, "r2")
        if len(by_size) < 3:
            continue
        worst, first = min(by_size, key=lambda n: by_size[n]), next(iter(by_size))
        if worst != first and min(dims) / NEAR <= worst <= NEAR * max(dims):
            yield (
                f"{plain(method)} is worst with {worst:,} rows (R² "
                f"{number(by_size[worst], 3)}, {number(by_size[first], 3)} with {first:,}): "
                f"near as many rows as features ({_span(dims)}) least squares can just pass "
                "through every fit image, whatever weights that takes."
            )


def _span(dims: list[int]) -> str:
    low, high = f"{min(dims):,}", f"{max(dims):,}"
    return low if low == high else f"{low} to {high}"


def _expects(forecast: RowsForecast) -> str:
    """What a law that was tested says of ten times as many rows."""
    value, rows = forecast.value, forecast.rows or 0
    expected, low, high = (
        written(value, v) for v in (forecast.expected, forecast.low, forecast.high)
    )
    tested = f"{forecast.tested_at:,}"
    found, predicted = written(value, forecast.found), written(value, forecast.predicted)
    return (
        f"{plain(forecast.method)}, {LABELS[value]}: at {TIMES} times as many images "
        f"({rows:,} rows) expect {expected} ({low} to {high}). A law through the sizes below "
        f"{tested} rows says {predicted} there, and {found} was found."
    )


def _silent(found: ByRows) -> Iterator[str]:
    """Values of which nothing is expected, and why."""
    reasons: dict[str, list[str]] = {}
    for forecast in found.forecasts:
        if forecast.poor:
            what = f"{plain(forecast.method)}, {LABELS[forecast.value]}"
            reasons.setdefault(forecast.poor, []).append(what)
    for poor, whats in reasons.items():
        yield f"Nothing is expected of more images for {'; '.join(whats)}: {poor}."
