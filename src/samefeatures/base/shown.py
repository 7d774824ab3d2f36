"""Names and messages as they are shown: on one line, nothing in them is obeyed."""

from __future__ import annotations

from unicodedata import category


def plain(text: str) -> str:
    r"""``text`` with what can't be printed written out, e.g. ``\x1b`` for an escape character.

    A terminal would obey control characters, and marks of direction turn what follows around.
    Spaces of every width print: our own numbers have narrow ones, names wide ones.
    """
    if text.isprintable():
        return text
    return "".join(c if _prints(c) else c.encode("unicode_escape").decode() for c in text)


def _prints(character: str) -> bool:
    return character.isprintable() or category(character) == "Zs"


def guarded(cell: str) -> str:
    """Text for a cell of a CSV file that spreadsheets take for text.

    One that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break would be a formula: it
    gets an apostrophe before it. Numbers are no text; they never come here.
    """
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cut(text: str, width: int, *, head: int | None = None) -> str:
    """``text`` in at most ``width`` columns of a terminal, cut in its middle: both ends tell.

    Args:
        text: Without control characters.
        width: At least 2.
        head: Columns that are kept of its start; half of them unless given.
    """
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return text
    start = next(iter(chop_cells(text, width // 2 if head is None else head)), "")
    end, tail = "", width - 1 - cell_len(start)
    for character in reversed(text):
        if cell_len(character + end) > tail:
            break
        end = character + end
    return f"{start}…{end}"
