"""Records by way of JSON are what they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pytest

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


TREE = Tree(Leaf("a", (1, 2)), (Leaf("b"), Leaf("c", (3,))), None, {"list": [1, [2]]}, 0.1)


@pytest.mark.parametrize("tree", [TREE, Tree(Leaf(""), (), Leaf("d", (4, 5)), {})])
def test_records_in_records_come_back(tree: Tree) -> None:
    assert record(Tree, json.loads(json.dumps(asdict(tree)))) == tree
    assert record(Tree, {**asdict(tree), "first": tree.first}) == tree


@pytest.mark.parametrize("raw", [{"name": "a", "att": []}, {"at": []}])
def test_fields_that_do_not_fit_are_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="argument"):
        record(Leaf, raw)
