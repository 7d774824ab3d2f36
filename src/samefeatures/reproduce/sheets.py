"""A comparison as tables of text, the same for every medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from samefeatures.report.grid import COLUMNS, MISSING, ROWS, number, signed
from samefeatures.reproduce.figures import WITHIN, Comparison, Figure

MARK = "*"
"""Behind a printed figure that is a misprint."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: its lines, and how far ours is from the published figure.

    Attributes:
        lines: Ours, published and difference in a table of pairs; else one line.
        far: Whether ours is more than half a point off.
        own: Whether it is a network with its own head.
    """

    lines: tuple[str, ...]
    far: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table.

    Attributes:
        slug: Part of a file name.
        title: What it is.
        note: How to read it.
        corner: Above the row labels.
        columns: Heads.
        rows: (label, entries).
        square: Whether columns are the networks of the rows.
    """

    slug: str
    title: str
    note: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    square: bool = False


def sheets(comparison: Comparison) -> tuple[Sheet, ...]:
    """All tables of a comparison, in the document's order."""
    if comparison.document == "paper":
        return (_paper(comparison), _overlap(comparison))
    return (
        _networks(comparison),
        _square(comparison, "5.2", "top-1", "Table 5.2: top-1 %, OLS maps"),
        _square(
            comparison,
            "5.2",
            "change vs source",
            "Table 5.2: change vs source %, OLS maps",
            more=" Differences are against what the printed accuracies give.",
        ),
        _square(comparison, "5.3", "top-1", "Table 5.3: top-1 %, logit maps"),
        _said(comparison),
        _medians(comparison),
    )


def printed(figure: Figure) -> str:
    """As printed, with a true minus sign, and a mark if it is a misprint."""
    if figure.unit in ("", "images"):
        return f"{figure.published:,.0f}"
    return figure.printed.replace("-", "−") + (MARK if figure.misprint else "")


def ours(figure: Figure) -> str:
    """Ours, with at least two decimals where percents are meant; a dash where it is missing."""
    if figure.ours is None:
        return MISSING
    if figure.unit in ("", "images"):
        return f"{figure.ours:,.0f}"
    return number(figure.ours, 1 if figure.unit == "million" else 2)


def difference(figure: Figure) -> str:
    """Ours minus published."""
    if figure.difference is None:
        return MISSING
    if figure.unit in ("", "images"):
        return signed(figure.difference, 0)
    return signed(figure.difference, 1 if figure.unit == "million" else 2)


def _square(comparison: Comparison, table: str, what: str, title: str, *, more: str = "") -> Sheet:
    figures = comparison.table(table, what)
    names = comparison.networks
    return Sheet(
        slug=f"table_{table.replace('.', '_')}_{what.replace(' ', '_').replace('-', '')}",
        title=title,
        note=f"Ours, printed, difference. Rows: {ROWS.lower()}. Columns: {COLUMNS.lower()}.{more}",
        corner=ROWS,
        columns=names,
        rows=tuple((a, tuple(_pair(figures[a, b]) for b in names)) for a in names),
        square=True,
    )


def _pair(figure: Figure) -> Entry:
    lines = (ours(figure), printed(figure), difference(figure))
    return Entry(lines, far=_far(figure), own=figure.source == figure.target)


def _far(figure: Figure) -> bool:
    """Half a point or half a percent; other units are not coloured."""
    away = figure.difference
    return away is not None and figure.unit in ("%", "points") and abs(away) > WITHIN + 1e-9


