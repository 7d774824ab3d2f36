r"""Tables as LaTeX fragments to ``\input``: a method's, and R² beyond what is given.

A fragment serves documents of one column and of two: LaTeX measures the table, and takes ``table*``
where it would have to shrink too much for one of two columns. Above fifteen networks a cell has one
number, and above forty the fragment shows the figure instead, which has shades alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from samefeatures.base.shown import plain
from samefeatures.report import crowded
from samefeatures.report.beneath import HEADING
from samefeatures.report.beyond import ABOUT, ABOUT_CROWDED, Heat
from samefeatures.report.certainty import LIKE_SOURCE, LIKE_TARGET, italics_note, marks_note
from samefeatures.report.grid import COLUMNS, MINUS, MISSING, ROWS, Grid
from samefeatures.report.shading import PAPER, background, text_on
from samefeatures.report.tiles import Tile, Tiles, beneath_of, of_grid, of_heat

PREAMBLE = r"""% Needs, before \begin{document}:
%   \usepackage{booktabs}
%   \usepackage{graphicx}
%   \usepackage[table]{xcolor}
"""

LEAST = ".8"
"""Of its size, in one of two columns; what would be smaller goes over both."""

TALLEST = ".75"
"""Of a page; the rest is for the caption."""

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
    r"""A method's table, shaded by ``\cellcolor``, with a caption that says how it came about."""
    rows = [*zip(map(escape, grid.names), of_grid(grid), strict=True)]
    body = (
        _picture(f"table_{grid.slug}")
        if crowded.is_shaded(len(grid.names))
        else _tabular(rows, grid.names, beneath_of(grid), sides=_sides(grid))
    )
    short = f"Hybrids by {grid.label}"
    return _floating(body, len(grid.names), short=short, caption=_caption(grid), label=grid.slug)


def heat(found: Heat) -> str:
    """R² beyond what is given, shaded by what is not shared."""
    count, about = len(found.names), ABOUT
    if crowded.is_crowded(count):
        whole = crowded.NARROW < count <= crowded.SHADED
        about = ABOUT_CROWDED + " Cells are in percent." * whole
    rows = [*zip(map(escape, found.names), of_heat(found), strict=True)]
    body = (
        _picture(found.column)
        if crowded.is_shaded(count)
        else _tabular(rows, found.names, (), sides=("Source", "Target"))
    )
    caption = " ".join([f"{found.title}, n = {found.n:,} held-out images.", about, *found.lines])
    label = found.column.replace("_", "-")
    return _floating(body, count, short=found.title, caption=caption, label=label)


def escape(text: str) -> str:
    """``text`` so that LaTeX prints it as it is."""
    return "".join(_ESCAPES.get(character, character) for character in _spaced(plain(text)))


def _spaced(text: str) -> str:
    """Spaces of other widths are spaces, which LaTeX knows alone."""
    return "".join(" " if character.isspace() else character for character in text)


def _floating(body: Sequence[str], count: int, *, short: str, caption: str, label: str) -> str:
    """What floats: LaTeX measures the body first, and chooses where it goes."""
    kind = "figure" if crowded.is_shaded(count) else "table"
    lines = [
        PREAMBLE.rstrip(),
        rf"% Where it would shrink below {LEAST} in one of two columns, LaTeX takes {kind}*.",
        r"\ifdefined\samefeaturesbox\else\newsavebox{\samefeaturesbox}\fi",
        r"\begingroup",
        *body,
        rf"\def\samefeaturesfloat{{{kind}}}%",
        rf"\ifdim {LEAST}\wd\samefeaturesbox>\columnwidth \def\samefeaturesfloat{{{kind}*}}\fi",
        r"\begin{\samefeaturesfloat}[tbp]",
        r"\centering",
        rf"\caption[{{{escape(short)}}}]{{{escape(caption)}}}",
        rf"\label{{tab:samefeatures-{label}}}",
        r"\medskip",
        r"\sbox\samefeaturesbox{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
        r"{\usebox\samefeaturesbox}}%",
        rf"\resizebox*{{!}}{{\ifdim\totalheight>{TALLEST}\textheight {TALLEST}\textheight"
        r"\else\totalheight\fi}{\usebox\samefeaturesbox}",
        r"\end{\samefeaturesfloat}",
        r"\endgroup",
    ]
    return "\n".join(lines) + "\n"


def _picture(stem: str) -> list[str]:
    return [
        rf"% The picture is {stem}.pdf, beside this file: \graphicspath{{{{its folder/}}}}",
        rf"\sbox\samefeaturesbox{{\includegraphics{{{stem}.pdf}}}}%",
    ]


