"""Whoever takes or gives arrays says their shapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import samefeatures

ROOT = Path(samefeatures.__file__).parent
ROOMS = ("maps", "similarity")
ARRAY = re.compile(r"\b(Float32|Float64|Int32|Int64|Bool|Moments|NDArray\[np)\b")
SHAPE = re.compile(r"\([^()]*,[^()]*\)")
"""``(n, d)``, ``(d,)``."""


def functions(room: str) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Public functions of a room by their place, with the docstring of their class."""
    for path in sorted((ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text())
        for scope in (tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))):
            above = ast.get_docstring(scope) or "" if isinstance(scope, ast.ClassDef) else ""
            if isinstance(scope, ast.ClassDef) and scope.name.startswith("_"):
                continue
            for node in scope.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node, above


def takes_or_gives_arrays(node: ast.FunctionDef) -> bool:
    wanted = [a.annotation for a in (*node.args.args, *node.args.kwonlyargs)] + [node.returns]
    return any(ARRAY.search(ast.unparse(each)) for each in wanted if each)


@pytest.mark.parametrize("room", ROOMS)
def test_shapes_stand_in_docstrings(room: str) -> None:
    found = [each for each in functions(room) if takes_or_gives_arrays(each[1])]
    assert found, "there are some in every room"
    said = {place: (ast.get_docstring(node) or "") + above for place, node, above in found}
    assert [place for place, text in said.items() if not SHAPE.search(text)] == []
