"""The methods of a study file, and their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from samefeatures.base.errors import ConfigError, did_you_mean
from samefeatures.base.strict import Strict, check_name, unknown_key
from samefeatures.maps import OLS, Adam, Cosine, Logit, Method, Naive, Ridge, RowMethod

METHODS: Mapping[str, type[OLS | Ridge | Logit | Naive | Cosine | Adam]] = {
    "ols": OLS,
    "ridge": Ridge,
    "logit": Logit,
    "naive": Naive,
    "cosine": Cosine,
    "adam": Adam,
}
BY_DEFAULT = ("ols", "ridge", "logit", "naive")
"""Where a study names no methods: those that need no pass over the rows."""
NEED_ROWS = ("cosine", "adam")
"""Methods that read the fit rows again and again."""


class MethodConfig(Strict):
    """A method, its label in tables, and its options."""

    name: Literal["ols", "ridge", "logit", "naive", "cosine", "adam"]
    label: str
    options: dict[str, Any]

    def build(self) -> Method | RowMethod:
        try:
            return METHODS[self.name](**self.options)
        except TypeError:
            known = list(getattr(METHODS[self.name], "__dataclass_fields__", {}))
            wrong = next((key for key in self.options if key not in known), None)
            if wrong is None:
                raise ConfigError(
                    f"methods: {self.name}: {self.options} has a value of the wrong kind."
                ) from None
            if not known:
                raise ConfigError(
                    f"methods: '{self.name}' takes no options, but '{wrong}' came. Leave it out."
                ) from None
            raise ConfigError(f"methods: {self.name}: {unknown_key(wrong, known)}") from None


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
    if name not in METHODS:
        raise ValueError(
            f"unknown method '{name}'. {did_you_mean(name, METHODS)}Known: {', '.join(METHODS)}."
        )
    check_name(str(entry.get("label", name)), "the label")
    options = {k: v for k, v in entry.items() if k not in ("name", "label")}
    return {"name": name, "label": str(entry.get("label", name)), "options": options}
