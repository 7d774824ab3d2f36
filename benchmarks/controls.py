"""What control spaces cost beside the moments of ten ImageNet networks, on made-up rows.

``./scripts/bench controls``
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.record import Line, at_most
from samefeatures.base.progress import Silent
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.folded import fold_moments
from samefeatures.joint.kept import accumulate
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.spaces import Spaces

DIMS = (256, 512, 768, 1280, 1280, 512, 128, 1280, 1280, 1280)
"""As in examples/imagenet-ten."""
SAID: Any = {"kind": "fit", "progress": Silent()}
CLASSES, PIXELS, ROWS, TIMES = 1000, 768, 18_100, 2


def run() -> list[Line]:
    """Moments with answers, pixels and class noise; and, for ridge strengths, in five folds too."""
    spaces, chosen = made(), ControlsConfig()
    fold_of = parts_of(ROWS, chosen.folds, seed=0)
    reading = spaces.reading(chosen.given)
    with_folds = spaces.reading(chosen.given, fold_of=fold_of)
    plain, beside, in_folds = [], [], []
    for _ in range(TIMES):
        plain.append(_seconds(lambda at: accumulate(list(spaces.rows.values()), at, **SAID)))
        beside.append(_seconds(lambda at: fold_moments(reading, at, **SAID)))
        in_folds.append(_seconds(lambda at: fold_moments(with_folds, at, **SAID)))
    what = f"moments of {ROWS:,} rows, {sum(DIMS):,} features"
    return [
        at_most(f"{what}, with control spaces", min(beside), "without them", min(plain), 1.5),
        at_most(f"{what}, and folds", min(in_folds), "without any", min(plain), 2.5),
    ]


def _seconds(work: Callable[[Path], object]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        work(Path(folder))
        return perf_counter() - start


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
