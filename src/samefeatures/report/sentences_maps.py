"""What the accuracy of fitted maps shows: judged cell by cell, and beside the controls."""

from __future__ import annotations

from collections.abc import Iterable

from samefeatures.base.shown import plain
from samefeatures.report.findings import Spread, spaces_of
from samefeatures.report.grid import Grid, number, signed
from samefeatures.report.judged import BEARABLE, SMALL, Judged, idle_words, judged, level_words
from samefeatures.report.level import baseline, near
from samefeatures.report.sentences_shared import of_answers
from samefeatures.report.summary import deficient
from samefeatures.study.results import Cell, StudyResults
from samefeatures.study.results.spaces import SpaceRow

# Controls do as well as hybrids where they are at most this many points below.
AS_WELL = 1.0
# Points of agreement between fit rows that a map has seen and others, from which on it is said.
BY_HEART = 10.0


def of_maps(grid: Grid, results: StudyResults) -> str:
    """How much of the accuracy the maps keep, and what else would have kept it."""
    if not Spread.of(cell.change_vs_source_pct for cell in grid.hybrids).count:
        return f"No {plain(grid.label)} hybrid was scored against a source with correct images."
    found = judged(grid)
    if not found.cells:
        return _of_chance(grid, found, results)
    answers = of_answers(found.cells, results, kept=found.lost <= BEARABLE and not found.unsure)
    parts = [
        f"{_opening(grid, found.cells, found)}: {_verdict(found, grid, results)}.",
        _of_idle(found, results),
        _of_gains(found, grid),
        answers,
        _of_others(found, results),
        _of_shuffled(results),
    ]
    return " ".join(filter(None, parts))


def _opening(grid: Grid, cells: tuple[Cell, ...], found: Judged) -> str:
    changes = Spread.of(cell.change_vs_source_pct for cell in cells)
    name = "OLS" if grid.kind == "ols" else plain(grid.label)
    change = f"{_pct(changes.median)} relative to the source network's own"
    between = " between networks above chance" if cells is found.cells and found.aside else ""
    possible = len(grid.names) * (len(grid.names) - 1)
    if len(cells) == 1:
        return f"The one {name} map{between} changes top-1 accuracy by {change}"
    of = "" if len(grid.hybrids) == possible else f" scored of {possible}"
    return (
        f"Over the {len(cells)}{of} {name} maps{between}, top-1 accuracy changes by a median of "
        f"{change} ({_pct(changes.low)} to {_pct(changes.high)})"
    )


def _of_chance(grid: Grid, found: Judged, results: StudyResults) -> str:
    """No map joins two networks that could show anything."""
    involved = {name for cell in grid.hybrids for name in (cell.source, cell.target)}
    if involved <= found.idle.keys():
        own = Spread.of(cell.source_top1 for cell in grid.hybrids).median
        return (
            f"{_opening(grid, found.aside, found)}: but the networks themselves reach only "
            f"{number(own)} % where {level_words(results)}, so this shows nothing about their "
            "features."
        )
    text = (
        f"No {'OLS' if grid.kind == 'ols' else plain(grid.label)} map joins two networks that are "
        f"above chance, so accuracy shows nothing of what they share. {_of_idle(found, results)}"
    )
    return " ".join(filter(None, [text, _of_gains(found, grid)]))


def _verdict(found: Judged, grid: Grid, results: StudyResults) -> str:
    if found.unsure:
        return (
            f"but {found.cells[0].n:,} eval images tell an accuracy only to ± "
            f"{number(found.half)} points, too little to judge by"
        )
    if found.lost <= SMALL and found.worst <= BEARABLE:
        return f"{_weaker(found, SMALL)}an affine map keeps nearly all that the heads need"
    if found.lost <= BEARABLE:
        verdict = f"{_weaker(found, BEARABLE)}an affine map keeps much of what the heads need, "
        verdict += "but not all of it"
    else:
        verdict = (
            "much is lost on the way, so accuracy does not show that the networks extract the "
            "same information"
        )
    return verdict + _why(grid, results)


