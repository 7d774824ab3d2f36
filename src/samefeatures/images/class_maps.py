"""Names and numbers of classes as they stand in files: class maps, and how text is compared."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError, LabelError, NoFileError

MOST_CLASSES = 2**31
"""A class index is below it."""

MOST = 1024 * MEBIBYTE
"""Bytes of a file with labels: some 10 million images."""


def as_written(name: str) -> str:
    """The name in composed letters (NFC): file systems and archives differ in this."""
    return unicodedata.normalize("NFC", name)


def is_whole(name: str) -> bool:
    """Whether a class name is a whole number, and so an index."""
    return re.fullmatch("[0-9]{1,18}", name) is not None


def whole_number(text: str) -> int | None:
    """What a text says, if that is a whole number: ``1_0``, ``1.0`` and other digits are none."""
    found = re.fullmatch(r"\s*(-?[0-9]{1,18})\s*", text)
    return int(found[1]) if found else None


def read_class_map(path: Path) -> dict[str, int]:
    """Index by name: ``.json`` ({name: index}), ``.csv`` (name,index), ``.txt`` (line i names i).

    Raises:
        LabelError: when the file is missing, or a name or an index is missing, doubled or wrong.
    """
    readers: dict[str, Callable[[str], list[tuple[str, Any]]]] = {
        ".json": _from_json,
        ".csv": _from_csv,
        ".txt": _from_txt,
    }
    if path.suffix.lower() not in readers:
        raise LabelError(f"The class map {path} must end in .json, .csv or .txt.")
    try:
        with border():
            pairs = readers[path.suffix.lower()](text_of(path))
    except NoFileError:
        raise LabelError(f"There is no class map at {path}. Check the path.") from None
    except FileError as error:
        raise LabelError(
            f"The class map {path} can't be read ({error}). A .json holds {{name: index}}, a .csv "
            "has the columns name,index, line i of a .txt names class i."
        ) from None
    pairs = [(as_written(name), index) for name, index in pairs]
    for name, index in pairs:
        if not name or type(index) is not int or not 0 <= index < MOST_CLASSES:
            raise LabelError(
                f"The class map {path} gives the name {name!r} the index {_short(index)}. Every "
                "class needs a name and an index, a whole number from 0."
            )
    for what, values in (("name", [n for n, _ in pairs]), ("index", [i for _, i in pairs])):
        value, count = Counter(values).most_common(1)[0] if values else ("", 0)
        if count != 1:
            came = f"{what} {value!r} {count} times" if values else "no class"
            raise LabelError(f"The class map {path} has the {came}. Every class needs its own.")
    return dict(pairs)


def text_of(path: Path) -> str:
    """The text of a file with labels; inside ``border``.

    Raises:
        OSError: as the system says.
        FileError: when it is no regular file, or too large.
        ValueError: when it is not UTF-8.
    """
    return bytes_of(path, most=MOST).decode("utf-8-sig")


def _from_json(text: str) -> list[tuple[str, Any]]:
    found = parse_json(text)
    if not isinstance(found, dict):
        raise FileError("it holds no object")
    return list(found.items())


def _from_csv(text: str) -> list[tuple[str, Any]]:
    rows = csv.DictReader(text.splitlines(), strict=True)
    if not {"name", "index"} <= set(rows.fieldnames or []):
        raise ValueError("its first line lacks 'name' or 'index'")
    read = [(row["name"], row["index"], whole_number(row["index"])) for row in rows]
    return [(name, text if index is None else index) for name, text, index in read]


def _from_txt(text: str) -> list[tuple[str, Any]]:
    return [(line.strip(), i) for i, line in enumerate(text.rstrip().splitlines())]


def _short(value: object) -> str:
    try:
        return repr(value)[:40]
    except ValueError:  # an integer of more digits than Python prints
        return "of thousands of digits"
