"""When row 0 of a head is left out."""

from __future__ import annotations

import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.background import background_rows
from samefeatures.networks.source import parse_source


def rows(query: str, name: str | None, classes: int) -> tuple[int, str | None]:
    return background_rows(parse_source(f"hf:a/b{query}"), name, classes)


@pytest.mark.parametrize(
    ("query", "name", "classes", "expected", "said"),
    [
        ("", "background", 1001, 1, "?background=keep keeps it"),
        ("", "Background", 1001, 1, "1,000 classes remain"),
        ("?background=drop", "background", 1001, 1, "background"),
        ("?background=keep", "background", 1001, 0, None),
        ("", None, 1001, 0, "?background=drop leaves it out"),
        ("?background=drop", None, 1001, 1, "unnamed"),
        ("?background=keep", None, 1001, 0, None),
        ("", "background", 257, 0, "?background=drop leaves it out"),
        ("?background=drop", "background", 257, 1, "256 classes remain"),
        ("", "tench", 1001, 0, None),
        ("", "tench", 1000, 0, None),
        ("", None, 1000, 0, None),
    ],
)
def test_the_rule(
    query: str, name: str | None, classes: int, expected: int, said: str | None
) -> None:
    count, note = rows(query, name, classes)
    assert count == expected
    if said is None:
        assert note is None
    else:
        assert note is not None
        assert said in note


@pytest.mark.parametrize(("name", "called"), [("tench", "is 'tench'"), (None, "has no name")])
@pytest.mark.parametrize("wish", ["drop", "keep"])
def test_an_option_without_effect_is_refused(wish: str, name: str | None, called: str) -> None:
    with pytest.raises(NetworkError, match=f"no effect: of 1000 classes, class 0 {called}"):
        rows(f"?background={wish}", name, 1000)


def test_another_word() -> None:
    with pytest.raises(NetworkError, match="background is 'no'; use 'drop' or 'keep'"):
        rows("?background=no", "background", 1001)
