"""Where a study writes, how much, and whether there is room."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samefeatures.features.place import Root
from samefeatures.planning.machine import free_bytes, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One place that a study writes to.

    Attributes:
        place: Folder or URL.
        needed: Bytes still to be written.
        free: Bytes; None where nobody tells.
    """

    place: str
    needed: int
    free: int | None

    @property
    def is_short(self) -> bool:
        return self.free is not None and self.needed > self.free


def disks_of(out: Path, root: Root, *, features: int, rest: int) -> tuple[Disk, ...]:
    """The disk of the study's folder, and that of its features where it is another.

    Args:
        out: Folder of the study.
        root: Of the feature stores.
        features: Bytes still to be stored there.
        rest: Bytes of everything else, below ``out``.
    """
    if isinstance(root, str):
        return (
            Disk(place=str(out), needed=rest, free=free_bytes(out)),
            Disk(place=root, needed=features, free=None),
        )
    if standing(root).stat().st_dev == standing(out).stat().st_dev:
        return (Disk(place=str(out), needed=features + rest, free=free_bytes(out)),)
    return (
        Disk(place=str(out), needed=rest, free=free_bytes(out)),
        Disk(place=str(root), needed=features, free=free_bytes(root)),
    )
