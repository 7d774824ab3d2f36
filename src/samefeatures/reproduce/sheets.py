"""A comparison as tables of text, the same for every medium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from samefeatures.report.grid import COLUMNS, MISSING, ROWS, number, signed
from samefeatures.reproduce.answers import ANSWERS
from samefeatures.reproduce.figures import WITHIN, Comparison, Figure, arrow

MARK = "*"
"""Behind a printed figure that is a misprint."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cell: its lines, and how far ours is from the published figure.

    Attributes:
        lines: Ours, published and difference in a table of pairs; else one line.
        far: Whether ours is more than half a point off.
    """

    lines: tuple[str, ...]
    far: bool = False


Row = tuple[str, tuple[Entry, ...]]
"""Its label, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table.

    Attributes:
        slug: Part of a file name.
        title: What it is.
        note: How to read it.
        corner: Above the row labels.
        columns: Heads.
        rows: As many cells in each as there are heads.
        square: Whether columns are the networks of the rows.
    """

    slug: str
    title: str
    note: str = ""
    corner: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    square: bool = False


def sheets(comparison: Comparison) -> tuple[Sheet, ...]:
    """All tables of a comparison, in the document's order."""
    if comparison.document == "paper":
        return (_paper(comparison), _overlap(comparison), *_pairs_by_answers(comparison))
    against = " Differences are against what the printed accuracies give."
    change = "Table 5.2: change vs source %, OLS maps"
    return (
        _networks(comparison),
        _square(comparison, "5.2", "top-1", "Table 5.2: top-1 %, OLS maps"),
        _square(comparison, "5.2", "change vs source", change, more=against),
        _square(comparison, "5.3", "top-1", "Table 5.3: top-1 %, logit maps"),
        *_by_answers(comparison),
        _said(comparison),
        _medians(comparison),
    )


def _square(comparison: Comparison, table: str, what: str, title: str, *, more: str = "") -> Sheet:
    figures, names = comparison.table(table, what), comparison.networks
    place, kind = re.sub(r"[. ]", "_", table), what.replace(" ", "_").replace("-", "")
    return Sheet(
        slug=f"table_{place}_{kind}",
        title=title,
        note=f"Ours, printed, difference. Rows: {ROWS.lower()}. Columns: {COLUMNS.lower()}.{more}",
        corner=ROWS,
        columns=names,
        rows=tuple((a, tuple(_three(figures[a, b]) for b in names)) for a in names),
        square=True,
    )


def _by_answers(comparison: Comparison) -> Iterator[Sheet]:
    """Beside Table 5.2, where the study has control spaces."""
    if comparison.table(ANSWERS, "top-1"):
        more = " Ours: OLS from the source's predicted class alone; printed: Table 5.2."
        title = "Table 5.2 from the source's answers alone: top-1 %"
        yield _square(comparison, ANSWERS, "top-1", title, more=more)


def _pairs_by_answers(comparison: Comparison) -> Iterator[Sheet]:
    """Beside Table 1, where the study has control spaces."""
    found = comparison.table(ANSWERS, "top-1")
    if found:
        yield Sheet(
            slug="table_answers",
            title="Table 1 from the source's answers alone: top-1 %",
            note="Ours: OLS from the source's predicted class alone; printed: Table 1.",
            corner="Features → head",
            columns=("printed %", "ours %", "difference"),
            rows=tuple(
                _row(arrow(*pair), _printed(f), _ours(f), _difference(f))
                for pair, f in found.items()
            ),
        )


def _networks(comparison: Comparison) -> Sheet:
    reported, local, features, parameters = (
        comparison.table("5.1", what)
        for what in ("reported top-1", "local top-1", "features", "parameters")
    )
    return Sheet(
        slug="table_5_1",
        title="Table 5.1: top-1 with the network's own head",
        note="Reported: by Google. Local: seen by the thesis; the difference is against the same "
        "figure with two digits, from Table 5.2.",
        corner="Network",
        columns=(
            "reported %", "local %", "ours %", "difference", "features", "ours",
            "million parameters", "ours",
        ),
        rows=tuple(
            _row(
                pair[0], _printed(reported[pair]), _printed(local[pair]), _ours(local[pair]),
                _difference(local[pair]), _printed(features[pair]), _ours(features[pair]),
                _printed(parameters[pair]), _ours(parameters[pair]),
            )
            for pair in reported
        ),
    )  # fmt: skip


