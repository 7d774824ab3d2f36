r"""Tables as LaTeX fragments to ``\input``: a method's, and R² beyond what is given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from samefeatures.base.shown import plain
from samefeatures.report.beneath import HEADING, SpaceCell
from samefeatures.report.beyond import ABOUT, Heat, darkness, texts
from samefeatures.report.certainty import LIKE_SOURCE, LIKE_TARGET, marked, marks_note
from samefeatures.report.grid import COLUMNS, MINUS, MISSING, ROWS, Grid, is_own, penalty, written
from samefeatures.report.shading import PAPER, background, shade, text_on
from samefeatures.study.results import Cell
from samefeatures.study.results.spaces import BeyondRow

PREAMBLE = r"""% Needs, before \begin{document}:
%   \usepackage{booktabs}
%   \usepackage{graphicx}
%   \usepackage[table]{xcolor}
"""

OWN = r"\fbox{\textbf{1.00}}"
"""A network explains itself."""

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    MISSING: "--",
    MINUS: "$-$",
    "→": r"$\rightarrow$",
    "²": r"\textsuperscript{2}",
    LIKE_TARGET: r"\textsuperscript{t}",
    LIKE_SOURCE: r"\textsuperscript{s}",
}


def table(grid: Grid) -> str:
    r"""A ``table`` environment with caption and label, shaded by ``\cellcolor``.

    It is never wider than the line: a table of many networks is scaled down.
    """
    return _around(
        [_line(n, map(_cell, row)) for n, row in zip(grid.names, grid.rows, strict=True)]
        + _beneath(grid),
        names=grid.names,
        sides=(ROWS, COLUMNS),
        caption=_caption(grid),
        label=grid.slug,
    )


def heat(found: Heat) -> str:
    """R² beyond what is given, with intervals, shaded by what is not shared."""
    rows = []
    for i, (name, row) in enumerate(zip(found.names, found.rows, strict=True)):
        cells = (OWN if i == j else _beyond(cell) for j, cell in enumerate(row))
        rows.append(_line(name, cells))
    return _around(
        rows,
        names=found.names,
        sides=("Source", "Target"),
        caption=escape(" ".join([f"{found.title}.", ABOUT, *found.lines])),
        label=found.column.replace("_", "-"),
    )


def _around(
    rows: Sequence[str], *, names: Sequence[str], sides: tuple[str, str], caption: str, label: str
) -> str:
    """The environment of a table, source by target."""
    count = len(names)
    heads = " & ".join(rf"\rotatebox{{90}}{{{escape(name)}}}" for name in names)
    lines = [
        PREAMBLE.rstrip(),
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:samefeatures-{label}}}",
        r"\medskip\small\setlength{\tabcolsep}{3pt}\setlength{\fboxsep}{1.5pt}%",
        # Local to the table; a nested tabular is centred on the line of the row's name.
        r"\def\hybrid#1#2{\begin{tabular}{@{}c@{}}#1\\[-2pt]{\scriptsize #2}\end{tabular}}%",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l*{{{count}}}{{c}}}}",
        r"\toprule",
        rf"& \multicolumn{{{count}}}{{c}}{{{sides[1]}}} \\",
        rf"\cmidrule(l){{2-{count + 1}}}",
        rf"{sides[0]} & {heads} \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, cells: Iterable[str]) -> str:
    return rf"{escape(name)} & " + " & ".join(cells) + r" \\"


def _beneath(grid: Grid) -> list[str]:
    """Rows of control spaces, under a line of their own."""
    if not grid.beneath:
        return []
    span = len(grid.names) + 1
    lines = [r"\midrule", rf"\multicolumn{{{span}}}{{l}}{{{escape(HEADING)}}} \\"]
    for line in grid.beneath:
        cells = " & ".join(map(_space, line.cells))
        lines.append(rf"\textit{{{escape(line.label)}}} & {cells} \\")
    return lines


def _space(cell: SpaceCell | None) -> str:
    large, small = map(escape, written(cell))
    if cell is None or not small:
        return large
    return _shaded(rf"\hybrid{{{large}}}{{{small}}}", cell.penalty)


def escape(text: str) -> str:
    """``text`` so that LaTeX prints it as it is."""
    return "".join(_ESCAPES.get(character, character) for character in plain(text))


def _caption(grid: Grid) -> str:
    return (
        f"Hybrids by {escape(grid.label)}: features of the row's network, mapped into the "
        r"unchanged classifier of the column's. Large: top-1 accuracy (\%). Small: change against "
        r"the source's own accuracy (\%); the darker the cell, the greater the loss. Framed: a "
        f"network with its own classifier. {escape(marks_note(grid))}"
    ).rstrip()


def _beyond(row: BeyondRow | None) -> str:
    if row is None:
        return "--"
    large, small = map(escape, texts(row))
    return _shaded(rf"\hybrid{{{large}}}{{{small}}}" if small else large, darkness(row))


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    large, small = map(escape, marked(cell))
    if is_own(cell):
        large = rf"\fbox{{\textbf{{{large}}}}}"
    text = rf"\hybrid{{{large}}}{{{small}}}"
    return _shaded(text, penalty(cell))


def _shaded(text: str, lost: float) -> str:
    darkness = shade(lost)
    if math.isclose(darkness, 0.0):
        return text
    colour = background(darkness)
    ink = r"\color{white}" if text_on(colour) == PAPER else ""
    return rf"\cellcolor[HTML]{{{colour[1:].upper()}}}{ink}{text}"
