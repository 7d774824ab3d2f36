"""The level of chance of a canonical space, on noise that shares nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from worlds import make_world

from samefeatures.maps.canonical.chance import chance_level
from samefeatures.maps.canonical.stack import Stack

DRAWS = 300
Noise = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]


def gaussian(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return rng.normal(size=shape)


def exponents(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return np.exp(2 * rng.normal(size=shape))


def exceeded(noise: Noise, n: int, dims: tuple[int, ...], alpha: float) -> float:
    """Share of draws whose largest eigenvalue is above the level (of the first of them)."""
    rng = np.random.default_rng(16)
    count, level = 0, 0.0
    for _ in range(DRAWS):
        spaces = {f"s{i}": noise(rng, (n, d)) for i, d in enumerate(dims)}
        stack = Stack(make_world(spaces).moments, alpha=alpha)
        level = level or stack.chance()
        count += float(np.linalg.eigvalsh(stack.matrix)[-1]) > level
    return count / DRAWS


@pytest.mark.parametrize(
    ("n", "dims", "alpha"),
    [
        (200, (5, 6), 0.01),
        (200, (5, 6), 0.0),
        (500, (20, 20, 20), 0.01),
        (120, (30, 30, 30), 0.0),
        (300, (3,) * 10, 0.01),
    ],
)
def test_gaussian_noise_is_above_it_in_one_draw_of_twenty_at_most(
    n: int, dims: tuple[int, ...], alpha: float
) -> None:
    """The edge that it starts from is exceeded in 7 to 15 % of draws."""
    assert 0 < exceeded(gaussian, n, dims, alpha) <= 0.055


def test_spaces_that_do_not_vary_have_nothing_by_chance() -> None:
    dead, one = np.ones(0), np.ones(3)
    assert chance_level([], 50) == chance_level([dead, dead], 50) == 0.0
    assert chance_level([one, one, dead], 50) == chance_level([one, one], 50) > 1


def test_it_is_no_test_for_heavy_tails() -> None:
    """As the docs say."""
    assert exceeded(exponents, 500, (20, 20, 20), 0.01) > 0.5
