"""Delete files that this package wrote: one by one, by name, and never out of a study's folder."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from samefeatures.base.errors import StoreError


def remove(path: Path, *, within: Path) -> None:
    """Remove one file, if it is there; of a link the link alone.

    Args:
        path: The file.
        within: The folder that it must lie in once all links are followed.

    Raises:
        StoreError: when it does not, or is a folder.
        OSError: as the system says; see ``writing``.
    """
    place = path.parent.resolve()
    if not place.is_relative_to(within.resolve()):
        raise StoreError(
            f"{path} lies in {place}, out of {within}, and nothing out there is deleted. Remove "
            "the link that leads there, or delete the file yourself."
        )
    if path.is_dir() and not path.is_symlink():
        raise StoreError(f"{path} is a folder where a file belongs. Move it away.")
    path.unlink(missing_ok=True)


def remove_folder(folder: Path, names: Iterable[str], *, within: Path) -> None:
    """Remove files of these names, and the folder if nothing else is left in it.

    Args:
        folder: The folder.
        names: Of files that this package writes into it.
        within: See ``remove``.

    Raises:
        StoreError: when it leads out of ``within``.
        OSError: as the system says; see ``writing``.
    """
    for name in names:
        remove(folder / name, within=within)
    with suppress(OSError):  # something of somebody else's is in it, or it is gone
        folder.rmdir()
