"""Errors, and what their messages share."""

from __future__ import annotations

import sys

import pytest

from samefeatures.base.errors import MissingExtraError, did_you_mean, require


@pytest.mark.parametrize(
    ("word", "hint"), [("limt", "Did you mean 'limit'? "), ("zebra", ""), ("", "")]
)
def test_the_nearest_word_is_named(word: str, hint: str) -> None:
    assert did_you_mean(word, ("limit", "labels", "name")) == hint


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"^X needs the package 'timm'.*features\[y\]'$"):
        require("timm", extra="y", purpose="X")
