"""Images in tar files: class folders, or webdataset shards with ``KEY.cls`` beside ``KEY.jpg``.

An archive is indexed once; images are then read at their offsets, from many threads. A compressed
archive can't be read at offsets: it is unpacked once, as a plain tar, into the cache folder.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.data.folder import label_paths
from samefeatures.data.imageset import ImageSet, digest
from samefeatures.data.listing import (
    Listing,
    cache_file,
    is_image,
    read_listing,
    write_listing,
)
from samefeatures.errors import DataError, LabelError, UnreadableImageError

LABEL_ENDING = ".cls"


def open_tar(
    pattern: str,
    *,
    name: str,
    labelled: bool,
    base: Path,
    subdir: str | None = None,
    labels_csv: Path | None = None,
    class_map: Path | str | None = None,
    relist: bool = False,
) -> ImageSet:
    """All images of one archive, or of many shards, in the order of shards and members.

    Args:
        pattern: Path, with ``*`` or ``{000..009}`` for shards; relative to ``base``.
        name: Of the set.
        labelled: Whether labels are wanted: from ``KEY.cls`` where there are such members, else
            from the first folder of each path, or from the CSV.
        base: Where relative paths start.
        subdir: Take only members below this folder, which is cut off from the ids.
        labels_csv: Labels by id.
        class_map: See ``class_indices``.
        relist: Index anew.

    Raises:
        DataError: when an archive is missing or damaged, or holds no image.
        LabelError: when labels are wanted and an image has none.
    """
    shards = expand(pattern, base)
    plain = [_plain(path) for path in shards]
    ids: list[str] = []
    places: list[tuple[int, int, int]] = []  # shard, offset, bytes
    texts: dict[str, tuple[int, int, int]] = {}
    prints = []
    for k, path in enumerate(plain):
        listing = _index(path, relist=relist)
        prints.append(listing.fingerprint)
        for member, offset, size in zip(
            listing.paths, listing.offsets.tolist(), listing.sizes.tolist(), strict=True
        ):
            short = _below(member, subdir)
            if short is None:
                continue
            if short.endswith(LABEL_ENDING):
                texts[short.removesuffix(LABEL_ENDING)] = (k, offset, size)
            else:
                ids.append(short)
                places.append((k, offset, size))
    if not ids:
        where = f" below '{subdir}'" if subdir else ""
        raise DataError(f"{pattern} holds no image{where}. Check the path and 'subdir'.")
    files = [os.open(path, os.O_RDONLY) for path in plain]
    reader = _Reader(files)
    labels = None
    if labelled and texts and labels_csv is None:
        labels = _cls_labels(ids, texts, reader, pattern)
    elif labelled:
        labels = label_paths(ids, labels_csv, class_map, where=pattern)
    return ImageSet(
        name=name,
        ids=ids,
        labels=labels,
        fingerprint=digest(*prints, subdir or "", b"" if labels is None else labels.tobytes()),
        read=lambda i: reader.read(places[i]),
    )


class _Reader:
    """Reads at offsets; closes its files when the image set is gone."""

    def __init__(self, files: Sequence[int]) -> None:
        self._files = list(files)

    def read(self, place: tuple[int, int, int]) -> bytes:
        shard, offset, size = place
        data = os.pread(self._files[shard], size, offset)
        if len(data) < size:
            raise UnreadableImageError("the archive is cut short")
        return data

    def __del__(self) -> None:
        for file in self._files:
            os.close(file)


def expand(pattern: str, base: Path) -> list[Path]:
    """Paths of a pattern with ``{000..009}`` and ``*``, in order.

    Raises:
        DataError: when a path does not exist.
    """
    pieces = re.split(r"\{(\d+)\.\.(\d+)\}", pattern)
    choices: list[list[str]] = []
    for k in range(0, len(pieces) - 1, 3):
        low, high = pieces[k + 1], pieces[k + 2]
        numbers = [str(n).zfill(len(low)) for n in range(int(low), int(high) + 1)]
        choices += [[pieces[k]], numbers]
    names = ["".join(parts) for parts in product(*choices, [pieces[-1]])]
    out: list[Path] = []
    for text in names:
        path = base / Path(text).expanduser()
        found = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
        if not found or not found[0].is_file():
            raise DataError(f"There is no archive at {path}. Check the path.")
        out += found
    return out


def _below(member: str, subdir: str | None) -> str | None:
    member = member.removeprefix("./")
    if subdir is None:
        return member
    prefix = subdir.strip("/") + "/"
    return member.removeprefix(prefix) if member.startswith(prefix) else None


def _index(path: Path, *, relist: bool) -> Listing:
    """Images and labels of an archive, from the cache while its size and time are the same."""
    info = path.stat()
    stamp = np.array([info.st_size, info.st_mtime_ns], np.int64)
    cache = cache_file(path, "tar")
    if not relist:
        kept = read_listing(cache)
        if kept is not None and np.array_equal(kept.folder_times, stamp):
            return kept
    try:
        with tarfile.open(path, "r:") as archive:
            members = [
                m for m in archive
                if m.isfile() and (is_image(m.name) or m.name.endswith(LABEL_ENDING))
            ]  # fmt: skip
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(
            f"{path} is not a readable tar archive ({error}). Fetch it again: it may be cut short."
        ) from None
    listing = Listing(
        paths=[m.name for m in members],
        sizes=np.array([m.size for m in members], np.int64),
        # Members keep no nanoseconds; the archive's own time stands for rewritten ones.
        times=np.array([int(m.mtime) for m in members], np.int64),
        offsets=np.array([m.offset_data for m in members], np.int64),
        folders=[],
        folder_times=stamp,
    )
    write_listing(cache, listing)
    return listing


def _plain(path: Path) -> Path:
    """The archive itself, or its uncompressed copy in the cache folder.

    Raises:
        DataError: when it can't be unpacked.
    """
    if path.suffix not in (".gz", ".tgz"):
        return path
    info = path.stat()
    key = digest(str(path.resolve()), str(info.st_size), str(info.st_mtime_ns))[:32]
    copy = cache_file(path, "unpacked").with_name(f"unpacked-{key}.tar")
    if copy.exists():
        return copy
    partial = copy.with_name(f"{copy.name}.{os.getpid()}.partial")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path) as packed, partial.open("wb") as file:
            shutil.copyfileobj(packed, file, 2**20)
        os.utime(partial, ns=(info.st_atime_ns, info.st_mtime_ns))
        partial.replace(copy)
    except (OSError, EOFError, zlib.error) as error:
        partial.unlink(missing_ok=True)
        raise DataError(
            f"{path} can't be unpacked into {copy.parent} ({error}). Fetch it again if it is cut "
            "short; set SAMEFEATURES_CACHE if that folder is full or read-only."
        ) from None
    return copy


def _cls_labels(
    ids: Sequence[str], texts: dict[str, tuple[int, int, int]], reader: _Reader, where: str
) -> npt.NDArray[np.int64]:
    keys = [i.rpartition(".")[0] for i in ids]
    missing = [i for i, key in zip(ids, keys, strict=True) if key not in texts]
    if missing:
        raise LabelError(
            f"{where}: {len(missing)} images have no {LABEL_ENDING} beside them, among them "
            f"{', '.join(missing[:3])}. Add them, or give a CSV with 'labels:'."
        )
    try:
        return np.array([int(reader.read(texts[key])) for key in keys], np.int64)
    except ValueError as error:
        raise LabelError(
            f"{where}: a {LABEL_ENDING} member does not hold a class index ({error})."
        ) from None
