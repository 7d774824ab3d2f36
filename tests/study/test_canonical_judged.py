"""What held-out moments say of a canonical space: of all k at once, and where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.algebra import HOST
from samefeatures.joint.record import Moments
from samefeatures.study.canonical.nested import judge

RNG = np.random.default_rng(5)
LATENT = RNG.standard_normal((90, 3))
ROWS = {name: LATENT @ RNG.standard_normal((3, d)) for name, d in (("a", 4), ("b", 5), ("c", 3))}


def moments(rows: dict[str, np.ndarray]) -> Moments:
    out = Moments(list(rows), [part.shape[1] for part in rows.values()])
    out.update(*rows.values())
    return out


def test_r2_of_every_k_is_that_of_its_map_on_the_rows() -> None:
    noisy = {name: part + RNG.standard_normal(part.shape) for name, part in ROWS.items()}
    fit, held = (
        {n: part[rows] for n, part in noisy.items()} for rows in (slice(60), slice(60, 90))
    )
    space = sf.canonical_space(fit, k=3)
    found = judge(space, moments(held), (1, 3), HOST)
    for k, value in zip((1, 3), found.r2["a", "b"], strict=True):
        made = space.map("a", "b", k=k).apply(held["a"])
        errors = ((made - held["b"]) ** 2).sum()
        spread = ((held["b"] - held["b"].mean(axis=0)) ** 2).sum()
        assert value == pytest.approx(1 - errors / spread, rel=1e-9)


def test_where_nothing_varies_nothing_is_said() -> None:
    space = sf.canonical_space(ROWS, k=2)
    still = {name: np.ones((20, part.shape[1])) for name, part in ROWS.items()}
    found = judge(space, moments(still), (1, 2), HOST)
    assert np.isnan(found.shared).all()
    assert all(np.isnan(values).all() for values in found.r2.values())
