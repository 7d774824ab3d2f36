"""How packages by others are brought in where they do not come by themselves."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any


def part(package: str, module: str) -> Any:
    """A module without what its package and its folders import before it.

    thingsvision's root loads TensorFlow, similarity-repository's asks for packages that are on no
    registry, deep_reps' goes in a circle.
    """
    name = package
    folder = sys.modules[name].__path__ if name in sys.modules else _folder(package)
    for step in module.split("."):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = list(folder)
        name, folder = f"{name}.{step}", [f"{folder[0]}/{step}"]
    return importlib.import_module(name)


def _folder(package: str) -> list[str]:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    return list(found.submodule_search_locations)


def mvlearn(name: str) -> Any:
    """A class of mvlearn.embed, without the question whether it was fitted.

    Its classes inherit in an order in which scikit-learn, from 1.7 on, can't answer it; of the
    algebra nothing is touched.
    """
    from mvlearn import embed
    from mvlearn.compose import split

    for module in (split, embed.base, embed.mcca, embed.kmcca):
        vars(module)["check_is_fitted"] = lambda *_, **__: None
    return getattr(embed, name)
