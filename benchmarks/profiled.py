"""``OMP_NUM_THREADS=1 python -m benchmarks.profiled [demo]``: where time goes, by function.

Time is that of the processor, so that other work on the machine does not count; one thread for
matrix products, so that it is that of one core. Without an argument: four made-up networks of 768
features and 1,000 classes on 4,000 + 2,000 rows, from moments to tables.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from samefeatures.report.write import write_report
from samefeatures.study.config import parse_config
from samefeatures.study.demo import demo_config
from samefeatures.study.study import Study

DIM, CLASSES, FIT, EVAL, NETWORKS = 768, 1000, 4000, 2000, 4


def synthetic(folder: Path) -> Study:
    """Networks known by their features alone, of one latent cause."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((FIT + EVAL, 256), np.float32)
    labels = rng.integers(0, CLASSES, EVAL)
    for k in range(NETWORKS):
        features = latent @ rng.standard_normal((256, DIM), np.float32) / 16
        features += rng.standard_normal(features.shape, np.float32) / 4
        np.savez(
            folder / f"net{k}.npz",
            fit_features=features[:FIT],
            eval_features=features[FIT:],
            eval_labels=labels,
            head_weight=rng.standard_normal((CLASSES, DIM), np.float32),
            head_bias=np.zeros(CLASSES, np.float32),
        )
    config = parse_config(
        {
            "networks": [f"npz:net{k}.npz" for k in range(NETWORKS)],
            "methods": ["ols", "ridge", "logit", "naive"],
        }
    )
    return Study(config, out=folder / "out", base=folder)


def main(names: list[str]) -> None:
    """Print the functions that took longest, by their own time and with what they call."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if names == ["demo"]:
            study = Study(demo_config(), out=folder / "out", base=folder)
        else:
            study = synthetic(folder)
        profile = cProfile.Profile(process_time)
        profile.enable()
        write_report(study.score(), folder / "report")
        profile.disable()
    for order in ("cumulative", "tottime"):
        text = io.StringIO()
        pstats.Stats(profile, stream=text).strip_dirs().sort_stats(order).print_stats(40)
        print(text.getvalue())


if __name__ == "__main__":
    main(sys.argv[1:])
