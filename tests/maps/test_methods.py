"""What every method says of itself: options, needs, cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from worlds import make_world

from samefeatures.algebra import HOST
from samefeatures.base.errors import MapError
from samefeatures.joint.record import Moments
from samefeatures.maps import (
    METHODS,
    OLS,
    Adam,
    Canonical,
    Cosine,
    Logit,
    Method,
    Naive,
    Procrustes,
    Rank,
    Ridge,
    Sizes,
    SourceProblem,
)

NEEDED = {"rank": {"rank": 2}}
"""Options without a default, by method."""
SIZES = Sizes(dims=(3, 5, 10), fit_rows=100, classes=7)

OPTIONS = {
    "adam": {
        "iterations": 100_000, "batch": 2048, "rate": 0.1, "decay": 1e-5, "beta1": 0.9,
        "beta2": 0.999, "epsilon": 1e-8, "max_rise": 0.5, "pool": 32_768, "seed": 0,
        "device": "cpu",
    },
    "canonical": {"alpha": 0.01},
    "cosine": {"tolerance": 1e-5, "passes": 200},
    "logit": {},
    "naive": {},
    "ols": {},
    "procrustes": {},
    "rank": {"rank": 2},
    "ridge": {"alpha": 0.01},
}  # fmt: skip


def test_options_are_those_of_the_docs() -> None:
    """They go into the keys of maps that are on disks: a default must never change."""
    built = {name: METHODS.get(name)(**NEEDED.get(name, {})) for name in METHODS.names}
    assert {name: dict(method.options) for name, method in built.items()} == OPTIONS


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("adam", {"iterations": 1, "batch": 1, "pool": 256, "seed": 0}),
        ("adam", {"rate": 1, "epsilon": 1, "max_rise": 1, "decay": 0, "beta1": 0, "beta2": 0}),
        ("canonical", {"k": 1, "alpha": 0}),
        ("cosine", {"tolerance": 1, "passes": 1}),
        ("rank", {"rank": 1}),
        ("ridge", {"alpha": 1}),
        ("ridge", {"alpha": "auto", "folds": 2}),
    ],
)
def test_options_are_plain_numbers_whoever_gives_them(name: str, options: dict[str, Any]) -> None:
    """They go into keys and files; each is the least that is allowed."""
    given = {k: v if v == "auto" else np.int16(v) for k, v in options.items()}
    found = METHODS.get(name)(**given)
    for option, value in options.items():
        kept = getattr(found, option)
        assert kept == value
        assert type(kept) is type(value)
        assert found.options[option] == kept


def test_what_methods_look_at() -> None:
    uses = {name: METHODS.get(name).uses for name in METHODS.names}
    assert {name for name, what in uses.items() if what != "images"} == {"logit", "naive"}
    assert (uses["logit"], uses["naive"]) == ("heads", "nothing")
    assert [n for n in METHODS.names if METHODS.get(n).needs_rows] == ["adam", "cosine"]
    built = [METHODS.get(name)(**NEEDED.get(name, {})) for name in METHODS.names]
    assert {method.needs_folds for method in built} == {0}


@pytest.mark.parametrize("name", ["adam", "cosine"])
def test_a_method_that_needs_rows_says_so(name: str) -> None:
    rng = np.random.default_rng(0)
    world = make_world({"a": rng.normal(size=(9, 2)), "b": rng.normal(size=(9, 3))})
    with pytest.raises(MapError, match=f"The method '{name}' reads the fit rows.* rows=…"):
        list(METHODS.get(name)().short().fit(world.problem("a", rows=None), ["b"]))


def test_sizes_count_ordered_pairs() -> None:
    pairs = [(a, b) for a in SIZES.dims for b in SIZES.dims if a != b]
    assert SIZES.total == 18
    assert SIZES.hybrids == len(pairs)
    assert SIZES.pairs == sum(a * b for a, b in pairs)
    assert SIZES.products == sum(a * a * b for a, b in pairs)


def test_work_is_counted_by_hand() -> None:
    pairs = [(a, b) for a in SIZES.dims for b in SIZES.dims if a != b]
    least_squares = 2.3 * sum(d**3 for d in SIZES.dims) + sum(a * a * b for a, b in pairs)
    heads = 7 * sum(a * b for a, b in pairs) + 7 * sum(d * d for d in SIZES.dims)
    assert OLS().work(SIZES) == Ridge().work(SIZES) == pytest.approx(least_squares)
    assert Logit().work(SIZES) == heads
    assert Naive().work(SIZES) == 0
    singular = sum(a * a * b + 10 * max(a, b) * min(a, b) ** 2 for a, b in pairs)
    assert Procrustes().work(SIZES) == singular
    reduction = 2 * sum(a * a * b for a, b in pairs) + 10 * sum(b**3 for _, b in pairs)
    assert Rank(rank=2).work(SIZES) == pytest.approx(least_squares + reduction)
    flat = sum(a * b for a, b in pairs)
    assert Adam(iterations=50, batch=4).work(SIZES) == 3 * 50 * 4 * flat
    for tolerance, passes in ((1e-3, 6), (1e-5, 18), (1.0, 3)):
        expected = least_squares + 2 * passes * 100 * flat
        assert Cosine(tolerance=tolerance).work(SIZES) == pytest.approx(expected)
    assert Cosine(passes=2).work(SIZES) == pytest.approx(least_squares + 2 * 2 * 100 * flat)
    white = sum(10 * d**3 + d * d * 18 for d in SIZES.dims)
    for canonical, k in ((Canonical(k=4), 4), (Canonical(), 6)):  # 6 features on average
        assert canonical.work(SIZES) == pytest.approx(white + 6 * k * 18**2 + k * flat)
    folds = 12 * sum(d**3 for d in SIZES.dims) + 3 * sum(a * a * b for a, b in pairs)
    chosen = Ridge(alpha="auto", folds=3).work(SIZES)
    assert chosen == pytest.approx(least_squares + 3 * folds)


def test_notes_say_what_the_work_rests_on() -> None:
    assert Cosine(tolerance=1e-3).note(SIZES) == "if 6 passes suffice, which the data decide"
    assert Adam().note(SIZES) == "100,000 iterations"
    assert OLS().note(SIZES) == Ridge().note(SIZES) == ""
    few = Sizes(dims=(3, 100), fit_rows=100, classes=2)
    assert "eigenvalues" in OLS().note(few)
    assert OLS().note(Sizes(dims=(3, 99), fit_rows=100, classes=2)) == ""


def test_short_fits_take_few_steps_and_are_else_the_same() -> None:
    assert Ridge(alpha=3.0).short() == Ridge(alpha=3.0)
    assert Adam(batch=64, seed=3).short() == Adam(batch=64, seed=3, iterations=3)
    assert Adam(iterations=2).short().iterations == 2
    assert Cosine().short().passes == 2
    assert Cosine(passes=1).short().passes == 1


class Noted:
    """NumPy, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(HOST, name)


