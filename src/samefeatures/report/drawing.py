"""What all figures share: letters, lines, colours, and the same bytes for the same numbers."""

from __future__ import annotations

import io
from base64 import b64encode
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from samefeatures.base.files import write_whole
from samefeatures.report.shading import INK, PAPER

MUTED = "#5b6472"
LINE = "#d5dae2"
DOTS_PER_INCH = 200
# Bundled with matplotlib, so that a picture is the same on every machine.
FONT = "DejaVu Sans"
LARGE, SMALL = 10.0, 7.0
PICTURES = (".png", ".svg", ".pdf")
"""Every figure is written as all of these, in this order."""


def style() -> AbstractContextManager[None]:
    """While a figure is made and saved: text stays text, and ids are the same in every run."""
    return mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "samefeatures",
            "pdf.fonttype": 42,  # TrueType: journals refuse matplotlib's Type 3
            "font.family": [FONT],
        }
    )


def blank(width: float, height: float, **options: Any) -> Figure:
    """A page of so many inches that no window shows."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, **options)
    FigureCanvasAgg(figure)
    return figure


def write(
    page: Axes | Figure, x: float, y: float, text: str, size: float, *, color: str = INK, **how: Any
) -> None:
    """A text as it is: a name is no formula, "a$b$c" stays."""
    page.text(x, y, text, fontsize=size, color=color, parse_math=False, **how)


def dress(axes: Axes, *, x: str = "", y: str = "", grid: Literal["both", "y"] = "both") -> None:
    """What the axes of all curves have in common: small grey words, a grid, a corner for a frame.

    Args:
        axes: With their scales and ticks.
        x: What runs along the bottom; nothing is said where it is empty.
        y: What runs up.
        grid: Which values have lines.
    """
    if x:
        axes.set_xlabel(x, fontsize=9, color=MUTED)
    if y:
        axes.set_ylabel(y, fontsize=9, color=MUTED)
    axes.tick_params(which="both", labelsize=8, colors=MUTED)
    axes.grid(axis=grid, color=LINE, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(LINE)


def save(figure: Figure, folder: Path, stem: str, *, title: str = "") -> list[Path]:
    """Write ``stem.png``, ``stem.svg`` and ``stem.pdf`` into ``folder``; all bear the title.

    The bytes say nothing of when and by what they were drawn.
    """
    said = {"Title": title} if title else {}
    # PNG text chunks hold Latin-1 only.
    latin = {key: text.encode("latin-1", "replace").decode("latin-1") for key, text in said.items()}
    undated = {"Creator": None, "CreationDate": None, "Producer": None}
    paths = [folder / f"{stem}{ending}" for ending in PICTURES]
    png, svg, pdf = paths
    _write(figure, png, dpi=DOTS_PER_INCH, metadata={"Software": None, **latin})
    _write(figure, svg, metadata={"Date": None, "Creator": None, **said})
    _write(figure, pdf, metadata={**undated, **said})
    return paths


def _write(figure: Figure, path: Path, **options: Any) -> None:
    """Whole or not at all: two processes may draw the same."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:], **options)
    write_whole(path, drawn.getvalue())


def as_uri(picture: Path) -> str:
    """A PNG or SVG as an address that a page can show without loading anything."""
    kind = {".png": "png", ".svg": "svg+xml"}[picture.suffix]
    return f"data:image/{kind};base64,{b64encode(picture.read_bytes()).decode()}"
