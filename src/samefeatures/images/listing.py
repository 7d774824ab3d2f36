"""The image files below a folder: every one is looked at in every run, so that none is stale.

A look is one ``stat`` per file: whatever is rewritten in place has another size or another time.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, FileError
from samefeatures.images.decode import starts_image
from samefeatures.images.masks import MASKED, masks_among
from samefeatures.images.taking import BARE, NO_FILE, Listed, passed_folder, passed_over

LOOKS = 16
"""Folders that are looked into at once."""

START = 2**18
"""Bytes of a file without an ending that are looked at."""

STUDY_FILES = {"study.json", "predictions.parquet"}
STUDY_FOLDERS = {
    *("report", "features", "moments", "maps", "scores", "controls", "tasks", "overlap")
}
"""What a study writes into its folder; pictures lie in its report."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Images below a place, in the order of their paths.

    Attributes:
        paths: Relative, with ``/``.
        sizes: (n,) bytes.
        times: (n,) modification times, in nanoseconds; of archives' members in seconds.
        offsets: (n,) where each file's bytes start; zeros for folders.
        folders: Directories below it, empty ones too.
        passed: How much was passed over, by reason.
    """

    paths: list[str]
    sizes: Int64
    times: Int64
    offsets: Int64
    folders: list[str]
    passed: Mapping[str, int] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Over paths, sizes and times: it changes when a file is added, removed or rewritten.

        Not over the bytes: reading 1.28 million files to see that nothing changed would take longer
        than many a study. So a copy that does not keep times counts as another set.
        """
        return digest("\0".join(self.paths), self.sizes.tobytes(), self.times.tobytes())

    @property
    def listed(self) -> Listed:
        """What was taken, and what was not."""
        return Listed(len(self.paths), dict(self.passed))


def list_folder(root: Path) -> Listing:
    """Image files below a folder, by their endings; those without an ending by their content.

    Links are followed. Passed over is what is hidden (its name begins with a dot), what systems
    keep (``@eaDir``, recycle bins), what a study writes, masks of other images, and all that is no
    regular file.

    Raises:
        DataError: when a directory can't be listed, a link leads back to a directory above it, or
            a name is not Unicode.
    """
    try:
        listing = _scan(root)
    except OSError as error:
        raise DataError(
            f"{error.filename} can't be listed ({error.strerror}). Check its permissions, and that "
            "links lead somewhere."
        ) from None
    check_names([*listing.paths, *listing.folders], root)
    return listing


def _scan(root: Path) -> Listing:
    found: list[_File] = []
    folders: list[str] = []
    passed: Counter[str] = Counter()
    level: list[_Folder] = [("", frozenset())]
    # On a file system far away nearly all of the time is spent waiting.
    with ThreadPoolExecutor(LOOKS) as pool:
        while level:
            scanned = list(pool.map(partial(_scan_one, root), level))
            level = [folder for _, below, _ in scanned for folder in below]
            folders += [name for name, _ in level]
            for files, _, counts in scanned:
                found += files
                passed.update(counts)
    masks = masks_among([path for path, _, _ in found])
    if masks:
        passed[MASKED] = len(masks)
    found = sorted(file for file in found if file[0] not in masks)
    return Listing(
        paths=[path for path, _, _ in found],
        sizes=np.array([size for _, size, _ in found], np.int64),
        times=np.array([when for _, _, when in found], np.int64),
        offsets=np.zeros(len(found), np.int64),
        folders=sorted(folders),
        passed=dict(passed),
    )


_File = tuple[str, int, int]
"""Path, size and time."""
_Folder = tuple[str, frozenset[tuple[int, int]]]
"""Path, and what tells it from those above it."""


def _scan_one(root: Path, folder: _Folder) -> tuple[list[_File], list[_Folder], Counter[str]]:
    """Files and folders in one folder, and what is passed over there."""
    below, above = folder
    here = root / below
    state = here.stat()
    this = (state.st_dev, state.st_ino)
    if this in above:
        raise DataError(
            f"{here} leads back to a directory above it, so that the listing would never end. "
            "Remove the link."
        )
    files: list[_File] = []
    folders: list[_Folder] = []
    passed: Counter[str] = Counter()
    with os.scandir(here) as entries:
        for entry, why in _judged(here, list(entries)):
            path = f"{below}/{entry.name}" if below else entry.name
            if why is not None:
                passed[why] += 1
            elif entry.is_dir():
                folders.append((path, above | {this}))
            else:
                info = entry.stat()
                files.append((path, info.st_size, info.st_mtime_ns))
    return files, folders, passed


def _judged(
    here: Path, entries: Sequence[os.DirEntry[str]]
) -> Iterator[tuple[os.DirEntry[str], str | None]]:
    """Entries of a directory, and why they are passed over; None for images and directories.

    Of what a study writes nothing is said: it comes and goes with every run.
    """
    of_study = _is_of_study(here, {entry.name for entry in entries})
    for entry in entries:
        if entry.is_dir():
            if not (of_study and entry.name in STUDY_FOLDERS):
                yield entry, passed_folder(entry.name)
            continue
        why = passed_over(entry.name)
        if why == BARE and _holds_image(Path(entry.path)):
            why = None
        if why is None and not stat.S_ISREG(entry.stat().st_mode):
            why = NO_FILE
        if why is None or not of_study:
            yield entry, why


def _is_of_study(here: Path, names: AbstractSet[str]) -> bool:
    """Whether a study writes into this folder: it has results, or stores of features."""
    if names >= STUDY_FILES:
        return True
    features = here / "features"
    return "features" in names and features.is_dir() and any(features.glob("*.zarr"))


def _holds_image(path: Path) -> bool:
    try:
        with border(), open_regular(path) as file:
            return starts_image(file.read(START))
    except FileError:
        return False


def check_names(names: Sequence[str], where: Path) -> None:
    """Refuse names that are not Unicode, or hold NUL: they can't be stored, printed or told apart.

    Raises:
        DataError: with one of them.
    """
    for name in names:
        if "\0" in name:
            raise DataError(f"{where} holds a name with the character NUL: {name!a}. Rename it.")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{where} holds a name that is not UTF-8: {name!a}. Ids are text; rename it."
            ) from None
