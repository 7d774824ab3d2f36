"""Code that stands in no file, as in a notebook's cells: known by what it compiles to."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

from samefeatures.networks.torch.own_code import code_of, file_of, is_own

PLAIN = (int, float, complex, str, bytes, bool, type(None))
"""Kinds of values that are part of the code that uses them."""
WRAPPERS = (partial, MethodType, staticmethod, classmethod, property)
BY_PYTHON = 1 << 9
"""Flag of classes that Python code makes."""


def all_code(things: Iterable[object]) -> tuple[Path | bytes, ...]:
    """What the user's own functions, classes and modules stand on.

    Of what stands in a file: that, and the user's files that it imports. Of what stands in none:
    its compiled code, that of what it uses there, and the plain values that it uses. Libraries are
    left out: versions stand for them. Other values (tensors, objects) are not seen.
    """
    files: dict[Path, None] = {}
    texts: set[bytes] = set()
    waiting, seen = list(things), dict[int, object]()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        module = None if isinstance(thing, WRAPPERS) else inspect.getmodule(thing)
        if module is not None and file_of(module) is not None:
            if is_own(module):
                files |= dict.fromkeys(code_of(thing))
            continue
        waiting += _inside(thing)
        texts |= {text.encode() for text in _texts(thing)}
    return (*sorted(files), *sorted(texts))


def plain_values(values: Mapping[str, object]) -> str:
    """Those of plain kinds, and lists and tuples of them, by name; in a text."""
    found = {name: value for name, value in values.items() if _is_plain(value)}
    return repr(sorted(found.items()))


def _is_plain(value: object) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    return type(value) in PLAIN


def _inside(thing: object) -> Iterator[object]:
    """What else has a part in it: what it wraps, its methods and bases, what its code names."""
    if isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType | staticmethod | classmethod):
        yield thing.__func__
    elif isinstance(thing, property):
        yield from (thing.fget, thing.fset)
    elif isinstance(thing, type):
        yield from (*thing.__bases__, *vars(thing).values()) if _is_python(thing) else ()
    elif isinstance(thing, FunctionType):
        yield from _used(thing).values()
    else:
        yield type(thing)


def _texts(thing: object) -> Iterator[str]:
    if isinstance(thing, type) and _is_python(thing):
        values = {k: v for k, v in vars(thing).items() if not k.startswith("__")}
        yield f"{thing.__qualname__} {plain_values(values)}"
    elif isinstance(thing, FunctionType):
        yield f"{thing.__qualname__} {_compiled(thing.__code__)} {plain_values(_used(thing))}"


def _is_python(kind: type) -> bool:
    return bool(kind.__flags__ & BY_PYTHON)


def _used(function: FunctionType) -> dict[str, Any]:
    """Globals that a function names, what it closes over, and its defaults."""
    found = {
        name: function.__globals__[name]
        for name in _names(function.__code__)
        if name in function.__globals__
    }
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # nothing is in it yet
            continue
    defaults = dict(enumerate(function.__defaults__ or ()))
    found |= {f"default {i}": value for i, value in defaults.items()}
    return found | {f"default {k}": v for k, v in (function.__kwdefaults__ or {}).items()}


def _names(code: CodeType) -> Iterator[str]:
    """Names that code looks up outside itself, that of functions within it too."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _compiled(code: CodeType) -> str:
    """What code does, without where it stands."""
    constants: list[object] = []
    for value in code.co_consts:
        if isinstance(value, CodeType):
            constants.append(_compiled(value))
        elif isinstance(value, frozenset):  # their order differs from run to run
            constants.append(sorted(map(repr, value)))
        else:
            constants.append(repr(value))
    names = (code.co_names, code.co_varnames, code.co_freevars)
    return repr((code.co_code.hex(), names, constants))
