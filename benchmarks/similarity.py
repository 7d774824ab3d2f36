"""All that a study takes of the moments of ten networks, and measures beside those from features.

What is installed of others has them in part: scikit-learn's CCA finds components one by one, and
packages that hold more of them do the same algebra pair by pair (``others`` holds ours to their
numbers). So the peers are NumPy and SciPy on the features of a pair: CKA by products, canonical
correlations by QR and singular values, Procrustes by ``scipy.linalg.orthogonal_procrustes``.
"""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
from scipy.linalg import orthogonal_procrustes

from benchmarks.algebra import THESIS_DIMS, joint_moments, made_features
from benchmarks.joint_study import Parts
from benchmarks.record import Line, allowed, at_least, seconds
from samefeatures.algebra.pools import one_pool
from samefeatures.base.arrays import Float64
from samefeatures.joint.norms import NormSums
from samefeatures.joint.record import Moments
from samefeatures.similarity import MEASURES
from samefeatures.study.results import Similarity
from samefeatures.study.similarity import measured, of_spaces

DIMS = tuple(dim // 4 for dim in THESIS_DIMS)  # 5,352
ROWS = 12_000
EVERY = 9
"""Peers take every ninth of the 45 pairs; their time is scaled to all."""
LIMIT, ROOM = 60.0, 16.0
Peer = Callable[[Float64, Float64], float]


@one_pool()
def run(*, dims: tuple[int, ...] = DIMS, rows: int = ROWS, repeat: int = 3) -> list[Line]:
    """Median of ``repeat`` runs; peers once.

    Args:
        dims: Of the networks.
        rows: Of features, on the side that maps are fitted on and on the one that judges.
        repeat: Runs of ours.
    """
    made = made_features(dims, 2 * rows)
    fit = joint_moments({name: x[:rows] for name, x in made.items()})
    features = {name: x[rows:] for name, x in made.items()}
    moments, norms = joint_moments(features), NormSums(list(features), dims)
    norms.update(*features.values())
    beside = norms.moments(moments)
    names = [n for n in of_spaces(MEASURES.ours) if MEASURES.get(n).reads != "rows"]

    def take(chosen: list[str]) -> Similarity:
        return measured(chosen, moments, norms=lambda: beside, title="benchmark")

    what = f"of {len(dims)} networks, D = {sum(dims):,}"
    works: dict[str, Callable[[], object]] = {
        f"{len(names)} measures of all pairs": lambda: take(names),
        **Parts(fit=fit, judge=moments).works,
    }
    rounds = [[seconds(work) for work in works.values()] for _ in range(repeat)]
    every = statistics.median(sum(times) for times in rounds)
    pieces = [statistics.median(times) for times in zip(*rounds, strict=True)]
    return [
        allowed(f"all of it {what}, from moments", every, LIMIT, "s"),
        *(_piece(name, piece, every) for name, piece in zip(works, pieces, strict=True)),
        *(_beside(name, peer, features, take, what) for name, peer in PEERS.items()),
        allowed("all of it at D = 21,408, memory", _memory(works.values(), moments), ROOM, "GB"),
    ]


def _piece(stage: str, ours: float, every: float) -> Line:
    return Line(
        stage=stage,
        ours=ours,
        peer="all of it",
        theirs=every,
        ratio=ours / every,
        goal="none",
        met=True,
    )


def _beside(
    name: str,
    peer: Peer,
    features: dict[str, np.ndarray],
    take: Callable[[list[str]], Similarity],
    what: str,
) -> Line:
    pairs = list(combinations(features, 2))[::EVERY]
    found: dict[tuple[str, str], float] = {}

    def theirs() -> None:
        for a, b in pairs:
            found[a, b] = peer(features[a].astype(np.float64), features[b].astype(np.float64))

    whole = len(features) * (len(features) - 1) / 2 / len(pairs)
    ours, their_seconds = seconds(lambda: take([name])), whole * seconds(theirs)
    values = take([name]).values[name]
    apart = max(abs(values[pair] - value) for pair, value in found.items())
    return at_least(
        f"{name} {what}", ours, "NumPy and SciPy from features", their_seconds, 1.0,
        difference=apart,
    )  # fmt: skip


def _memory(works: Iterable[Callable[[], object]], moments: Moments) -> float:
    """GB at the thesis' size, moments of both sides with what is held beside them at the peak.

    What is held are squares of widths, and bases of so many vectors: it grows as D² at most.
    """
    beside = 0
    for work in works:
        tracemalloc.start()
        work()
        beside = max(beside, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    size = sum(moments.dims)
    return float((2 * 8 * size**2 + beside) * (sum(THESIS_DIMS) / size) ** 2 / 1e9)


def _cka(x: Float64, y: Float64) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return float(np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y))


def _cca(x: Float64, y: Float64) -> float:
    qx, qy = (np.linalg.qr(z - z.mean(axis=0))[0] for z in (x, y))
    return float(np.linalg.svd(qx.T @ qy, compute_uv=False).mean())


def _procrustes(x: Float64, y: Float64) -> float:
    width = max(x.shape[1], y.shape[1])
    a, b = (np.pad(z - z.mean(axis=0), ((0, 0), (0, width - z.shape[1]))) for z in (x, y))
    _, found = orthogonal_procrustes(a, b)
    return float(found / np.linalg.norm(a) / np.linalg.norm(b))


PEERS: dict[str, Peer] = {"cka": _cka, "cca": _cca, "procrustes": _procrustes}
