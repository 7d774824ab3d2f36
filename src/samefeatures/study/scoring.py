"""From eval features and saved maps to cells, one source and method at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32, Int32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import LabelError
from samefeatures.base.files import write_whole, writing
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.maps import AffineMap
from samefeatures.moments.record import Moments
from samefeatures.networks.record import Head, Network
from samefeatures.scores.comparisons import SAME, Comparison, Pair, compare
from samefeatures.scores.heads import Closeness, Score, agreement, closeness, score_heads
from samefeatures.scores.intervals import wilson
from samefeatures.study.results import Cell, FitSummary

SCORE_ROWS = 1024
PERFECT = Closeness(r2=1.0, cosine=1.0)
"""An unmapped network against itself."""
Predictions = Int32
MapsOf = Callable[[str, str], Mapping[str, AffineMap]]
"""Method label and source to the fitted maps by target."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Everything that scoring found.

    Attributes:
        own: Every network with its own head.
        cells: All methods, N x N each, diagonals included.
        fits: One per map.
        predictions: Predicted classes by ``own/NAME`` and ``METHOD/SOURCE/TARGET``.
    """

    own: Mapping[str, Score]
    cells: tuple[Cell, ...]
    fits: tuple[FitSummary, ...]
    predictions: Mapping[str, Predictions]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scorer:
    """Scores hybrids on one eval set; finished pieces are kept in ``folder``.

    Attributes:
        networks: By name, in the order of the study.
        rows: Eval features of each.
        moments: Of the same rows, for R² and cosine.
        folder: Where scores of one source and method are kept, so that a stopped run goes on.
        algebra: Where products run.
    """

    networks: Mapping[str, Network]
    rows: Mapping[str, FeatureRows]
    moments: Moments
    folder: Path
    algebra: Algebra = HOST

    def run(self, methods: Mapping[str, str], maps_of: MapsOf, progress: Progress) -> Scored:
        """Score all cells.

        Args:
            methods: Labels, each with a key that changes whenever its maps do.
            maps_of: Loads the maps of a label and a source.
            progress: Shows how far it is.

        Raises:
            LabelError: when the eval set has no labels.
        """
        labels = self.labels()
        advance = progress.task("score", (1 + len(methods)) * len(self.networks))
        own: dict[str, Score] = {}
        for name, network in self.networks.items():
            (own[name],) = self._scores(name, [network.head], labels, "own", network.fingerprint)
            advance(1)
        predictions = {f"own/{name}": score.predictions for name, score in own.items()}
        cells: list[Cell] = []
        fits: list[FitSummary] = []
        for label, key in methods.items():
            hybrids: dict[Pair, Score] = {}
            close: dict[Pair, Closeness] = {}
            for source in self.networks:
                maps = maps_of(label, source)
                heads = [
                    fitted.fold(self.networks[target], algebra=self.algebra)
                    for target, fitted in maps.items()
                ]
                scores = self._scores(source, heads, labels, label, key) if heads else []
                for (target, fitted), score in zip(maps.items(), scores, strict=True):
                    hybrids[source, target] = score
                    close[source, target] = closeness(self.moments, fitted, algebra=self.algebra)
                    fits.append(_fit_summary(label, fitted))
                advance(1)
            predictions |= {f"{label}/{a}/{b}": s.predictions for (a, b), s in hybrids.items()}
            compared = compare(hybrids, own, labels)
            for a, b in product(self.networks, repeat=2):
                score = own[a] if a == b else hybrids[a, b]
                result = compared.get((a, b), SAME)
                cells.append(_cell((label, a, b), score, own, close.get((a, b), PERFECT), result))
        return Scored(own, tuple(cells), tuple(fits), predictions)

    def labels(self) -> Int64:
        """Labels of the eval rows, from whichever network's features carry them."""
        for rows in self.rows.values():
            if rows.labels is not None:
                return rows.labels
        raise LabelError("The eval set has no labels. Give a labels CSV or class folders.")

    def _scores(
        self,
        source: str,
        heads: Sequence[Head],
        labels: Int64,
        label: str,
        key: str,
    ) -> list[Score]:
        """Scores of heads on one source's features, from ``folder`` if they are there."""
        folder = self.folder / label / source
        path = folder / f"{key[:16]}-{self.rows[source].fingerprint[:16]}.npz"
        known = digest(labels.tobytes())
        kept = _read_scores(path, known)
        if kept is not None and len(kept) == len(heads):
            return kept
        scores = score_heads(labelled(self.rows[source], labels), heads, algebra=self.algebra)
        packed = io.BytesIO()
        np.savez(
            packed,
            predictions=np.stack([s.predictions for s in scores]),
            correct=np.array([(s.correct, s.correct_top5) for s in scores]),
            labels=known,
        )
        with writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, packed.getvalue())
            for stale in folder.glob("*.npz"):
                if stale != path:
                    stale.unlink(missing_ok=True)
        return scores


def _read_scores(path: Path, labels: str) -> list[Score] | None:
    """Scores that an earlier run left, or None when there are none of these labels to be read.

    Files that do not say which labels are of a time when the features' key, which they are named
    by, named the labels too.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            predictions, correct = file["predictions"], file["correct"]
            if str(file.get("labels", labels)) != labels:
                return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return [Score(p, int(c), int(c5)) for p, (c, c5) in zip(predictions, correct, strict=True)]


def labelled(rows: FeatureRows, labels: Int64) -> Iterator[tuple[Float32, Int64]]:
    """Chunks of features with their labels."""
    start = 0
    for block in rows.chunks(SCORE_ROWS):
        yield block, labels[start : start + len(block)]
        start += len(block)


def _cell(
    place: tuple[str, str, str],
    score: Score,
    own: Mapping[str, Score],
    close: Closeness,
    compared: Comparison,
) -> Cell:
    label, source, target = place
    source_top1, target_top1 = own[source].top1, own[target].top1
    low, high = wilson(score.correct, score.n)
    change = 100 * (score.top1 - source_top1) / source_top1 if source_top1 else float("nan")
    return Cell(
        method=label,
        source=source,
        target=target,
        n=score.n,
        correct=score.correct,
        top1=score.top1,
        correct_top5=score.correct_top5,
        top5=score.top5,
        source_top1=source_top1,
        target_top1=target_top1,
        change_vs_source_pct=change,
        loss_vs_target_points=target_top1 - score.top1,
        agreement=agreement(score, own[target]),
        r2=close.r2,
        cosine=close.cosine,
        ci_low=low,
        ci_high=high,
        **asdict(compared),
    )


def _fit_summary(label: str, fitted: AffineMap) -> FitSummary:
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
    )
