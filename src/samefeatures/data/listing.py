"""List files once: the second listing of 1.28 million images takes no look at any of them.

A folder's listing is kept in the user's cache folder and holds while no directory below it has
changed (a directory's time changes when an entry comes, goes or is renamed). What that can't see is
a file rewritten in place; ``relist: true`` lists anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from samefeatures.data.imageset import digest

IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Image files below a place, in the order of their paths.

    Attributes:
        paths: Relative, with ``/``.
        sizes: (n,) bytes.
        times: (n,) modification times in nanoseconds.
        offsets: (n,) where each file's bytes start; zeros for folders.
        folders: Directories that were visited; empty for archives.
        folder_times: Their modification times.
    """

    paths: list[str]
    sizes: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    folders: list[str]
    folder_times: npt.NDArray[np.int64]

    @property
    def fingerprint(self) -> str:
        """Over paths, sizes and times: it changes when a file is added, removed or rewritten."""
        return digest("\n".join(self.paths), self.sizes.tobytes(), self.times.tobytes())


def is_image(name: str) -> bool:
    """Whether a file's ending is that of an image; hidden files are none."""
    return name.lower().endswith(IMAGE_ENDINGS) and not name.rpartition("/")[2].startswith(".")


def cache_folder() -> Path:
    """Where listings are kept: SAMEFEATURES_CACHE, or the user's cache folder."""
    chosen = os.environ.get("SAMEFEATURES_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samefeatures"


def list_folder(root: Path, *, relist: bool = False) -> Listing:
    """Image files below a folder, from the cache if no directory has changed."""
    cache = cache_file(root, "folder")
    if not relist:
        kept = read_listing(cache)
        if kept is not None and _unchanged(root, kept):
            return kept
    listing = _scan(root)
    write_listing(cache, listing)
    return listing


def _scan(root: Path) -> Listing:
    found: list[tuple[str, int, int]] = []
    folders: list[tuple[str, int]] = []
    waiting = ["."]
    while waiting:
        below = waiting.pop()
        here = root / below
        folders.append((below, here.stat().st_mtime_ns))
        with os.scandir(here) as entries:
            for entry in entries:
                path = entry.name if below == "." else f"{below}/{entry.name}"
                if entry.is_dir():
                    waiting.append(path)
                elif is_image(entry.name):
                    info = entry.stat()
                    found.append((path, info.st_size, info.st_mtime_ns))
    found.sort()
    return Listing(
        paths=[path for path, _, _ in found],
        sizes=np.array([size for _, size, _ in found], np.int64),
        times=np.array([when for _, _, when in found], np.int64),
        offsets=np.zeros(len(found), np.int64),
        folders=[name for name, _ in folders],
        folder_times=np.array([when for _, when in folders], np.int64),
    )


def _unchanged(root: Path, kept: Listing) -> bool:
    try:
        return all(
            (root / name).stat().st_mtime_ns == when
            for name, when in zip(kept.folders, kept.folder_times.tolist(), strict=True)
        )
    except OSError:
        return False


def cache_file(place: Path, kind: str) -> Path:
    """The file that keeps the listing of a place."""
    return cache_folder() / "listings" / f"{kind}-{digest(str(place.resolve()))[:32]}.npz"


def read_listing(cache: Path) -> Listing | None:
    """A kept listing, or None when there is none that can be read."""
    try:
        with cache.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return Listing(
                paths=_lines(file["paths"]),
                sizes=file["sizes"],
                times=file["times"],
                offsets=file["offsets"],
                folders=_lines(file["folders"]),
                folder_times=file["folder_times"],
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def write_listing(cache: Path, listing: Listing) -> None:
    """Keep a listing; where the cache can't be written, the next run lists again."""
    partial = cache.with_name(f"{cache.name}.{os.getpid()}.partial")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(
                file,
                paths=_bytes(listing.paths),
                sizes=listing.sizes,
                times=listing.times,
                offsets=listing.offsets,
                folders=_bytes(listing.folders),
                folder_times=listing.folder_times,
            )
        partial.replace(cache)
    except OSError:
        return


def _bytes(names: list[str]) -> npt.NDArray[np.uint8]:
    # A path may hold any character but NUL.
    return np.frombuffer("\0".join(names).encode("utf-8", "surrogateescape"), np.uint8)


def _lines(array: npt.NDArray[np.uint8]) -> list[str]:
    text = array.tobytes().decode("utf-8", "surrogateescape")
    return text.split("\0") if text else []
