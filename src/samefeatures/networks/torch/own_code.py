"""Which files of a user's own a function or a class stands on: it, and what it imports."""

from __future__ import annotations

import ast
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

LIBRARIES = ("stdlib", "platstdlib", "purelib", "platlib")
PACKAGE_FOLDERS = {"site-packages", "dist-packages"}


def code_of(thing: object) -> list[Path]:
    """The Python file that defines a callable or a class, and all of the user's that it imports.

    Imports are followed wherever they stand in a file, functions included, if the module has been
    imported. Files of installed packages and of Python itself are left out: versions stand for
    them. What is imported by a name that is put together while it runs is not seen.

    Args:
        thing: Empty-handed where no file defines it, as of what a notebook or C defines.
    """
    module = inspect.getmodule(thing)
    if module is None or file_of(module) is None:
        return []
    found: dict[Path, None] = {}
    waiting = [module]
    while waiting:
        module = waiting.pop()
        path = file_of(module)
        if path is None or path in found or (found and not is_own(module)):
            continue
        found[path] = None
        waiting += _imported(module, path)
    return list(found)


def file_of(module: ModuleType) -> Path | None:
    """Its source; None of what is built in, or compiled."""
    name = getattr(module, "__file__", None)
    path = Path(name) if name else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def is_own(module: ModuleType) -> bool:
    """Whether a module is the user's: neither Python's, nor this package's, nor installed."""
    path = file_of(module)
    if path is None or module.__name__.partition(".")[0] == __name__.partition(".")[0]:
        return False  # the extractor's version stands for this package, wherever it lies
    folders = (Path(sysconfig.get_path(name)) for name in LIBRARIES)
    real = path.resolve()
    inside = any(real.is_relative_to(folder.resolve()) for folder in folders)
    return not inside and not PACKAGE_FOLDERS & set(real.parts)


def _imported(module: ModuleType, path: Path) -> Iterator[ModuleType]:
    """Modules that the import statements of a file name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute("." * node.level + (node.module or ""), module)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):  # a package is run before what lies in it
                found = sys.modules.get(".".join(parts[:end]))
                if isinstance(found, ModuleType):
                    yield found


def _absolute(name: str, module: ModuleType) -> str:
    if not name.startswith("."):
        return name
    package = module.__spec__.parent if module.__spec__ else module.__package__
    return resolve_name(name, package or "") if package else name.lstrip(".")
