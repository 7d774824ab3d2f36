"""From eval rows and saved maps to the score of every hybrid, one source and method at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32, Int32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.networks.record import Head, Network
from samefeatures.scores.comparisons import Pair
from samefeatures.scores.heads import Score, score_heads
from samefeatures.study.curves import curve_summary
from samefeatures.study.map_files import MapFiles
from samefeatures.study.measuring import Measuring
from samefeatures.study.results import FitSummary
from samefeatures.study.score_files import KeptScores, MapFacts, ScoreFile

SCORE_ROWS = 1024
SCORES_VERSION = 1
"""Raised whenever a change in ``scores`` changes a number of a cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Everything that scoring found.

    Attributes:
        labels: (n,) of the eval rows; None where nothing is known of what is right.
        names: Of the networks, in the order of the study.
        rows: n.
        own: Every network with its own head; those without one are not there.
        hybrids: By label of the method, then by (source, target): those whose target has a head.
        facts: What the maps are, of every pair.
    """

    labels: Int64 | None
    names: tuple[str, ...]
    rows: int
    own: Mapping[str, Score]
    hybrids: Mapping[str, Mapping[Pair, Score]]
    facts: Mapping[str, Mapping[Pair, MapFacts]]

    @property
    def every_fact(self) -> list[MapFacts]:
        """Of all maps of all methods."""
        return [fact for by_pair in self.facts.values() for fact in by_pair.values()]

    @property
    def predictions(self) -> dict[str, Int32]:
        """(n,) classes by ``own/NAME`` and ``METHOD/SOURCE/TARGET``."""
        own = {f"own/{name}": score.predictions for name, score in self.own.items()}
        return own | {
            f"{label}/{a}/{b}": score.predictions
            for label, scores in self.hybrids.items()
            for (a, b), score in scores.items()
        }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scorer:
    """Scores hybrids on one eval set; finished pieces are kept in ``folder``.

    Attributes:
        networks: By name, in the order of the study.
        rows: (n, d) eval features of each.
        labels: (n,) of these rows, or None: then only predictions are compared.
        maps: Where the fitted maps lie.
        measuring: Takes what is measured of each map.
        folder: Where scores of one source and method are kept, so that a stopped run goes on.
        algebra: Where products run.
    """

    networks: Mapping[str, Network]
    rows: Mapping[str, FeatureRows]
    labels: Int64 | None
    maps: MapFiles
    measuring: Measuring
    folder: Path
    algebra: Algebra = HOST

    def run(self, methods: Mapping[str, str], progress: Progress) -> Scored:
        """Score all hybrids.

        Args:
            methods: Labels, each with a key that changes whenever its maps do.
            progress: Shows how far it is.
        """
        advance = progress.task("score", (1 + len(methods)) * len(self.networks))
        own: dict[str, Score] = {}
        for name, network in self.networks.items():
            if network.head is not None:
                own[name] = self._own(name, network, network.head)
            advance(1)
        hybrids: dict[str, dict[Pair, Score]] = {label: {} for label in methods}
        facts: dict[str, dict[Pair, MapFacts]] = {label: {} for label in methods}
        for label, key in methods.items():
            for source in self.networks:
                pairs = [(source, target) for target in self.networks if target != source]
                kept = self._hybrids(label, key, pairs) if pairs else KeptScores([])
                hybrids[label] |= zip(self._headed(pairs), kept.scores, strict=True)
                facts[label] |= zip(pairs, kept.facts, strict=True)
                advance(1)
        rows = len(next(iter(self.rows.values())))
        return Scored(self.labels, tuple(self.networks), rows, own, hybrids, facts)

    def _headed(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Those that end in a network with a head."""
        return [pair for pair in pairs if self.networks[pair[1]].head is not None]

    def _own(self, name: str, network: Network, head: Head) -> Score:
        """A network with its own head."""
        file = self._file("own", name, network.fingerprint)
        kept = file.read()
        if kept is None or len(kept.scores) != 1:
            kept = KeptScores(self._score(name, [head]))
            file.write(kept)
        return kept.scores[0]

    def _hybrids(self, label: str, key: str, pairs: Sequence[Pair]) -> KeptScores:
        """All hybrids of one source, and the facts of all its maps, in the order of ``pairs``."""
        source, headed = pairs[0][0], self._headed(pairs)
        file = self._file(label, source, key)
        kept = file.read()
        if kept and len(kept.scores) == len(headed) and self._are_whole(kept.facts, pairs):
            return kept
        maps = [self.maps.load(label, *pair) for pair in pairs]
        if kept is None or len(kept.scores) != len(headed):
            ends = {pair[1]: self.networks[pair[1]] for pair in headed}
            heads = [m.fold(ends[m.target], algebra=self.algebra) for m in maps if m.target in ends]
            kept = KeptScores(self._score(source, heads))
        kept = KeptScores(kept.scores, [self._facts(label, fitted) for fitted in maps])
        file.write(kept)
        return kept

    def _are_whole(self, facts: Sequence[MapFacts], pairs: Sequence[Pair]) -> bool:
        wanted = set(self.measuring.keys.values())
        return len(facts) == len(pairs) and all(wanted <= set(each.measures) for each in facts)

    def _file(self, label: str, source: str, key: str) -> ScoreFile:
        prints = [part.fingerprint for part in self.rows.values()]
        labels = b"" if self.labels is None else self.labels.tobytes()
        basis = digest(str(SCORES_VERSION), labels, *prints)
        name = f"{key[:16]}-{self.rows[source].fingerprint[:16]}.npz"
        return ScoreFile(self.folder / label / source / name, basis)

    def _score(self, source: str, heads: Sequence[Head]) -> list[Score]:
        if not heads:
            return []
        rows = self.rows[source]
        labels = np.zeros(len(rows), np.int64) if self.labels is None else self.labels
        return score_heads(labelled(rows, labels), heads, algebra=self.algebra)

    def _facts(self, label: str, fitted: AffineMap) -> MapFacts:
        path = self.maps.curve_path(label, fitted.source, fitted.target)
        curve = None if fitted.fit.steps is None else LossCurve.load(path)
        return MapFacts(
            measures=self.measuring.of(fitted),
            fit=fit_summary(label, fitted),
            curve=curve_summary(label, fitted, curve),
        )


def labelled(rows: FeatureRows, labels: Int64) -> Iterator[tuple[Float32, Int64]]:
    """Chunks of (r, d) features with their (r,) labels.

    Args:
        rows: n of them.
        labels: (n,) class indices.
    """
    start = 0
    for block in rows.chunks(SCORE_ROWS):
        yield block, labels[start : start + len(block)]
        start += len(block)


def fit_summary(label: str, fitted: AffineMap) -> FitSummary:
    """What the solver said of a map of the method with this label."""
    return FitSummary(
        method=label,
        source=fitted.source,
        target=fitted.target,
        rank=fitted.fit.rank,
        full_rank=fitted.fit.full_rank,
        condition=fitted.fit.condition,
        note=fitted.fit.message,
        steps=fitted.fit.steps,
        loss=fitted.fit.loss,
        alpha=fitted.fit.alpha,
        path=fitted.fit.path,
    )
