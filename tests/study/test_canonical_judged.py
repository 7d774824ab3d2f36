"""What held-out moments say of a canonical space: of all k at once, and where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.algebra import HOST
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.record import Moments
from samefeatures.networks.record import Head
from samefeatures.study.canonical import nested
from samefeatures.study.canonical.nested import count_right, judge

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


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_what_is_shared_is_the_variance_of_the_sum_over_the_sum_of_variances(scale: float) -> None:
    """However little the other rows vary, and wherever they lie."""
    noisy = {name: part + RNG.standard_normal(part.shape) for name, part in ROWS.items()}
    space = sf.canonical_space({n: part[:60] for n, part in noisy.items()}, k=3)
    held = {n: 2 + scale * part[60:] for n, part in noisy.items()}
    found = judge(space, moments(held), (2,), HOST)
    encoded = [(held[m.name] - m.mean) @ m.encoder.T for m in space.members]
    alone = sum(each.var(axis=0) for each in encoded)
    np.testing.assert_allclose(found.shared, np.sum(encoded, axis=0).var(axis=0) / alone, rtol=1e-6)
    assert set(found.r2) == {(a, b) for a in "abc" for b in "abc" if a != b}
    for (source, target), values in found.r2.items():
        made = space.map(source, target, k=2).apply(held[source])
        spread = ((held[target] - held[target].mean(axis=0)) ** 2).sum()
        errors = ((made - held[target]) ** 2).sum()
        np.testing.assert_allclose(values, [1 - errors / spread], rtol=1e-6)


@pytest.mark.parametrize("chunk", [7, 1000])
def test_hits_of_every_k_are_those_of_its_map(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "CHUNK", chunk)
    noisy = {name: 5 + part + RNG.standard_normal(part.shape) for name, part in ROWS.items()}
    space = sf.canonical_space({n: part[:60] for n, part in noisy.items()}, k=3)
    x = noisy["a"][60:].astype(np.float32)
    labels = RNG.integers(0, 4, len(x))
    heads = {
        name: Head(
            RNG.standard_normal((4, noisy[name].shape[1])).astype(np.float32),
            10 * RNG.standard_normal(4).astype(np.float32),
        )
        for name in "bc"
    }
    rows = ArrayRows(name="a", values=x, fingerprint="a")
    found = count_right(space, "a", heads, rows=rows, labels=labels, ks=(1, 3))
    assert list(found) == ["b", "c"]
    for target, head in heads.items():
        expected = []
        for k in (1, 3):
            mapped = space.map("a", target, k=k).apply(x)
            logits = mapped @ head.weight.T + head.bias
            expected.append((logits.argmax(axis=1) == labels).sum())
        assert found[target].tolist() == expected
    fewer = count_right(space, "a", heads, rows=rows, labels=labels, ks=(2,))
    mapped = space.map("a", "b", k=2).apply(x) @ heads["b"].weight.T + heads["b"].bias
    assert fewer["b"].tolist() == [(mapped.argmax(axis=1) == labels).sum()]
