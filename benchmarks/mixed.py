"""What mixed precision changes in a study: own accuracies, cells, maps, and rates.

``python -m benchmarks.mixed STUDY.yaml OUT [bfloat16]`` runs the study in float32 and in the narrow
type, with everything else alike, and prints one line per network and the largest change of a cell.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from samefeatures.base.progress import on_terminal
from samefeatures.study.config import read_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def run(path: Path, out: Path, precision: str) -> tuple[StudyResults, dict[str, float]]:
    """Results of the study, and rows per second by network."""
    config = read_config(path).model_copy(update={"precision": precision})
    with on_terminal() as progress:
        study = Study(config, out=out / precision, base=path.parent, progress=progress)
        results = study.score()
    kept = json.loads((study.out / "extraction.json").read_text())["networks"]
    return results, {name: rate["rows_per_second"] for name, rate in kept.items()}


def main(path: Path, out: Path, narrow: str = "bfloat16") -> None:
    """Print the comparison."""
    (wide, fast), (mixed, slow) = (run(path, out, p) for p in ("float32", narrow))
    images = wide.eval_data.rows
    print(f"{images} eval images, {wide.fit_data.rows} fit rows; float32, then {narrow}")
    for one, other in zip(wide.networks, mixed.networks, strict=True):
        rates = f"{fast[one.name]:.1f} and {slow[one.name]:.1f} images/s"
        print(f"{one.name}: top-1 {one.top1:.1f} and {other.top1:.1f} %, {rates}")
    for entry in wide.methods:
        pairs = [
            (a, b)
            for a, b in zip(wide.cells, mixed.cells, strict=True)
            if a.method == entry.name and a.source != a.target
        ]
        correct = max(abs(a.correct - b.correct) for a, b in pairs)
        r2 = max(abs((a.r2 or 0.0) - (b.r2 or 0.0)) for a, b in pairs)
        change = float(np.mean([b.top1 - a.top1 for a, b in pairs]))
        print(
            f"{entry.name}: {len(pairs)} cells change by at most {correct} images (mean "
            f"{change:+.2f} points), R2 by at most {r2:.1e}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
