"""Sentences to take away, written from the numbers whatever they say."""

from __future__ import annotations

import math

from samefeatures.base.shown import plain
from samefeatures.report.findings import spaces_of
from samefeatures.report.follows import followed
from samefeatures.report.grid import Grid, fitted, grids, measured, number
from samefeatures.report.judged import SMALL, judged, level_words
from samefeatures.report.level import near
from samefeatures.report.sentences_logits import of_logit
from samefeatures.report.sentences_maps import of_maps
from samefeatures.report.sentences_shared import of_following, of_sharing
from samefeatures.scores.intervals import ALPHA
from samefeatures.scores.medians import known, median
from samefeatures.study.results import StudyResults

# A median R² from here on reads as "nearly whole".
WHOLE = 0.99
# Features as they are: a median hybrid that loses this many percent is not interchangeable.
HALF = 50.0
UNCOUNTED = (
    "No right answer was counted, for want of heads or of labels, so that nothing can be said of "
    "what classifiers need of these features."
)


def sentences(results: StudyResults) -> tuple[str, ...]:
    """What the study shows: of accuracy, of what is shared, of the control, and of the logits.

    Each claims only what its numbers show. Without control spaces the second says that accuracy
    alone can't tell; without ``naive`` the third tells how many hybrids beat the target's own
    network; without ``logit`` the fourth tells whom the hybrids follow, or the spread of R². Where
    nothing was counted that spread is all there is.
    """
    tables = grids(results)
    by_kind: dict[str, Grid] = {}
    for grid in tables:
        by_kind.setdefault(grid.kind, grid)
    maps = fitted(tables)
    if len(results.networks) == 1:
        return (_of_one(results),)
    if maps is not None and maps.pairs and not any(grid.scored for grid in tables):
        return (_of_r2(maps), UNCOUNTED)
    if maps is None or not any(grid.hybrids for grid in tables):
        nothing = "No hybrid was scored, so nothing can be said of {}."
        return (
            nothing.format("the maps between these networks"),
            nothing.format("their targets' heads"),
            nothing.format("their features"),
        )
    naive, logit = by_kind.get("naive"), by_kind.get("logit")
    return (
        of_maps(maps, results),
        of_sharing(results),
        _of_naive(naive, results) if naive and naive.hybrids else _of_gains(maps),
        of_logit(logit, results) if logit and logit.hybrids else _of_rest(maps, results),
    )


def _of_one(results: StudyResults) -> str:
    """One network has no other to be mapped to."""
    (network,) = results.networks
    text = f"No hybrid was scored: {plain(network.name)} is alone, and a map needs two networks."
    if not math.isfinite(network.top1):
        return text
    images = f"{results.eval_data.rows:,} eval images"
    return f"{text} With its own head it is right on {number(network.top1)} % of {images}."


def _of_rest(grid: Grid, results: StudyResults) -> str:
    found = followed(grid) if spaces_of(results).rows else None
    return of_following(found) if found else _of_r2(grid)


def _of_naive(grid: Grid, results: StudyResults) -> str:
    found = judged(grid)
    cells = found.cells or grid.hybrids
    typical = median(cell.top1 for cell in cells)
    best = max(cell.top1 for cell in cells)
    opening = (
        "Without a map, the source's features cut off or padded with zeros, the median hybrid gets "
        f"{number(typical)} % right (best {number(best)} %; {level_words(results)})"
    )
    if not found.cells:
        return f"{opening}, but the networks themselves are hardly above chance."
    if near(typical, found.level):
        return f"{opening}: the features are not interchangeable as they are."
    if found.lost >= HALF:
        return f"{opening}: above chance, yet the features are not interchangeable as they are."
    return (
        f"{opening}: these features are partly interchangeable even as they are, so the accuracy "
        "of the hybrids is not the map's work alone."
    )


def _of_gains(grid: Grid) -> str:
    """How many hybrids beat their target; a head at chance is no target to beat."""
    if not grid.hybrids:
        return f"No {plain(grid.label)} hybrid was scored, so none can be compared with its target."
    found = judged(grid)
    if not found.cells:
        return "No hybrid can be compared with its target: no two networks are above chance."
    beat = [cell for cell in found.cells if cell.loss_vs_target_points < 0]
    if not beat:
        none = f"None of the {len(found.cells)} hybrids beats"
        who = none if len(found.cells) > 1 else "The one hybrid does not beat"
        return f"{who} the target's own network, whose head it uses."
    top = min(beat, key=lambda cell: cell.loss_vs_target_points)
    sure = sum(cell.p_vs_target < ALPHA for cell in beat)
    verb = "beats" if len(beat) == 1 else "beat"
    clearly = "" if sure == len(beat) else f" ({sure} significantly)"
    return (
        f"{len(beat)} of the {len(found.cells)} hybrids {verb} the target's own network, whose "
        f"unchanged head they use{clearly}; the largest gain is "
        f"{number(-top.loss_vs_target_points)} points ({plain(top.source)} into "
        f"{plain(top.target)})."
    )


def _of_r2(grid: Grid) -> str:
    values = sorted(known(cell.r2 for cell in grid.pairs))
    opening = "R² of mapped against true features"
    if not values:
        return f"{opening} was not computed."
    middle = median(values)
    if len(values) == 1:
        opening += f" is {measured(middle, 2)}"
    else:
        low, half, high = (measured(value, 2) for value in (values[0], middle, values[-1]))
        opening += f" runs from {low} to {high} (median {half})"
    if middle >= WHOLE:
        return f"{opening}: the maps reproduce the features nearly whole."
    share = f"{number(100 * (1 - middle), 0)} %" if middle > 0 else "all"
    missed = f"the maps miss {share} of the features' variance"
    found = judged(grid)
    if not found.cells or found.unsure:
        return f"{opening}: {missed}."
    if found.lost <= SMALL:
        return f"{opening}: {missed}, and the heads need little of that."
    return f"{opening}: {missed}, and the heads need some of that."
