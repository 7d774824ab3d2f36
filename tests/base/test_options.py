"""Words that are not known, as every part of the package refuses them."""

from __future__ import annotations

import re

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known


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
