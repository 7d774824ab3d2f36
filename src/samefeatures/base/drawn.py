"""Records that notebooks show as HTML, drawn by a function of a later part of the tree.

The report comes after the records that it draws, and a record knows nothing of it. What draws which
kind of record is said by name, where all parts come together: in ``samefeatures/__init__.py``.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable

_DRAWERS: dict[str, str] = {}


class Drawn:
    """A record that notebooks show as its drawer makes it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        drawer: Callable[[Drawn], str] = pkgutil.resolve_name(_DRAWERS[type(self).__name__])
        return drawer(self)


def drawn_by(**drawers: str) -> None:
    """Say what draws which records.

    Args:
        drawers: ``module:function`` by the name of the class; the module is imported on first use.
    """
    _DRAWERS.update(drawers)
