"""Files of a folder that were written together: what an older writing left is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.kept_records import kept_record
from samefeatures.base.removal import remove
from samefeatures.base.sealed import write_sealed
from samefeatures.base.strict import SAFE_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """``files.json``: names of the files of a report, by which the next one removes them."""

    files: tuple[str, ...]


def remove_others(folder: Path, written: Sequence[Path]) -> Path:
    """Files of an older report that this one lacks, e.g. of a method that was taken out.

    Returns:
        The file that names those of this one.
    """
    names = sorted({path.name for path in written})
    place = folder / "files.json"
    older = kept_record(_Written, place)
    for name in older.files if older else ():
        if name not in names and SAFE_NAME.fullmatch(name):
            remove(folder / name, within=folder)
    write_sealed(place, {"files": names})
    return place