def _weaker(found: Judged, limit: float) -> str:
    """Said where the change against the source alone would tell otherwise."""
    changes = Spread.of(cell.change_vs_source_pct for cell in found.cells)
    worst = -changes.low > BEARABLE and limit == SMALL
    if -changes.median <= limit and not worst and changes.median <= limit:
        return ""
    return "beside the weaker of its two networks, which a hybrid can't be blamed for, "


def _why(grid: Grid, results: StudyResults) -> str:
    """Where rows are too few, or maps know theirs by heart; dead or repeated features cost none."""
    rows = results.fit_data.rows
    short = {
        fit.source
        for fit in results.fits
        if fit.method == grid.method and deficient(fit) and rows <= (fit.full_rank or 0)
    }
    if short:
        return (
            f" (too few fit images may be the reason: {len(short)} of {len(results.networks)} "
            f"sources have no fewer features than the {rows:,} fit rows)"
        )
    seen, unseen = (_agreement(results, f"fit set, {kind}") for kind in ("seen", "unseen"))
    if seen.count and unseen.count and seen.median - unseen.median >= BY_HEART:
        return (
            " (too few fit images may be the reason: the maps agree with the target on "
            f"{number(seen.median)} % of the fit images, and on {number(unseen.median)} % of "
            "those that they were not fitted on)"
        )
    return ""


def _agreement(results: StudyResults, control: str) -> Spread:
    rows = results.controls.rows if results.controls else ()
    return Spread.of(row.agreement for row in rows if row.control == control)


def _of_idle(found: Judged, results: StudyResults) -> str:
    """Whose row and column were left out, and why."""
    if not found.idle:
        return ""
    one = len(found.idle) == 1
    return (
        f"{idle_words(found)} {'is' if one else 'are'} hardly above chance with "
        f"{'its own head' if one else 'their own heads'} ({level_words(results)}): "
        f"{'its' if one else 'their'} rows and columns are left out, for there is no accuracy that "
        "a map could keep, and no head that could use it."
    )


def _of_gains(found: Judged, grid: Grid) -> str:
    """Hybrids that are better than their source: its own head leaves something unused."""
    if not found.gains:
        return ""
    best = max(found.gains, key=lambda cell: cell.top1 - cell.source_top1)
    verb = "is" if len(found.gains) == 1 else "are"
    return (
        f"{len(found.gains)} of {len(grid.hybrids)} hybrids {verb} significantly better than the "
        f"source itself, so that its features hold more than its own head reads from them (most: "
        f"{plain(best.source)}, {number(best.source_top1)} %, gets {number(best.top1)} % through "
        f"the head of {plain(best.target)})."
    )


def _of_others(found: Judged, results: StudyResults) -> str:
    """Pixels and untrained weights that do as well as the features."""
    for kind, says in OTHERS.items():
        rows = [row for row in spaces_of(results).rows if row.kind == kind]
        pairs = [(cell, row) for cell in found.cells for row in rows if _stands_for(row, cell)]
        well = sum(row.top1 >= cell.top1 - AS_WELL for cell, row in pairs)
        if pairs and 2 * well >= len(pairs):
            among = "" if well == len(pairs) else f" in {well} of {len(pairs)} maps"
            return (
                f"But {says} in the features' place, mapped in the same way, do as well{among} "
                f"({_percents(row.top1 for _, row in pairs)}): this accuracy needs no trained "
                "features."
            )
    return ""


def _stands_for(row: SpaceRow, cell: Cell) -> bool:
    return row.target == cell.target and row.of in (None, cell.source)


def _of_shuffled(results: StudyResults) -> str:
    rows = results.controls.rows if results.controls else ()
    found = Spread.of(row.top1 for row in rows if row.control == "shuffled pairs")
    if not found.count or near(found.median, baseline(results)):
        return ""
    return (
        f"But maps between features of different images get {number(found.median)} %, where "
        f"{level_words(results)}: explain that before you believe any of this."
    )


def _percents(values: Iterable[float]) -> str:
    return f"median {number(Spread.of(values).median)} %"


def _pct(value: float) -> str:
    return f"{signed(value)} %"


OTHERS = {"pixels": "the pixels", "random weights": "networks with untrained weights"}
"""Control spaces that no training made, as a sentence calls them."""
