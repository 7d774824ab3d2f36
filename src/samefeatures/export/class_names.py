"""What the classes of an exported head are called, as an entry of the file's metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence

from samefeatures.base.errors import ExportError

KEY = "samefeatures.class_names"
MOST = 2**20
"""Bytes of the entry: names of 21,841 classes of ImageNet take half of it."""


def names_entry(names: Sequence[str], *, classes: int) -> dict[str, str]:
    """A JSON list of texts, class after class; no entry without names.

    Args:
        names: Of the head's classes, in their order.
        classes: Of the head.

    Raises:
        ExportError: when there are more or fewer names than classes, one is no text, or they are
            too long for metadata.
    """
    if not names:
        return {}
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ExportError("class_names must be a list of texts, one for each class of the head.")
    if len(names) != classes:
        raise ExportError(
            f"There are {len(names)} class names, and the head has {classes} classes. Give one "
            "name for each, in their order."
        )
    text = json.dumps(list(names), ensure_ascii=False)
    if len(text.encode("utf-8", "backslashreplace")) > MOST:
        raise ExportError(
            f"The class names take more than {MOST:,} bytes, too many for a file's metadata. Give "
            "shorter ones with class_names."
        )
    return {KEY: text}
