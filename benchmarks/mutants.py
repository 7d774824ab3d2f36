"""Mutants of a module: one operator, constant, guard, argument or part of a key changed in each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

_OTHER: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_OTHER_NAME = {"min": "max", "max": "min", "any": "all", "all": "any"}
_OTHER_NAME |= {"argmin": "argmax", "argmax": "argmin", "minimum": "maximum", "maximum": "minimum"}

Change = Callable[[ast.AST], ast.AST]


@dataclass(frozen=True)
class Mutant:
    """One change of one node, by the node's place in the walk over the module."""

    path: Path
    line: int
    node: int
    choice: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """What finds the mutant again while the file stays as it is."""
        return f"{self.path}:{self.line}:{self.node}.{self.choice}"


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of the functions in the module at `path`."""
    tree = ast.parse(path.read_text())
    found = []
    inside = _in_functions(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) not in inside:
            continue
        for choice, change in enumerate(_changes(node)):
            before, after = ast.unparse(node), ast.unparse(change(copy.deepcopy(node)))
            if before != after:
                line = getattr(node, "target", node).lineno  # type: ignore[attr-defined]
                found.append(Mutant(path, line, place, choice, before, after))
    return found


def compiled(mutant: Mutant) -> dict[tuple[str, int], CodeType]:
    """The code of each function of the mutant's module, by its qualified name and first line."""
    tree = ast.parse(mutant.path.read_text())
    node = list(ast.walk(tree))[mutant.node]
    changed = list(_changes(node))[mutant.choice](copy.deepcopy(node))
    tree = _Replace(node, changed).visit(tree)
    code = compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")
    return {(one.co_qualname, one.co_firstlineno): one for one in _codes(code)}


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _in_functions(tree: ast.AST) -> set[int]:
    """Nodes in bodies of functions; of what a `raise` says (wording) and annotations, none."""
    found: set[int] = set()

    def add(node: ast.AST) -> None:
        if isinstance(node, ast.Raise | ast.Assert):
            return
        found.add(id(node))
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        add(child)

    def look(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                for statement in child.body:
                    add(statement)
            else:
                look(child)

    look(tree)
    return found


def _changes(node: ast.AST) -> Iterator[Change]:
    """Ways to change this node, always in the same order."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield from (_op(kind, at) for kind in _OTHER[type(op)])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            yield from (_set("op", kind()) for kind in _OTHER.get(type(op), ()))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda node: node.operand
        case ast.Constant(value=bool(value)):
            yield _set("value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield _set("value", value + 1)
            yield _set("value", value - 1 if value in (0, 1) else -value)
        case ast.If() | ast.IfExp():
            yield _set("test", ast.Constant(True))
            yield _set("test", ast.Constant(False))
        case ast.comprehension(ifs=[_, *_]):
            yield _set("ifs", [])
        case ast.Return(value=ast.AST()):
            yield _set("value", ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield lambda _: ast.Pass()
        case ast.Call():
            yield from _calls(node)
        case _:
            pass


def _calls(node: ast.Call) -> Iterator[Change]:
    """Arguments swapped with their neighbours, keywords dropped, least for largest.

    Of a digest each part is left out in its turn: in another order they are as good a key.
    """
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if name == "digest":
        yield from (_leave_out(at) for at in range(len(node.args)))
    else:
        yield from (_swap("args", at) for at in range(len(node.args) - 1))
    named = [at for at, keyword in enumerate(node.keywords) if keyword.arg]
    for at in named:
        yield _drop(at)
        if at + 1 in named:
            yield _swap_values(at)
    if name in _OTHER_NAME:
        yield _rename(_OTHER_NAME[name])


def _set(field: str, value: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node, field, value)
        return node

    return change


def _op(kind: type[ast.AST], at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        node.ops[at] = kind()
        return node

    return change


def _swap(field: str, at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        items = getattr(node, field)
        if not any(isinstance(item, ast.Starred) for item in items[at : at + 2]):
            items[at], items[at + 1] = items[at + 1], items[at]
        return node

    return change


def _swap_values(at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        one, two = node.keywords[at : at + 2]
        one.value, two.value = two.value, one.value
        return node

    return change


def _drop(at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        del node.keywords[at]
        return node

    return change


def _leave_out(at: int) -> Change:
    def change(node: ast.AST) -> ast.AST:
        del node.args[at]
        return node

    return change


def _rename(name: str) -> Change:
    def change(node: ast.AST) -> ast.AST:
        setattr(node.func, "id" if hasattr(node.func, "id") else "attr", name)
        return node

    return change
