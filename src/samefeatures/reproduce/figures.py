"""One printed figure beside ours, and everything that a comparison holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.reproduce.misprints import Misprint
from samefeatures.reproduce.published import Pair, Printed
from samefeatures.study.results import Cell, StudyResults

WITHIN = 0.5
"""Points of accuracy within which a cell counts as reproduced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that the document prints, and the same figure of a study.

    Attributes:
        table: Where it is printed, e.g. ``5.2``.
        what: ``top-1``, ``change vs source``, ``features``, …
        unit: ``%``, ``points``, ``images``, ``million``, or nothing.
        source: Whose features; empty where the figure belongs to no cell.
        target: Whose head.
        printed: As printed.
        published: What is compared with: the printed value, or where the document's other figures
            give it more exactly (a change from accuracies, a percent from counts), what those give.
        rounding: By how much ``published`` may be off because printed figures are rounded.
        ours: None when the study has no such figure: it is missing, never filled in.
        misprint: Why the printed value can't be right; empty where it can.
    """

    table: str
    what: str
    unit: str
    source: str = ""
    target: str = ""
    printed: str
    published: float
    rounding: float
    ours: float | None
    misprint: str = ""

    @property
    def difference(self) -> float | None:
        """Ours minus published."""
        return None if self.ours is None else self.ours - self.published

    @property
    def counted(self) -> bool:
        """Whether it is a whole number of something."""
        return self.unit in ("", "images")

    @property
    def differs(self) -> bool:
        """Whether the difference is more than the rounding of printed figures explains."""
        return self.difference is not None and abs(self.difference) > self.rounding + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """A median over cells, of the document's printed table and of ours.

    Attributes:
        what: ``change vs source`` or ``loss vs target``.
        unit: ``%`` or ``points``.
        over: ``maps``, or ``cells`` with the diagonal.
        everywhere: Of the whole printed table.
        published: Of the printed table over the cells that we have too.
        ours: Over the same cells; None when there are none.
        count: How many those are.
        of: How many the printed table has.
    """

    what: str
    unit: str
    over: str
    everywhere: float
    published: float | None
    ours: float | None
    count: int
    of: int

    @property
    def difference(self) -> float | None:
        if self.ours is None or self.published is None:
            return None
        return self.ours - self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that ``reproduce`` found.

    Attributes:
        document: ``thesis`` or ``paper``.
        title: One line.
        networks: All of the document, in its order.
        figures: Every printed figure beside ours.
        medians: Both ways of counting.
        misprints: What the document's own figures contradict.
        missing: Why a network or a method has no figures, by its name.
        summary: What to take away, sentence by sentence.
        setup: What differs from the document's set-up.
    """

    document: str
    title: str
    networks: tuple[str, ...]
    figures: tuple[Figure, ...]
    medians: tuple[Median, ...]
    misprints: tuple[Misprint, ...]
    missing: Mapping[str, str]
    summary: tuple[str, ...]
    setup: tuple[str, ...]

    def table(self, table: str, what: str) -> dict[tuple[str, str], Figure]:
        """The figures of one table and kind by (source, target)."""
        return {(f.source, f.target): f for f in self.figures if (f.table, f.what) == (table, what)}


def arrow(source: str, target: str) -> str:
    """The name of a cell; that of the network on the diagonal."""
    return source if source == target else f"{source} → {target}"


def label_of(results: StudyResults, kinds: Sequence[str]) -> str | None:
    """The label of the study's first method that is one of ``kinds``, in their order."""
    for kind in kinds:
        for method in results.methods:
            if (method.kind or method.name) == kind:
                return method.name
    return None


def cells_of(results: StudyResults, kinds: Sequence[str]) -> Mapping[tuple[str, str], Cell]:
    """The cells of that method by (source, target); none when the study has no such method."""
    found = label_of(results, kinds)
    return {} if found is None else results.table(found)


def beside(
    table: str,
    what: str,
    pair: Pair,
    printed: Printed,
    ours: float | None,
    *,
    unit: str = "%",
    against: tuple[float, float] | None = None,
    misprints: Iterable[Misprint] = (),
) -> Figure:
    """A printed figure beside ours.

    Args:
        table: Where it is printed.
        what: Which of its figures.
        pair: Whose features and whose head.
        printed: As printed.
        ours: Of the study.
        unit: As in ``Figure``.
        against: What is compared with, and its rounding; by default the printed value and digits.
        misprints: Of the document; the one of this table, kind and cell is noted.
    """
    published, rounding = against or (printed.value, printed.half)
    place = f"Table {table}", what, *pair
    why = (m.why for m in misprints if (m.where, m.what, m.source, m.target) == place)
    return Figure(
        table=table,
        what=what,
        unit=unit,
        source=pair[0],
        target=pair[1],
        printed=printed.text,
        published=published,
        rounding=rounding,
        ours=ours,
        misprint=next(why, ""),
    )


def missing_parts(
    results: StudyResults,
    networks: Iterable[str],
    methods: Mapping[str, str],
    why: Mapping[str, str],
) -> dict[str, str]:
    """Networks and methods that the study lacks, each with the reason where one is known."""
    there = {network.name for network in results.networks}
    out = {name: why.get(name, "not in this study") for name in networks if name not in there}
    kinds = {method.kind or method.name for method in results.methods}
    out |= {
        f"method {kind}": f"not in this study, so {table} is missing"
        for kind, table in methods.items()
        if kind not in kinds
    }
    return out
