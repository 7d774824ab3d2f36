"""A table of text, the same for every medium."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table of text, the same for every medium.

    Attributes:
        slug: Part of an address on the page.
        title: Above it.
        says: What it comes to, in sentences above the table.
        heads: Of the columns; the first is that of the rows' labels.
        rows: As many texts in each as there are heads.
        notes: Under the table.
        words: How many columns hold words; the others hold numbers.
    """

    slug: str
    title: str
    says: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    words: int = 1
