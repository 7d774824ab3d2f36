"""What the maps of one method and source come to on the eval rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
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
from samefeatures.study.by_rows.rowwise import Judged, is_cheaper, judged_rows
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
        beyond = {} if left is None else self._beyond(method, left)
        for each in self._judged(method, problem, targets):
            top1 = None if each.correct is None else 100 * each.correct / self.moments.n
            yield MapOfRows(
                source=source,
                target=each.target,
                top1=top1,
                r2=_finite(each.r2),
                r2_beyond_answers=beyond.get(each.target),
            )

    def _judged(
        self, method: Method, problem: SourceProblem, targets: Sequence[str]
    ) -> Iterator[Judged]:
        """By the rows themselves where that is less work, else as maps of a study."""
        heads = {t: head for t in targets if (head := self.networks[t].head) is not None}
        classes = max((head.classes for head in heads.values()), default=0)
        dim = problem.dims[problem.source]
        few = is_cheaper(self.moments.n, dim, classes if self.labels is not None else 0)
        inverse = method.inverse(problem) if few else None
        if inverse is None:
            yield from self._as_maps(method, problem, targets)
            return
        yield from judged_rows(
            problem,
            inverse,
            targets,
            networks=self.networks,
            rows=self.rows,
            labels=self.labels,
            judge=self.moments,
        )

    def _as_maps(
        self, method: Method, problem: SourceProblem, targets: Sequence[str]
    ) -> Iterator[Judged]:
        """Composed with heads, and by moments of the eval rows."""
        fitted = list(method.fit(problem, targets))
        heads = {
            m.target: m.fold(self.networks[m.target], algebra=self.algebra)
            for m in fitted
            if self.labels is not None and self.networks[m.target].head is not None
        }
        correct: dict[str, int] = {}
        if heads and self.labels is not None:
            rows = labelled(self.rows[problem.source], self.labels)
            scores = score_heads(rows, list(heads.values()), algebra=self.algebra)
            correct = dict(zip(heads, (score.correct for score in scores), strict=True))
        for each in fitted:
            r2 = closeness(self.moments, each, algebra=self.algebra).r2
            yield Judged(target=each.target, correct=correct.get(each.target), r2=r2)

    def _beyond(self, method: Method, left: Left) -> dict[str, float | None]:
        """The same method, on what the answers leave."""
        problem = SourceProblem(left.source, self.networks, left.fit, algebra=self.algebra)
        maps = method.fit(problem, left.targets)
        return {m.target: _finite(left.r2(m, algebra=self.algebra)) for m in maps}


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