def _networks(comparison: Comparison) -> Sheet:
    columns = (
        "reported %", "local %", "ours %", "difference", "features", "ours", "million parameters",
        "ours",
    )  # fmt: skip
    tables = {
        what: comparison.table("5.1", what)
        for what in ("reported top-1", "local top-1", "features", "parameters")
    }
    rows = []
    for name in comparison.networks:
        reported, local, features, parameters = (t[name, name] for t in tables.values())
        texts = (
            printed(reported), printed(local), ours(local), difference(local),
            printed(features), ours(features), printed(parameters), ours(parameters),
        )  # fmt: skip
        far = (False, False, False, _far(local), False, False, False, False)
        rows.append((name, tuple(Entry((t,), far=f) for t, f in zip(texts, far, strict=True))))
    return Sheet(
        slug="table_5_1",
        title="Table 5.1: top-1 with the network's own head",
        note="Reported: by Google. Local: seen by the thesis; the difference is against the same "
        "figure with two digits, from Table 5.2.",
        corner="Network",
        columns=columns,
        rows=tuple(rows),
    )


def _said(comparison: Comparison) -> Sheet:
    figures = [f for f in comparison.figures if f.what in ("best naive hybrid", _DROP)]
    return Sheet(
        slug="text",
        title="Figures of the thesis' text",
        note="",
        corner="What",
        columns=("printed %", "ours %", "difference", "our pair"),
        rows=tuple((f"{f.what} (section {f.table})", _one_row(f)) for f in figures),
    )


_DROP = "greatest drop vs source"


def _one_row(figure: Figure) -> tuple[Entry, ...]:
    pair = f"{figure.source} → {figure.target}" if figure.source else MISSING
    texts = (printed(figure), ours(figure), difference(figure), pair)
    return tuple(Entry((text,), far=i == 2 and _far(figure)) for i, text in enumerate(texts))


def _medians(comparison: Comparison) -> Sheet:
    rows = []
    for median in comparison.medians:
        over = "maps" if median.over == "maps" else "all cells"
        texts = (
            signed(median.everywhere),
            MISSING if median.published is None else signed(median.published),
            MISSING if median.ours is None else signed(median.ours),
            MISSING if median.difference is None else signed(median.difference),
            f"{median.count} of {median.of}",
        )
        label = f"{median.what} {median.unit}, {over}"
        rows.append((label, tuple(Entry((text,)) for text in texts)))
    return Sheet(
        slug="medians",
        title="Medians of Table 5.2, counted both ways",
        note="Printed table: from its accuracies. Same cells: those that ours has too. All cells: "
        "with the diagonal's zeros, which the thesis counts.",
        corner="Median",
        columns=("printed table", "same cells", "ours", "difference", "cells"),
        rows=tuple(rows),
    )


def _paper(comparison: Comparison) -> Sheet:
    columns = (
        "correct", "ours", "printed %", "from counts %", "ours %", "difference",
        "printed loss", "from counts", "ours", "difference",
    )  # fmt: skip
    correct, top1, loss = (
        comparison.table("1", what) for what in ("correct", "top-1", "loss vs target")
    )
    rows = []
    for pair, figure in top1.items():
        entries = [Entry((printed(correct[pair]),)), Entry((ours(correct[pair]),))]
        entries += _beside(figure)
        entries += _beside(loss[pair]) if pair in loss else [Entry(("",))] * 4
        source, target = pair
        label = source if source == target else f"{source} → {target}"
        rows.append((label, tuple(entries)))
    return Sheet(
        slug="table_1",
        title="Table 1: correct labels of 50,000, top-1 and loss vs target in points",
        note="Differences are against what the printed counts give. Negative loss is a gain.",
        corner="Features → head",
        columns=columns,
        rows=tuple(rows),
    )


def _overlap(comparison: Comparison) -> Sheet:
    figures = [f for f in comparison.figures if f.table != "1"]
    return Sheet(
        slug="text",
        title="Section 5.2: what the map fixes",
        note="Images that the target network mislabels, and those of them that its head labels "
        "correctly when it is fed the mapped features.",
        corner="What",
        columns=("printed", "ours", "difference", "pair"),
        rows=tuple((f.what, _one_row(f)) for f in figures),
    )


def _beside(figure: Figure) -> Iterator[Entry]:
    yield Entry((printed(figure),))
    yield Entry((number(figure.published),))
    yield Entry((ours(figure),))
    yield Entry((difference(figure),), far=_far(figure))
