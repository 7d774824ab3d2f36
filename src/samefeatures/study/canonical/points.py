"""Rows in the canonical space, and what the networks' answers tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from samefeatures.base.arrays import Float32, Float64, Int32
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.networks.record import Head

CHUNK = 1024


def points_of(space: CanonicalSpace, rows: Mapping[str, FeatureRows]) -> Float32:
    """(n, k) points of all rows, from the features of all founders."""
    names = [member.name for member in space.founders]
    found = [
        space.points(_wide(names, blocks)).astype(np.float32)
        for blocks in joint_chunks([rows[name] for name in names], CHUNK)
    ]
    return np.concatenate(found)


def _wide(names: Sequence[str], blocks: Sequence[Float32]) -> dict[str, Float64]:
    return {n: b.astype(np.float64) for n, b in zip(names, blocks, strict=True)}


def answers_of(rows: FeatureRows, head: Head) -> Int32:
    """(n,) classes of the largest logits."""
    weight = head.weight.T
    return np.concatenate(
        [(block @ weight + head.bias).argmax(axis=1) for block in rows.chunks(CHUNK)]
    ).astype(np.int32)


def told_by_answers(
    points: Float32, answers: Int32, judged: Float32, judged_answers: Int32, classes: int
) -> Float64:
    """(k,) R² of held-out points, each predicted by the mean of the fit points of its answer.

    The means are drawn towards the mean of all by as much as their own noise is worth, else few
    images of an answer would hide what it tells: n_c / (n_c + s) with s the variance within the
    answers over that between them. An answer that no fit image has is worth the mean of all.

    Args:
        points: (n, k) of the fit.
        answers: (n,) of a network to the same images.
        judged: (m, k) held out.
        judged_answers: (m,).
        classes: How many answers there are.
    """
    centre = points.mean(axis=0, dtype=np.float64)
    counts = np.bincount(answers, minlength=classes)[:, None]  # (classes, 1)
    sums = np.zeros((classes, points.shape[1]))
    np.add.at(sums, answers, points - centre)
    means = sums / np.maximum(counts, 1)
    total = ((points - centre) ** 2).sum(axis=0)
    between = (counts * means**2).sum(axis=0)
    seen = int((counts > 0).sum())
    noise = (total - between) / max(len(points) - seen, 1)  # (k,) within one answer
    apart = max(seen - 1, 1)
    signal = np.maximum(between / apart - noise, 0) * apart / len(points)
    shrunk = means * counts * signal / np.maximum(counts * signal + noise, 1e-300)
    errors = ((judged - centre - shrunk[judged_answers]) ** 2).sum(axis=0)
    spread = ((judged - judged.mean(axis=0, dtype=np.float64)) ** 2).sum(axis=0)
    out = np.full(points.shape[1], np.nan)
    np.divide(spread - errors, spread, out=out, where=spread > 0)
    return out
