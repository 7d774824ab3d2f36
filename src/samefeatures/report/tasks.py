"""Questions that no network was trained on: their tables and what they say, for every medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from samefeatures.base.shown import plain
from samefeatures.report.findings import Spread
from samefeatures.report.grid import PRECISION, Grid, label, number
from samefeatures.scores.medians import median
from samefeatures.study.results import Cell, StudyResults, TaskAnswers, TaskResults

HEADING = "Questions that no network was trained on"
ABOUT = (
    "For each question every network has a probe: a linear head, fitted with labels to the "
    "network's own features and then frozen. The maps are those of the study, fitted without any "
    "label, on other images. Bold: a network with its own probe. Last row: nothing but the "
    "source's predicted class, mapped by OLS; the median over the sources."
)
ALONE = "answers alone"
QUESTIONS = {
    "brightness": "Is the image brighter than the median of its class?",
    "symmetry": "Is it more like its mirror image, left for right, than the median of its class?",
    "extent": "Does the object fill more of the image than in the median of its class?",
    "hue": "Are its colours warmer than the median of its class?",
    "sharpness": "Is it sharper than the median of its class?",
}
CLEAR = 2.0
"""Points that are the least to speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One task as a reader sees it.

    Attributes:
        title: Its name.
        question: In a sentence, with the number of images.
        grid: Of the first method.
        alone: Top-1 in percent of answers alone for each target, the median over the sources.
        lines: What stands under the table, the sentence to take away last.
    """

    title: str
    question: str
    grid: Grid
    alone: tuple[float, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A task and one method in numbers."""

    own: Spread
    hybrids: Spread
    answers: Spread
    pairs: tuple[tuple[Cell, TaskAnswers], ...]
    chance: float

    @property
    def telling(self) -> tuple[tuple[Cell, TaskAnswers], ...]:
        """Pairs whose target's own features hold something beyond answers and chance."""
        return tuple(
            (cell, row)
            for cell, row in self.pairs
            if cell.target_top1 - max(self.chance, row.top1) >= CLEAR
        )

    @property
    def more(self) -> float:
        """Points that hybrids are above answers alone, the median over the telling pairs."""
        return median(cell.top1 - row.top1 for cell, row in self.telling)

    @property
    def apart(self) -> int:
        """Telling pairs whose hybrid's interval lies above that of answers alone."""
        return sum(cell.ci_low > row.ci_high for cell, row in self.telling)

    @property
    def kept(self) -> float:
        """Of what the target's own features are above answers alone, the share that hybrids are."""
        return median(
            (cell.top1 - row.top1) / (cell.target_top1 - row.top1) for cell, row in self.telling
        )


def task_views(results: StudyResults, *, precision: int = PRECISION) -> list[TaskView]:
    """All tasks of a study, with so many digits behind the point of a cell."""
    return [_view(task, results, precision) for task in results.tasks]


def _view(task: TaskResults, results: StudyResults, precision: int) -> TaskView:
    tables = _grids(task, results, precision)
    names = tables[0].names
    return TaskView(
        title=plain(task.name),
        question=question(task),
        grid=tables[0],
        alone=tuple(median(r.top1 for r in task.answers if r.target == name) for name in names),
        lines=(*_lines(task, tables), *map(plain, task.notes), sentence(task, tables[0])),
    )


def _grids(task: TaskResults, results: StudyResults, precision: int) -> list[Grid]:
    """One for each method of the task, as the tables of the study."""
    methods = {method.name: method for method in results.methods}
    names = tuple(network.name for network in results.networks)
    found = []
    for name in dict.fromkeys(cell.method for cell in task.cells):
        cells = {(c.source, c.target): c for c in task.cells if c.method == name}
        method = methods[name]
        grid = Grid(
            method=name,
            kind=method.kind or name,
            uses=method.uses,
            label=f"{task.name}: {label(method)}",
            slug=f"{task.name}_{name}",
            names=names,
            rows=tuple(tuple(cells.get((a, b)) for b in names) for a in names),
            measures=(),
            level=task.chance,
            digits=precision,
            fit_rows=results.fit_data.rows,
        )
        found.append(grid)
    return found


def question(task: TaskResults) -> str:
    """What is asked, and of how many images."""
    asked = QUESTIONS.get(task.name, f"{plain(task.name)}?") if task.rule else ""
    asked = asked or f"Which of the {task.classes} classes of {plain(task.name)} is it?"
    return (
        f"{asked} Probes fitted on {task.fit_rows:,} images, scored on {task.n:,} others; chance "
        f"is {number(task.chance, 1)} %."
    )


def _lines(task: TaskResults, tables: list[Grid]) -> Iterator[str]:
    """Medians and ranges of each method, then of answers alone."""
    for grid in tables:
        found = _found(task, grid)
        if found.pairs:
            losses = median(cell.loss_vs_target_points for cell, _ in found.pairs)
            over = f"{len(found.pairs)} maps ({_percents(found.hybrids)})"
            yield (
                f"{plain(grid.label)}: median top-1 {number(found.hybrids.median)} % over the "
                f"{over}, {number(losses)} points below the target's own features."
            )


def _found(task: TaskResults, grid: Grid) -> _Found:
    alone = {(row.source, row.target): row for row in task.answers}
    pairs = tuple(
        (cell, alone[cell.source, cell.target])
        for cell in grid.hybrids
        if (cell.source, cell.target) in alone
    )
    return _Found(
        own=Spread.of(cell.top1 for cell in grid.scored if cell.source == cell.target),
        hybrids=Spread.of(cell.top1 for cell, _ in pairs),
        answers=Spread.of(row.top1 for _, row in pairs),
        pairs=pairs,
        chance=task.chance,
    )


def sentence(task: TaskResults, grid: Grid) -> str:
    """What one method came to, and what that shows of shared information."""
    found = _found(task, grid)
    own, hybrids, answers = map(_percents, (found.own, found.hybrids, found.answers))
    return (
        f"{plain(task.name)}: probes on a network's own features are right on {own} of the images, "
        f"on another network's features through the label-free maps on {hybrids}, on its answers "
        f"alone on {answers} (chance {number(found.chance, 1)} %). {_verdict(found)}"
    )


def _percents(found: Spread) -> str:
    low, high = number(found.low, 1), number(found.high, 1)
    return f"{low} %" if low == high else f"{low} to {high} %"


def _verdict(found: _Found) -> str:
    """Nothing is shared, as far as this shows, unless hybrids are better than answers alone."""
    if not found.pairs:
        return "There is no map to judge."
    count = len(found.telling)
    if not count:
        return (
            "The networks' own features hold hardly anything of it beyond their answers, so it "
            "tells nothing of what they share."
        )
    if found.more < CLEAR or 2 * found.apart < count:
        return (
            "Hybrids are not clearly better than answers alone, so this shows nothing that the "
            f"networks share beyond their answers{_of_all(found)}."
        )
    return (
        f"So they share what it takes: of what the target's own features are above answers alone, "
        f"the maps carry over {number(100 * min(found.kept, 1), 0)} % (median); hybrids lie above "
        f"answers alone for {found.apart} of {count} pairs, by their 95 % intervals"
        f"{_of_all(found)}."
    )


def _of_all(found: _Found) -> str:
    """Where some networks' own features hold nothing of it."""
    if len(found.telling) == len(found.pairs):
        return ""
    return (
        f" (of the {len(found.telling)} of {len(found.pairs)} pairs whose target's own features "
        "hold more of it than answers do)"
    )
