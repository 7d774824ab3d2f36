"""Every closed-form method through torch against NumPy: same maps, same rank, same words."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.algebra.device import TorchDevice
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, Logit, Method, Naive, Ridge, SourceProblem
from samefeatures.networks.record import Head
from samefeatures.similarity import closeness

CPU = TorchDevice("cpu")


class Net:
    def __init__(self, name: str, dim: int, rng: np.random.Generator) -> None:
        self.name = self.fingerprint = name
        weight = rng.normal(size=(4, dim)).astype(np.float32)
        self.head = Head(weight, rng.normal(size=4).astype(np.float32))


def problems(*, n: int, dead: int = 0) -> tuple[SourceProblem, SourceProblem]:
    rng = np.random.default_rng(n + dead)
    a = rng.normal(size=(n, 12)) * np.logspace(0, 3, 12) + 100
    a[:, :dead] = 7
    b = a @ rng.normal(size=(12, 5)) + rng.normal(size=(n, 5))
    moments = Moments(["a", "b"], [12, 5])
    moments.update(a, b)
    nets = {"a": Net("a", 12, rng), "b": Net("b", 5, rng)}
    return SourceProblem("a", nets, moments), SourceProblem("a", nets, moments, algebra=CPU)


@pytest.mark.parametrize("method", [OLS(), Ridge(), Logit(), Naive()], ids=lambda m: m.name)
@pytest.mark.parametrize(("n", "dead"), [(300, 0), (300, 2), (8, 0)])
def test_the_same_maps(method: Method, n: int, dead: int) -> None:
    host, device = problems(n=n, dead=dead)
    (ours,), (theirs,) = method.fit(device, ["b"]), method.fit(host, ["b"])
    scale = abs(theirs.weight).max()
    np.testing.assert_allclose(ours.weight, theirs.weight, rtol=1e-8, atol=1e-8 * scale)
    np.testing.assert_allclose(
        ours.bias, theirs.bias, rtol=1e-7, atol=1e-7 * abs(theirs.bias).max()
    )
    assert (ours.fit.rank, ours.fit.full_rank) == (theirs.fit.rank, theirs.fit.full_rank)
    assert ours.fit.message == theirs.fit.message
    if method.name == "ols":
        assert (ours.fit.rank == 12) == (n == 300 and dead == 0)
    if theirs.fit.condition is not None:
        assert ours.fit.condition == pytest.approx(theirs.fit.condition, rel=1e-6)
    target = host.networks["b"]
    np.testing.assert_allclose(
        ours.fold(target, algebra=CPU).weight, theirs.fold(target).weight, rtol=1e-4, atol=1e-5
    )
    one = closeness(host.moments, ours, algebra=CPU)
    other = closeness(host.moments, theirs)
    assert one.r2 == pytest.approx(other.r2, rel=1e-6, abs=1e-9)
    assert one.cosine == pytest.approx(other.cosine, rel=1e-9, abs=1e-9)
