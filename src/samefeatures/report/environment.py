"""Templates of HTML: every name and message that goes into one is escaped."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from samefeatures.base.shown import plain
from samefeatures.report.grid import count, number, signed
from samefeatures.report.shading import LEVELS, background, text_on


def environment() -> Environment:
    """The templates of this folder, and how they write numbers and names."""
    found = Environment(
        loader=PackageLoader("samefeatures.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        number=number, signed=signed, plain=plain, count=count, breakable=_breakable
    )
    return found


def shades(*, within: str = "", dark_page: bool = False) -> str:
    """Rules of CSS for the shades of cells: ``.s0`` for no loss to the darkest.

    Args:
        within: Selector of what the cells stand in, with a space behind it.
        dark_page: For dark pages.
    """
    colours = [background(i / LEVELS, dark_page=dark_page) for i in range(LEVELS + 1)]
    return "\n".join(
        f"{within}.s{i} {{ background: {colour}; color: {text_on(colour)}; }}"
        for i, colour in enumerate(colours)
    )


def _breakable(name: str) -> Markup:
    """A name that may be broken after an underscore and the like, not within a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[_/:-])|(?<=\.)(?!\d)", plain(name)))
