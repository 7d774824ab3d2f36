"""What the logit maps show: of the heads, and nothing of the features."""

from __future__ import annotations

from collections.abc import Sequence

from samefeatures.base.shown import plain
from samefeatures.report.grid import Grid, number, signed
from samefeatures.report.summary import deficient
from samefeatures.study.results import FitSummary, StudyResults

# Flips of single images by rounding; more than this is not what the algebra says.
ROUNDING_POINTS = 0.05


def of_logit(grid: Grid, results: StudyResults) -> str:
    """Whether they return the source's accuracy, and where heads can't let them."""
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
    where = _where(len(lossless), every=not lossy)
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


def _where(count: int, *, every: bool) -> str:
    if every:
        return "every column"
    return f"the {'one column' if count == 1 else f'{count} columns'} with a lossless head"


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


def _list(names: list[str]) -> str:
    shown = [plain(name) for name in names]
    if len(shown) > 4:
        return f"{', '.join(shown[:3])} and {len(shown) - 3} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
