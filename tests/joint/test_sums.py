"""Float32 products and devices: the bound, on rows made to break it, and what maps make of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from samefeatures.algebra import HOST, SINGLE_ROWS, Algebra
from samefeatures.algebra.device import TorchDevice
from samefeatures.algebra.host_sums import HostSums
from samefeatures.algebra.protocol import PANEL
from samefeatures.base.errors import FeatureError
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.maps.inverse import pseudoinverse

CPU = TorchDevice("cpu")
PLACES = pytest.mark.parametrize("algebra", [HOST, CPU], ids=["numpy", "torch"])
U = 2.0**-24
GAMMA = (SINGLE_ROWS + 2) * U / (1 - (SINGLE_ROWS + 2) * U)


def rows_of(kind: str, n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(len(kind))
    z = rng.normal(size=(n, d))
    if kind == "large means":
        return z + 1e6 * rng.normal(size=d)
    if kind == "scales":
        return z * np.logspace(-12, 12, d)
    if kind == "ill-conditioned":
        q, _ = np.linalg.qr(rng.normal(size=(d, d)))
        return z * np.logspace(0, -6, d) @ q
    if kind == "one sign":  # sums grow all the way: the worst order for rounding
        return np.where(np.arange(n)[:, None] < n - 3, -1.0, 1e3) * (1 + rng.random(d) / 7)
    if kind == "drifting":  # chunk means differ: the row that joins them is the largest
        return z + np.linspace(-1e3, 1e3, n)[:, None] * rng.random(d)
    return z


def taken(z: np.ndarray, chunk: int, algebra: Algebra, precision: str) -> Moments:
    sums = Accumulator(Moments(["z"], [z.shape[1]]), precision=precision, algebra=algebra)
    for start in range(0, len(z), chunk):
        sums.update(z[start : start + chunk])
    return sums.moments()


@PLACES
@pytest.mark.parametrize("chunk", [100, 1500, 5000])
@pytest.mark.parametrize(
    "kind", ["plain", "large means", "scales", "ill-conditioned", "one sign", "drifting"]
)
def test_float32_products_keep_the_bound(kind: str, chunk: int, algebra: Algebra) -> None:
    z = rows_of(kind, 5000, 40)
    moments = taken(z, chunk, algebra, "float32")
    c = (z - z.mean(axis=0)).astype(np.longdouble)
    exact = np.asarray(c.T @ c, np.float64)
    lengths = np.sqrt(np.diag(exact))
    error = abs(moments.block("z", "z") - exact) / np.outer(lengths, lengths)
    assert error.max() <= GAMMA
    assert error.max() > 1e-12, "these are not float32 products"
    assert moments.precision == "float32"
    np.testing.assert_allclose(moments.mean, z.mean(axis=0), rtol=1e-12, atol=1e-12)
    assert taken(z, chunk, algebra, "float64").precision == "float64"


def test_float32_without_centring_breaks_the_bound() -> None:
    z = rows_of("large means", 5000, 40)
    c = z - z.mean(axis=0)
    exact = c.T @ c
    single = z.astype(np.float32)
    naive = single.T @ single - len(z) * np.outer(single.mean(0), single.mean(0))
    lengths = np.sqrt(np.diag(exact))
    assert (abs(naive - exact) / np.outer(lengths, lengths)).max() > 1e3 * GAMMA


@pytest.mark.parametrize("dims", [(3,), (5, 2, 4), (PANEL + 3, 40)])
@pytest.mark.parametrize("chunk", [7, 100])
def test_torch_in_float64_is_numpys(dims: tuple[int, ...], chunk: int) -> None:
    rng = np.random.default_rng(0)
    blocks = [(rng.normal(size=(100, d)) * 3 + 50).astype(np.float32) for d in dims]
    names = [f"net{k}" for k in range(len(dims))]
    host, device = (Accumulator(Moments(names, dims), algebra=place) for place in (HOST, CPU))
    for start in range(0, 100, chunk):
        for sums in (host, device):
            sums.update(*(b[start : start + chunk] for b in blocks))
    one, other = host.moments(), device.moments()
    assert one.n == other.n == device.n == 100
    np.testing.assert_allclose(other.mean, one.mean, rtol=1e-13)
    for a in names:
        for b in names:
            scale = np.sqrt(one.sum_of_squares(a) * one.sum_of_squares(b))
            np.testing.assert_allclose(other.block(a, b), one.block(a, b), atol=1e-13 * scale)


def former(z: np.ndarray, chunk: int) -> np.ndarray:
    """S as it was summed before BLAS added in place: copy, mean, centre, multiply, add."""
    n, mean, second = 0, np.zeros(z.shape[1]), np.zeros((z.shape[1], z.shape[1]))
    for start in range(0, len(z), chunk):
        rows = z[start : start + chunk].astype(np.float64)
        shift = rows.mean(axis=0) - mean
        joining = np.sqrt(n * len(rows) / (n + len(rows))) * shift
        joined = np.vstack([rows - rows.mean(axis=0), joining])
        second += joined.T @ joined
        n += len(rows)
        mean = mean + shift * (len(rows) / n)
    return second


@pytest.mark.parametrize("kind", ["plain", "large means", "scales", "one sign", "drifting"])
@pytest.mark.parametrize("chunk", [1, 64, 1000])
def test_sums_are_what_they_were(kind: str, chunk: int) -> None:
    z = rows_of(kind, 1000, 30).astype(np.float32)
    ours, theirs = taken(z, chunk, HOST, "float64").block("z", "z"), former(z, chunk)
    lengths = np.sqrt(np.diag(theirs))
    assert (abs(ours - theirs) / np.outer(lengths, lengths)).max() < 1e-12


@PLACES
@pytest.mark.parametrize("value", [0.1, 3.3, 1e8 / 3, -1e-6 / 7])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_columns_of_one_value_have_no_spread(
    value: float, precision: str, algebra: Algebra
) -> None:
    """The mean of equal float64 values can miss them by rounding."""
    rng = np.random.default_rng(0)
    sums = Accumulator(Moments(["a", "b"], [3, 2]), algebra=algebra, precision=precision)
    for n in (60, 7, 1, 103):
        sums.update(np.full((n, 3), value), rng.normal(size=(n, 2)))
    moments = sums.moments()
    assert (moments.mean_of("a") == value).all()
    assert not moments.block("a", "a").any()
    assert not moments.block("a", "b").any()
    assert moments.block("b", "b").all()


def test_blocks_that_are_parts_of_wider_rows_give_the_same_bits() -> None:
    """As they come from a store, and as they come from extraction."""
    wide = rows_of("large means", 500, 11).astype(np.float32)
    edges = (0, 1, 4, 11)
    parts = [wide[:, a:b] for a, b in pairwise(edges)]
    sums = [Accumulator(Moments(["a", "b", "c"], [1, 3, 7])) for _ in range(2)]
    for start in range(0, 500, 77):
        sums[0].update(*(part[start : start + 77] for part in parts))
        sums[1].update(*(part[start : start + 77].copy() for part in parts))
    one, other = (each.moments() for each in sums)
    assert np.array_equal(one.mean, other.mean)
    assert np.array_equal(one.lower, other.lower)


def test_a_record_goes_on_in_its_own_memory() -> None:
    start = Moments(["z"], [3])
    start.update(rows_of("plain", 10, 3))
    place = start.lower
    start.update(rows_of("plain", 10, 3))
    sums = Accumulator(start)
    sums.update(rows_of("plain", 10, 3))
    assert start.lower is place
    assert np.shares_memory(sums.moments().lower, place)


@PLACES
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_going_on_is_the_same_to_the_bit(tmp_path: Path, algebra: Algebra, precision: str) -> None:
    z = rows_of("drifting", 600, 9)
    whole = taken(z, 200, algebra, precision)
    taken(z[:400], 200, algebra, precision).save(tmp_path / "m.npz")
    again = Accumulator(Moments.load(tmp_path / "m.npz"), precision=precision, algebra=algebra)
    assert again.n == 400
    again.update(z[400:])
    assert np.array_equal(again.moments().block("z", "z"), whole.block("z", "z"))
    assert again.moments().precision == whole.precision == precision


@PLACES
def test_refusals(algebra: Algebra) -> None:
    sums = Accumulator(Moments(["a", "b"], [2, 3]), precision="float32", algebra=algebra)
    good = np.ones((4, 2), np.float32), np.arange(12, dtype=np.float32).reshape(4, 3)
    sums.update(*good)
    sums.update(np.ones((0, 2)), np.ones((0, 3)))
    before = sums.moments().block("b", "b").copy()
    with pytest.raises(FeatureError, match="came with shapes"):
        sums.update(np.ones((4, 2)), np.ones((3, 3)))
    with pytest.raises(FeatureError, match="Features of b are NaN"):
        sums.update(np.ones((4, 2)), np.full((4, 3), np.nan))
    with pytest.raises(FeatureError, match="precision float64"):
        sums.update(np.ones((2, 2)), np.array([[0, 0, 1e20], [0, 0, -1e20]]))
    assert sums.n == 4
    assert np.array_equal(sums.moments().block("b", "b"), before)


def test_precision_follows_sums_and_files(tmp_path: Path) -> None:
    z = rows_of("plain", 50, 3)
    single, double = (taken(z, 50, HOST, p) for p in ("float32", "float64"))
    assert (double + single).precision == (single + double).precision == "float32"
    assert (double + single - single).precision == "float32"
    assert (double - single).precision == "float32"
    assert (double + double - double).precision == "float64"
    mixed = single.copy()
    mixed.update(z)
    assert mixed.precision == "float32", "once any product was"
    double.save(tmp_path / "double.npz")
    single.save(tmp_path / "single.npz")
    assert Moments.load(tmp_path / "single.npz").precision == "float32"
    assert Moments.load(tmp_path / "double.npz").precision == "float64"
    with np.load(tmp_path / "double.npz") as file:
        assert sorted(file) == ["dims", "mean", "n", "names", "second"]
    with pytest.raises(FeatureError, match="second moments"):
        Moments.of(["z"], [3], n=1, mean=np.zeros(3), lower=np.zeros((2, 2)))


def test_torchs_float32_is_not_tensorfloat() -> None:
    """Whatever the program has set: the mode is put there and back around every call."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        test_float32_products_keep_the_bound("plain", 1500, CPU)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@PLACES
