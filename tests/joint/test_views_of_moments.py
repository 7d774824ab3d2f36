"""Views over moments: what they ask of those beneath, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from samefeatures.algebra import Precision
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import FeatureError
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.joint.views import (
    Beside,
    Either,
    Mixed,
    Rest,
    SecondMoments,
    Union,
    precision_of,
    stacked,
)

DIMS = {"a": 3, "b": 2, "c": 2}
ROWS = {
    name: np.random.default_rng(k).normal(size=(50, d)) + k
    for k, (name, d) in enumerate(DIMS.items())
}


def moments_of(rows: slice = slice(None), precision: Precision = "float64") -> Moments:
    found = Moments(list(DIMS), list(DIMS.values()))
    found.update(*(x[rows] for x in ROWS.values()), precision=precision)
    return found


@dataclass
class Counting:
    """Moments that note what they are asked for."""

    moments: Moments = field(default_factory=moments_of)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return self.moments.n

    def mean_of(self, name: str) -> Float64:
        return self.moments.mean_of(name)

    def block(self, a: str, b: str) -> Float64:
        self.asked.append((a, b))
        return self.moments.block(a, b)

    def sum_of_squares(self, name: str) -> float:
        self.asked.append((name,))
        return self.moments.sum_of_squares(name)


class Stacks(Counting):
    """Such that give many blocks at once."""

    def stacked(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        self.asked.append((*rows, "by", *columns))
        return np.zeros((0, 0))


def test_blocks_are_stacked_one_by_one_or_as_the_moments_know_better() -> None:
    one_by_one = Counting()
    found = stacked(one_by_one, ["a", "c"], ["b", "a", "c"])
    whole = np.hstack([ROWS["a"], ROWS["c"], ROWS["b"]])
    products = np.cov(whole.T, bias=True) * 50
    np.testing.assert_allclose(found, products[:5][:, [5, 6, 0, 1, 2, 3, 4]], atol=1e-12)
    assert len(one_by_one.asked) == 6
    at_once = Stacks()
    assert stacked(at_once, ["a", "c"], ["b"]).shape == (0, 0)
    assert at_once.asked == [("a", "c", "by", "b")]


def test_a_union_sums_a_block_once_until_it_is_told_to_forget() -> None:
    parts = [Counting(moments_of(slice(0, 20))), Counting(moments_of(slice(20, 50)))]
    union, whole = Union(parts), moments_of()
    for _ in range(2):
        np.testing.assert_allclose(union.block("a", "b"), whole.block("a", "b"), atol=1e-10)
        np.testing.assert_allclose(union.block("b", "a"), whole.block("b", "a"), atol=1e-10)
        np.testing.assert_allclose(union.block("c", "c"), whole.block("c", "c"), atol=1e-10)
    assert [part.asked for part in parts] == [[("a", "b"), ("c", "c")]] * 2
    union.forget()
    np.testing.assert_allclose(union.block("b", "a"), whole.block("b", "a"), atol=1e-10)
    assert [part.asked[2:] for part in parts] == [[("b", "a")]] * 2


def test_a_large_mean_costs_a_union_no_digits() -> None:
    """Of one space the means are large, and whole numbers to the last digit."""
    rng = np.random.default_rng(2)
    small, large = rng.normal(size=(64, 2)), 2.0**40 + rng.integers(0, 9, (64, 2))
    parts = []
    for rows in (slice(0, 32), slice(32, 64)):
        parts.append(Moments(["small", "large"], [2, 2]))
        parts[-1].update(small[rows], large[rows])
    exact = (small - small.mean(axis=0)).T @ (large - 2.0**40)
    np.testing.assert_allclose(Union(parts).block("small", "large"), exact, atol=1e-9)
    np.testing.assert_allclose(Union(parts).block("large", "small"), exact.T, atol=1e-9)


def test_parts_without_rows_are_not_asked_for_anything() -> None:
    nothing = Blocks(n=0, means={}, products={})
    union = Union([nothing, moments_of(precision="float32"), nothing])
    assert (union.n, union.precision) == (50, "float32")
    np.testing.assert_allclose(union.mean_of("b"), ROWS["b"].mean(axis=0))
    assert union.sum_of_squares("b") == pytest.approx(moments_of().sum_of_squares("b"))
    assert (Union([nothing]).n, Union([]).precision) == (0, "float64")


def test_of_two_records_the_first_is_asked_for_what_it_knows() -> None:
    first, second = Counting(), Counting()
    either = Either(first, second, [("a", "b"), ("c", "c")])
    whole = moments_of()
    for a in DIMS:
        np.testing.assert_array_equal(either.mean_of(a), whole.mean_of(a))
        assert either.sum_of_squares(a) == whole.sum_of_squares(a)
        for b in DIMS:
            np.testing.assert_array_equal(either.block(a, b), whole.block(a, b))
    assert set(first.asked) == {("a", "b"), ("b", "a"), ("c", "c"), ("c",)}
    assert len(first.asked) + len(second.asked) == 3 + 9
    assert either.n == 50
    with pytest.raises(FeatureError, match="of 50 rows and of 20"):
        Either(first, moments_of(slice(0, 20)), [])


def test_networks_and_controls_answer_for_their_own() -> None:
    networks, controls = Counting(), Counting()
    beside, whole = Beside(networks, frozenset("ab"), controls), moments_of()
    for a in DIMS:
        np.testing.assert_array_equal(beside.mean_of(a), whole.mean_of(a))
        assert beside.sum_of_squares(a) == whole.sum_of_squares(a)
        for b in DIMS:
            np.testing.assert_array_equal(beside.block(a, b), whole.block(a, b))
    assert set(controls.asked) == {
        ("a", "c"),
        ("c", "a"),
        ("b", "c"),
        ("c", "b"),
        ("c", "c"),
        ("c",),
    }
    assert len(networks.asked) == 4 + 2
    assert beside.n == 50


def test_the_rest_is_refused_where_nothing_is_left() -> None:
    whole = moments_of()
    for part in (whole, moments_of() + moments_of(slice(0, 1))):
        with pytest.raises(FeatureError, match="Nothing is left of 50 rows"):
            Rest(whole, part)
    rest = Rest(whole, moments_of(slice(0, 49)))
    assert rest.n == 1
    np.testing.assert_allclose(rest.mean_of("a"), ROWS["a"][49])


def test_a_mixture_leaves_what_it_is_made_of_as_it_is() -> None:
    weight = np.arange(6.0).reshape(3, 2)
    mixed, whole = Mixed(moments_of(), {"m": {"a": weight, "b": None}}), moments_of()
    made = ROWS["a"] @ weight + ROWS["b"]
    np.testing.assert_array_equal(mixed.mean_of("a"), whole.mean_of("a"))
    np.testing.assert_allclose(mixed.mean_of("m"), made.mean(axis=0))
    np.testing.assert_array_equal(mixed.block("b", "c"), whole.block("b", "c"))
    products = np.cov(made.T, ROWS["c"].T, bias=True) * 50
    np.testing.assert_allclose(mixed.block("m", "m"), products[:2, :2])
    np.testing.assert_allclose(mixed.block("m", "c"), products[:2, 2:], atol=1e-10)
    np.testing.assert_allclose(mixed.block("c", "m"), products[2:, :2], atol=1e-10)
    assert mixed.sum_of_squares("m") == pytest.approx(np.trace(products[:2, :2]))
    assert mixed.n == 50
    counting = Counting()
    assert Mixed(counting, {"m": {}}).sum_of_squares("a") == whole.sum_of_squares("a")
    assert counting.asked == [("a",)], "no block is made for its trace"


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_every_view_has_the_precision_of_what_it_shows(precision: Precision) -> None:
    moments, part = moments_of(precision=precision), moments_of(slice(0, 9))
    other = moments_of()
    views: list[SecondMoments] = [
        moments,
        Rest(moments, part),
        Union([moments, part]),
        Either(other, moments, []),
        Beside(moments, frozenset("a"), other),
        Mixed(moments, {}),
    ]
    assert {precision_of(view) for view in views} == {precision}
    assert precision_of(Counting(moments)) == "float64", "it says nothing of it"