def _said(comparison: Comparison) -> Sheet:
    said = ("best naive hybrid", "greatest drop vs source")
    return Sheet(
        slug="text",
        title="Figures of the thesis' text",
        corner="What",
        columns=("printed %", "ours %", "difference", "our pair"),
        rows=tuple(
            _row(f"{f.what} (section {f.table})", *_one_row(f))
            for f in comparison.figures
            if f.what in said
        ),
    )


def _medians(comparison: Comparison) -> Sheet:
    return Sheet(
        slug="medians",
        title="Medians of Table 5.2, counted both ways",
        note="Printed table: from its accuracies. Same cells: those that ours has too. All cells: "
        "with the diagonal's zeros, which the thesis counts.",
        corner="Median",
        columns=("printed table", "same cells", "ours", "difference", "cells"),
        rows=tuple(
            _row(
                f"{m.what} {m.unit}, {'maps' if m.over == 'maps' else 'all cells'}",
                *map(_signed, (m.everywhere, m.published, m.ours, m.difference)),
                f"{m.count} of {m.of}",
            )
            for m in comparison.medians
        ),
    )


def _paper(comparison: Comparison) -> Sheet:
    correct, top1, loss = (
        comparison.table("1", what) for what in ("correct", "top-1", "loss vs target")
    )
    return Sheet(
        slug="table_1",
        title="Table 1: correct labels of 50,000, top-1 and loss vs target in points",
        note="Differences are against what the printed counts give. Negative loss is a gain.",
        corner="Features → head",
        columns=(
            "correct", "ours", "printed %", "from counts %", "ours %", "difference",
            "printed loss", "from counts", "ours", "difference",
        ),
        rows=tuple(
            _row(
                arrow(*pair), _printed(correct[pair]), _ours(correct[pair]),
                *_beside(top1[pair]), *(_beside(loss[pair]) if pair in loss else [""] * 4),
            )
            for pair in top1
        ),
    )  # fmt: skip


def _overlap(comparison: Comparison) -> Sheet:
    return Sheet(
        slug="text",
        title="Section 5.2: what the map fixes",
        note="Images that the target network mislabels, and those of them that its head labels "
        "correctly when it is fed the mapped features.",
        corner="What",
        columns=("printed", "ours", "difference", "pair"),
        rows=tuple(_row(f.what, *_one_row(f)) for f in comparison.figures if f.table != "1"),
    )


def _row(label: str, *cells: str | Entry) -> Row:
    return label, tuple(Entry((c,)) if isinstance(c, str) else c for c in cells)


def _three(figure: Figure) -> Entry:
    difference = _difference(figure)
    return Entry((_ours(figure), _printed(figure), *difference.lines), far=difference.far)


def _one_row(figure: Figure) -> tuple[str | Entry, ...]:
    pair = arrow(figure.source, figure.target) or MISSING
    return _printed(figure), _ours(figure), _difference(figure), pair


def _beside(figure: Figure) -> tuple[str | Entry, ...]:
    return _printed(figure), number(figure.published), _ours(figure), _difference(figure)


def _printed(figure: Figure) -> str:
    """As printed, with a true minus sign, and a mark if it is a misprint."""
    if figure.counted:
        return f"{figure.published:,.0f}"
    return figure.printed.replace("-", "−") + (MARK if figure.misprint else "")


def _ours(figure: Figure) -> str:
    """Ours, with two decimals where percents are meant; a dash where it is missing."""
    if figure.ours is None:
        return MISSING
    return f"{figure.ours:,.0f}" if figure.counted else number(figure.ours, _digits(figure))


def _difference(figure: Figure) -> Entry:
    """Ours minus published; half a point or half a percent is far, of other units nothing is."""
    away = figure.difference
    far = away is not None and figure.unit in ("%", "points") and abs(away) > WITHIN + 1e-9
    return Entry((_signed(away, _digits(figure)),), far=far)


def _digits(figure: Figure) -> int:
    return 0 if figure.counted else 1 if figure.unit == "million" else 2


def _signed(value: float | None, digits: int = 2) -> str:
    return MISSING if value is None else signed(value, digits)
