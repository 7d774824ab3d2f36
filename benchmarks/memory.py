"""Peak memory at the thesis' full dimensions, for two numbers of rows."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.algebra import THESIS_DIMS
from benchmarks.record import Line, allowed, within

LIMIT_GB = 12.0
CODE = """
import resource, sys
import numpy as np
from benchmarks.algebra import THESIS_DIMS
from samefeatures.joint.record import Moments
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.sums import Accumulator
rows = int(sys.argv[1])
names = [f"net{k}" for k in range(10)]
sums = Accumulator(Moments(names, THESIS_DIMS))
rng = np.random.default_rng(0)
step = chunk_rows(sum(THESIS_DIMS))
for start in range(0, rows, step):
    n = min(step, rows - start)
    sums.update(*(rng.standard_normal((n, d), np.float32) for d in THESIS_DIMS))
if sys.argv[2] == "solve":
    moments = sums.moments()
    from samefeatures.maps.inverse import pseudoinverse
    inverse = pseudoinverse(moments.block(names[9], names[9])).matrix
    for name in names[:9]:
        moments.block(name, names[9]) @ inverse
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def peak_gb(rows: int, stage: str) -> float:
    """Peak resident memory of a fresh process, in GB."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(rows), stage], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def run() -> list[Line]:
    """Moments of 3,000 and 9,000 rows, and then the largest source's nine maps."""
    few, many = peak_gb(3_000, "moments"), peak_gb(9_000, "moments")
    solve = peak_gb(3_000, "solve")
    made = [
        ("moments, D = 21,408, 3,000 rows", few),
        ("moments, D = 21,408, 9,000 rows", many),
        ("and nine maps out of 4,320 features", solve),
    ]
    return [_line(stage, gb) for stage, gb in made]


def _line(stage: str, gb: float) -> Line:
    line = allowed(stage, gb, LIMIT_GB, "GB")
    return within(line, 8 * sum(THESIS_DIMS) ** 2 / 1e9, "the matrix S itself")
