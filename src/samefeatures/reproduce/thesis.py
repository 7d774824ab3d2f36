"""A study beside the thesis: Tables 5.1, 5.2 and 5.3, and the naive experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samefeatures.reproduce.figures import (
    Comparison,
    Figure,
    cells_of,
    finite,
    misprint_of,
    missing_parts,
)
from samefeatures.reproduce.medians import medians
from samefeatures.reproduce.misprints import (
    Misprint,
    change_span,
    recomputed_change,
    thesis_misprints,
)
from samefeatures.reproduce.published import Pair, Printed, Thesis, published_thesis
from samefeatures.reproduce.setup import thesis_setup
from samefeatures.reproduce.summary import thesis_summary
from samefeatures.study.results import Cell, StudyResults

_BEST, _DROP = "best naive hybrid", "greatest drop vs source"
METHODS = {"ols": "Table 5.2", "logit": "Table 5.3", "naive": "the naive experiment"}


def compare_with_thesis(
    results: StudyResults, *, why: Mapping[str, str] | None = None, thesis: Thesis | None = None
) -> Comparison:
    """Every figure of the thesis beside the study's.

    Args:
        results: A finished study whose networks carry the thesis' names. What it lacks is missing
            in the comparison.
        why: Reasons for missing networks, by name.
        thesis: The printed figures; those that ship with the package by default.
    """
    thesis = thesis or published_thesis()
    misprints = thesis_misprints(thesis)
    ols = cells_of(results, ("ols",))
    logit, naive = cells_of(results, ("logit",)), cells_of(results, ("naive",))
    figures = (
        *_table_5_1(thesis, misprints, results),
        *_table_5_2(thesis, misprints, ols),
        *_table_5_3(thesis, logit),
        *_text(thesis, ols, naive),
    )
    found = medians(thesis, ols)
    return Comparison(
        document="thesis",
        title="The thesis' tables beside ours",
        networks=tuple(thesis.networks),
        figures=figures,
        medians=found,
        misprints=misprints,
        missing=missing_parts(results, thesis.networks, METHODS, why or {}),
        summary=thesis_summary(figures, found, misprints, logit, naive),
        setup=thesis_setup(thesis, results),
    )


def _table_5_1(
    thesis: Thesis, misprints: tuple[Misprint, ...], results: StudyResults
) -> Iterator[Figure]:
    ours = {network.name: network for network in results.networks}
    for name, row in thesis.networks.items():
        net = ours.get(name)
        own = thesis.accuracy[name, name]
        parameters = None if net is None or net.parameters is None else net.parameters / 1e6
        columns: dict[str, tuple[str, Printed, float | None]] = {
            "reported top-1": ("%", row.reported_top1, net.top1 if net else None),
            "features": ("", Printed(str(row.feature_dim)), net.feature_dim if net else None),
            "parameters": ("million", row.params_millions, parameters),
        }
        for what, (unit, printed, value) in columns.items():
            yield _figure("5.1", what, (name, name), printed, value, unit=unit)
        yield Figure(
            table="5.1",
            what="local top-1",
            unit="%",
            source=name,
            target=name,
            printed=row.local_top1.text,
            # The diagonal of Table 5.2 is the same figure with one digit more.
            published=own.value,
            rounding=_half(own),
            ours=net.top1 if net else None,
            misprint=misprint_of(misprints, "top-1", name, name),
        )


def _table_5_2(
    thesis: Thesis, misprints: tuple[Misprint, ...], ours: Mapping[Pair, Cell]
) -> Iterator[Figure]:
    for pair, printed in thesis.accuracy.items():
        cell = ours.get(pair)
        yield _figure("5.2", "top-1", pair, printed, cell.top1 if cell else None)
    for pair, printed in thesis.change.items():
        cell = ours.get(pair)
        low, high = change_span(thesis, *pair)
        yield Figure(
            table="5.2",
            what="change vs source",
            unit="%",
            source=pair[0],
            target=pair[1],
            printed=printed.text,
            published=recomputed_change(thesis, *pair),
            rounding=(high - low) / 2,
            ours=finite(cell.change_vs_source_pct) if cell else None,
            misprint=misprint_of(misprints, "change vs source", *pair),
        )


def _table_5_3(thesis: Thesis, ours: Mapping[Pair, Cell]) -> Iterator[Figure]:
    for pair in thesis.accuracy:
        cell = ours.get(pair)
        yield _figure("5.3", "top-1", pair, thesis.logit(pair[0]), cell.top1 if cell else None)


def _text(thesis: Thesis, ols: Mapping[Pair, Cell], naive: Mapping[Pair, Cell]) -> Iterator[Figure]:
    best = max(_hybrids(naive), key=lambda cell: cell.top1, default=None)
    yield _figure(
        thesis.sections[_BEST],
        _BEST,
        (best.source, best.target) if best else ("", ""),
        thesis.said[_BEST],
        best.top1 if best else None,
    )
    changed = [cell for cell in _hybrids(ols) if finite(cell.change_vs_source_pct) is not None]
    worst = min(changed, key=lambda cell: cell.change_vs_source_pct, default=None)
    pair = min(thesis.accuracy, key=lambda pair: recomputed_change(thesis, *pair))
    low, high = change_span(thesis, *pair)
    yield Figure(
        table=thesis.sections[_DROP],
        what=_DROP,
        unit="%",
        source=worst.source if worst else "",
        target=worst.target if worst else "",
        printed=thesis.said[_DROP].text,
        published=recomputed_change(thesis, *pair),
        rounding=(high - low) / 2,
        ours=worst.change_vs_source_pct if worst else None,
    )


def _hybrids(cells: Mapping[Pair, Cell]) -> list[Cell]:
    return [cell for (a, b), cell in cells.items() if a != b]


def _figure(
    table: str,
    what: str,
    pair: Pair,
    printed: Printed,
    ours: float | None,
    *,
    unit: str = "%",
) -> Figure:
    return Figure(
        table=table,
        what=what,
        unit=unit,
        source=pair[0],
        target=pair[1],
        printed=printed.text,
        published=printed.value,
        # Features are counted, not rounded.
        rounding=0 if unit == "" else _half(printed),
        ours=ours,
    )


def _half(printed: Printed) -> float:
    return 0.5 * 10.0**-printed.digits
