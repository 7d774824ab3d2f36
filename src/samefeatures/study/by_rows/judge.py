"""What the maps of one method and source come to on the eval rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.record import Moments
from samefeatures.maps import Method, SourceProblem
from samefeatures.networks.record import Network
from samefeatures.scores.heads import score_heads
from samefeatures.similarity import closeness
from samefeatures.study.by_rows.left import Left
from samefeatures.study.scoring import labelled


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOfRows:
    """One map of a table, fitted on some of the rows.

    Attributes:
        source: Name.
        target: Name.
        top1: Percent, through the target's head; None without one or without labels.
        r2: On the eval rows; None where the target does not vary.
        r2_beyond_answers: Of what the source's answers leave; None where they are not known.
    """

    source: str
    target: str
    top1: float | None
    r2: float | None
    r2_beyond_answers: float | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Judge:
    """Judges maps on the eval rows.

    Attributes:
        networks: By name, in the order of the study.
        rows: (m, d) eval rows of each.
        labels: (m,) of these, or None.
        moments: Of these rows.
        algebra: Where products run.
    """

    networks: Mapping[str, Network]
    rows: Mapping[str, FeatureRows]
    labels: Int64 | None
    moments: Moments
    algebra: Algebra

    def maps(
        self, method: Method, problem: SourceProblem, left: Left | None
    ) -> Iterator[MapOfRows]:
        """All maps of a method out of one source, judged.

        Args:
            method: Makes them of moments.
            problem: The source, and moments of the rows that are fitted.
            left: What the source's answers leave, of the same rows.
        """
        source = problem.source
        targets = [name for name in self.networks if name != source]
        fitted = list(method.fit(problem, targets))
        heads = {
            m.target: m.fold(self.networks[m.target], algebra=self.algebra)
            for m in fitted
            if self.labels is not None and self.networks[m.target].head is not None
        }
        top1: dict[str, float] = {}
        if heads and self.labels is not None:
            rows = labelled(self.rows[source], self.labels)
            scores = score_heads(rows, list(heads.values()), algebra=self.algebra)
            top1 = dict(zip(heads, (score.top1 for score in scores), strict=True))
        beyond = {} if left is None else self._beyond(method, left)
        for each in fitted:
            yield MapOfRows(
                source=source,
                target=each.target,
                top1=top1.get(each.target),
                r2=_finite(closeness(self.moments, each, algebra=self.algebra).r2),
                r2_beyond_answers=beyond.get(each.target),
            )

    def _beyond(self, method: Method, left: Left) -> dict[str, float | None]:
        """The same method, on what the answers leave."""
        problem = SourceProblem(left.source, self.networks, left.fit, algebra=self.algebra)
        maps = method.fit(problem, left.targets)
        return {m.target: _finite(left.r2(m, algebra=self.algebra)) for m in maps}


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
