"""What the accuracy of fitted maps shows: judged cell by cell, and beside the controls."""

from __future__ import annotations

import math

from samefeatures.base.shown import plain
from samefeatures.report.findings import Spread, spaces_of
from samefeatures.report.grid import Grid, number
from samefeatures.report.judged import BEARABLE, SMALL, Judged, idle_words, judged, level_words
from samefeatures.report.level import baseline, near
from samefeatures.report.sentences_opening import against_source, method_name, opening
from samefeatures.report.sentences_shared import of_answers
from samefeatures.report.summary import deficient
from samefeatures.scores.medians import median
from samefeatures.study.results import StudyResults

# Controls do as well as hybrids where they are at most this many points below.
AS_WELL = 1.0
# Points of agreement between fit rows that a map has seen and others, from which on it is said.
BY_HEART = 10.0


def of_maps(grid: Grid, results: StudyResults) -> str:
    """How much of the accuracy the maps keep, and what else would have kept it."""
    if not grid.hybrids:
        return f"No {method_name(grid)} hybrid was scored, so nothing can be said of these maps."
    found = judged(grid)
    if not found.cells:
        return _of_chance(grid, found, results)
    answers = of_answers(found.cells, results, kept=found.lost <= BEARABLE and not found.unsure)
    parts = [
        f"{opening(grid, found)}: {_verdict(found, grid, results)}.",
        _of_idle(found, results),
        _of_gains(found, grid),
        answers,
        _of_others(found, results),
        _of_shuffled(results),
    ]
    return " ".join(filter(None, parts))


def _of_chance(grid: Grid, found: Judged, results: StudyResults) -> str:
    """No map joins two networks that could show anything."""
    involved = {name for cell in grid.hybrids for name in (cell.source, cell.target)}
    changes = Spread.of(cell.change_vs_source_pct for cell in grid.hybrids)
    if involved <= found.idle.keys() and changes.count == len(grid.hybrids):
        own = Spread.of(cell.source_top1 for cell in grid.hybrids).median
        return (
            f"{against_source(grid, grid.hybrids)}: but the networks themselves reach only "
            f"{number(own)} % where {level_words(results)}, so this shows nothing about their "
            "features."
        )
    text = (
        f"No {method_name(grid)} map joins two networks that are above chance, so accuracy shows "
        f"nothing of what they share. {_of_idle(found, results)}"
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
    if not changes.count:
        return ""
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
    """Pixels and untrained weights that do as well as the features, and in which maps."""
    for kind, says in OTHERS.items():
        draws: dict[tuple[str | None, str], list[float]] = {}
        for row in spaces_of(results).rows:
            if row.kind == kind:
                draws.setdefault((row.of, row.target), []).append(row.top1)
        reached = [
            (
                cell,
                median(draws.get((cell.source, cell.target), draws.get((None, cell.target), []))),
            )
            for cell in found.cells
        ]
        known = [(cell, top1) for cell, top1 in reached if math.isfinite(top1)]
        well = [top1 for cell, top1 in known if top1 >= cell.top1 - AS_WELL]
        if well and 2 * len(well) >= len(known):
            every = len(well) == len(found.cells)
            among = "" if every else f" in {len(well)} of {len(found.cells)} maps"
            where = "this" if every else "in these maps"
            return (
                f"But {says} in the features' place, mapped in the same way, do as well{among} "
                f"(median {number(median(well))} %): {where} accuracy needs no trained features."
            )
    return ""


def _of_shuffled(results: StudyResults) -> str:
    rows = results.controls.rows if results.controls else ()
    found = Spread.of(row.top1 for row in rows if row.control == "shuffled pairs")
    if not found.count or near(found.median, baseline(results)):
        return ""
    return (
        f"But maps between features of different images get {number(found.median)} %, where "
        f"{level_words(results)}: explain that before you believe any of this."
    )


OTHERS = {"pixels": "the pixels", "random weights": "networks with untrained weights"}
"""Control spaces that no training made, as a sentence calls them."""
