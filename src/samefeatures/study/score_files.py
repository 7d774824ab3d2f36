"""Scores on disk, with all else that a cell says of its map: ``scores/LABEL/SOURCE/KEY-ROWS.npz``.

Scoring again reads these files alone: no map, no moments, no row of features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.files import writing
from samefeatures.base.npz import load_npz, write_npz
from samefeatures.base.records import record
from samefeatures.base.removal import remove
from samefeatures.scores.heads import Score
from samefeatures.study.results import CurveSummary, FitSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFacts:
    """What a cell says of its map, beside the score; its measures by their keys."""

    measures: Mapping[str, float]
    fit: FitSummary
    curve: CurveSummary | None


@dataclass(frozen=True, slots=True)
class KeptScores:
    """Heads on the features of one source.

    Attributes:
        scores: One a head.
        facts: One a map; none for a network's own head, and in files of earlier versions.
    """

    scores: Sequence[Score]
    facts: Sequence[MapFacts] = ()


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """Where the scores of one source and method are kept.

    Attributes:
        path: Its name holds the key of the maps, and the fingerprint of the source's eval rows;
            ``scores`` lies in the study's folder, and nothing out of that is deleted.
        basis: Changes with whatever else decides them: labels, the eval rows of all networks.
    """

    path: Path
    basis: str

    def read(self) -> KeptScores | None:
        """What an earlier run left, or None when nothing is there that can be read and still holds.

        Files without a basis are of a time when the features' keys, which the name holds, named the
        labels too, and when no facts were kept.
        """
        try:
            file = load_npz(self.path)
            predictions, correct = file["predictions"], file["correct"]
            said = json.loads(file["facts"].tobytes()) if "facts" in file else {"facts": []}
            facts = [record(MapFacts, each) for each in said["facts"]]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if said.get("basis", self.basis) != self.basis:
            return None
        pairs = zip(predictions, correct, strict=True)
        return KeptScores([Score(p, int(c), int(c5)) for p, (c, c5) in pairs], facts)

    def write(self, kept: KeptScores) -> None:
        """Save them, and remove those of other maps and rows."""
        facts = [asdict(each) for each in kept.facts]
        said = json.dumps({"basis": self.basis, "facts": facts}).encode()
        arrays = {
            "predictions": np.stack([s.predictions for s in kept.scores]),
            "correct": np.array([(s.correct, s.correct_top5) for s in kept.scores]),
            "facts": np.frombuffer(said, np.uint8),
        }
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_npz(self.path, arrays)
            for stale in self.path.parent.glob("*.npz"):
                if stale != self.path:
                    remove(stale, within=self.path.parents[3])
