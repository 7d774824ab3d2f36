"""Overlaps as every medium shows them: both directions of a pair beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.base.errors import ReportError
from samefeatures.base.shown import plain
from samefeatures.report.drawing import as_uri
from samefeatures.report.grid import number, signed
from samefeatures.report.venn import draw_overlaps
from samefeatures.scores.overlap import LISTS, REGIONS, Overlap
from samefeatures.study.results import StudyResults

MEANING = {
    "fixed": "target network wrong, hybrid right",
    "broken": "target network right, hybrid wrong",
    "lost": "the part of broken that both networks get right",
    "common": "all three right",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairView:
    """A pair on the page.

    Attributes:
        directions: One or both.
        picture: The figure as a ``data:`` URI; empty where it could not be drawn.
        problem: Why not; else empty.
        caption: What is to scale in the figure.
        files: The figure's files.
    """

    directions: tuple[Overlap, ...]
    picture: str = ""
    problem: str = ""
    caption: str = ""
    files: Sequence[Path] = ()

    @property
    def title(self) -> str:
        """Both names and the method."""
        first = self.directions[0]
        arrow = "↔" if len(self.directions) > 1 else "→"
        return f"{plain(first.source)} {arrow} {plain(first.target)}, {plain(first.method)}"


def fits(overlap: Overlap, results: StudyResults) -> bool:
    """Whether the overlap counts the same predictions as the cell of the study."""
    cell = results.find(overlap.method, overlap.source, overlap.target)
    return cell is not None and (cell.n, cell.correct, cell.fixed, cell.broken) == (
        overlap.n,
        overlap.correct("hybrid"),
        overlap.count("fixed"),
        overlap.count("broken"),
    )


def stale_note(overlap: Overlap) -> str:
    """What to say of an overlap that does not fit the results."""
    names = f"{plain(overlap.source)} → {plain(overlap.target)}, {plain(overlap.method)}"
    return (
        f"The overlap of {names} is of an older scoring and is not shown. Write it again with: "
        "samefeatures overlap"
    )


def view_pairs(overlaps: Sequence[Overlap], folder: Path) -> list[PairView]:
    """Draw every pair into ``folder``, both directions in one figure.

    Where no three circles have these areas the view says so; nothing else of it is lost.
    """
    grouped: dict[tuple[str, frozenset[str]], list[Overlap]] = {}
    for overlap in overlaps:
        ends = frozenset((overlap.source, overlap.target))
        grouped.setdefault((overlap.method, ends), []).append(overlap)
    return [_view(group, folder) for group in grouped.values()]


def _view(group: Sequence[Overlap], folder: Path) -> PairView:
    # As in the paper: the direction that fixes more than it breaks comes first.
    directions = tuple(sorted(group, key=lambda o: o.count("broken") - o.count("fixed")))
    first = directions[0]
    stem = f"overlap_{first.method}_{first.source}--{first.target}"
    try:
        files, caption = draw_overlaps(directions, folder, stem)
    except ReportError as error:
        return PairView(directions=directions, problem=str(error))
    return PairView(directions=directions, picture=as_uri(files[0]), caption=caption, files=files)


def counts(overlap: Overlap) -> Iterator[tuple[str, int]]:
    """(name, images): who is right, the regions, the lists."""
    for who in ("source", "target", "hybrid"):
        yield f"{who} right", overlap.correct(who)
    for region in REGIONS:
        yield region, overlap.count(region)
    for name in LISTS:
        yield name, overlap.count(name)


def loss_line(overlap: Overlap) -> str:
    """The paper's directional loss: points against the target's own accuracy."""
    loss = 100 * (overlap.correct("target") - overlap.correct("hybrid")) / overlap.n
    change = 100 * (overlap.correct("hybrid") - overlap.correct("source")) / overlap.n
    wrong = overlap.n - overlap.correct("target")
    fixed = overlap.count("fixed")
    share = f" ({number(100 * fixed / wrong)} %)" if wrong else ""
    return (
        f"{plain(overlap.source)} → {plain(overlap.target)}: loss vs target {number(loss)} points, "
        f"{signed(change)} points vs source. Of the {wrong} images that {plain(overlap.target)} "
        f"mislabels, the mapped features of {plain(overlap.source)} fix {fixed}{share}; "
        f"of the {overlap.correct('target')} that it labels correctly they break "
        f"{overlap.count('broken')}."
    )


def print_overlaps(directions: Sequence[Overlap], console: Console) -> None:
    """Counts and percents of all directions beside each other, and the directional losses."""
    heads = [f"{plain(o.source)} → {plain(o.target)}" for o in directions]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for head in heads:
        table.add_column(Text(head, overflow="fold"), justify="right")
    columns = [list(counts(o)) for o in directions]
    for row in zip(*columns, strict=True):
        name = row[0][0]
        if name in ("all three", "fixed"):  # the regions, the lists
            table.add_row()
        cells = [
            f"{count}  {number(100 * count / o.n):>6} %"
            for (_, count), o in zip(row, directions, strict=True)
        ]
        table.add_row(name, *cells)
    console.print(Text(f"Overlap, {plain(directions[0].method)}", style="bold"))
    console.print(table)
    for name, meaning in MEANING.items():
        console.print(Text(f"{name}: {meaning}", style="dim"))
    for overlap in directions:
        console.print(Text(loss_line(overlap)))
