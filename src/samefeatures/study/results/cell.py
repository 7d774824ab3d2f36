"""One cell of the tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from samefeatures.base.brief import brief
from samefeatures.base.errors import UnknownNameError
from samefeatures.base.options import check_known
from samefeatures.base.records import record
from samefeatures.scores.follows import Follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hybrid on the eval set: a row of ``results.csv``. Percents run from 0 to 100.

    Where the target has no head, or the eval set no labels, nothing is counted: counts are None,
    percents and p-values NaN, and the measures are all that a cell holds. Of a source without a
    head what is taken against its own accuracy is NaN.

    Attributes:
        method: The map's method; on the diagonal the unmapped network, whatever the method.
        source: Whose features.
        target: Whose head.
        n: Eval images.
        correct: Images whose label has the largest logit.
        top1: ``100 * correct / n``.
        correct_top5: Images whose label is among the five largest logits.
        top5: ``100 * correct_top5 / n``.
        source_top1: The source's own top-1.
        target_top1: The target's own top-1.
        change_vs_source_pct: ``100 * (top1 - source_top1) / source_top1`` (thesis, Table 5.2).
        loss_vs_target_points: ``target_top1 - top1``; negative is a gain (paper, Table 1).
        agreement: Percent of eval images where hybrid and target network predict the same class.
        measures: The study's measures by name, e.g. ``r2`` and ``cosine``; a column each.
        ci_low: Lower end of the 95 % Wilson interval of ``top1``, in percent.
        ci_high: Its upper end.
        p_vs_target: Exact McNemar test that hybrid and target network are equally often right, on
            the same images; corrected by Holm over the N(N-1) hybrids of the method.
        p_vs_source: The same against the source network.
        p_vs_target_raw: Before the correction.
        p_vs_source_raw: Before the correction.
        fixed: Images that the target network gets wrong and the hybrid right.
        broken: Images that the target network gets right and the hybrid wrong.
        follows: Whom the hybrid follows, a column a field; None on the diagonal, and in results of
            earlier versions.
    """

    method: str
    source: str
    target: str
    n: int
    correct: int | None
    top1: float
    correct_top5: int | None
    top5: float
    source_top1: float
    target_top1: float
    change_vs_source_pct: float
    loss_vs_target_points: float
    agreement: float
    measures: Mapping[str, float]
    ci_low: float
    ci_high: float
    p_vs_target: float
    p_vs_source: float
    p_vs_target_raw: float
    p_vs_source_raw: float
    fixed: int | None
    broken: int | None
    follows: Follows | None = None

    def __repr__(self) -> str:
        return brief(
            self,
            method=self.method,
            source=self.source,
            target=self.target,
            n=self.n,
            top1=self.top1,
            change_vs_source_pct=self.change_vs_source_pct,
        )

    @property
    def scored(self) -> bool:
        """Whether right answers were counted."""
        return self.correct is not None

    @property
    def turned(self) -> tuple[int, int]:
        """Images fixed, and broken; none of a cell in which nothing was counted."""
        return self.fixed or 0, self.broken or 0

    def measure(self, name: str) -> float:
        """A measure by its name.

        Raises:
            UnknownNameError: when the study does not take it.
        """
        check_known(name, self.measures, "This study takes no measure", UnknownNameError)
        return self.measures[name]

    @property
    def r2(self) -> float:
        """The share of the target's variance that the map explains; NaN where it is not taken."""
        return self.measures.get("r2", math.nan)

    @property
    def cosine(self) -> float:
        """Between mapped and true features, all images as one vector; NaN where it is not taken."""
        return self.measures.get("cosine", math.nan)

    @property
    def row(self) -> dict[str, Any]:
        """By column, in the order of ``results.csv``; those of ``follows`` are None without it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        follows = values.pop("follows")
        at = list(values).index("measures")
        named = list(values.items())
        return {
            **dict([*named[:at], *self.measures.items(), *named[at + 1 :]]),
            **{name: getattr(follows, name, None) for name in FOLLOWS},
        }

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Self:
        """From ``row``, by way of JSON: what is no column of every study is a measure."""
        measures = {name: value for name, value in row.items() if name not in (*FIXED, *FOLLOWS)}
        found: dict[str, Any] = {name: row.get(name) for name in FOLLOWS}
        follows = None if found["disagree"] is None else Follows(n=row["n"], **found)
        plain = {name: row[name] for name in FIXED} | {"measures": measures}
        return record(cls, plain | {"follows": follows and asdict(follows)})


def columns_of(cells: Sequence[Cell]) -> dict[str, list[Any]]:
    """Cells as columns, in the order of ``results.csv``."""
    rows = [cell.row for cell in cells]
    return {name: [row[name] for row in rows] for name in rows[0]}


FIXED = tuple(field.name for field in fields(Cell) if field.name not in ("measures", "follows"))
"""Columns of every study, whatever it measures."""

FOLLOWS = tuple(field.name for field in fields(Follows) if field.name != "n")
"""Columns of whom a hybrid follows."""
