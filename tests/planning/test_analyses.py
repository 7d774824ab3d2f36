"""What maps of fewer rows, ranks and shared directions cost: sums made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from samefeatures.maps import OLS, Sizes
from samefeatures.planning.algebra import AlgebraRates, method_work
from samefeatures.planning.analyses import (
    NO_ANALYSES,
    Analyses,
    CurveWork,
    analysis_costs,
    canonical_work,
    rank_work,
)
from samefeatures.planning.linear import Linear
from samefeatures.study.config import StudyConfig, parse_config
from samefeatures.study.methods import MethodConfig

NOTHING = Linear(0, 0)
SIZES = Sizes(dims=(10, 30), fit_rows=800, classes=7)
OLS_ENTRY = MethodConfig(name="ols", label="ols", options={})


def config(**keys: Any) -> StudyConfig:
    plain = {"networks": ["gallery:tiny_a", "gallery:tiny_b"], "data": {"fit": "x", "eval": "y"}}
    return parse_config(plain | {"methods": ["ols", "ridge"]} | keys, where="test")


def rates(**changes: Any) -> AlgebraRates:
    plain = {"moments": NOTHING, "maps": {"ols": NOTHING}, "score": NOTHING, "judge": NOTHING,
             "compare": NOTHING}  # fmt: skip
    return AlgebraRates(**plain | changes)


def curve(*sizes: int, seeds: int = 1) -> CurveWork:
    return CurveWork(sizes=sizes, seeds=seeds, rows=800, methods=(OLS_ENTRY,))


def seconds(chosen: Analyses, made: AlgebraRates, *, reading: float = 0.0) -> dict[str, float]:
    costs = analysis_costs(chosen, SIZES, 50, made, reading=reading)
    return {cost.name: cost.seconds for cost in costs}


def test_a_study_without_the_keys_pays_nothing() -> None:
    assert Analyses.of(config(), 800, [10, 30]) == NO_ANALYSES
    assert NO_ANALYSES.bytes(SIZES) == 0
    assert not seconds(NO_ANALYSES, rates(moments=Linear(1, 1)))


def test_keys_of_the_study_file() -> None:
    found = Analyses.of(
        config(curve=True, ranks=True, canonical=True, controls=True), 800, [10, 30]
    )
    assert found.curve is not None
    assert found.curve.sizes == (25, 30, 50, 100, 200, 400, 800)
    assert [entry.label for entry in found.curve.methods] == ["ols", "ridge"]
    assert (found.ranks, found.canonical, found.beyond) == (True, 40, True)
    named = Analyses.of(
        config(curve={"sizes": [20], "seeds": 2}, canonical={"k": [1, 5]}), 800, [9]
    )
    assert named.curve is not None
    assert (named.curve.sizes, named.curve.seeds, named.canonical) == ((20,), 2, 5)
    assert not named.beyond


def test_all_rows_are_taken_in_one_order_alone() -> None:
    work = curve(100, 800, seeds=3)
    assert work.steps == [100, 100, 100, 800]
    assert work.summed == 800 + 100 + 100
    assert curve(100, 400, seeds=3).summed == 3 * 400


def test_the_curve_is_its_tables_and_the_sums_of_its_rows() -> None:
    chosen, unit = Analyses(curve=curve(100, 800, seeds=2)), Linear(0, 1.0)
    name = "how many images"
    assert seconds(chosen, rates(moments=unit))[name] == pytest.approx((800 + 100) * 40**2 / 2)
    fits = seconds(chosen, rates(maps={"ols": unit}))[name]
    assert fits == pytest.approx(3 * method_work(SIZES, OLS()))
    assert seconds(chosen, rates(score=unit))[name] == 3 * 50 * 2
    assert seconds(chosen, rates(), reading=2.0)[name] == 6
    both = Analyses(curve=chosen.curve, beyond=True)
    assert seconds(both, rates(maps={"ols": unit}))[name] == pytest.approx(2 * fits)


def test_fewer_rows_than_features_take_eigenvectors() -> None:
    few, many = (Analyses(curve=curve(n)) for n in (20, 100))
    made = rates(moments=Linear(0, 1.0))
    name, sums = "how many images", 40**2 / 2
    apart = seconds(few, made)[name] - seconds(many, made)[name]
    assert apart == pytest.approx(10 * 30**3 - (100 - 20) * sums)


def test_work_grows_as_the_cube_of_the_features() -> None:
    twice = Sizes(dims=(20, 60), fit_rows=800, classes=14)
    assert rank_work(twice, beyond=True) == pytest.approx(8 * rank_work(SIZES, beyond=True))
    assert rank_work(SIZES, beyond=True) > rank_work(SIZES, beyond=False)
    assert canonical_work(twice, 20) == pytest.approx(8 * canonical_work(SIZES, 10))


def test_memory_is_that_of_the_largest() -> None:
    alone = Analyses(curve=curve(100))
    assert alone.bytes(SIZES) == 8 * 40**2
    assert Analyses(curve=curve(100), beyond=True).bytes(SIZES) == 8 * (2 * 40**2 + 2 * 2 * 7 * 40)
    assert Analyses(canonical=5).bytes(SIZES) == 8 * 2 * 40**2
    wide = Sizes(dims=(2000, 1000), fit_rows=100, classes=1)
    assert Analyses(canonical=5).bytes(wide) == 8 * 2 * 3000**2
    assert Analyses(canonical=500).bytes(wide) == 8 * (3000**2 + 3000 * 3500)
    assert Analyses(ranks=True).bytes(SIZES) == 0
