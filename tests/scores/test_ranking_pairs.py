"""Whether two tables rank the pairs alike, and the order of a dendrogram: against SciPy."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from samefeatures.scores.gaps import without_gaps
from samefeatures.scores.order import dendrogram_order
from samefeatures.scores.ranking import rank_alike


def tables(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two tables of which the second follows the first, with ties."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(count, count)).round(1)
    return one, one + rng.normal(size=one.shape)


def off(table: np.ndarray) -> np.ndarray:
    return table[~np.eye(len(table), dtype=bool)]


@pytest.mark.parametrize("count", [3, 6, 12])
def test_the_correlation_is_that_of_scipy_over_the_pairs(count: int) -> None:
    one, other = tables(count)
    found = rank_alike(one, other)
    assert found.rho == pytest.approx(spearmanr(off(one), off(other)).statistic, abs=1e-12)
    assert (found.networks, found.pairs) == (count, count * (count - 1))


def test_the_test_relabels_networks_not_pairs() -> None:
    one, other = tables(5)
    rho = spearmanr(off(one), off(other)).statistic
    tried = [
        abs(spearmanr(off(one[np.ix_(labels, labels)]), off(other)).statistic)
        for labels in permutations(range(5))
    ]
    share = float(np.mean([value >= abs(rho) - 1e-12 for value in tried]))
    assert rank_alike(one, other).p == pytest.approx(share)


def test_pairs_that_share_networks_are_no_independent_evidence() -> None:
    """Unrelated tables of networks that differ as networks: the naive p is small far too often."""
    rng, naive, ours = np.random.default_rng(3), [], []
    for _ in range(60):
        one, other = (
            each[:, None] + each[None, :] + 0.1 * rng.normal(size=(8, 8))
            for each in rng.normal(size=(2, 8))
        )
        naive.append(spearmanr(off(one), off(other)).pvalue < 0.05)
        ours.append(rank_alike(one, other).p < 0.05)
    assert np.mean(naive) > 0.4
    assert np.mean(ours) < 0.15


def test_the_range_is_without_any_one_network() -> None:
    one, other = tables(6)
    rest = [[i for i in range(6) if i != out] for out in range(6)]
    rhos = [spearmanr(off(one[np.ix_(r, r)]), off(other[np.ix_(r, r)])).statistic for r in rest]
    found = rank_alike(one, other)
    assert (found.low, found.high) == pytest.approx((min(rhos), max(rhos)))
    assert math.isnan(rank_alike(*(t[:3, :3] for t in (one, other))).low)


def test_networks_that_are_not_known_are_left_out() -> None:
    one, other = tables(6)
    other[2] = math.nan
    kept = [0, 1, 3, 4, 5]
    alone = rank_alike(one[np.ix_(kept, kept)], other[np.ix_(kept, kept)])
    assert rank_alike(one, other) == alone
    assert without_gaps(one, other) == kept
    assert without_gaps(np.full((3, 3), math.nan)) == [2]


@pytest.mark.parametrize("count", [1, 2])
def test_so_few_networks_say_nothing(count: int) -> None:
    found = rank_alike(*(t[:count, :count] for t in tables(3)))
    assert math.isnan(found.rho) or found.p == 1


def test_one_value_for_all_pairs_ranks_nothing() -> None:
    found = rank_alike(np.ones((5, 5)), tables(5)[0])
    assert math.isnan(found.rho)
    assert math.isnan(found.p)


def test_a_dendrogram_sets_neighbours_side_by_side() -> None:
    at = np.array([0.0, 10.0, 1.0, 11.0, 2.0])
    distances = np.abs(at[:, None] - at[None, :])
    assert dendrogram_order(distances) == [0, 2, 4, 1, 3]


def test_the_order_takes_both_directions_and_sets_the_unknown_last() -> None:
    at = np.array([0.0, 10.0, 1.0, 11.0, 2.0])
    distances = np.abs(at[:, None] - at[None, :])
    turned = distances + np.triu(np.ones((5, 5))) - np.tril(np.ones((5, 5)))
    assert dendrogram_order(turned) == [0, 2, 4, 1, 3]
    distances[2, 3] = math.nan
    distances[0, 3] = math.nan
    assert dendrogram_order(distances) == [0, 2, 4, 1, 3]
    for few in range(3):
        assert dendrogram_order(distances[:few, :few]) == list(range(few))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]])
def test_a_chain_is_found_and_begins_with_the_earlier_end(order: list[int]) -> None:
    places = np.array([0.0, 1.0, 2.1, 3.3])[order]
    found = dendrogram_order(np.abs(places[:, None] - places))
    assert found[0] < found[-1]
    along = places[found]
    assert along.tolist() in (sorted(places), sorted(places, reverse=True))
