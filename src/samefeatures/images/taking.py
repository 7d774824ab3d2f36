"""What is taken of a folder or an archive, and what is passed over and why, told by names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".png", ".apng", ".bmp", ".gif",
    ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jxl",
)  # fmt: skip

LEFT_BY_SYSTEMS = (
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "~snapshot",
    "$recycle.bin", "recycler", "system volume information", "lost+found", "__macosx",
    "temporary items", "network trash folder",
)  # fmt: skip
"""Folders in which NAS, Windows and macOS keep thumbnails, snapshots and what was deleted."""

HIDDEN, BARE, NO_FILE = "hidden", "without ending", "pipes or devices"
"""Why something is passed over whose ending does not say it."""

_SHOWN = 6
"""Reasons that a line has room for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """How many images a listing took, and how much it passed over, by ending or reason."""

    taken: int
    passed: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """``took 4,000 images; passed over 12 .txt, 3 hidden``."""
        line = f"took {self.taken:,} {'image' if self.taken == 1 else 'images'}"
        return f"{line}; passed over {said(self.passed)}" if self.passed else line

    @classmethod
    def of_all(cls, parts: Iterable[Listed | None]) -> Listed | None:
        """The sum over parts; None where none of them is a listing."""
        listed = [part for part in parts if part is not None]
        passed: Counter[str] = Counter()
        for part in listed:
            passed.update(part.passed)
        return cls(sum(part.taken for part in listed), dict(passed)) if listed else None


def said(passed: Mapping[str, int]) -> str:
    """``12 .txt, 3 hidden``: the most frequent first, few of them by name."""
    ordered = sorted(passed.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{count:,} {why}" for why, count in ordered[:_SHOWN]]
    others = sum(count for _, count in ordered[_SHOWN:])
    return ", ".join([*parts, f"{others:,} others"] if others else parts)


def is_image(name: str) -> bool:
    """Whether a path's ending is that of an image, and no folder in it is passed over."""
    return passed_over(name) is None


def passed_over(path: str) -> str | None:
    """Why a file is passed over, as short as a line of counts needs it; None for an image.

    ``BARE`` is said of a name without an ending: its content decides.
    """
    *folders, name = path.split("/")
    for folder in folders:
        why = passed_folder(folder)
        if why is not None:
            return why
    if name.startswith("."):
        return HIDDEN
    if name.lower().endswith(IMAGE_ENDINGS):
        return None
    _, dot, ending = name.rpartition(".")
    if not dot:
        return BARE
    # An ending comes from outside, and is printed: words alone.
    return f".{ending.lower()}" if re.fullmatch(r"[A-Za-z0-9_-]{1,12}", ending) else "others"


def passed_folder(name: str) -> str | None:
    """Why all that is in a folder is passed over; None where it is looked into."""
    if name.startswith(".") and name not in (".", ".."):
        return HIDDEN
    return name if name.lower() in LEFT_BY_SYSTEMS else None
