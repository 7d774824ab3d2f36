"""What maps of every rank came to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from samefeatures.base.brief import brief

POINT = 1.0
"""Points of accuracy, and hundredths of R², that a rank may lack and still be enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRow:
    """The best map of one rank (reduced-rank regression), on the eval images.

    Attributes:
        source: Whose features.
        target: Whose head.
        rank: Numbers that the map lets through.
        full_rank: Directions that the OLS map of this pair has; at this rank it is OLS.
        n: Eval images.
        correct: Right predictions through the target's head; None where it has none, or the images
            have no labels.
        top1: Percent; None as ``correct``, like the next two.
        change_vs_source_pct: Against the source's own accuracy, in percent of it.
        loss_vs_target_points: What is lacking to the target's own accuracy, in points.
        r2: Of mapped against true features; None where the target does not vary.
        r2_beyond_answers: Of what the source's answers leave of the target, the share that these
            numbers explain, by least squares; None where controls are off or nothing is left.
    """

    source: str
    target: str
    rank: int
    full_rank: int
    n: int
    correct: int | None
    top1: float | None
    change_vs_source_pct: float | None
    loss_vs_target_points: float | None
    r2: float | None
    r2_beyond_answers: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """The sweep.

    Attributes:
        rows: Of every ordered pair, ranks ascending to the full one.
    """

    rows: tuple[RankRow, ...]

    def __repr__(self) -> str:
        return brief(self, rows=len(self.rows))

    @property
    def pairs(self) -> Mapping[tuple[str, str], tuple[RankRow, ...]]:
        """Rows by (source, target)."""
        found: dict[tuple[str, str], list[RankRow]] = {}
        for row in self.rows:
            found.setdefault((row.source, row.target), []).append(row)
        return {pair: tuple(rows) for pair, rows in found.items()}

    def enough(self, value: str = "top1") -> dict[tuple[str, str], int]:
        """The smallest rank of the sweep within one point of full rank, by (source, target).

        Args:
            value: ``top1`` (a point of accuracy), ``r2`` or ``r2_beyond_answers`` (0.01); pairs
                without it are not there.
        """
        unit = POINT if value == "top1" else POINT / 100
        found = {}
        for pair, rows in self.pairs.items():
            last = getattr(rows[-1], value)
            if last is not None:
                least = last - unit - 1e-9
                found[pair] = next(row.rank for row in rows if _at_least(row, value, least))
        return found

    def median(self, value: str, rank: int) -> float | None:
        """Of a field over all pairs at a rank; a pair that has fewer counts with its full rank."""
        found = [getattr(row, value) for row in self.at(rank)]
        known = [each for each in found if each is not None]
        return statistics.median(known) if known else None

    def at(self, rank: int) -> Iterator[RankRow]:
        """Of every pair the row of the largest rank up to this one."""
        for rows in self.pairs.values():
            upto = [row for row in rows if row.rank <= rank]
            if upto:
                yield upto[-1]

    @property
    def steps(self) -> tuple[int, ...]:
        """Ranks at which most pairs have a row of their own, and the largest of all."""
        counts: dict[int, int] = {}
        for row in self.rows:
            counts[row.rank] = counts.get(row.rank, 0) + 1
        most, pairs = max(counts), len(self.pairs)
        return tuple(sorted(rank for rank, n in counts.items() if 2 * n > pairs or rank == most))


def _at_least(row: RankRow, value: str, least: float) -> bool:
    found = getattr(row, value)
    return found is not None and found >= least


def powers(most: int, *, chosen: Iterable[int] | None = None) -> tuple[int, ...]:
    """Ranks of a pair: those chosen, else powers of two, up to its full one, which is the last.

    Args:
        most: The full rank.
        chosen: Ascending; None: 1, 2, 4, ….
    """
    ranks = [2**k for k in range(most.bit_length())] if chosen is None else list(chosen)
    return tuple(dict.fromkeys([*(rank for rank in ranks if rank < most), most]))
