"""Errors, and what their messages share."""

from __future__ import annotations

import sys

import pytest

from samefeatures.base.errors import (
    ConfigError,
    DataError,
    FileError,
    MissingExtraError,
    SamefeaturesError,
    UnknownNameError,
    did_you_mean,
    require,
)


@pytest.mark.parametrize(
    ("word", "hint"), [("limt", "Did you mean 'limit'? "), ("zebra", ""), ("", "")]
)
def test_the_nearest_word_is_named(word: str, hint: str) -> None:
    assert did_you_mean(word, ("limit", "labels", "name")) == hint


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"^X needs the package 'timm'.*features\[y\]'$"):
        require("timm", extra="y", purpose="X")


@pytest.mark.parametrize(
    "kind", [SamefeaturesError, FileError, ConfigError, DataError, UnknownNameError]
)
def test_what_an_error_says_is_one_line_and_obeyed_by_no_terminal(
    kind: type[SamefeaturesError],
) -> None:
    error = kind("There is no 'a\n\x1b[31mb\u202e\udc80' at ä → b.")
    assert str(error) == r"There is no 'a\n\x1b[31mb\u202e\udc80' at ä → b."
