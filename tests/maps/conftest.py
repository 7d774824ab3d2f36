"""Fixtures for maps."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import World, make_world


@pytest.fixture
def noisy_world() -> World:
    """300 images; b is an affine image of a plus noise; c is unrelated."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(300, 7)) * np.arange(1, 8) + 20
    b = a @ rng.normal(size=(7, 5)) + rng.normal(size=5) + 0.3 * rng.normal(size=(300, 5))
    return make_world({"a": a, "b": b, "c": rng.normal(size=(300, 6))})
