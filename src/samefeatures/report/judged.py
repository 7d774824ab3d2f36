"""Hybrids cell by cell: which can show anything, and how much of what they could keep they keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

from samefeatures.base.shown import plain
from samefeatures.report.findings import Spread
from samefeatures.report.grid import Grid, number, signed
from samefeatures.report.level import baseline, chance, near
from samefeatures.scores.intervals import ALPHA
from samefeatures.scores.medians import known
from samefeatures.study.results import Cell, StudyResults

# Hybrids that lose at most SMALL percent keep nearly everything, at most BEARABLE much of it.
SMALL = 5.0
BEARABLE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The hybrids of one method, sorted by what they can show.

    A hybrid from or into a network that is hardly above chance shows nothing: there is no accuracy
    that a map could lose, and no head that could use what it brings.

    Attributes:
        level: Percent that needs no network.
        idle: Own accuracy of the networks that are hardly above it, by name.
        cells: Hybrids between two networks above it, or from a source without a head into one.
        aside: All other hybrids.
        gains: Hybrids significantly better than their source, into a head above the level.
    """

    level: float
    idle: dict[str, float]
    cells: tuple[Cell, ...]
    aside: tuple[Cell, ...]
    gains: tuple[Cell, ...]

    @property
    def losses(self) -> list[float]:
        """Of each of ``cells``, see ``lost``."""
        return [lost(cell, self.level) for cell in self.cells]

    @property
    def lost(self) -> float:
        """Their median; NaN where there are none."""
        return Spread.of(self.losses).median

    @property
    def worst(self) -> float:
        """The greatest; NaN where there are none."""
        return Spread.of(self.losses).high

    @property
    def half(self) -> float:
        """Points by which the median cell's accuracy is known, to both sides."""
        return Spread.of((cell.ci_high - cell.ci_low) / 2 for cell in self.cells).median

    @property
    def unsure(self) -> bool:
        """Whether the eval images are too few to tell a small loss from a great one."""
        ways = (
            100 * (cell.ci_high - cell.ci_low) / 2 / (weaker(cell) - self.level)
            for cell in self.cells
        )
        return Spread.of(ways).median > BEARABLE

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Source and target of ``cells``."""
        return {(cell.source, cell.target) for cell in self.cells}


def judged(grid: Grid) -> Judged:
    """One method's hybrids, each against chance and against both of its networks."""
    own = {
        name: (top1, cell.n)
        for cell in grid.hybrids
        for name, top1 in ((cell.source, cell.source_top1), (cell.target, cell.target_top1))
    }
    idle = {
        name: own[name][0]
        for name in grid.names
        if name in own and near(own[name][0], grid.level, n=own[name][1])
    }
    sides: dict[bool, list[Cell]] = {False: [], True: []}
    for cell in grid.hybrids:
        sides[cell.source in idle or cell.target in idle].append(cell)
    return Judged(
        level=grid.level,
        idle=idle,
        cells=tuple(sides[False]),
        aside=tuple(sides[True]),
        gains=tuple(
            cell
            for cell in grid.hybrids
            if cell.target not in idle
            and cell.p_vs_source < ALPHA
            and cell.top1 > cell.source_top1
            and not near(cell.top1, grid.level, n=cell.n)
        ),
    )


def weaker(cell: Cell) -> float:
    """Own top-1 of the weaker of its two networks, in percent: a map can't be blamed for less."""
    return min(known((cell.source_top1, cell.target_top1)), default=math.nan)


def lost(cell: Cell, level: float) -> float:
    """Percent lost of what the weaker network has above ``level``; below 0 where it is a gain."""
    own = weaker(cell)
    return 100 * (own - cell.top1) / (own - level)


def level_words(results: StudyResults) -> str:
    """``chance is 10.00 %``, and what the most frequent class gives where that is much more."""
    text = f"chance is {number(chance(results))} %"
    level = baseline(results)
    if level < 1.5 * chance(results):
        return text
    return f"{text}, and always naming the most frequent class gets {number(level)} %"


def idle_words(found: Judged) -> str:
    """``net_b (10.00 %)``, or the first three and how many more."""
    named = [f"{plain(name)} ({number(top1)} %)" for name, top1 in found.idle.items()]
    if len(named) > 4:
        return f"{', '.join(named[:3])} and {len(named) - 3} more"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def aside_line(grid: Grid) -> str:
    """Under a table: which changes mean nothing, and the median without them; else empty."""
    found = judged(grid)
    if not found.aside:
        return ""
    text = (
        f"Hardly above chance with its own head: {idle_words(found)}. Changes from or into it mean "
        "nothing"
    )
    if len(found.idle) > 1:
        text = text.replace("its own head", "their own heads").replace("into it", "into them")
    changes = Spread.of(cell.change_vs_source_pct for cell in found.cells)
    if not changes.count:
        return f"{text}, and there are no others."
    return f"{text}; over the other {_maps(changes.count)}: {signed(changes.median)} %."


def _maps(count: int) -> str:
    return f"{count} map{'' if count == 1 else 's'}"
