"""No public field of a record goes unread by the tests: a cheap sign that its value is held."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import samefeatures

ROOMS = ("joint", "maps", "similarity", "scores", "study")
HANDED_ON = {
    "CanonicalInputs",
    "ControlInputs",
    "Evidence",
    "MadeSpaces",
    "Result",
    "Spaces",
    "Sums",
}
"""Between functions of one folder; what comes of them is held."""
TESTS = Path(__file__).parent
READ = set(
    re.findall(
        r"""[."]([a-z]\w*)\b""",
        "\n".join(path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__)),
    )
)
"""Names that stand in some test behind a dot, or in quotes."""


def records(room: str) -> Iterator[type]:
    """Public frozen dataclasses of a room, each once."""
    folder = Path(samefeatures.__file__).parent / room
    for module in pkgutil.walk_packages([str(folder)], f"samefeatures.{room}."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if not isinstance(kind, type) or kind.__module__ != module.name or name[0] == "_":
                continue
            if name not in HANDED_ON and is_dataclass(kind) and kind.__dataclass_params__.frozen:
                yield kind


@pytest.mark.parametrize("room", ROOMS)
def test_every_field_of_a_record_is_read_by_a_test(room: str) -> None:
    names = [
        f"{kind.__name__}.{field.name}"
        for kind in records(room)
        for field in fields(kind)
        if not field.name.startswith("_")
    ]
    assert names, "there are some in every room"
    assert [name for name in names if name.split(".")[1] not in READ] == []
