r"""One method's table as a LaTeX fragment to ``\input``."""

from __future__ import annotations

import math

from samefeatures.report.beneath import HEADING, SpaceCell
from samefeatures.report.certainty import LIKE_SOURCE, LIKE_TARGET, marked, marks_note
from samefeatures.report.grid import (
    COLUMNS,
    MINUS,
    MISSING,
    ROWS,
    Grid,
    is_own,
    penalty,
    plain,
    written,
)
from samefeatures.report.shading import PAPER, background, shade, text_on
from samefeatures.study.results import Cell

PREAMBLE = r"""% Needs, before \begin{document}:
%   \usepackage{booktabs}
%   \usepackage{graphicx}
%   \usepackage[table]{xcolor}
"""

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
    "\N{REPLACEMENT CHARACTER}": "?",
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
    count = len(grid.names)
    heads = " & ".join(rf"\rotatebox{{90}}{{{escape(name)}}}" for name in grid.names)
    rows = [
        rf"{escape(name)} & " + " & ".join(_cell(cell) for cell in row) + r" \\"
        for name, row in zip(grid.names, grid.rows, strict=True)
    ]
    lines = [
        PREAMBLE.rstrip(),
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{_caption(grid)}}}",
        rf"\label{{tab:samefeatures-{grid.slug}}}",
        r"\medskip\small\setlength{\tabcolsep}{3pt}\setlength{\fboxsep}{1.5pt}%",
        # Local to the table; a nested tabular is centred on the line of the row's name.
        r"\def\hybrid#1#2{\begin{tabular}{@{}c@{}}#1\\[-2pt]{\scriptsize #2}\end{tabular}}%",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l*{{{count}}}{{c}}}}",
        r"\toprule",
        rf"& \multicolumn{{{count}}}{{c}}{{{COLUMNS}}} \\",
        rf"\cmidrule(l){{2-{count + 1}}}",
        rf"{ROWS} & {heads} \\",
        r"\midrule",
        *rows,
        *_beneath(grid),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


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
