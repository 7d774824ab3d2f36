"""Records by way of JSON are what they were."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from samefeatures.base.errors import FileError
from samefeatures.base.records import record


@dataclass(frozen=True)
class Leaf:
    name: str
    at: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tree:
    first: Leaf
    more: tuple[Leaf, ...]
    perhaps: Leaf | None
    options: Mapping[str, Any]
    value: float | None = None


given_numbers = pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.1, 5e-324])
TREE = Tree(Leaf("a", (1, 2)), (Leaf("b"), Leaf("c", (3,))), None, {"list": [1, [2]]}, 0.1)


@pytest.mark.parametrize("tree", [TREE, Tree(Leaf(""), (), Leaf("d", (4, 5)), {})])
def test_records_in_records_come_back(tree: Tree) -> None:
    assert record(Tree, json.loads(json.dumps(asdict(tree)))) == tree
    assert record(Tree, asdict(tree)) == tree


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"firsts": 1}, "firsts: Unexpected"),
        ({"first": None}, "first: "),
        ({"first": {"name": "a", "at": ["1"]}}, r"first\.at\.0: .* integer"),
        ({"first": {"name": "a", "at": [True]}}, r"first\.at\.0: "),
        ({"first": {"name": "a", "at": [1.5]}}, r"first\.at\.0: "),
        ({"first": {"name": 3}}, r"first\.name: .* string"),
        ({"first": {"name": "a", "more": 3}}, r"first\.more: Unexpected"),
        ({"more": {}}, "more: "),
        ({"more": [3]}, r"more\.0: "),
        ({"options": []}, "options: "),
        ({"value": "0.1"}, "value: "),
    ],
)
def test_fields_that_do_not_fit_are_refused(changes: dict[str, Any], says: str) -> None:
    raw = {**asdict(TREE), **changes}
    with pytest.raises(FileError, match=f"^{says}"):
        record(Tree, raw)


def test_a_field_that_is_missing_is_refused() -> None:
    raw = {name: value for name, value in asdict(TREE).items() if name != "first"}
    with pytest.raises(FileError, match=r"^first: "):
        record(Tree, raw)


@given_numbers
def test_numbers_that_json_does_not_have_come_back(value: float) -> None:
    found = record(Tree, {**asdict(TREE), "value": value}).value
    assert repr(found) == repr(value)
