"""A ridge strength for each of 90 maps, from rows to maps, against himalaya's cross-validation.

Ours: one pass that sums moments by fold, then 21 strengths for every pair on five folds, and the
maps. Himalaya's ``RidgeCV`` takes 20 of these strengths on the same folds, all other networks side
by side as the targets of a source, in float64 from rows in memory: a strength per column, which is
its fast way. It is run for every fifth source, and its time scaled by multiply-adds to all.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.algebra import fake, made_features
from benchmarks.record import Line, at_least, seconds
from samefeatures.features.folds import SEED, parts_of
from samefeatures.joint.by_fold import FoldSums, whole_of
from samefeatures.joint.kept import chunk_rows
from samefeatures.maps import AffineMap, Ridge, SourceProblem
from samefeatures.maps.ridge_path import GRID

DIMS = (64, 64, 112, 128, 128, 128, 96, 96, 252, 270)
"""A sixteenth of the thesis' networks: more takes himalaya many minutes."""
ROWS, FOLDS, EVERY = 4_000, 5, 5
Rows = Mapping[str, np.ndarray]


def ours(features: Rows, fold_of: np.ndarray) -> dict[tuple[str, str], AffineMap]:
    """All 90 maps, each with a strength of its own."""
    names, dims = list(features), [x.shape[1] for x in features.values()]
    sums, chunk = FoldSums(names, dims, fold_of), chunk_rows(sum(dims))
    for start in range(0, len(fold_of), chunk):
        sums.update(*(x[start : start + chunk] for x in features.values()))
    folds = sums.moments()
    whole, method = whole_of(folds), Ridge(alpha="auto", folds=FOLDS)
    networks = {name: fake(name, dim) for name, dim in zip(names, dims, strict=True)}
    maps = {}
    for source in names:
        problem = SourceProblem(source, networks, whole, folds=folds)
        for fitted in method.fit(problem, [name for name in names if name != source]):
            maps[source, fitted.target] = fitted
    return maps


def theirs(x: np.ndarray, y: np.ndarray, fold_of: np.ndarray, *, local: bool = True) -> Any:
    """Himalaya's ``RidgeCV``, a strength per column or one for all."""
    from himalaya.ridge import RidgeCV
    from sklearn.model_selection import PredefinedSplit

    strengths = len(x) * x.var(axis=0).mean() * np.array(GRID[:20])
    split = PredefinedSplit(fold_of)
    options = {"local_alpha": local, "n_alphas_batch": 1, "warn": False}
    model = RidgeCV(alphas=strengths, fit_intercept=True, cv=split, solver_params=options)
    return model.fit(x, y)


def run() -> list[Line]:
    """One line; none where himalaya is not installed."""
    if importlib.util.find_spec("himalaya") is None:
        return []
    features = made_features(DIMS, ROWS)
    fold_of = parts_of(ROWS, FOLDS, seed=SEED)
    found: dict[tuple[str, str], AffineMap] = {}
    mine = seconds(lambda: found.update(ours(features, fold_of)), repeat=2)
    wide = {name: x.astype(np.float64) for name, x in features.items()}
    timed = list(features)[::EVERY]
    other = sum(_seconds(wide, source, fold_of) for source in timed)
    other *= _work(DIMS) / _work(DIMS[::EVERY], sum(DIMS))
    stage = f"strengths of 90 maps, {len(DIMS)} networks of {sum(DIMS):,}, {ROWS:,} rows"
    peer = "himalaya RidgeCV, 20 alphas, 5 folds"
    difference = _difference(found, wide, fold_of)
    return [at_least(stage, mine, peer, other, 10.0, difference=difference)]


def _seconds(wide: Rows, source: str, fold_of: np.ndarray) -> float:
    y = np.concatenate([x for name, x in wide.items() if name != source], axis=1)
    return seconds(lambda: theirs(wide[source], y, fold_of))


def _work(dims: Sequence[int], total: int = sum(DIMS)) -> float:
    """Of its predictions, most of what it does: a row of every source into all other columns."""
    return float(sum(d * (total - d) for d in dims))


def _difference(
    maps: Mapping[tuple[str, str], AffineMap], wide: Rows, fold_of: np.ndarray
) -> float:
    """Largest difference of two predictions of one map, by the target's standard deviation; its
    one strength for all columns is ours, or they differ."""
    (source, target), m = next(iter(maps.items()))
    x, y = wide[source], wide[target]
    one = theirs(x, y, fold_of, local=False)
    rows = x[:2000]
    both = rows @ m.weight.T + m.bias - (rows @ one.coef_ + one.intercept_)
    return float(np.abs(both).max() / y.std())
