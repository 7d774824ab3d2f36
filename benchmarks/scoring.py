"""All cells of a method against the bare matrix products."""

from __future__ import annotations

import numpy as np

from benchmarks.algebra import THESIS_DIMS
from benchmarks.record import Line, alternately, at_most, within
from samefeatures.networks.record import Head
from samefeatures.scores.heads import score_heads
from samefeatures.study.scoring import SCORE_ROWS

ROWS, CLASSES = 10_000, 1000


def run() -> list[Line]:
    """Ten sources of a quarter of the thesis' dimensions into nine heads of 1,000 classes each."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, ROWS)
    ours = bare = 0.0
    for dim in (d // 4 for d in THESIS_DIMS):
        x = rng.standard_normal((ROWS, dim), np.float32)
        heads = [
            Head(rng.standard_normal((CLASSES, dim), np.float32), np.zeros(CLASSES, np.float32))
            for _ in range(9)
        ]
        weight = np.concatenate([head.weight for head in heads])
        starts = range(0, ROWS, SCORE_ROWS)
        rows = [(x[i : i + SCORE_ROWS], labels[i : i + SCORE_ROWS]) for i in starts]

        def products(rows: list = rows, weight: np.ndarray = weight) -> None:  # type: ignore[type-arg]
            for block, _ in rows:
                block @ weight.T

        def scored(rows: list = rows, heads: list[Head] = heads) -> None:  # type: ignore[type-arg]
            score_heads(rows, heads)

        found = alternately(products, scored)
        bare, ours = bare + found[0], ours + found[1]
    stage = f"90 cells, {ROWS:,} images, {CLASSES:,} classes"
    line = at_most(stage, ours, "float32 matrix products", bare, 1.5)
    return [within(line, bare, "float32 matrix products")]
