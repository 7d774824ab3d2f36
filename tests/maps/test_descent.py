"""The descent alone, on functions whose minimum is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from samefeatures.base.arrays import Float64
from samefeatures.maps.normalised.descent import Descent


def run(descent: Descent, function, most: int = 500) -> list[float]:  # type: ignore[no-untyped-def]
    losses = []
    while not descent.ended and len(losses) < most:
        descent.tell(*function(descent.trial))
        losses.append(descent.loss)
    return losses


def rosenbrock(x: Float64) -> tuple[float, Float64]:
    flat = x.ravel()
    return float(scipy.optimize.rosen(flat)), scipy.optimize.rosen_der(flat).reshape(x.shape)


def test_a_quadratic_with_its_inverse_is_solved_by_one_step() -> None:
    rng = np.random.default_rng(0)
    q, goal = rng.normal(size=(9, 4)), rng.normal(size=(3, 4))
    hessian = q.T @ q

    def function(x: Float64) -> tuple[float, Float64]:
        gradient = (x - goal) @ hessian
        return 1 + 0.5 * float(np.vdot(x - goal, gradient)), gradient

    descent = Descent(
        np.zeros((3, 4)), precondition=lambda g: g @ np.linalg.inv(hessian), tolerance=1e-12
    )
    descent.tell(*function(descent.trial))
    assert descent.promised == pytest.approx(descent.loss - 1, rel=1e-9)  # the least loss is 1
    losses = [descent.loss, *run(descent, function)]
    assert losses[1] == pytest.approx(1, abs=1e-12)
    assert len(losses) == 3  # the third says that there is nothing left
    np.testing.assert_allclose(descent.point, goal, atol=1e-9)


def test_it_finds_the_minimum_that_scipy_finds_and_never_rises() -> None:
    start = np.array([[-1.2, 1.0, -0.5, 0.8]])
    descent = Descent(start, precondition=lambda g: 1e-3 * g, tolerance=1e-14)
    losses = run(descent, rosenbrock)
    reference = scipy.optimize.minimize(
        scipy.optimize.rosen, start.ravel(), jac=scipy.optimize.rosen_der, method="L-BFGS-B"
    )
    assert (np.diff(losses) <= 0).all()
    np.testing.assert_allclose(descent.point.ravel(), reference.x, atol=1e-3)


def test_a_step_into_infinity_is_shortened() -> None:
    def function(x: Float64) -> tuple[float, Float64]:
        if np.abs(x).max() > 3:
            return np.inf, np.full_like(x, np.nan)
        return float(((x - 1) ** 2).sum()) + 1, 2 * (x - 1)

    descent = Descent(np.full((1, 2), -2.0), precondition=lambda g: 50 * g, tolerance=1e-10)
    run(descent, function)
    np.testing.assert_allclose(descent.point, 1, atol=1e-4)


def test_it_gives_up_where_rounding_hides_every_decrease() -> None:
    def function(x: Float64) -> tuple[float, Float64]:
        return 1.0 + float(np.abs(x).sum() > 0), np.ones_like(x)

    descent = Descent(np.zeros((1, 2)), precondition=lambda g: g, tolerance=1e-10)
    assert len(run(descent, function, most=50)) < 50
    assert descent.ended
    np.testing.assert_array_equal(descent.point, 0)


@pytest.mark.parametrize("stop", [1, 2, 5, 13])
def test_a_resumed_descent_goes_on_to_the_same_bits(stop: int) -> None:
    def begin() -> Descent:
        start = np.array([[-1.2, 1.0, -0.5, 0.8]])
        return Descent(start, precondition=lambda g: 1e-3 * g, tolerance=1e-14)

    whole = begin()
    losses = run(whole, rosenbrock)
    first = begin()
    head = run(first, rosenbrock, most=stop)
    second = begin().resume({k: v.copy() for k, v in first.state().items()})
    assert head + run(second, rosenbrock) == losses
    np.testing.assert_array_equal(second.point, whole.point)


def test_a_step_too_far_is_cut_to_the_minimum_of_the_parabola_through_it() -> None:
    """From 1 to −3 on x²/2: value and slope here and value there are those of the parabola."""
    descent = Descent(np.ones((1, 1)), precondition=lambda g: 4 * g, tolerance=1e-12)
    descent.tell(0.5, np.ones((1, 1)))
    assert descent.trial.item() == -3
    descent.tell(4.5, np.full((1, 1), -3.0))
    assert descent.point.item() == 1
    assert descent.trial.item() == pytest.approx(0, abs=1e-15)


def test_a_step_far_too_far_is_cut_to_a_tenth_and_then_by_the_parabola() -> None:
    """On x²/2 from 1 to −29, then to −2, where the parabola through the shorter step ends at 0."""
    descent = Descent(np.ones((1, 1)), precondition=lambda g: 30 * g, tolerance=1e-12)
    visited = []
    for _ in range(3):
        x = descent.trial
        descent.tell(float((x**2).sum()) / 2, x.copy())
        visited.append(descent.trial.item())
    assert visited == pytest.approx([-29, -2, 0], abs=1e-14)


def test_where_the_function_curves_downwards_nothing_is_learned_of_it() -> None:
    """On x⁴/4 − x²/2 near 0: the next step is the preconditioned gradient again."""
    descent = Descent(np.full((1, 1), 0.1), precondition=lambda g: 0.5 * g, tolerance=1e-12)
    for _ in range(2):
        x = descent.trial
        descent.tell(float((x**4 / 4 - x**2 / 2).sum()), x**3 - x)
    x = descent.point
    assert x.item() > 0.1
    np.testing.assert_allclose(descent.trial - x, -0.5 * (x**3 - x), rtol=1e-12)