def _tabular(
    rows: Sequence[tuple[str, Tiles]],
    names: Sequence[str],
    beneath: Sequence[tuple[str, Tiles]],
    *,
    sides: tuple[str, str],
) -> list[str]:
    """The table in a box, source by target."""
    count = len(names)
    heads = " & ".join(rf"\rotatebox{{90}}{{{escape(name)}}}" for name in names)
    size, gap, frame = _sizes(count)
    lines = [
        rf"{size}\setlength{{\tabcolsep}}{{{gap}}}\setlength{{\fboxsep}}{{{frame}}}\fboxrule .3pt",
        # Local to the table; a nested tabular is centred on the line of the row's name.
        r"\def\hybrid#1#2{\begin{tabular}{@{}c@{}}#1\\[-2pt]{\scriptsize #2}\end{tabular}}%",
        rf"\sbox\samefeaturesbox{{\begin{{tabular}}{{l*{{{count}}}{{c}}}}",
        r"\toprule",
        rf"& \multicolumn{{{count}}}{{c}}{{{sides[1]}}} \\",
        rf"\cmidrule(l){{2-{count + 1}}}",
        rf"{sides[0]} & {heads} \\",
        r"\midrule",
        *(_line(name, row) for name, row in rows),
    ]
    if beneath:
        span = rf"\multicolumn{{{count + 1}}}{{l}}{{{escape(HEADING)}}} \\"
        lines += [r"\midrule", span]
        lines += [_line(rf"\textit{{{escape(label)}}}", row) for label, row in beneath]
    return [*lines, r"\bottomrule", r"\end{tabular}}\normalsize"]


def _sizes(count: int) -> tuple[str, str, str]:
    """Letters, half the space between columns, and the space within a frame.

    Every column is as wide as its framed cell.
    """
    if not crowded.is_crowded(count):
        return r"\small", "3pt", "1.5pt"
    return (
        (r"\scriptsize", "1.5pt", ".7pt") if count <= crowded.NARROW else (r"\tiny", ".7pt", "0pt")
    )


def _sides(grid: Grid) -> tuple[str, str]:
    """What rows and columns are, in a crowded table in short."""
    return ("Source", "Target") if crowded.is_crowded(len(grid.names)) else (ROWS, COLUMNS)


def _line(name: str, row: Tiles) -> str:
    return rf"{name} & " + " & ".join(map(_cell, row)) + r" \\"


def _caption(grid: Grid) -> str:
    count = len(grid.names)
    if grid.leading is not None:
        return (
            f"Maps by {plain(grid.label)}, n = {grid.n:,} held-out rows: {grid.leading.says}. Rows "
            "are sources, columns targets; the darker the cell, the more is missing."
        )
    cells = (
        "Large: top-1 accuracy in percent. Small: change against the source's own accuracy in "
        "percent; the darker the cell, the greater the loss."
    )
    notes = [marks_note(grid)]
    if crowded.is_crowded(count):
        whole = not crowded.digits(count, grid.digits)
        numbers = f"Cells: top-1 accuracy in {'whole ' * whole}percent{'s' * whole}. "
        shades = "The darker the cell, the greater the loss against the source's own accuracy."
        cells = shades if crowded.is_shaded(count) else numbers + shades
        notes = [] if crowded.is_shaded(count) else [italics_note(grid)]
        if grid.beneath:
            notes.append("What stands in the features' place is in spaces.csv.")
    fitted = f", maps fitted on {grid.fit_rows:,} rows" if grid.uses == "images" else ""
    return " ".join(
        [
            f"Hybrids by {plain(grid.label)}, n = {grid.n:,} held-out images{fitted}: features of "
            "the row's network, mapped into the unchanged classifier of the column's.",
            cells,
            "Framed: a network with its own classifier.",
            *filter(None, notes),
        ]
    )


def _cell(tile: Tile | None) -> str:
    if tile is None:
        return "--"
    large, small = escape(tile.large), escape(tile.small)
    if tile.italic:
        large = rf"\textit{{{large}}}"
    if tile.own:
        large = rf"\fbox{{\textbf{{{large}}}}}"
    return _shaded(rf"\hybrid{{{large}}}{{{small}}}" if small else large, tile.darkness)


def _shaded(text: str, darkness: float) -> str:
    if math.isclose(darkness, 0.0):
        return text
    colour = background(darkness)
    ink = r"\color{white}" if text_on(colour) == PAPER else ""
    return rf"\cellcolor[HTML]{{{colour[1:].upper()}}}{ink}{text}"
