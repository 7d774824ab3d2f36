"""Rotation and scale: against construction and SciPy, of any widths, whatever is deficient."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
from worlds import make_world

from samefeatures.maps import AffineMap, Procrustes

RNG = np.random.default_rng(5)


def fit(a: np.ndarray, b: np.ndarray) -> AffineMap:
    (fitted,) = Procrustes().fit(make_world({"a": a, "b": b}).problem("a"), ["b"])
    return fitted


def padded(x: np.ndarray, width: int) -> np.ndarray:
    return np.pad(x - x.mean(axis=0), ((0, 0), (0, width - x.shape[1])))


def test_a_rotation_with_scale_and_shift_is_found() -> None:
    rotation, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    a = RNG.normal(size=(50, 6)) * np.arange(1, 7) + 9
    fitted = fit(a, 2.5 * a @ rotation.T + 4)
    np.testing.assert_allclose(fitted.weight, 2.5 * rotation, atol=1e-12)
    np.testing.assert_allclose(fitted.bias, np.full(6, 4), atol=1e-11)
    assert (fitted.fit.rank, fitted.fit.full_rank, fitted.fit.message) == (6, 6, "")
    across = (a - a.mean(axis=0)).T @ (a @ rotation.T)
    assert fitted.fit.condition == pytest.approx(np.linalg.cond(across))


@pytest.mark.parametrize(("d_a", "d_b"), [(6, 6), (4, 7), (7, 4), (1, 5), (5, 1)])
def test_it_is_scipys_with_zeros_beside_the_narrower_space(d_a: int, d_b: int) -> None:
    a = RNG.normal(size=(80, d_a)) + 3
    b = a @ RNG.normal(size=(d_a, d_b)) + RNG.normal(size=(80, d_b)) - 5
    width = max(d_a, d_b)
    x, y = padded(a, width), padded(b, width)
    rotation, scale = scipy.linalg.orthogonal_procrustes(x, y)
    turned = (x @ rotation)[:, :d_b]
    c = (turned * y[:, :d_b]).sum() / (turned**2).sum()  # least squares of one number
    fitted = fit(a, b)
    np.testing.assert_allclose(fitted.weight, c * rotation.T[:d_b, :d_a], atol=1e-10)
    _, _, disparity = scipy.spatial.procrustes(y, x)
    whole = (scale / (x**2).sum()) * x @ rotation
    assert ((y - whole) ** 2).sum() / (y**2).sum() == pytest.approx(disparity)
    if d_a <= d_b:  # nothing of the source is dropped: the map alone leaves just that
        left = ((b - fitted.apply(a, of=fitted_source(fitted))) ** 2).sum()
        assert left / (y**2).sum() == pytest.approx(disparity)


def fitted_source(fitted: AffineMap) -> object:
    from worlds import FakeNetwork  # only its name and fingerprint are looked at

    return FakeNetwork(fitted.source, None, fitted.source_fingerprint)  # type: ignore[arg-type]


@pytest.mark.parametrize(("d_a", "d_b"), [(4, 7), (7, 4)])
def test_between_widths_it_is_a_partial_isometry(d_a: int, d_b: int) -> None:
    fitted = fit(RNG.normal(size=(60, d_a)), RNG.normal(size=(60, d_b)))
    scale = np.linalg.svd(fitted.weight, compute_uv=False)
    np.testing.assert_allclose(scale, scale[0], rtol=1e-12)


def test_no_rotation_is_nearer() -> None:
    a, b = RNG.normal(size=(70, 5)), RNG.normal(size=(70, 5))
    fitted = fit(a, b)
    least = ((b - a @ fitted.weight.T - fitted.bias) ** 2).sum()
    for _ in range(20):
        other = scipy.linalg.expm(0.2 * (skew := RNG.normal(size=(5, 5))) - 0.2 * skew.T)
        weight = fitted.weight @ other
        bias = b.mean(axis=0) - weight @ a.mean(axis=0)
        assert ((b - a @ weight.T - bias) ** 2).sum() > least


@pytest.mark.parametrize("n", [2, 4, 6])
def test_with_few_rows_what_does_not_vary_together_stays_out(n: int) -> None:
    a, b = RNG.normal(size=(n, 8)), RNG.normal(size=(n, 9))
    fitted = fit(a, b)
    values = np.linalg.svd(fitted.weight, compute_uv=False)
    assert (values > 1e-9).sum() == n - 1
    np.testing.assert_allclose(values[: n - 1], values[0], rtol=1e-9)
    assert fitted.fit.rank == n - 1
    assert fitted.fit.message == (
        f"rotates {n - 1} of 8 directions: in the others source and target do not vary together "
        f"over {n} fit rows"
    )


def test_dead_and_repeated_features_are_left_out() -> None:
    a = RNG.normal(size=(90, 5))
    a[:, 1], a[:, 4] = 0, a[:, 3]
    fitted = fit(a, RNG.normal(size=(90, 5)))
    assert (fitted.fit.rank, fitted.fit.full_rank) == (3, 5)
    assert np.abs(fitted.weight[:, 1]).max() < 1e-12
    np.testing.assert_allclose(fitted.weight[:, 3], fitted.weight[:, 4], atol=1e-12)