@pytest.mark.parametrize(("condition", "allowed"), [(1e2, 1e-8), (1e4, 1e-8), (1e6, 2e-6)])
def test_what_float32_costs_a_regression(
    condition: float, allowed: float, algebra: Algebra
) -> None:
    """Residuals, which is what predictions depend on, rise by far less than weights move."""
    rng = np.random.default_rng(3)
    q, _ = np.linalg.qr(rng.normal(size=(60, 60)))
    x = rng.normal(size=(4000, 60)) * np.logspace(0, -np.log10(condition) / 2, 60) @ q + 30
    y = x @ rng.normal(size=(60, 8)) + 0.1 * rng.normal(size=(4000, 8))
    sums = Accumulator(Moments(["x", "y"], [60, 8]), precision="float32", algebra=algebra)
    sums.update(x, y)
    moments = sums.moments()
    inverse = pseudoinverse(moments.block("x", "x"), precision="float32", algebra=algebra)
    assert inverse.rank == 60
    weight = moments.block("y", "x") @ inverse.matrix
    reference = LinearRegression().fit(x, y)
    centred_x, centred_y = x - x.mean(0), y - y.mean(0)
    ours = ((centred_y - centred_x @ weight.T) ** 2).sum()
    best = ((centred_y - centred_x @ reference.coef_.T) ** 2).sum()
    assert -1e-12 <= ours / best - 1 < allowed
    moved = np.linalg.norm(weight - reference.coef_) / np.linalg.norm(reference.coef_)
    assert moved <= 4 * condition * GAMMA


