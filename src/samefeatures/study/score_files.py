"""Scores on disk, with all else that a cell says of its map: ``scores/LABEL/SOURCE/KEY-ROWS.npz``.

Scoring again reads these files alone: no map, no moments, no row of features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.border import kept_or_none
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError
from samefeatures.base.files import writing
from samefeatures.base.npz import check_kinds, load_npz, write_npz
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
        scores: One a head; none of a source of which every target lacks one.
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
        found = kept_or_none(_read, self.path)
        if found is None or (found[0] is not None and found[0] != self.basis):
            return None
        return found[1]

    def write(self, kept: KeptScores) -> None:
        """Save them, and remove those of other maps and rows."""
        facts = [asdict(each) for each in kept.facts]
        said = json.dumps({"basis": self.basis, "facts": facts}).encode()
        count = len(kept.scores)
        shape = (count, kept.scores[0].n if count else 0)
        arrays: dict[str, npt.NDArray[Any]] = {
            "predictions": np.array([s.predictions for s in kept.scores], np.int32).reshape(shape),
            "correct": np.array(
                [(s.correct, s.correct_top5) for s in kept.scores], np.int64
            ).reshape(count, 2),
            "facts": np.frombuffer(said, np.uint8),
        }
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_npz(self.path, arrays)
            for stale in self.path.parent.glob("*.npz"):
                if stale != self.path:
                    remove(stale, within=self.path.parents[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What stands beside the scores in a file."""

    basis: str | None = None
    facts: tuple[MapFacts, ...] = ()


def _read(path: Path) -> tuple[str | None, KeptScores]:
    """The basis that a file names, and what it holds."""
    file = load_npz(path)
    check_kinds(file, {"predictions": ("i", 2), "correct": ("i", 2)})
    predictions, correct = file["predictions"], file["correct"]  # (heads, n), (heads, 2)
    n = predictions.shape[1]
    counted = (correct >= 0).all() and (correct <= n).all()
    if correct.shape != (len(predictions), 2) or not counted:
        raise FileError(f"it counts {correct.shape} right of {predictions.shape} predictions")
    said = _Said()
    if "facts" in file:
        said = record(_Said, parse_json(file["facts"].tobytes(), finite=False))
    pairs = zip(predictions, correct, strict=True)
    scores = [Score(p, int(c), int(c5)) for p, (c, c5) in pairs]
    return said.basis, KeptScores(scores, said.facts)
