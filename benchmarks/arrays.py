"""From import to the first table of two own arrays, in a fresh process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.record import Line, allowed

ROWS, DIMS = 50_000, (512, 768)
LIMIT = 5.0
READ = "import sys, numpy as np, samefeatures as sf; x, y = map(np.load, sys.argv[1:])"
CODES = {
    "sf.compare": f"""{READ}
results = sf.compare({{"x": x, "y": y}})
print(results.table("ols")["x", "y"].r2, results.table("ridge")["y", "x"].r2)
""",
    "sf.fit_map and sf.r2": f"""{READ}
m = sf.fit_map(x[:40_000], y[:40_000])
print(sf.r2(m, x[40_000:], y[40_000:]))
""",
    "sf.moments and cka": f"""{READ}
print(sf.moments({{"x": x, "y": y}}).cka("x", "y"))
""",
}


def run() -> list[Line]:
    """Median of three runs each, with all processors, files in the cache of the system."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((ROWS, 256), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for dim in DIMS:
            mix, noise = (rng.standard_normal(s, np.float32) for s in ((256, dim), (ROWS, dim)))
            paths.append(Path(folder) / f"{dim}.npy")
            np.save(paths[-1], latent @ mix + 8 * noise)
        return [_line(what, code, paths) for what, code in CODES.items()]


def _line(what: str, code: str, paths: list[Path]) -> Line:
    seconds = statistics.median(_seconds(code, paths) for _ in range(3))
    return allowed(f"import to {what}, {ROWS:,} × {DIMS[0]} and {DIMS[1]}", seconds, LIMIT, "s")


def _seconds(code: str, paths: list[Path]) -> float:
    free = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)],
        check=True,
        env=free,
        stdout=subprocess.DEVNULL,
    )
    return perf_counter() - start
