"""What differs between two results, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from samefeatures.base.shown import plain
from samefeatures.report.difference import BESIDE, CellDiff, FactDiff, ResultsDiff
from samefeatures.report.grid import number

LISTED = 10
"""Rows of a table that are told one by one."""

TOLD = ("top1", "agreement")
"""Percents; of all other columns the greatest difference is told."""


def difference_lines(found: ResultsDiff) -> list[str]:
    """Facts first, then rows by table: how many, how far, and those that differ most."""
    lines = [*_alone(found.facts)]
    lines += [f"{_capital(f.about)}: {_fact(f)}" for f in found.facts if not _is_alone(f)]
    for method in dict.fromkeys(cell.method for cell in found.cells):
        lines += _of_method([cell for cell in found.cells if cell.method == method])
    return [*map(plain, lines), _verdict(found)]


def _verdict(found: ResultsDiff) -> str:
    if found.same:
        beside = sorted({fact.about for fact in found.facts})
        but = f" but for {' and '.join(beside)}" if beside else ""
        return f"The same{but}: {_rows(found.compared)} compared."
    differ = sum(cell.only is None for cell in found.cells)
    alone = len(found.cells) - differ
    number = str(differ) if differ else "None"
    text = f"{number} of {_rows(found.compared)} differ{'' if differ > 1 else 's'}"
    if alone:
        text += f", {alone} {'is' if alone == 1 else 'are'} in one of both alone"
    if any(fact.about not in (*BESIDE, "columns") for fact in found.facts):
        text += f"; what was asked differs{' too' if found.cells else ''}"
    return f"{text}."


def _is_alone(fact: FactDiff) -> bool:
    """A network, a method, a column or a warning as a whole."""
    whole = fact.second if fact.first is None else fact.first if fact.second is None else None
    return isinstance(whole, Mapping) or whole is True


def _alone(facts: Sequence[FactDiff]) -> Iterator[str]:
    """What one of both lacks, by name."""
    for about in dict.fromkeys(fact.about for fact in facts):
        for which in ("first", "second"):
            mine = [f for f in facts if f.about == about and _is_alone(f)]
            names = [f.name for f in mine if (f.second is None) == (which == "first")]
            if names:
                yield f"{_capital(about)} in the {which} alone: {'; '.join(names)}"


def _fact(fact: FactDiff) -> str:
    name = f"{fact.name}: " if fact.name else ""
    return f"{name}{_value(fact.first)} → {_value(fact.second)}"


def _value(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 64 else f"{text[:63]}…"


def _of_method(cells: Sequence[CellDiff]) -> Iterator[str]:
    method = cells[0].method
    for which in ("first", "second"):
        alone = [cell for cell in cells if cell.only == which]
        if alone:
            yield f"{method}: {_rows(len(alone))} in the {which} alone"
    both = [cell for cell in cells if cell.only is None]
    if not both:
        return
    apart = sum(bool(cell.apart) for cell in both)
    intervals = f"; intervals of {apart} do not overlap" if apart else ""
    differ = "differs" if len(both) == 1 else "differ"
    yield f"{method}: {_rows(len(both))} {differ}, {_greatest(both)}{intervals}"
    for cell in sorted(both, key=_far, reverse=True)[:LISTED]:
        changed = next((name for name in TOLD if name in cell.changed), None)
        if changed is not None:
            pair = cell.changed[changed]
            one, other = (number(math.nan if value is None else value) for value in pair)
            note = ", intervals do not overlap" if cell.apart else ""
            ends = " → ".join(filter(None, (cell.source, cell.target)))
            yield f"  {ends}: {changed} {one} → {other}{note}"
    if len(both) > LISTED:
        yield f"  … {len(both) - LISTED} more: --json has all"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _greatest(cells: Sequence[CellDiff]) -> str:
    """By column, how far apart at most."""
    far: dict[str, float] = {}
    for cell in cells:
        for name, (one, other) in cell.changed.items():
            far[name] = max(far.get(name, 0.0), _distance(one, other))
    told = [f"{name} by {far[name]:.3g}" for name in far if far[name] > 0]
    shown = ", ".join(told[:6]) + (", …" if len(told) > 6 else "")
    return f"at most {shown}" if told else "in what is known"


def _far(cell: CellDiff) -> float:
    pairs = [cell.changed[name] for name in TOLD if name in cell.changed]
    return max((_distance(*pair) for pair in pairs), default=0.0)


def _distance(one: object, other: object) -> float:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) if math.isfinite(one) and math.isfinite(other) else 0.0
    return 0.0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