@pytest.mark.parametrize(
    ("method", "asks"),
    [
        (OLS(), ["inverse", "product", "product"]),
        (Ridge(), ["inverse", "product", "product"]),
        (Logit(), ["singular_values", "product", "product"] * 2),
        (Naive(), []),
        (Procrustes(), ["singular_values", "product", "product"] * 2),
        (
            Rank(rank=2),
            ["inverse", *["product", "product", "eigenvalues", "product", "product"] * 2],
        ),
    ],
    ids=lambda given: given.name if isinstance(given, Method) else "",
)
def test_everything_runs_where_the_problem_says(method: Method, asks: list[str]) -> None:
    rng = np.random.default_rng(1)
    world = make_world({k: rng.normal(size=(40, d)) for k, d in {"a": 5, "b": 6, "c": 7}.items()})
    place = Noted()
    list(method.fit(world.problem("a", algebra=place), ["b", "c"]))
    assert place.asked == asks


def test_the_rank_is_that_of_the_moments_precision() -> None:
    """A direction of 1e-8 of the largest: known in float64, rounding in float32."""
    rng = np.random.default_rng(2)
    a = rng.normal(size=(500, 3)) * [1, 1, 1e-4]
    moments = Moments(["a", "b"], [3, 2])
    moments.update(a, rng.normal(size=(500, 2)))
    world = make_world({"a": a, "b": rng.normal(size=(500, 2))})
    for precision, rank in (("float64", 3), ("float32", 2)):
        moments.precision = precision  # type: ignore[assignment]
        (fitted,) = OLS().fit(SourceProblem("a", world.networks, moments), ["b"])
        assert fitted.fit.rank == rank
