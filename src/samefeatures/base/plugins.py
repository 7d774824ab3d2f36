"""What other installed packages bring to ours: entry points of a group, by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from samefeatures.base.errors import ConfigError, first_line

T = TypeVar("T")


def plugins(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group, such as ``samefeatures.networks``; nothing is imported yet.

    Raises:
        ConfigError: when two packages bring the same name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda each: (each.name, each.value)):
        other = found.setdefault(point.name, point)
        if other.value != point.value:  # the same package may lie twice on the path
            raise ConfigError(
                f"Two installed packages bring '{point.name}' for {group}: {other.value} and "
                f"{point.value}. Uninstall one of them."
            )
    return found


def load_plugin(point: EntryPoint, kind: type[T]) -> T:
    """Import what an entry point names.

    Args:
        point: Out of ``plugins``.
        kind: What it must be.

    Raises:
        ConfigError: when it can't be imported or is something else.
    """
    try:
        loaded: object = point.load()
    except Exception as error:  # foreign code
        raise ConfigError(
            f"'{point.name}' of {point.value} can't be imported ({first_line(error)}). Update or "
            "uninstall the package that brings it."
        ) from None
    if not isinstance(loaded, kind):
        raise ConfigError(
            f"'{point.name}' of {point.value} is {type(loaded).__name__}; {point.group} takes "
            f"{kind.__module__}.{kind.__name__}. Update or uninstall the package that brings it."
        )
    return loaded
