"""How many dimensions a pair needs: maps of every rank as lists, the same for every medium."""

from __future__ import annotations

import statistics

from samefeatures.base.shown import plain
from samefeatures.report.grid import MISSING, count, number
from samefeatures.report.listing import Listing
from samefeatures.study.results import Ranks, StudyResults

ABOUT = (
    "The best map of rank r lets r numbers through: least squares, then the r directions in which "
    "what it predicts varies most (reduced-rank regression). At full rank it is the map of ols."
)
HEADS = ("Rank", "Top-1, %", "Change vs source, %", "Loss vs target, points", "R²")
VALUES = ("top1", "change_vs_source_pct", "loss_vs_target_points", "r2")
BEYOND = "R² beyond answers"


def rank_listings(results: StudyResults) -> list[Listing]:
    """Medians by rank, and the smallest rank that is enough by pair; none without the sweep."""
    if results.ranks is None or not results.ranks.rows:
        return []
    return [by_rank(results.ranks), _enough(results, results.ranks)]


def judged_by(ranks: Ranks) -> str:
    """The field by which a rank is enough: accuracy where any pair has one, else R²."""
    return "top1" if ranks.enough() else "r2"


def enough_says(ranks: Ranks) -> str:
    """At what rank pairs are within one point of their full one; empty where nothing is known."""
    value = judged_by(ranks)
    found, full = ranks.enough(value), {p: rows[-1].rank for p, rows in ranks.pairs.items()}
    if not found:
        return ""
    unit = "one point of accuracy" if value == "top1" else "0.01 of R²"
    needed, whole = sorted(found.values()), [full[pair] for pair in found]
    return (
        f"{count(len(found))} pair{'s' * (len(found) != 1)}: the smallest rank of the sweep within "
        f"{unit} of full rank is {_median(needed)} in the median ({needed[0]} to {needed[-1]}); "
        f"full ranks are {_median(whole)} ({min(whole)} to {max(whole)})."
    )


def by_rank(ranks: Ranks) -> Listing:
    """Medians of all that is known at every rank."""
    beyond = any(row.r2_beyond_answers is not None for row in ranks.rows)
    values = (*VALUES, "r2_beyond_answers") if beyond else VALUES
    rows = []
    for rank in ranks.steps:
        last = rank == ranks.steps[-1]
        texts = (_number(ranks.median(value, rank), value) for value in values)
        rows.append(("full" if last else str(rank), *texts))
    notes = ["Medians over all pairs; a pair with fewer directions counts with its full rank."]
    if beyond:
        notes.append(
            f"{BEYOND}: of what the source's answers leave of the target, the share that the r "
            "numbers explain, by least squares without a strength."
        )
    return Listing(
        slug="ranks",
        title="How many dimensions a pair needs",
        says=tuple(filter(None, (ABOUT, enough_says(ranks)))),
        heads=(*HEADS, BEYOND) if beyond else HEADS,
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _enough(results: StudyResults, ranks: Ranks) -> Listing:
    value = judged_by(ranks)
    found = ranks.enough(value)
    names = [network.name for network in results.networks]
    unit = "one point of accuracy" if value == "top1" else "0.01 of R²"
    return Listing(
        slug="ranks-enough",
        title="The smallest rank within one point of full rank",
        says=(f"Of the ranks of the sweep, the first that is within {unit} of full rank.",),
        heads=("Source ↓ Target →", *map(plain, names)),
        rows=tuple((plain(a), *(str(found.get((a, b), MISSING)) for b in names)) for a in names),
        notes=(f"Median: {_median(list(found.values()))}.",) if found else (),
    )


def _number(value: float | None, name: str) -> str:
    return MISSING if value is None else number(value, 3 if name.startswith("r2") else 1)


def _median(values: list[int]) -> str:
    return f"{statistics.median(values):g}"
