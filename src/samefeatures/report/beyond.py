"""R² beyond what is given, source by target, with intervals: a heat map for every medium."""

from __future__ import annotations

import math
from dataclasses import dataclass

from samefeatures.report.findings import FEATURES, Beyond, beyond, given_sets, nulls
from samefeatures.report.grid import MISSING, number
from samefeatures.report.sentences_shared import NULLS, given_words
from samefeatures.study.results import StudyResults
from samefeatures.study.results.spaces import BeyondRow

ABOUT = (
    "Large: share of what is left of the target's features, on held-out images, that the source's "
    "features explain; 1 is all of it, 0 nothing. Small: its 95 % interval. The darker the cell, "
    "the less is shared."
)
ABOUT_CROWDED = (
    "Share of what is left of the target's features, on held-out images, that the source's "
    "features explain. The darker the cell, the less is shared."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """One heat map.

    Attributes:
        title: What is given.
        column: Of the results; part of a file name.
        names: Of sources, in rows, and targets, in columns.
        rows: By name; None on the diagonal, and where a pair was not looked at.
        n: Images that it is taken on.
        features: All pairs.
        nulls: What knows nothing in the features' place.
    """

    title: str
    column: str
    names: tuple[str, ...]
    rows: tuple[tuple[BeyondRow | None, ...], ...]
    n: int
    features: Beyond
    nulls: tuple[Beyond, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """Median and range, intervals above 0, and the nulls: what stands under it."""
        return tuple(map(_line, (self.features, *self.nulls)))


def heats(results: StudyResults) -> list[Heat]:
    """One for everything that is given, in the order of the study."""
    names = tuple(network.name for network in results.networks)
    out = []
    for given in given_sets(results):
        found = beyond(results, given)
        if found is None:
            continue
        at = {(row.source, row.target): row for row in found.rows}
        heat = Heat(
            title=f"R² beyond {given_words(given)}",
            column=found.rows[0].column,
            names=names,
            rows=tuple(tuple(at.get((a, b)) for b in names) for a in names),
            n=results.eval_data.rows,
            features=found,
            nulls=tuple(nulls(results, given)),
        )
        out.append(heat)
    return out


def place_of(of: str) -> str:
    """What stands in the features' place, as a reader says it."""
    return "the source's features" if of == FEATURES else NULLS.get(of, of)


def texts(row: BeyondRow) -> tuple[str, str]:
    """R² and its interval."""
    if row.r2 is None:
        return MISSING, ""
    if row.ci_low is None or row.ci_high is None:
        return number(row.r2), ""
    return number(row.r2), f"{number(row.ci_low)} to {number(row.ci_high)}"


def darkness(row: BeyondRow | None) -> float:
    """What is not shared, from 0 to 1; the diagonal and what is not known are not shaded."""
    if row is None or row.r2 is None:
        return 0.0
    return min(max(1 - row.r2, 0.0), 1.0)


def _line(found: Beyond) -> str:
    name = place_of(found.of)
    if not found.r2.count:
        return f"{_capital(name)}: not known."
    text = f"{_capital(name)}: median {number(found.r2.median)}"
    if found.r2.count > 1:
        text += f" ({number(found.r2.low)} to {number(found.r2.high)})"
    if found.judged:
        text += f"; {found.above} of {found.judged} intervals lie above 0"
    return f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def details(row: BeyondRow, heat: Heat) -> list[tuple[str, str]]:
    """All that is known of a pair: name and value."""
    known = [("R²", MISSING if row.r2 is None else number(row.r2, 4))]
    if row.ci_low is not None and row.ci_high is not None:
        known.append(("95 % interval", f"{number(row.ci_low, 4)} to {number(row.ci_high, 4)}"))
    if row.cosine is not None and math.isfinite(row.cosine):
        known.append(("Cosine beyond", number(row.cosine, 4)))
    for null in heat.nulls:
        for other in null.rows:
            if (other.source, other.target) == (row.source, row.target) and other.r2 is not None:
                known.append((_capital(place_of(null.of)), number(other.r2, 4)))
    return known
