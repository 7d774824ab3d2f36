"""The methods of a study file, and their options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.base.strict import Strict, check_name, no_text
from samefeatures.maps import METHODS, Method


class MethodConfig(Strict):
    """A method, its label in tables, and its options."""

    name: str
    label: str
    options: dict[str, Any]

    def build(self) -> Method:
        """The method itself.

        Raises:
            ConfigError: when it does not exist, or an option does not or makes no sense.
        """
        kind = METHODS.get(self.name)
        known = [field.name for field in fields(kind)]
        for key in self.options:
            if not known:
                raise ConfigError(
                    f"methods: '{self.name}' takes no options, but '{key}' came. Leave it out."
                )
            check_known(key, known, f"methods: {self.name}: unknown key", ConfigError)
        for field in fields(kind):
            if field.default is MISSING and field.name not in self.options:
                raise ConfigError(
                    f"methods: '{self.name}' needs '{field.name}'. Say "
                    f"{{name: {self.name}, {field.name}: …}}."
                )
        try:
            return kind(**self.options)
        except TypeError:
            raise ConfigError(
                f"methods: {self.name}: {self.options} has a value of the wrong kind."
            ) from None


def method_entry(entry: Any) -> Any:
    """``ols``, ``{name: ridge, alpha: 0.1, label: weak}`` or ``{ridge: {alpha: 0.1}}``."""
    if isinstance(entry, str):
        entry = {"name": entry}
    if isinstance(entry, Mapping) and "name" not in entry and len(entry) == 1:
        ((name, options),) = entry.items()
        if not isinstance(options, Mapping | None):
            raise ValueError(f"the options of '{name}' are {options!r}; give them by name")
        entry = {"name": name, **(options or {})}
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise ValueError(f"a method is a name or a mapping with 'name', not {entry!r}")
    name = entry["name"]
    try:
        METHODS.get(name)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    label = entry.get("label", name)
    if not isinstance(label, str):
        raise ValueError(no_text("the label", label))
    check_name(label, "the label")
    options = {k: v for k, v in entry.items() if k not in ("name", "label")}
    return {"name": name, "label": label, "options": options}
