"""Sizes and methods of ``curve``: what the study says, and what it says nothing of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import samefeatures as sf
from samefeatures.base.errors import ConfigError
from samefeatures.study.by_rows.sizes import check_listed, methods_of, sizes_of
from samefeatures.study.config import StudyConfig
from samefeatures.study.curve_config import CurveConfig

NETWORKS = ["npz:a.npz", "npz:b.npz"]


def config(**keys: Any) -> StudyConfig:
    return sf.parse_config({"networks": NETWORKS, **keys})


@pytest.mark.parametrize(
    ("rows", "dims", "expected"),
    [
        (10_000, [90, 140], (39, 78, 156, 312, 625, 1250, 2500, 5000, 10_000)),
        (18_100, [1280, 1280, 128], (70, 141, 282, 565, 1131, 2262, 4525, 9050, 18_100)),
        (100, [70, 70, 200, 8], (25, 50, 70, 100)),
        (100, [70, 64], (25, 50, 70, 100)),
        (100, [52], (25, 50, 100)),
        (46, [20], (20, 23, 46)),  # 23 is 1.15 times 20: no longer near
        (40, [23], (20, 23, 40)),
        (44, [20], (22, 44)),
        (100, [1000], (25, 50, 100)),
        (46, [2, 2, 1], (2, 23, 46)),
        (46, [1], (23, 46)),
        (32, [500, 40], (16, 32)),
        (3, [8], (3,)),
        (2, [8], (2,)),
    ],
)
def test_sizes_halve_and_hold_the_features_of_most(
    rows: int, dims: list[int], expected: tuple[int, ...]
) -> None:
    assert sizes_of(CurveConfig(), rows, dims) == expected


def test_sizes_that_are_named_are_taken() -> None:
    assert sizes_of(CurveConfig(sizes=(50, 10)), 50, [8]) == (10, 50)
    with pytest.raises(ConfigError, match="names 51 rows, and the fit set has 50"):
        sizes_of(CurveConfig(sizes=(10, 51)), 50, [8])


def test_named_sizes_are_held_to_the_rows_that_are_listed() -> None:
    """Before features are taken: of all parts of the fit set, where their rows are known."""

    def listed(*rows: int) -> Any:
        return SimpleNamespace(fit=[SimpleNamespace(rows=each) for each in rows])

    check_listed(CurveConfig(sizes=(10, 51)), listed(31, 20))
    with pytest.raises(ConfigError, match="names 52 rows, and the fit set has 51"):
        check_listed(CurveConfig(sizes=(10, 52)), listed(31, 20))
    check_listed(CurveConfig(sizes=(10, 52)), listed(0))
    check_listed(CurveConfig(), listed(1))


@pytest.mark.parametrize(
    ("curve", "says"),
    [
        ({"sizes": []}, "sizes is empty"),
        ({"sizes": [1, 10]}, "at least 2 rows to be fitted on, not 1"),
        ({"sizes": [10, 0]}, "not 0"),
        ({"sizes": [-4]}, "not -4"),
        ({"sizes": [10, 20, 10]}, "the size 10 stands twice"),
        ({"sizes": [10.5]}, "valid integer"),
        ({"sizes": [True]}, "must be a whole number"),
        ({"sizes": "all"}, "sizes"),
        ({"sizes": 10}, "sizes"),
        ({"seeds": 0}, "greater than or equal to 1"),
        ({"seeds": True}, "must be a whole number"),
        ({"methods": []}, "methods is empty"),
        ({"methods": ["ols", "ols"]}, "the method 'ols' stands twice"),
        ({"size": [10]}, "sizes"),
    ],
)
def test_what_makes_no_sense_is_refused(curve: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config(curve=curve)


def test_rows_must_be_kept() -> None:
    with pytest.raises(ConfigError, match="'store: false' keeps none"):
        config(curve=True, store=False)


def test_one_network_has_no_maps() -> None:
    with pytest.raises(ConfigError, match="one network has none"):
        sf.parse_config({"networks": NETWORKS[:1], "curve": True})


def test_ols_and_ridge_are_followed_unless_others_are_named() -> None:
    study = config(methods=["naive", {"name": "ridge", "label": "weak"}, "ols", "logit", "cosine"])
    assert [e.label for e in methods_of(CurveConfig(), study.methods)] == ["weak", "ols"]
    assert [e.label for e in methods_of(CurveConfig(methods=("ols",)), study.methods)] == ["ols"]
    for label, says in {
        "naive": "no image decides",
        "logit": "no image decides",
        "cosine": "reads the rows",
        "ridge": "no method of this study; there are naive, weak, ols",
    }.items():
        with pytest.raises(ConfigError, match=says):
            methods_of(CurveConfig(methods=(label,)), study.methods)
    chosen = config(methods=["ols", {"name": "ridge", "alpha": "auto"}])
    assert [e.label for e in methods_of(CurveConfig(), chosen.methods)] == ["ols"]
    with pytest.raises(ConfigError, match="chooses its strength on folds"):
        methods_of(CurveConfig(methods=("ridge",)), chosen.methods)
    with pytest.raises(ConfigError, match="neither ols nor ridge"):
        methods_of(CurveConfig(), config(methods=["logit"]).methods)


def test_true_is_all_defaults_and_false_is_nothing() -> None:
    assert config(curve=True).chosen_curve == CurveConfig()
    assert config(curve={}).chosen_curve == CurveConfig()
    assert config(curve={"seeds": 2}).chosen_curve == CurveConfig(seeds=2)
    assert config().chosen_curve is None
