"""How sure the numbers are: the marks of cells, what they mean, and what the eval set can show."""

from __future__ import annotations

import math

from samefeatures.report.grid import PRECISION, Grid, is_own, number, signed
from samefeatures.scores.intervals import ALPHA
from samefeatures.scores.medians import median
from samefeatures.scores.paired import detectable
from samefeatures.study.results import Cell

LIKE_TARGET = "ᵗ"
LIKE_SOURCE = "ˢ"


def target_mark(cell: Cell | None) -> str:
    """``ᵗ`` on a hybrid whose difference from the target's own network is not significant."""
    unsure = cell is not None and not is_own(cell) and cell.p_vs_target >= ALPHA
    return LIKE_TARGET if unsure else ""


def source_mark(cell: Cell | None) -> str:
    """``ˢ`` on a hybrid whose difference from the source's own network is not significant."""
    unsure = cell is not None and not is_own(cell) and cell.p_vs_source >= ALPHA
    return LIKE_SOURCE if unsure else ""


def marked(cell: Cell, digits: int = PRECISION) -> tuple[str, str]:
    """Accuracy and change against the source, both in percent, with their marks."""
    large, small = number(cell.top1, digits), signed(cell.change_vs_source_pct, digits)
    return large + target_mark(cell), small + source_mark(cell)


def marks_note(grid: Grid) -> str:
    """What the two marks mean, and how many hybrids carry them."""
    if not grid.hybrids:
        return ""
    like_source = sum(bool(source_mark(cell)) for cell in grid.hybrids)
    return (
        f"{LIKE_TARGET} at the accuracy: {_like_target(grid)} {LIKE_SOURCE} at the change: not "
        f"from the source's ({like_source}). {_tests(grid)}"
    )


def italics_note(grid: Grid) -> str:
    """The same where italics are all that a cell has room for."""
    return f"In italics: {_like_target(grid)} {_tests(grid)}" if grid.hybrids else ""


def _like_target(grid: Grid) -> str:
    count = len(grid.hybrids)
    like_target = sum(bool(target_mark(cell)) for cell in grid.hybrids)
    better = sum(not target_mark(cell) and cell.turned[0] > cell.turned[1] for cell in grid.hybrids)
    worse = count - like_target - better
    return (
        "the hybrid does not differ significantly from the target's own network "
        f"({like_target} of {count}; {better} are better, {worse} worse)."
    )


def _tests(grid: Grid) -> str:
    return (
        "Exact McNemar tests on the same images, corrected by Holm over the "
        f"{len(grid.hybrids)} maps, level {100 * ALPHA:g} %."
    )


SHORT_NOTE = (
    f"{LIKE_TARGET} not significantly different from the target's own network, {LIKE_SOURCE} from "
    "the source's",
    f"(exact McNemar tests on the same images, Holm, level {100 * ALPHA:g} %)",
)
"""The same in few words, for a figure: two lines."""


def eval_set_note(grid: Grid) -> str:
    """How wide the intervals are, and the least difference that these images could have shown."""
    hybrids = grid.hybrids
    if not hybrids:
        return ""
    n, tests = hybrids[0].n, len(hybrids)
    half = median((cell.ci_high - cell.ci_low) / 2 for cell in hybrids)
    disagreements = round(median(sum(cell.turned) for cell in hybrids))
    found = detectable(disagreements, comparisons=tests)
    text = f"95 % intervals: ± {number(half)} points (median). "
    if found.at_best > n:
        return text + (
            f"These {n} images can't show any difference from a target: it takes {found.at_best} "
            "or more."
        )
    text += (
        f"The least difference from a target that these {n} images could have shown is "
        f"{_images(found.at_best, n)}, if all disagreements spoke for one side; with the "
        f"{disagreements} disagreements of the median map "
    )
    if found.as_observed is None:
        return text + "not even that is possible."
    return text + f"it takes {_images(found.as_observed, n)}."


def p_value(p: float) -> str:
    """``0.31``, ``1.2e-08``; nothing is rounded to zero."""
    if not math.isfinite(p):
        return "–"
    if p == 0:
        return "< 1e-300"
    return f"{p:.2g}" if p < 0.001 else f"{p:.3f}"


def _images(count: int, n: int) -> str:
    return f"{count} image{'' if count == 1 else 's'} ({number(100 * count / n)} points)"
