"""A study beside the thesis: Tables 5.1, 5.2 and 5.3, and the naive experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samefeatures.base.numbers import finite_or_none
from samefeatures.reproduce.answers import answers_figures, answers_sentence
from samefeatures.reproduce.figures import Comparison, Figure, beside, cells_of, missing_parts
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

TABLES = {"ols": "Table 5.2", "logit": "Table 5.3", "naive": "the naive experiment"}
Cells = Mapping[Pair, Cell]


def compare_with_thesis(
    results: StudyResults, *, why: Mapping[str, str] | None = None
) -> Comparison:
    """Every figure of the thesis beside the study's.

    Args:
        results: A finished study whose networks carry the thesis' names. What it lacks is missing
            in the comparison.
        why: Reasons for missing networks, by name.
    """
    thesis = published_thesis()
    misprints = thesis_misprints(thesis)
    ols, logit, naive = (cells_of(results, (kind,)) for kind in TABLES)
    figures = (
        *_table_5_1(thesis, misprints, results),
        *_accuracies("5.2", thesis.accuracy, ols),
        *_changes(thesis, misprints, ols),
        # Every cell of a row of Table 5.3 repeats the row's own accuracy.
        *_accuracies("5.3", {(a, b): thesis.accuracy[a, a] for a, b in thesis.accuracy}, logit),
        *_text(thesis, ols, naive),
        *answers_figures(thesis.accuracy, results),
    )
    found = medians(thesis, ols)
    return Comparison(
        document="thesis",
        title="The thesis' tables beside ours",
        networks=tuple(thesis.networks),
        figures=figures,
        medians=found,
        misprints=misprints,
        missing=missing_parts(results, thesis.networks, TABLES, why or {}),
        summary=(
            *thesis_summary(figures, found, misprints, logit, naive),
            *answers_sentence(figures),
        ),
        setup=thesis_setup(thesis, results),
    )


def _table_5_1(
    thesis: Thesis, misprints: Sequence[Misprint], results: StudyResults
) -> Iterator[Figure]:
    ours = {network.name: network for network in results.networks}
    for name, row in thesis.networks.items():
        net, pair = ours.get(name), (name, name)
        top1 = net.top1 if net else None
        yield beside("5.1", "reported top-1", pair, row.reported_top1, top1)
        # Features are counted, not rounded.
        dim, features = Printed(str(row.feature_dim)), net.feature_dim if net else None
        yield beside("5.1", "features", pair, dim, features, unit="", against=(dim.value, 0))
        millions = net.parameters / 1e6 if net and net.parameters is not None else None
        yield beside("5.1", "parameters", pair, row.params_millions, millions, unit="million")
        # The diagonal of Table 5.2 is the same figure with one digit more.
        own = thesis.accuracy[pair]
        against = own.value, own.half
        yield beside(
            "5.1", "local top-1", pair, row.local_top1, top1, against=against, misprints=misprints
        )


def _accuracies(table: str, printed: Mapping[Pair, Printed], ours: Cells) -> Iterator[Figure]:
    for pair, percent in printed.items():
        yield beside(table, "top-1", pair, percent, ours[pair].top1 if pair in ours else None)


def _changes(thesis: Thesis, misprints: Sequence[Misprint], ols: Cells) -> Iterator[Figure]:
    for pair, printed in thesis.change.items():
        ours = finite_or_none(ols[pair].change_vs_source_pct) if pair in ols else None
        against = _from_accuracies(thesis, pair)
        yield beside(
            "5.2", "change vs source", pair, printed, ours, against=against, misprints=misprints
        )


def _from_accuracies(thesis: Thesis, pair: Pair) -> tuple[float, float]:
    """What the printed accuracies of a cell make of its change, and the rounding of that."""
    low, high = change_span(thesis, *pair)
    return recomputed_change(thesis, *pair), (high - low) / 2


def _text(thesis: Thesis, ols: Cells, naive: Cells) -> Iterator[Figure]:
    """The best and the worst hybrid that the text names; the pairs are ours."""
    said = {s.what: s for s in thesis.said}
    drop, top = said["greatest drop vs source"], said["best naive hybrid"]
    best = max(_hybrids(naive), key=lambda cell: cell.top1, default=None)
    yield beside(top.place, top.what, _pair(best), top.printed, best.top1 if best else None)
    changed = [
        cell for cell in _hybrids(ols) if finite_or_none(cell.change_vs_source_pct) is not None
    ]
    worst = min(changed, key=lambda cell: cell.change_vs_source_pct, default=None)
    theirs = min(thesis.accuracy, key=lambda pair: recomputed_change(thesis, *pair))
    ours, against = worst.change_vs_source_pct if worst else None, _from_accuracies(thesis, theirs)
    yield beside(drop.place, drop.what, _pair(worst), drop.printed, ours, against=against)


def _pair(cell: Cell | None) -> Pair:
    return (cell.source, cell.target) if cell else ("", "")


def _hybrids(cells: Cells) -> list[Cell]:
    return [cell for (a, b), cell in cells.items() if a != b]
