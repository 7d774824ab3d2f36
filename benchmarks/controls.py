"""What control spaces cost beside the moments of ten ImageNet networks, on made-up rows.

``./scripts/bench controls``
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.record import Line, at_most
from samefeatures.base.progress import Silent
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows
from samefeatures.moments.folded import fold_moments
from samefeatures.moments.kept import accumulate
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.spaces import Spaces

DIMS = (256, 512, 768, 1280, 1280, 512, 128, 1280, 1280, 1280)
"""As in examples/imagenet-ten."""
CLASSES, PIXELS, ROWS, TIMES = 1000, 768, 18_100, 2


def run() -> list[Line]:
    """Moments with answers, pixels and class noise, in five folds, against those without."""
    spaces, chosen = made(), ControlsConfig()
    reading = spaces.reading(chosen.given, fold_of=parts_of(ROWS, chosen.folds, seed=0))
    plain, beside = [], []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as folder:
            start = perf_counter()
            accumulate(list(spaces.rows.values()), Path(folder), kind="fit", progress=Silent())
            plain.append(perf_counter() - start)
            start = perf_counter()
            fold_moments(reading, Path(folder), kind="fit", progress=Silent())
            beside.append(perf_counter() - start)
    stage = f"moments of {ROWS:,} rows, {sum(DIMS):,} features, with control spaces"
    return [at_most(stage, min(beside), "without them", min(plain), 1.5)]


def made() -> Spaces:
    """Networks of random rows and heads; nothing but sizes counts."""
    rng = np.random.default_rng(0)
    rows = {f"net{k}": _rows(rng, f"net{k}", dim) for k, dim in enumerate(DIMS)}
    networks: Mapping[str, FeatureFile] = {
        name: FeatureFile(
            name=name,
            source="made",
            head=Head(
                rng.standard_normal((CLASSES, part.dim), np.float32), np.zeros(CLASSES, np.float32)
            ),
            fingerprint=name,
            fit_features=part.values,
            eval_features=part.values[:1],
            eval_labels=np.zeros(1, np.int64),
        )
        for name, part in rows.items()
    }
    return Spaces(networks=networks, rows=rows, pixels=_rows(rng, "pixels", PIXELS))


def _rows(rng: np.random.Generator, name: str, dim: int) -> ArrayRows:
    values = rng.standard_normal((ROWS, dim), np.float32)
    return ArrayRows(name=name, values=values, fingerprint=f"made {name}")
