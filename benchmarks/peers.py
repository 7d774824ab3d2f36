"""One map, the same rows: ours against the libraries that a person would reach for otherwise.

Every peer gets float64 rows in memory and gives back weights and bias; ours takes moments in chunks
of float32 rows and solves. Answers are held together as predictions, relative to the targets'
spread. Peers that are not installed are left out of the table; ``scripts/bench`` installs them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.algebra import fake, made_features
from benchmarks.record import Line, alternately, at_least, product_rate, within
from samefeatures.joint.blocks import BlockSums
from samefeatures.maps import OLS, Ridge, SourceProblem

DIMS = (540, 504)
ROWS, CHUNK, ALPHA = 10_000, 512, 0.01
Float64 = npt.NDArray[np.float64]
Fitted = tuple[Float64, Float64]
"""(d_B, d_A) weights and (d_B,) bias."""
Rows = npt.NDArray[np.float32]


def ours(method: OLS | Ridge, x: Rows, y: Rows) -> Fitted:
    """One map alone: S_BB is not summed."""
    dims = {"a": x.shape[1], "b": y.shape[1]}
    sums = BlockSums(dims, pairs=[("a", "a"), ("b", "a")])
    for start in range(0, len(x), CHUNK):
        sums.update({"a": x[start : start + CHUNK], "b": y[start : start + CHUNK]})
    networks = {name: fake(name, dim) for name, dim in dims.items()}
    (fitted,) = method.fit(SourceProblem("a", networks, sums.blocks()), ["b"])
    return fitted.weight, fitted.bias


def _strength(x: Float64) -> float:
    """The penalty of ``Ridge(alpha=ALPHA)`` in scikit-learn's units."""
    return float(ALPHA * len(x) * x.var(axis=0).mean())


def linear_regression(x: Float64, y: Float64) -> Fitted:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(x, y)
    return model.coef_, model.intercept_


def sklearn_ridge(x: Float64, y: Float64) -> Fitted:
    from sklearn.linear_model import Ridge as TheirRidge

    model = TheirRidge(alpha=_strength(x), solver="cholesky").fit(x, y)
    return model.coef_, model.intercept_


def torch_lstsq(x: Float64, y: Float64) -> Fitted:
    import torch

    ones = np.column_stack([x, np.ones(len(x))])
    found = torch.linalg.lstsq(torch.from_numpy(ones), torch.from_numpy(y)).solution.numpy()
    return found[:-1].T, found[-1]


def latentis_lstsq(x: Float64, y: Float64) -> Fitted:
    import torch
    from latentis.transform.translate.functional import lstsq_align_state

    centre, centre_y = x.mean(axis=0), y.mean(axis=0)
    found = lstsq_align_state(torch.from_numpy(x - centre), torch.from_numpy(y - centre_y))
    weight = found["matrix"].numpy().T
    return weight, centre_y - weight @ centre


def latentis_affine(x: Float64, y: Float64) -> Fitted:
    import torch
    from latentis.transform.translate.functional import sgd_affine_align_state

    rows = (torch.from_numpy(block.astype(np.float32)) for block in (x, y))
    found = sgd_affine_align_state(*rows, num_steps=30, random_seed=0)["translation"]
    weight, bias = found.weight.detach().numpy(), found.bias.detach().numpy()
    return weight.astype(np.float64), bias.astype(np.float64)


def himalaya_ridge(x: Float64, y: Float64) -> Fitted:
    from himalaya.ridge import Ridge as TheirRidge

    model = TheirRidge(alpha=_strength(x), fit_intercept=True).fit(x, y)
    return model.coef_.T, model.intercept_


def himalaya_ridge_cv(x: Float64, y: Float64) -> Fitted:
    from himalaya.ridge import RidgeCV

    alphas = _strength(x) * np.ones(1)
    model = RidgeCV(alphas=alphas, fit_intercept=True, cv=2).fit(x, y)
    return model.coef_.T, model.intercept_


PEERS: tuple[tuple[str, str, str, Callable[[Float64, Float64], Fitted]], ...] = (
    ("ols", "sklearn", "scikit-learn LinearRegression", linear_regression),
    ("ols", "torch", "torch.linalg.lstsq", torch_lstsq),
    ("ols", "latentis", "latentis lstsq", latentis_lstsq),
    ("ols", "latentis", "latentis affine, 30 of 300 steps, float32", latentis_affine),
    ("ridge", "sklearn", "scikit-learn Ridge, cholesky", sklearn_ridge),
    ("ridge", "himalaya", "himalaya Ridge", himalaya_ridge),
    ("ridge", "himalaya", "himalaya RidgeCV, 1 alpha, 2 folds", himalaya_ridge_cv),
)

GOALS = {"scikit-learn Ridge, cholesky": 1.3}
"""How many times faster; as fast where nothing stands here."""
SLOW = (
    "latentis affine, 30 of 300 steps, float32",
    "himalaya Ridge",
    "himalaya RidgeCV, 1 alpha, 2 folds",
)
"""Timed once."""


def run() -> list[Line]:
    """Every peer that is installed, in turns with ours."""
    first, second = made_features(DIMS, ROWS).values()
    return list(_lines(first, second))


def _lines(first: Rows, second: Rows) -> Iterator[Line]:
    x, y = first.astype(np.float64), second.astype(np.float64)
    d_a, d_b = DIMS
    work = ROWS * (d_a**2 / 2 + d_a * d_b) + d_a**3 + d_a * d_a * d_b
    least = work / product_rate(np.float64)
    for name, package, peer, fit in PEERS:
        if importlib.util.find_spec(package) is None:
            continue
        method = OLS() if name == "ols" else Ridge(alpha=ALPHA)
        found: dict[str, Fitted] = {}

        def mine(method: OLS | Ridge = method, found: dict[str, Fitted] = found) -> None:
            found["ours"] = ours(method, first, second)

        def theirs(
            fit: Callable[[Float64, Float64], Fitted] = fit, found: dict[str, Fitted] = found
        ) -> None:
            found["theirs"] = fit(x, y)

        ours_s, theirs_s = alternately(mine, theirs, repeat=1 if peer in SLOW else 9)
        line = at_least(
            f"one {name} map, {d_a:,} to {d_b:,}, {ROWS:,} rows",
            ours_s,
            peer,
            theirs_s,
            GOALS.get(peer, 1.0),
            difference=_difference(found, x[:2000], y[:2000]),
        )
        yield within(line, least, "float64 products")


def _difference(found: dict[str, Fitted], x: Float64, y: Float64) -> float:
    """Largest difference of two predictions, by the targets' standard deviation."""
    one, other = (x @ weight.T + bias for weight, bias in found.values())
    return float(np.abs(one - other).max() / y.std())
