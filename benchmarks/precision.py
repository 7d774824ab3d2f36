"""What moments of float32 products change in a whole study: ten miniatures, 90 maps a method.

``python -m benchmarks.precision``
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.record import Line, keep
from samefeatures.joint.record import Moments
from samefeatures.networks.miniatures.catalogue import NAMES
from samefeatures.study.config import parse_config
from samefeatures.study.results import Cell, StudyResults
from samefeatures.study.study import Study

FIT, EVAL = 5000, 2000


def run() -> list[Line]:
    """One study, its features extracted once, fitted and scored in both precisions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        double, single = (_scored(out, precision) for precision in ("float64", "float32"))
        moments = [Moments.load(out / f"{p}.npz") for p in ("float64", "float32")]
    lines = [_line("moments: largest error of a correlation", _error(*moments), 6.2e-5)]
    for label in ("ols", "ridge"):
        pairs = list(zip(_cells(double, label), _cells(single, label), strict=True))
        r2 = max(abs(one.r2 - other.r2) for one, other in pairs)
        count = max(abs(one.correct - other.correct) for one, other in pairs)
        lines.append(_line(f"{label}: largest change of R² over 90 maps", r2, 1e-5))
        stage = f"{label}: largest change of correct images of {EVAL:,} over 90 maps"
        lines.append(_line(stage, count, 1))
    return lines


def _scored(out: Path, precision: str) -> StudyResults:
    config = parse_config(
        {
            "networks": [f"mini:{name}" for name in NAMES],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": FIT},
                "eval": {"source": "fashion-mnist:eval", "limit": EVAL},
            },
            "methods": ["ols", "ridge"],
            "algebra": {"precision": precision},
        }
    )
    results = Study(config, out=out / "study", base=out).score()
    (path,) = (out / "study" / "moments").glob("fit-*.npz")
    path.rename(out / f"{precision}.npz")
    return results


def _cells(results: StudyResults, label: str) -> list[Cell]:
    return [c for c in results.cells if c.method == label and c.source != c.target]


def _error(double: Moments, single: Moments) -> float:
    """Largest error of S_ij over sqrt(S_ii S_jj), features that do not vary left out."""
    length = double.lower.diagonal().copy() ** 0.5
    length[length == 0] = float("inf")
    between = abs(np.tril(single.lower - double.lower))
    return float((between / length[:, None] / length).max())


def _line(stage: str, value: float, limit: float) -> Line:
    return Line(
        stage=stage,
        ours=value,
        peer="float64 products",
        theirs=0.0,
        ratio=value,
        goal=f"at most {limit:g}",
        met=value <= limit,
        unit="",
    )


if __name__ == "__main__":
    found = run()
    for line in found:
        print(line.stage, line.ours, line.goal)
    print(keep("precision", found))
