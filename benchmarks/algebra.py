"""All 90 OLS maps of ten networks against the bare product, and against refitting every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk
from sklearn.linear_model import LinearRegression, Ridge

from benchmarks.record import Line, alternately, at_least, at_most, product_rate, seconds, within
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.maps import OLS, AffineMap, SourceProblem
from samefeatures.networks.record import Head

THESIS_DIMS = (1024, 1024, 1792, 2048, 2048, 2048, 1536, 1536, 4032, 4320)
ROWS = 20_000
REPEAT = 5
AT_HAND = 2 * 2**30
EVERY = 5
"""Peers fit every fifth of the 90 pairs; their time is scaled to all."""


@dataclass(frozen=True)
class FakeNetwork:
    """All that a map needs to know about a network; no head of weight."""

    name: str
    head: Head
    fingerprint: str


def fake(name: str, dim: int, classes: int = 1) -> FakeNetwork:
    """A network with a head of zeros."""
    head = Head(np.zeros((classes, dim), np.float32), np.zeros(classes, np.float32))
    return FakeNetwork(name, head, name)


def made_features(dims: tuple[int, ...], rows: int) -> dict[str, np.ndarray]:
    """Float32 features that share a latent cause, as those of real networks do."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(rows, 200)).astype(np.float32)
    out = {}
    for k, d in enumerate(dims):
        mix = rng.normal(size=(200, d)).astype(np.float32) / 14
        out[f"net{k}"] = np.maximum(
            latent @ mix + rng.normal(size=(rows, d)).astype(np.float32) + 0.5, 0
        )
    return out


def joint_moments(features: dict[str, np.ndarray]) -> Moments:
    """What a study sums in one pass."""
    dims = [x.shape[1] for x in features.values()]
    sums, chunk = Accumulator(Moments(list(features), dims)), chunk_rows(sum(dims))
    for start in range(0, len(next(iter(features.values()))), chunk):
        sums.update(*(x[start : start + chunk] for x in features.values()))
    return sums.moments()


def all_maps(moments: Moments) -> dict[tuple[str, str], AffineMap]:
    """What a study makes of its moments: every map."""
    names = moments.names
    networks = {name: fake(name, dim) for name, dim in zip(names, moments.dims, strict=True)}
    maps = {}
    for source in names:
        problem = SourceProblem(source, networks, moments)
        for fitted in OLS().fit(problem, [t for t in names if t != source]):
            maps[source, fitted.target] = fitted
    return maps


def residual(x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> float:
    """Sum of squared residuals in float64."""
    return float(((x.astype(np.float64) @ weight.T + bias - y) ** 2).sum())


def factorisation_work(dims: Sequence[int]) -> float:
    """Multiply-adds of one inverse per source (d³), and of one product per ordered pair."""
    total = sum(dims)
    return float(sum(d**3 + d * d * (total - d) for d in dims))


def run() -> list[Line]:
    """Time ours and the peers on the same features."""
    features = made_features(tuple(d // 4 for d in THESIS_DIMS), ROWS)
    joined = np.concatenate(list(features.values()), axis=1).astype(np.float64)
    maps: dict[tuple[str, str], AffineMap] = {}
    bare, moments, ours = alternately(
        lambda: dsyrk(1.0, joined.T),
        lambda: joint_moments(features),
        lambda: maps.update(all_maps(joint_moments(features))),
        repeat=REPEAT,
        at_hand=AT_HAND,
    )
    what = f"{len(maps)} OLS maps"
    rows = f"D = {joined.shape[1]:,}, {ROWS:,} rows"
    least = bare + factorisation_work([x.shape[1] for x in features.values()]) / product_rate(
        np.float64, size=1024
    )
    first = at_most(f"{what}, {rows}", ours, "float64 dsyrk", bare, 1.12)
    lines = [
        within(at_most(f"moments, {rows}", moments, "float64 dsyrk", bare, 1.06), bare, "dsyrk"),
        within(first, least, "float64 dsyrk and products"),
    ]
    worst = 0.0
    peers = {
        "Ridge(solver='cholesky') per pair": (Ridge(alpha=1e-9, solver="cholesky"), 3.5),
        "LinearRegression per pair": (LinearRegression(), 8.0),
    }
    for name, (model, limit) in peers.items():
        total = 0.0
        for (source, target), fitted in list(maps.items())[::EVERY]:
            x, y = features[source].astype(np.float64), features[target].astype(np.float64)
            total += seconds(lambda m=model, x=x, y=y: m.fit(x, y))  # type: ignore[misc]
            if isinstance(model, LinearRegression):
                theirs = residual(x, y, model.coef_, model.intercept_)
                worst = max(worst, abs(residual(x, y, fitted.weight, fitted.bias) / theirs - 1))
        line = at_least(what, ours, f"{name}, 18 times 5", EVERY * total, limit)
        lines.append(within(line, least, "float64 dsyrk and products"))
    lines.append(
        Line(
            stage="largest relative difference of residuals",
            ours=worst,
            peer="LinearRegression",
            theirs=0.0,
            ratio=worst,
            goal="at most 1e-9",
            met=worst <= 1e-9,
            unit="",
        )
    )
    return lines
