"""The line through two runs is the line that the work lies on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from samefeatures.planning.linear import Linear, fitted


class FakeClock:
    """Time passes only when work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, fixed: float, each: float) -> Callable[[int], Callable[[], object]]:
        def prepare(size: int) -> Callable[[], object]:
            self.now += 100  # getting ready is not timed

            def run() -> None:
                self.now += fixed + each * size

            return run

        return prepare


@pytest.mark.parametrize(("fixed", "each"), [(0.5, 0.01), (0.0, 0.02), (3.0, 0.0)])
def test_fixed_and_each_are_found(fixed: float, each: float) -> None:
    clock = FakeClock()
    found = fitted(clock.work(fixed, each), (10, 40), clock=clock)
    assert found.fixed == pytest.approx(fixed, abs=1e-9)
    assert found.each == pytest.approx(each, abs=1e-9)
    assert found.at(1000) == pytest.approx(fixed + 1000 * each)
    assert found.at(1000, calls=3) == pytest.approx(3 * fixed + 1000 * each)


def test_units_are_what_a_size_amounts_to() -> None:
    clock = FakeClock()

    def prepare(dim: int) -> Callable[[], object]:
        return clock.work(1.0, 1e-6)(dim**3)

    found = fitted(prepare, (32, 64), units=lambda d: float(d**3), clock=clock)
    assert found.each == pytest.approx(1e-6)
    assert found.fixed == pytest.approx(1.0)


def test_a_run_of_several_calls_shares_the_fixed_part() -> None:
    clock = FakeClock()
    found = fitted(clock.work(4.0, 0.5), (10, 20), calls=4, clock=clock)
    assert found == Linear(pytest.approx(1.0), pytest.approx(0.5))


def test_noise_never_makes_a_part_negative() -> None:
    clock = FakeClock()
    times = iter([0.0, 0.0, 5.0, 5.0, 5.0, 1.0, 1.0, 1.0])

    def prepare(_: int) -> Callable[[], object]:
        def run() -> None:
            clock.now += next(times)

        return run

    found = fitted(prepare, (1, 10), clock=clock)  # the larger run was the faster one
    assert found.each == 0
    assert found.fixed == 5.0


def test_a_line_that_would_start_below_zero_goes_through_zero() -> None:
    clock = FakeClock()

    def prepare(size: int) -> Callable[[], object]:
        return clock.work(0.0, 0.01)(size**2)

    found = fitted(prepare, (10, 20), clock=clock)
    assert found.fixed == 0
    assert found.each == pytest.approx(4.0 / 20)


def test_the_first_run_does_not_count() -> None:
    clock = FakeClock()
    runs: list[int] = []

    def prepare(size: int) -> Callable[[], object]:
        def run() -> None:
            clock.now += 50 if size not in runs else size
            runs.append(size)

        return run

    assert fitted(prepare, (1, 2), clock=clock) == Linear(0.0, 1.0)
    assert len(runs) == 8
