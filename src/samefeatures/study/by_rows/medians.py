"""Tables of maps of fewer rows as medians and as rows of a file."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from samefeatures.study.by_rows.judge import MapOfRows
from samefeatures.study.by_rows.law import forecasts
from samefeatures.study.results.by_rows import ByRows, RowsPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A table: one method, number of rows and order of the images."""

    method: str
    rows: int
    seed: int


Tables = Mapping[Place, tuple[MapOfRows, ...]]


def followed(tables: Tables, own: Mapping[str, float], *, dims: Sequence[int]) -> ByRows:
    """Medians of the tables, and what more rows would bring.

    Args:
        tables: All of them.
        own: Accuracy of each network with its own head, in percent, of those that have one.
        dims: Features of each network.
    """
    points = tuple(_point(place, maps, own) for place, maps in tables.items())
    return ByRows(points=points, forecasts=tuple(forecasts(points, max(dims))))


def _point(place: Place, maps: Sequence[MapOfRows], own: Mapping[str, float]) -> RowsPoint:
    rows = list(table_rows(place, maps, own))
    medians = {
        name: _median([row[name] for row in rows])
        for name in ("change_vs_source_pct", "loss_vs_target_points", "r2", "r2_beyond_answers")
    }
    return RowsPoint(
        method=place.method,
        rows=place.rows,
        seed=place.seed,
        change=medians["change_vs_source_pct"],
        loss=medians["loss_vs_target_points"],
        r2=medians["r2"],
        r2_beyond_answers=medians["r2_beyond_answers"],
    )


def table_rows(
    place: Place, maps: Sequence[MapOfRows], own: Mapping[str, float]
) -> Iterator[dict[str, str | int | float | None]]:
    """A row of ``by_rows.csv`` for each map of a table."""
    for each in maps:
        top1, source, target = each.top1, own.get(each.source), own.get(each.target)
        change = 100 * (top1 - source) / source if top1 is not None and source else None
        loss = target - top1 if top1 is not None and target is not None else None
        yield {
            **asdict(place),
            "source": each.source,
            "target": each.target,
            "top1": top1,
            "change_vs_source_pct": change,
            "loss_vs_target_points": loss,
            "r2": each.r2,
            "r2_beyond_answers": each.r2_beyond_answers,
        }


def _median(values: Sequence[str | int | float | None]) -> float | None:
    known = [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]
    return statistics.median(known) if known else None
