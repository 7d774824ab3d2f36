"""Words that are not known and numbers that are none, as every part refuses them."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known, check_number, check_whole


@pytest.mark.parametrize(
    ("word", "known", "says"),
    [
        (
            "limt",
            ("limit", "name"),
            "it has no 'limt'. Did you mean 'limit'? There are: limit, name.",
        ),
        ("zebra", ("limit", "name"), "it has no 'zebra'. There are: limit, name."),
        ("limit", (), "it has no 'limit'. There are: none."),
    ],
)
def test_a_word_that_is_not_known(word: str, known: tuple[str, ...], says: str) -> None:
    for error in (ConfigError, ValueError):
        with pytest.raises(error, match=f"^{re.escape(says)}$"):
            check_known(word, known, "it has no", error)


def test_a_word_that_is_known() -> None:
    check_known("name", {"limit": 1, "name": 2}, "it has no", ConfigError)


@pytest.mark.parametrize("kind", [int, np.int8, np.uint64, np.int64])
def test_whole_numbers_of_numpy_are_whole_numbers(kind: type) -> None:
    for found in (check_whole("k", kind(2), least=1), check_number("k", kind(2))):
        assert found == 2
        assert type(found) is int


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64, Fraction])
def test_numbers_of_numpy_are_numbers(kind: type) -> None:
    found = check_number("alpha", kind(0.5), below=1)
    assert found == 0.5
    assert type(found) is float


@pytest.mark.parametrize("value", [True, np.True_, "2", None, np.array(2), 2j, np.nan, np.inf])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(ConfigError, match=r"k is .*; it must be a whole number, at least 1"):
        check_whole("k", value, least=1)
    with pytest.raises(ConfigError, match=r"k is .*; it must be a number above 0"):
        check_number("k", value)
    with pytest.raises(ConfigError, match="must be a whole number"):
        check_whole("k", np.float64(2), least=1)
