"""Patterns of archives are bounded, and what is no path is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.base.errors import ConfigError, DataError
from samefeatures.images.shards import expand


@pytest.mark.parametrize(
    "pattern", ["s-{0..9999999999}.tar", "s-{0..999999999999999999}.tar", "{0..2000}/{0..2000}.tar"]
)
def test_patterns_beyond_the_bound(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="archives; at most 1,000,000 are looked for"):
        expand(pattern, tmp_path)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("s-{0..99999999999999999999}.tar", "no archive at"),
        ("s-{a..b}.tar", "no archive at"),
        ("s-{\u0660..\u0669}.tar", "no archive at"),
        ("s-**.tar", r"holds '\*\*'"),
    ],
)
def test_what_names_no_archive(tmp_path: Path, pattern: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        expand(pattern, tmp_path)


def test_a_range_that_runs_backwards(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\{9\.\.0\} names nothing"):
        expand("s-{9..0}.tar", tmp_path)
