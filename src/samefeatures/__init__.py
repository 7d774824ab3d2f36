"""Do two pretrained image classifiers extract the same information?

The public names stand in ``__init__.pyi``, where type checkers and editors find them too. They load
on first use, so that importing the package costs next to nothing.
"""

import functools
import importlib
import sys
from typing import Any

from samefeatures.base.drawn import drawn_by
from samefeatures.base.version import __version__ as __version__

# A record stands before what draws it; here all parts of the tree come together.
drawn_by(
    StudyResults="samefeatures.report.notebook:results_html",
    Table="samefeatures.report.notebook:table_html",
)


def __getattr__(name: str) -> Any:
    homes = _homes()
    if name == "__all__":
        return sorted(homes)
    if name not in homes:
        # With both, Python itself names the nearest.
        raise AttributeError(
            f"module 'samefeatures' has no attribute '{name}'", name=name, obj=sys.modules[__name__]
        )
    return getattr(importlib.import_module(homes[name]), name)


def __dir__() -> list[str]:
    return [*_homes(), "__all__", "__version__"]


@functools.cache
def _homes() -> dict[str, str]:
    """The module of every public name."""
    import re
    from importlib import resources

    stub = (resources.files("samefeatures") / "__init__.pyi").read_text(encoding="utf-8")
    lines = re.findall(r"^from (\S+) import (\w+) as \2$", stub, re.MULTILINE)
    return {name: module for module, name in lines if name != "__version__"}
