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
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.base.partial import clear_leftovers, whole_file
from samefeatures.images.folder import label_paths
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import whole_labels
from samefeatures.images.listing import (
    Listing,
    cache_file,
    check_names,
    is_image,
    read_listing,
    write_listing,
)

LABEL_ENDING = ".cls"

Place = tuple[Path, int, int, int]
"""Archive, its time of change in ns, offset and number of bytes."""


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
        labelled: Whether labels are wanted: from the CSV, else from ``KEY.cls`` where there are
            such members, else from the first folder of each path.
        base: Where relative paths start.
        subdir: Take only members below this folder, which is cut off from the ids.
        labels_csv: Labels by id.
        class_map: See ``class_indices``.
        relist: Index anew.

    Raises:
        ConfigError: for a class map where ``KEY.cls`` gives class indices.
        DataError: when an archive is missing or damaged, holds no image, or holds links to images.
        LabelError: when labels are wanted and an image has none.
    """
    contents = _contents(pattern, base, subdir, relist=relist)
    if not contents.ids:
        where = f" below '{subdir}'" if subdir else ""
        raise DataError(f"{pattern} holds no image{where}. Check the path and 'subdir'.")
    labels = _labels(contents, pattern, labels_csv, class_map) if labelled else None
    return ImageSet.of(
        *contents.prints,
        subdir or "",
        name=name,
        ids=contents.ids,
        labels=labels,
        read=lambda i: _read(contents.places[i]),
    )


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the shards hold, in their order.

    Attributes:
        ids: Of the images.
        places: Of the images.
        texts: Places of ``KEY.cls`` members by key.
        prints: A fingerprint per shard.
    """

    ids: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    texts: dict[str, Place] = field(default_factory=dict)
    prints: list[str] = field(default_factory=list)


def _contents(pattern: str, base: Path, subdir: str | None, *, relist: bool) -> _Contents:
    out = _Contents()
    for shard in expand(pattern, base):
        path = _plain(shard, relist=relist)
        listing = _index(path, relist=relist)
        # Members keep no nanoseconds; the archive's own time stands for rewritten ones.
        out.prints.append(digest(listing.fingerprint, listing.folder_times.tobytes()))
        time = int(listing.folder_times[1])
        for member, offset, size in zip(
            listing.paths, listing.offsets.tolist(), listing.sizes.tolist(), strict=True
        ):
            short = _below(member, subdir)
            if short is None:
                continue
            if short.endswith(LABEL_ENDING):
                if _key(short) in out.texts:
                    raise LabelError(f"{pattern} has two labels for '{_key(short)}'. Keep one.")
                out.texts[_key(short)] = (path, time, offset, size)
            else:
                out.ids.append(short)
                out.places.append((path, time, offset, size))
    return out


def _labels(
    contents: _Contents, pattern: str, labels_csv: Path | None, class_map: Path | str | None
) -> npt.NDArray[np.int64]:
    """From the CSV, else from ``KEY.cls`` members, else from the first folder of each path."""
    if not contents.texts or labels_csv is not None:
        return label_paths(contents.ids, labels_csv, class_map, where=pattern)
    if class_map is not None:
        raise ConfigError(
            f"class_map has no effect: the {LABEL_ENDING} members of {pattern} hold class "
            "indices. Leave it out."
        )
    return _cls_labels(contents.ids, contents.texts, pattern)


def _read(place: Place) -> bytes:
    """The bytes of a member.

    The archive is opened anew each time: a few microseconds, and safe in threads, in forked
    processes, and with more shards than a process may hold open.
    """
    path, time, offset, size = place
    try:
        with path.open("rb", buffering=0) as file:
            changed = os.fstat(file.fileno()).st_mtime_ns != time
            file.seek(offset)
            data = file.read(size)
    except OSError as error:
        raise DataError(
            f"{path} was indexed but can't be read ({error.strerror}). Bring it back and run again."
        ) from None
    if changed or len(data) != size:
        raise DataError(
            f"{path} was rewritten after it was indexed. Run again; nothing that was stored is "
            "lost."
        )
    return data


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
    members = [member for member in _members(path) if not member.isdir()]
    odd = [m.name for m in members if not m.isreg() or m.issparse()]
    if odd:
        raise DataError(
            f"{path} holds {len(odd)} images or labels as links or sparse files, among them "
            f"{', '.join(odd[:3])}. Pack it anew with 'tar --dereference --hard-dereference'."
        )
    check_names([m.name for m in members], path)
    listing = Listing(
        paths=[m.name for m in members],
        sizes=np.array([m.size for m in members], np.int64),
        times=np.array([int(m.mtime) for m in members], np.int64),
        offsets=np.array([m.offset_data for m in members], np.int64),
        folders=[],
        folder_times=stamp,
    )
    write_listing(cache, listing)
    return listing


def _members(path: Path) -> list[tarfile.TarInfo]:
    """The members that are images or labels by their names.

    Raises:
        DataError: when the archive is damaged or cut short.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            members = []
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep every one
                if is_image(member.name) or member.name.endswith(LABEL_ENDING):
                    members.append(member)
            end = archive.offset
        with path.open("rb") as file:
            file.seek(end)
            mark = file.read(tarfile.BLOCKSIZE)
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise DataError(
            f"{path} is not a readable tar archive ({error}). Fetch it again: it may be cut short."
        ) from None
    # At a damaged header tarfile stops as if the archive ended there.
    if mark != bytes(tarfile.BLOCKSIZE):
        raise DataError(
            f"{path} is damaged or cut short after {len(members)} images: there is no end mark at "
            f"byte {end}. Fetch it again; if it is an unpacked copy, use 'relist: true'."
        )
    return members


def _plain(path: Path, *, relist: bool) -> Path:
    """The archive itself, or its uncompressed copy in the cache folder.

    Raises:
        DataError: when it can't be unpacked.
    """
    if path.suffix not in (".gz", ".tgz"):
        return path
    info = path.stat()
    key = digest(str(path.resolve()), str(info.st_size), str(info.st_mtime_ns))[:32]
    copy = cache_file(path, "unpacked").with_name(f"unpacked-{key}.tar")
    if copy.exists() and not relist:
        return copy
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(copy.parent)
        with gzip.open(path) as packed, whole_file(copy) as file:
            shutil.copyfileobj(packed, file, 2**20)
            file.flush()  # before its time is set
            os.utime(file.name, ns=(info.st_atime_ns, info.st_mtime_ns))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} can't be unpacked into {copy.parent} ({error}). Fetch it again if it is cut "
            "short; set SAMEFEATURES_CACHE if that folder is full or read-only."
        ) from None
    return copy


def _key(member: str) -> str:
    """What a webdataset calls the key: the path up to the first dot of the file's name."""
    folder, slash, file = member.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _cls_labels(ids: Sequence[str], texts: dict[str, Place], where: str) -> npt.NDArray[np.int64]:
    keys = [_key(i) for i in ids]
    missing = [i for i, key in zip(ids, keys, strict=True) if key not in texts]
    absent = sorted(texts.keys() - set(keys))
    if missing or absent:
        raise LabelError(
            f"{where}: {len(missing)} images have no {LABEL_ENDING} beside them "
            f"({', '.join(missing[:3])}), {len(absent)} {LABEL_ENDING} no image "
            f"({', '.join(absent[:3])}). Complete them, or give a CSV with 'labels:'."
        )
    try:
        values = {key: int(_read(place)) for key, place in texts.items()}
    except ValueError as error:
        raise LabelError(
            f"{where}: a {LABEL_ENDING} member does not hold a class index ({error})."
        ) from None
    return whole_labels([values[key] for key in keys], where=where)
