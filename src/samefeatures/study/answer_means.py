"""What least squares makes of each one-hot answer of a network, for all pairs of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from samefeatures.algebra.blas import add_by_class
from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.features.spaces.answers import answered
from samefeatures.networks.record import Network, head_of

ROWS = 1024
ROOM = 2**28
"""Bytes of sums that are held at once: where they are more, rows are read several times."""


def answer_means(
    networks: Mapping[str, Network], fit: Mapping[str, FeatureRows], *, room: int = ROOM
) -> Iterator[tuple[str, dict[str, Float64]]]:
    """By source, then by target: (K, d) what OLS makes of each one-hot answer of the source.

    That is the target's mean over the fit rows so answered; of an answer that was never given, by
    least norm, the mean of the other answers' means.

    Args:
        networks: By name.
        fit: Fit rows of each.
        room: Bytes of sums to hold at once.

    Yields:
        Each source with its targets, in the order of the networks.
    """
    names = list(networks)
    classes = max(head_of(network).classes for network in networks.values())
    each = 8 * classes * sum(rows.dim for rows in fit.values())
    together = max(1, room // each)
    for first in range(0, len(names), together):
        sources = names[first : first + together]
        sums, counts = _sums(sources, networks, fit)
        for source in sources:
            yield source, {name: _means(sums[source, name], counts[source]) for name in names}


def _sums(
    sources: Sequence[str], networks: Mapping[str, Network], fit: Mapping[str, FeatureRows]
) -> tuple[dict[tuple[str, str], Float64], dict[str, Int64]]:
    """(K, d) sums over rows of equal answers by source and target, and (K,) rows by source."""
    sizes = {name: head_of(networks[name]).classes for name in sources}
    sums = {(a, b): np.zeros((k, rows.dim)) for a, k in sizes.items() for b, rows in fit.items()}
    counts = {name: np.zeros(k, np.int64) for name, k in sizes.items()}
    for blocks in joint_chunks(list(fit.values()), ROWS):
        by_name = dict(zip(fit, (block.astype(np.float64) for block in blocks), strict=True))
        for source, block in zip(fit, blocks, strict=True):
            if source not in sizes:
                continue
            said = answered(block, head_of(networks[source]))
            counts[source] += np.bincount(said, minlength=sizes[source])
            for target, features in by_name.items():
                add_by_class(sums[source, target], said, features)
    return sums, counts


def _means(total: Float64, counts: Int64) -> Float64:
    """(K, d) means of (K, d) sums over (K,) rows."""
    seen = counts > 0
    means: Float64 = total / np.where(seen, counts, 1)[:, None]
    means[~seen] = means[seen].mean(axis=0)
    return means
