"""Frozen records out of the plain values that ``asdict`` makes of them, by way of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from samefeatures.base.errors import FileError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def record(kind: type[T], raw: Mapping[str, Any]) -> T:
    """A record, and those in it, checked field by field.

    Args:
        kind: A dataclass.
        raw: Values by field, as JSON has them.

    Raises:
        FileError: when a field is missing or unknown, or its value is of another kind; nothing is
            converted.
    """
    from pydantic import ValidationError

    plain: Any = kind
    adapter: TypeAdapter[list[T]] = _adapter(plain)
    try:
        return adapter.validate_json(json.dumps([raw]))[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the record"
        raise FileError(f"{place}: {first['msg']}") from None


@lru_cache
def _adapter(kind: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    # In a list, since a dataclass has no config of its own and takes that of where it stands.
    return TypeAdapter(list[kind], config=ConfigDict(extra="forbid", strict=True))
