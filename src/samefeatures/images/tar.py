"""Images in tar files: class folders, or webdataset shards with ``KEY.cls`` beside ``KEY.jpg``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.images.archive import Member, expand, open_archive
from samefeatures.images.folder import label_paths
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import whole_labels
from samefeatures.images.listing import is_image
from samefeatures.images.source import ImageSource

LABEL_ENDING = ".cls"


def open_tar(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """All images of one archive, or of many shards, in the order of shards and members.

    The path may hold ``*``, or ``{000..009}`` for shards. Below ``subdir``, that folder is cut off
    from the ids. Labels come from the CSV, else from ``KEY.cls`` where there are such members, else
    from the first folder of each path.

    Raises:
        ConfigError: for a class map where ``KEY.cls`` gives class indices.
        DataError: when an archive is missing or damaged, holds no image, or holds links to images.
        LabelError: when labels are wanted and an image has none.
    """
    pattern = source.source
    ids: list[str] = []
    members: list[Member] = []
    texts: dict[str, Member] = {}
    prints: list[str] = []
    for shard in expand(pattern, base):
        fingerprint, found = open_archive(
            shard, lambda n: is_image(n) or n.endswith(LABEL_ENDING), relist=source.relist
        )
        prints.append(fingerprint)
        for name, member in found:
            short = _below(name, source.subdir)
            if short is None:
                continue
            if not short.endswith(LABEL_ENDING):
                ids.append(short)
                members.append(member)
            elif _key(short) in texts:
                raise LabelError(f"{pattern} has two labels for '{_key(short)}'. Keep one.")
            else:
                texts[_key(short)] = member
    if not ids:
        where = f" below '{source.subdir}'" if source.subdir else ""
        raise DataError(f"{pattern} holds no image{where}. Check the path and 'subdir'.")
    return ImageSet.of(
        *prints,
        source.subdir or "",
        name=source.set_name,
        ids=ids,
        labels=_labels(ids, texts, source, base) if labelled else None,
        read=lambda i: members[i].read(),
    )


def _below(member: str, subdir: str | None) -> str | None:
    member = member.removeprefix("./")
    if subdir is None:
        return member
    prefix = subdir.strip("/") + "/"
    return member.removeprefix(prefix) if member.startswith(prefix) else None


def _key(member: str) -> str:
    """What a webdataset calls the key: the path up to the first dot of the file's name."""
    folder, slash, file = member.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _labels(
    ids: Sequence[str], texts: Mapping[str, Member], source: ImageSource, base: Path
) -> Int64:
    """(n,) from the CSV, else from ``KEY.cls`` members, else from the first folder of each path."""
    where = source.source
    if not texts or source.labels is not None:
        return label_paths(ids, source, base, where=where)
    if source.class_map is not None:
        raise ConfigError(
            f"class_map has no effect: the {LABEL_ENDING} members of {where} hold class "
            "indices. Leave it out."
        )
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
        values = {key: int(member.read()) for key, member in texts.items()}
    except ValueError as error:
        raise LabelError(
            f"{where}: a {LABEL_ENDING} member does not hold a class index ({error})."
        ) from None
    return whole_labels([values[key] for key in keys], where=where)
