"""Sentences to take away, written from the numbers whatever they say."""

from __future__ import annotations

import math

from samefeatures.base.shown import plain
from samefeatures.report.findings import spaces_of
from samefeatures.report.follows import followed
from samefeatures.report.grid import Grid, fitted, grids, number, signed
from samefeatures.report.sentences_logits import of_logit
from samefeatures.report.sentences_shared import of_answers, of_following, of_sharing
from samefeatures.report.summary import MethodNumbers, deficient, median, numbers
from samefeatures.study.results import StudyResults

# A median penalty up to SMALL percent, none above BEARABLE, reads as "keeps nearly everything".
SMALL = 5.0
BEARABLE = 20.0
# A median R² from here on reads as "nearly whole".
WHOLE = 0.99


def sentences(results: StudyResults) -> tuple[str, ...]:
    """What the study shows: of accuracy, of what is shared, of the control, and of the logits.

    Each claims only what its numbers show. Without control spaces the second says that accuracy
    alone can't tell; without ``naive`` the third tells how many hybrids beat the target's own
    network; without ``logit`` the fourth tells whom the hybrids follow, or the spread of R².
    """
    tables = grids(results)
    by_kind: dict[str, Grid] = {}
    for grid in tables:
        by_kind.setdefault(grid.kind, grid)
    maps = fitted(tables)
    if maps is None or not any(grid.hybrids for grid in tables):
        nothing = "No hybrid was scored, so nothing can be said of {}."
        return (
            nothing.format("the maps between these networks"),
            nothing.format("their targets' heads"),
            nothing.format("their features"),
        )
    naive, logit = by_kind.get("naive"), by_kind.get("logit")
    return (
        _of_maps(maps, results),
        of_sharing(results),
        _of_naive(naive, results) if naive and naive.hybrids else _of_gains(maps),
        of_logit(logit, results) if logit and logit.hybrids else _of_rest(maps, results),
    )


def _of_rest(grid: Grid, results: StudyResults) -> str:
    found = followed(grid) if spaces_of(results).rows else None
    return of_following(found) if found else _of_r2(grid)


def chance(results: StudyResults) -> float:
    """Percent that a uniform guess gets right, for the smallest number of classes."""
    return 100.0 / min(network.classes for network in results.networks)


def _near_chance(top1: float, results: StudyResults) -> bool:
    level = chance(results)
    return top1 <= min(level + 5.0, 3.0 * level)


def _of_maps(grid: Grid, results: StudyResults) -> str:
    found = numbers(grid)
    if not found.hybrids or math.isnan(found.change_over_maps):
        return f"No {plain(grid.label)} hybrid was scored against a source with correct images."
    name = "OLS" if grid.kind == "ols" else plain(grid.label)
    change = f"{_pct(found.change_over_maps)} relative to the source network's own"
    if found.hybrids == 1:
        opening = f"The one {name} map changes top-1 accuracy by {change}"
    else:
        of = "" if found.hybrids == found.possible else f" scored of {found.possible}"
        opening = (
            f"Over the {found.hybrids}{of} {name} maps, top-1 accuracy changes by a median of "
            f"{change} ({_pct(found.smallest)} to {_pct(found.largest)})"
        )
    text = f"{opening}: {_verdict(found, grid, results)}."
    own = median(cell.source_top1 for cell in grid.hybrids)
    if _near_chance(own, results):
        return text
    lost = -found.change_over_maps
    return f"{text} {of_answers(-lost, results, kept=lost <= BEARABLE)}".rstrip()


def _verdict(found: MethodNumbers, grid: Grid, results: StudyResults) -> str:
    own = median(cell.source_top1 for cell in grid.hybrids)
    if _near_chance(own, results):
        return (
            f"but the networks themselves reach only {number(own)} % where chance is "
            f"{number(chance(results))} %, so this shows nothing about their features"
        )
    if -found.change_over_maps <= SMALL and -found.smallest <= BEARABLE:
        return "an affine map keeps nearly all that the heads need"
    if -found.change_over_maps <= BEARABLE:
        verdict = "an affine map keeps much of what the heads need, but not all of it"
    else:
        verdict = (
            "much is lost on the way, so accuracy does not show that the networks extract the "
            "same information"
        )
    short = {f.source for f in results.fits if f.method == grid.method and deficient(f)}
    if short:
        verdict += (
            f" (too few fit images may be the reason: {len(short)} of {len(results.networks)} "
            "sources were fitted with deficient rank)"
        )
    return verdict


def _of_naive(grid: Grid, results: StudyResults) -> str:
    typical = median(cell.top1 for cell in grid.hybrids)
    best = max(cell.top1 for cell in grid.hybrids)
    lost = -median(cell.change_vs_source_pct for cell in grid.hybrids)
    opening = (
        "Without a map, the source's features cut off or padded with zeros, the median hybrid gets "
        f"{number(typical)} % right (best {number(best)} %; chance is {number(chance(results))} %)"
    )
    own = median(cell.source_top1 for cell in grid.hybrids)
    if _near_chance(own, results):
        return f"{opening}, but the networks themselves are hardly above chance."
    if _near_chance(typical, results):
        return f"{opening}: the features are not interchangeable as they are."
    if lost >= 50:
        return f"{opening}: above chance, yet the features are not interchangeable as they are."
    return (
        f"{opening}: these features are partly interchangeable even as they are, so the accuracy "
        "of the hybrids is not the map's work alone."
    )


def _of_gains(grid: Grid) -> str:
    found = numbers(grid)
    if not found.hybrids:
        return f"No {plain(grid.label)} hybrid was scored, so none can be compared with its target."
    if not found.beat:
        return (
            f"None of the {found.hybrids} hybrids beats the target's own network, whose head it "
            "uses."
        )
    top = min(grid.hybrids, key=lambda cell: cell.loss_vs_target_points)
    verb = "beats" if found.beat == 1 else "beat"
    return (
        f"{found.beat} of the {found.hybrids} hybrids {verb} the target's own network, whose "
        f"unchanged head they use; the largest gain is {number(-top.loss_vs_target_points)} points "
        f"({plain(top.source)} into {plain(top.target)})."
    )


def _of_r2(grid: Grid) -> str:
    values = sorted(cell.r2 for cell in grid.hybrids if math.isfinite(cell.r2))
    opening = "R² of mapped against true features"
    if not values:
        return f"{opening} was not computed."
    middle = median(values)
    if len(values) == 1:
        opening += f" is {number(middle)}"
    else:
        opening += (
            f" runs from {number(values[0])} to {number(values[-1])} (median {number(middle)})"
        )
    if middle >= WHOLE:
        return f"{opening}: the maps reproduce the features nearly whole."
    share = f"{number(100 * (1 - middle), 0)} %" if middle > 0 else "all"
    missed = f"the maps miss {share} of the features' variance"
    lost = -numbers(grid).change_over_maps
    if math.isnan(lost):
        return f"{opening}: {missed}."
    if lost <= SMALL:
        return f"{opening}: {missed}, and the heads need little of that."
    return f"{opening}: {missed}, and the heads need some of that."


def _pct(value: float) -> str:
    return f"{signed(value)} %"