@PLACES
@pytest.mark.parametrize("n", [300, 3000])
def test_deficient_moments_of_float32_products_are_seen_as_such(n: int, algebra: Algebra) -> None:
    """Too few rows, dead, repeated and summed features: rounding does not fill the rank."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, 400)) + 5
    if n == 3000:
        x[:, 0] = 3
        x[:, 1] = x[:, 2]
        x[:, 3] = x[:, 4] + x[:, 5]
    moments = taken(x, 1000, algebra, "float32")
    found = pseudoinverse(moments.block("z", "z"), precision="float32", algebra=algebra)
    assert found.rank == (299 if n == 300 else 397)
    y = x @ rng.normal(size=(400, 2))
    across = (y - y.mean(0)).T @ (x - x.mean(0))
    residual = (y - y.mean(0)) - (x - x.mean(0)) @ (across @ found.matrix).T
    assert np.linalg.norm(residual) < 1e-3 * np.linalg.norm(y - y.mean(0))


def test_sums_say_what_they_are_of() -> None:
    sums = Accumulator(Moments(["a", "b"], [2, 3]))
    sums.update(np.ones((4, 2)), np.ones((4, 3)))
    assert repr(sums) == "Accumulator(names=['a', 'b'], dims=[2, 3], n=4)"


def test_empty_moments_are_not_carried_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """To a device it would be as much as if they were full."""
    carried: list[int] = []
    restore = HostSums.restore

    def noted(self: HostSums, n: int, *arrays: np.ndarray) -> None:
        carried.append(n)
        restore(self, n, *arrays)

    monkeypatch.setattr(HostSums, "restore", noted)
    begun = Moments(["a"], [2])
    Accumulator(begun)
    assert carried == []
    begun.update(np.ones((3, 2)))
    carried.clear()
    Accumulator(begun)
    assert carried == [3]
