"""Three sentences to take away, written from the numbers whatever they say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samefeatures.report.grid import Grid, grids, number, plain, signed
from samefeatures.report.summary import MethodNumbers, deficient, median, numbers
from samefeatures.study.results import FitSummary, StudyResults

# A median penalty up to SMALL percent, none above BEARABLE, reads as "keeps nearly everything".
SMALL = 5.0
BEARABLE = 20.0
# Flips of single images by rounding; more than this is not what the algebra says.
ROUNDING_POINTS = 0.05


def sentences(results: StudyResults) -> tuple[str, str, str]:
    """What the study shows: of the maps, of the control, and of the logits.

    Each claims only what its numbers show; without ``naive`` the second tells how many hybrids
    beat the target's own network, without ``logit`` the third tells the spread of R².
    """
    by_kind: dict[str, Grid] = {}
    for grid in grids(results):
        by_kind.setdefault(grid.kind, grid)
    fitted = _fitted(by_kind)
    if fitted is None or not any(grid.hybrids for grid in by_kind.values()):
        nothing = "No hybrid was scored, so nothing can be said of {}."
        return (
            nothing.format("the maps between these networks"),
            nothing.format("their targets' heads"),
            nothing.format("their features"),
        )
    naive, logit = by_kind.get("naive"), by_kind.get("logit")
    return (
        _of_maps(fitted, results),
        _of_naive(naive, results) if naive and naive.hybrids else _of_gains(fitted),
        _of_logit(logit, results) if logit and logit.hybrids else _of_r2(fitted),
    )


def chance(results: StudyResults) -> float:
    """Percent that a uniform guess gets right, for the smallest number of classes."""
    return 100.0 / min(network.classes for network in results.networks)


def _near_chance(top1: float, results: StudyResults) -> bool:
    level = chance(results)
    return top1 <= min(level + 5.0, 3.0 * level)


def _fitted(by_kind: dict[str, Grid]) -> Grid | None:
    """``ols``, else the first method that fits something, else the first."""
    maps = [grid for grid in by_kind.values() if grid.uses == "images" and grid.hybrids]
    return by_kind.get("ols") or next(iter(maps), None) or next(iter(by_kind.values()), None)


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
    return f"{opening}: {_verdict(found, grid, results)}."


def _verdict(found: MethodNumbers, grid: Grid, results: StudyResults) -> str:
    own = median(cell.source_top1 for cell in grid.hybrids)
    if _near_chance(own, results):
        return (
            f"but the networks themselves reach only {number(own)} % where chance is "
            f"{number(chance(results))} %, so this shows nothing about their features"
        )
    if -found.change_over_maps <= SMALL and -found.smallest <= BEARABLE:
        return (
            "an affine map keeps nearly all that the heads need, as it would if the networks "
            "extract the same information"
        )
    if -found.change_over_maps <= BEARABLE:
        verdict = "an affine map keeps much of what the heads need, but not all of it"
    else:
        verdict = (
            "much is lost on the way, so this study does not show that the networks extract the "
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


def _of_logit(grid: Grid, results: StudyResults) -> str:
    fits = [fit for fit in results.fits if fit.method == grid.method]
    lossless, lossy = _columns(grid, fits)
    if not fits:
        return (
            f"The logit maps change top-1 by {_spread(grid, lossy)} points; the ranks of the heads "
            "were not recorded, so what algebra demands of them is not known."
        )
    if not lossless:
        return (
            "None of the heads passes logits through without loss, so the logit maps need not "
            f"return the source's accuracy; they change it by {_spread(grid, lossy)} points."
        )
    gap = max(abs(c.top1 - c.source_top1) for c in grid.hybrids if c.target in lossless)  # points
    where = "every column" if not lossy else f"the {len(lossless)} columns with a lossless head"
    if gap > ROUNDING_POINTS:
        text = (
            f"By algebra the logit maps return the source's own accuracy in {where}, but here they "
            f"miss it by up to {number(gap)} points: rounding, or a fault, so look into it"
        )
    else:
        exact = "exactly" if gap == 0 else f"to within {number(gap, 3)} points"
        text = (
            f"The logit maps return the source's own accuracy in {where} ({exact}), as algebra "
            "demands: that says something about the heads, and nothing about the features"
        )
    if lossy:
        text += (
            f"; {_list(lossy)} can't pass all logits through and "
            f"{'changes' if len(lossy) == 1 else 'change'} it by {_spread(grid, lossy)} points"
        )
    return text + "."


def _columns(grid: Grid, fits: Sequence[FitSummary]) -> tuple[list[str], list[str]]:
    """Targets whose head is lossless as the fit said, and the others."""
    used = [name for name in grid.names if any(c.target == name for c in grid.hybrids)]
    full = {f.target for f in fits if f.rank is not None and f.rank == f.full_rank}
    short = {f.target for f in fits if deficient(f) or "not lossless" in f.note}
    lossless = [name for name in used if name in full and name not in short]
    return lossless, [name for name in used if name not in lossless]


def _spread(grid: Grid, targets: list[str]) -> str:
    moves = [c.top1 - c.source_top1 for c in grid.hybrids if c.target in targets]
    low, high = signed(min(moves)), signed(max(moves))
    return low if low == high else f"{low} to {high}"


def _of_r2(grid: Grid) -> str:
    values = sorted(cell.r2 for cell in grid.hybrids if math.isfinite(cell.r2))
    opening = "R² of mapped against true features"
    if not values:
        return f"{opening} was not computed."
    if len(values) == 1:
        return f"{opening} is {number(values[0])}."
    return (
        f"{opening} runs from {number(values[0])} to {number(values[-1])} (median "
        f"{number(median(values))}): a hybrid can classify well while its features are reproduced "
        "in part, for the head looks at some directions only."
    )


def _pct(value: float) -> str:
    return f"{signed(value)} %"


def _list(names: list[str]) -> str:
    shown = [plain(name) for name in names]
    if len(shown) > 4:
        return f"{', '.join(shown[:3])} and {len(shown) - 3} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
