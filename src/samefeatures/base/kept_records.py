"""Records that can be made again: a sealed file each, whose name says what it hangs on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from samefeatures.base.border import kept_or_none
from samefeatures.base.files import writing
from samefeatures.base.records import record
from samefeatures.base.removal import remove
from samefeatures.base.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def kept_record(kind: type[T], path: Path) -> T | None:
    """What ``keep_record`` wrote, as this dataclass; None where there is none, or a damaged one, of
    which a warning says so."""
    return kept_or_none(lambda place: record(kind, read_sealed(place)), path)


def keep_record(found: DataclassInstance, path: Path) -> None:
    """Write a record whole or not at all, into a folder that is made if it is missing.

    Raises:
        StoreError: when the system refuses.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(path, asdict(found))


def let_others_go(kept: Collection[Path], *, folder: Path, within: Path) -> None:
    """Remove the records of a folder but these: they were of other settings.

    Args:
        kept: The files that stay.
        folder: Where they lie.
        within: See ``remove``.

    Raises:
        StoreError: when the system refuses, or the folder leads out of ``within``.
    """
    with writing(folder):
        for stale in folder.glob("*.json"):
            if stale not in kept:
                remove(stale, within=within)
