"""What controls leave of spaces, and measures of that, against ridge regressions on the rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from samefeatures.base.arrays import Float64
from samefeatures.joint.record import Moments
from samefeatures.similarity.common import Split
from samefeatures.similarity.left import Left
from samefeatures.similarity.measures.cka import CKA
from samefeatures.similarity.measures.procrustes import Procrustes


def rows(n: int, seed: int) -> dict[str, Float64]:
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    causes = rng.standard_normal((n, 6))
    dims = {"answers": 5, "pixels": 8, "a": 7, "b": 9}
    return {
        name: causes @ fixed.standard_normal((6, d)) + rng.standard_normal((n, d)) + 2
        for name, d in dims.items()
    }


def moments(spaces: dict[str, Float64]) -> Moments:
    out = Moments(list(spaces), [part.shape[1] for part in spaces.values()])
    out.update(*spaces.values())
    return out


@pytest.mark.parametrize(
    "strengths",
    [{"answers": 1e-3}, {"answers": 0.1, "pixels": 1.0}, {"pixels": 0.0}, {"answers": np.inf}],
)
def test_errors_of_ridge_regressions_on_all_controls(strengths: dict[str, float]) -> None:
    fit, judge = rows(120, 1), rows(80, 2)
    total = moments(fit)
    taken = Left(Split(total, moments(judge)), strengths, total)
    left = taken.moments
    # scikit-learn: every block divided by the root of its penalty, then one penalty of 1.
    scaled = {"fit": [], "eval": []}
    for name, strength in strengths.items():
        penalty = (
            1e30 if np.isinf(strength) else max(strength * fit[name].var(axis=0).mean() * 120, 1e-9)
        )
        scaled["fit"].append(fit[name] / np.sqrt(penalty))
        scaled["eval"].append(judge[name] / np.sqrt(penalty))
    errors = {}
    for name in ("a", "b"):
        errors[name] = judge[name] - fit[name].mean(axis=0)
        if strengths:
            model = Ridge(alpha=1.0, solver="svd").fit(np.hstack(scaled["fit"]), fit[name])
            errors[name] = judge[name] - model.predict(np.hstack(scaled["eval"]))
    across = errors["a"].T @ errors["b"]
    np.testing.assert_allclose(left.block("a", "b"), across, rtol=1e-6, atol=1e-6)
    assert left.sum_of_squares("b") == pytest.approx((errors["b"] ** 2).sum(), rel=1e-7)
    assert left.n == 80
    assert taken.blocks == tuple(strengths)
    read = taken.rows({name: judge[name] for name in (*strengths, "b", "a")})
    for name in ("a", "b"):
        np.testing.assert_allclose(read[name], errors[name], rtol=1e-6, atol=1e-6)
        mean = errors[name].mean(axis=0)
        np.testing.assert_allclose(taken.mean_of(name), mean, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(taken.centred.mean_of(name), mean, rtol=1e-6, atol=1e-7)
    apart = [errors[name] - errors[name].mean(axis=0) for name in ("a", "b")]
    centred = apart[0].T @ apart[1]
    np.testing.assert_allclose(taken.centred.block("a", "b"), centred, rtol=1e-6, atol=1e-6)
    assert taken.centred.sum_of_squares("b") == pytest.approx((apart[1] ** 2).sum(), rel=1e-7)
    gram = [np.linalg.norm(errors[name].T @ errors[name]) for name in ("a", "b")]
    assert CKA().value(left, "a", "b") == pytest.approx(
        np.linalg.norm(across) ** 2 / np.prod(gram), rel=1e-6
    )
    lengths = np.prod([np.linalg.norm(errors[name]) for name in ("a", "b")])
    nuclear = np.linalg.svd(across, compute_uv=False).sum()
    assert Procrustes().value(left, "a", "b") == pytest.approx(nuclear / lengths, rel=1e-6)


def test_nothing_but_rounding_is_not_anything() -> None:
    fit, judge = rows(120, 1), rows(80, 2)
    rng = np.random.default_rng(3)
    weights = rng.standard_normal((5, 4))
    made = {
        "explained": lambda given: given["answers"] @ weights + 3,
        "same": lambda given: np.full((len(given["a"]), 2), 1.0 + (given is judge)),
        "far": lambda given: given["a"] + 1e5,
    }
    for given in (fit, judge):
        given |= {name: make(given) for name, make in made.items()}
    total = moments(fit)
    taken = Left(Split(total, moments(judge)), {"answers": 0.0}, total)
    assert [taken.anything(name) for name in made] == [False, True, True]
    assert [taken.varies(name) for name in made] == [False, False, True]


def test_how_far_from_zero_features_lie_does_not_hide_what_is_left() -> None:
    fit, judge = rows(120, 1), rows(80, 2)
    for given in (fit, judge):
        given["a"] += 1e7  # squares of the values: 1e14 of what varies; of what is left, still some
    total = moments(fit)
    taken = Left(Split(total, moments(judge)), {"answers": 0.1}, total)
    assert taken.anything("a")
    assert taken.varies("a")
