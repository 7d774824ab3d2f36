"""Keys and names of a study file: unknown keys are errors that name the nearest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from samefeatures.base.options import check_known


class Strict(BaseModel):
    """Refuses unknown keys, naming the nearest valid one."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        return refuse_unknown(value, list(cls.model_fields))


def refuse_unknown(value: Any, valid: list[str]) -> Any:
    """The same value, unless it is a mapping with a key that does not exist.

    Raises:
        ValueError: naming the nearest valid key.
    """
    if isinstance(value, Mapping):
        for key in value:
            check_known(str(key), valid, "unknown key", ValueError)
    return value


SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""What a name may be that becomes part of a path."""


def check_name(name: str, what: str) -> str:
    """The same name, if it can stand in a path on every system.

    Raises:
        ValueError: when it can't.
    """
    if not SAFE_NAME.fullmatch(name) or "--" in name:
        raise ValueError(
            f"{what} '{name}' can't be part of a file name; use letters, digits, '_', '.', '+' and "
            "single '-', starting with a letter or digit"
        )
    return name
