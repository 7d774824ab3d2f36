"""Shuffled epochs: every row once, the same for a seed, from anywhere."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from samefeatures.features.shuffle import BLOCK, Shuffle


def dealt(shuffle: Shuffle, count: int, start: int = 0) -> list[int]:
    rows = np.arange(shuffle.rows, dtype=np.float32)[:, None]
    out: list[int] = []
    for pool, order in shuffle.stream(lambda i, j: rows[i:j], start=start):
        assert len(pool) <= max(shuffle.pool, BLOCK)
        out += pool[order, 0].astype(int).tolist()
        if len(out) >= count:
            return out[:count]
    raise AssertionError


@pytest.mark.parametrize("pool", [256, 600, 1000, 5000])
def test_an_epoch_deals_every_row_once(pool: int) -> None:
    shuffle = Shuffle(rows=1000, pool=pool, seed=1)
    rows = dealt(shuffle, 3000)
    for epoch in (0, 1, 2):
        assert sorted(rows[1000 * epoch : 1000 * (epoch + 1)]) == list(range(1000))
    assert rows[:1000] != rows[1000:2000]
    assert rows != dealt(Shuffle(rows=1000, pool=pool, seed=2), 3000)


@pytest.mark.parametrize("pool", [256, 600, 5000])
@pytest.mark.parametrize("start", [0, 1, 255, 600, 999, 1000, 1712, 2999])
def test_it_can_start_anywhere(pool: int, start: int) -> None:
    shuffle = Shuffle(rows=1000, pool=pool, seed=1)
    assert dealt(shuffle, 500, start) == dealt(shuffle, start + 500)[start:]


def test_rows_that_fit_are_read_once() -> None:
    reads = []

    def read(i: int, j: int) -> np.ndarray:
        reads.append((i, j))
        return np.zeros((j - i, 1), np.float32)

    pools = list(islice(Shuffle(rows=500, pool=500, seed=0).stream(read, start=0), 5))
    assert reads == [(0, 500)]
    assert all(pool is pools[0][0] for pool, _ in pools)


def test_a_permutation_of_all_rows_is_uniform() -> None:
    """Where one row stands, over many epochs, against a chi-square quantile."""
    places = np.zeros(8)
    rows = dealt(Shuffle(rows=8, pool=256, seed=3), 8 * 4000)
    for epoch in range(4000):
        places[rows[8 * epoch : 8 * epoch + 8].index(5)] += 1
    assert ((places - 500) ** 2 / 500).sum() < 24.3  # 0.999 of chi-square with 7 degrees
