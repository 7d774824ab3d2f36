"""A set of images in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """One set of them: ``kind`` is ``fit`` or ``eval``."""

    kind: str
    name: str
    count: int
    views: int = 1

    @property
    def rows(self) -> int:
        return self.count * self.views
