"""What ``compare`` is asked to do, without any comparing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.base.errors import ConfigError
from samefeatures.features.given import given_rows
from samefeatures.features.sample import SAMPLE
from samefeatures.study.compare_options import labelled_methods, passing_of

SPACES = {"a": np.ones((9, 2)), "b": np.ones((9, 3))}


def labelled(methods: Any, measures: Any = ("r2",), heads: Any = None) -> dict[str, Any]:
    return labelled_methods(methods, measures, heads, SPACES)


def test_methods_are_called_by_their_kind_or_by_what_is_given() -> None:
    ols, ridge = sf.OLS(), sf.Ridge(alpha=1.0)
    assert labelled([ols, ridge]) == {"ols": ols, "ridge": ridge}
    assert labelled((ols,)) == {"ols": ols}
    assert labelled({"weak": ridge, "plain": ols}) == {"weak": ridge, "plain": ols}


def test_methods_of_heads_ask_for_all_of_them() -> None:
    methods = [sf.Logit()]
    assert list(labelled(methods, heads={"b": 0, "a": 1})) == ["logit"]
    for heads in (None, {}, {"a": 1}):
        with pytest.raises(ConfigError, match=r"'logit' is made of heads.*heads=\{…\} for all"):
            labelled(methods, heads=heads)
        assert list(labelled([sf.OLS()], heads=heads)) == ["ols"]


@pytest.mark.parametrize(
    ("methods", "measures", "says"),
    [
        (sf.OLS(), ["r2"], r"methods is OLS; give a list, e\.g\. methods=\[sf\.Ridge\(\)\]"),
        ([sf.OLS()], {"r2": 1}, r"measures is dict; give a list, e\.g\. measures=\['r2', 'cka'\]"),
        ("ols", ["r2"], "methods is 'ols'; give a list"),
        ([], ["r2"], "methods is empty"),
        ({}, ["r2"], "methods is empty"),
        ({"a/b": sf.OLS()}, ["r2"], "methods: the label 'a/b' can't be part of a file name"),
        ({"\ud800": sf.OLS()}, ["r2"], "The label of a method is .*can't be written"),
        ([sf.OLS(), 3], ["r2"], "One of methods is int"),
        ([sf.Ridge(), sf.OLS(), sf.Ridge(alpha=2.0)], ["r2"], "Two methods are called 'ridge'"),
        ([sf.OLS()], ["ckas"], "Did you mean 'cka'"),
    ],
)
def test_what_is_wrong_is_named(methods: Any, measures: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        labelled(methods, measures)


def passed(measures: list[str], sample: int | None = None) -> tuple[int | None, bool]:
    """How many rows are kept at most, and whether norms are taken."""
    passing = passing_of({n: given_rows(x, n) for n, x in SPACES.items()}, measures, sample)
    passing.update(*SPACES.values())
    kept = None if passing.sample is None else passing.sample.count
    return kept, passing.norms.n == 9


def test_rows_and_norms_are_taken_where_a_measure_reads_them() -> None:
    assert passed(["r2", "cka"]) == (None, False)
    assert passed(["r2", "debiased_cka"]) == (None, True)
    assert passed(["mutual_knn", "r2"]) == (SAMPLE, False)
    assert passed(["debiased_cka", "mutual_knn"], 4) == (4, True)


def test_a_sample_that_nothing_reads_is_refused() -> None:
    with pytest.raises(ConfigError, match="sample has no effect: no measure here reads rows"):
        passed(["r2", "debiased_cka"], 4)
