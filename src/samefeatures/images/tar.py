"""Images in archives: class folders, or webdataset shards with ``KEY.cls`` beside ``KEY.jpg``."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.images.archive import Archive, Member, open_archive
from samefeatures.images.class_maps import as_written, whole_number
from samefeatures.images.imageset import ImageSet
from samefeatures.images.label_paths import Labels, first_folders, label_paths
from samefeatures.images.labels import whole_labels
from samefeatures.images.masks import MASKED, masks_among
from samefeatures.images.shards import expand
from samefeatures.images.source import ImageSource
from samefeatures.images.taking import Listed
from samefeatures.images.tar_index import LABEL_ENDING

SECOND = "second images of a sample"
MASKS = {
    *("seg", "segmentation", "semantic", "instance", "panoptic", "mask", "masks", "gt", "target"),
    *("label", "labels", "annotation", "depth", "normal", "normals", "edge", "edges", "alpha"),
}
"""Words in names of second images."""

LONGEST_LABEL = 64
"""Bytes of a member that holds a class index."""


@dataclass(slots=True)
class _Shard:
    """What one archive gives: images by their short names, labels by key, and folders."""

    images: list[tuple[str, Member]] = field(default_factory=list)
    texts: dict[str, Member] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)


def open_tar(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """All images of one archive, or of many shards, in the order of shards and members.

    The path may hold ``*``, or ``{000..009}`` for shards. Below ``subdir``, that folder is cut off
    from the ids. A tar file in an archive is a folder of its name. Where names start anew in each
    shard, ids begin with the shard's name. Of a webdataset's samples the images are taken, not
    masks beside them. Labels come from the CSV, else from ``KEY.cls`` where there are such members,
    else as for a folder.

    Raises:
        ConfigError: for a class map where ``KEY.cls`` gives class indices.
        DataError: when an archive is missing or damaged, holds no image, or holds links to images;
            when two images of a sample could be meant.
        LabelError: when labels are wanted and an image has none.
    """
    pattern = source.source
    places = expand(pattern, base)
    archives = [open_archive(place, relist=source.relist) for place in places]
    shards = [_shard(archive, source) for archive in archives]
    samples = any(shard.texts for shard in shards)
    for shard in shards:
        _without_masks(shard, pattern, samples=samples)
    short = [name for shard in shards for name, _ in shard.images]
    members = [member for shard in shards for _, member in shard.images]
    passed = Listed.of_all(Listed(0, shard.passed) for shard in shards)
    listed = Listed(len(short), passed.passed if passed else {})
    if not short:
        where = f" below '{source.subdir}'" if source.subdir else ""
        raise DataError(f"{pattern} holds no image{where} ({listed}). Check the path and 'subdir'.")
    anew = len(set(short)) < len(short) and len(shards) > 1
    prefixes = _names_of(places) if anew else [""] * len(places)
    ids = [
        prefix + name
        for prefix, shard in zip(prefixes, shards, strict=True)
        for name, _ in shard.images
    ]
    labels = _labels(ids, short, shards, source, base) if labelled else Labels()
    return ImageSet.of(
        *(archive.fingerprint for archive in archives),
        source.subdir or "",
        *(why for why in (SECOND, MASKED) if listed.passed.get(why)),
        name=source.set_name,
        ids=ids,
        labels=labels.indices,
        read=lambda i: members[i].read(),
        listed=listed,
        in_order=labels.in_order,
        label_names=labels.names,
        folders=first_folders(short) if anew else None,
    )


def _shard(archive: Archive, source: ImageSource) -> _Shard:
    out = _Shard(passed=Counter(archive.listed.passed))
    for name in archive.folders:
        short = _below(name, source.subdir)
        if short is not None:
            out.folders.append(short)
    for name, member in archive.members:
        short = _below(name, source.subdir)
        if short is None:
            continue
        if not short.endswith(LABEL_ENDING):
            out.images.append((short, member))
        elif _key(short) in out.texts:
            raise LabelError(f"{source.source} has two labels for '{_key(short)}'. Keep one.")
        else:
            out.texts[_key(short)] = member
    return out


def _names_of(places: Sequence[Path]) -> list[str]:
    """What tells archives apart, as the first part of ids: their paths below what they share."""
    shared = os.path.commonpath([place.parent for place in places])
    return [
        re.sub(r"(\.tar)?(\.\w+)?$", "", os.path.relpath(place, shared)) + "/" for place in places
    ]


def _without_masks(shard: _Shard, pattern: str, *, samples: bool) -> None:
    """Keep one image of each key: ``KEY.jpg``, where ``KEY.seg.png`` lies beside it.

    Where no labels show that keys are samples, only what is called a mask is one.
    """
    beside: defaultdict[str, list[str]] = defaultdict(list)
    for name, _ in shard.images:
        beside[_key(name)].append(name)
    second: set[str] = set()
    for key, names in beside.items():
        words = {name: name[len(key) + 1 :].split(".")[:-1] for name in names}
        plain = [name for name in names if not words[name]]
        if len(names) == 1:
            continue
        if samples and len(plain) != 1:
            raise DataError(
                f"{pattern} has {len(names)} images for the sample '{key}': "
                f"{', '.join(names[:3])}. Which is meant is not known; pack one of them as "
                f"{key.rpartition('/')[2]}.jpg, or the images alone."
            )
        if len(plain) == 1:
            second |= {n for n in names if words[n] and (samples or MASKS & set(words[n]))}
    masks = masks_among([name for name, _ in shard.images if name not in second])
    for why, gone in ((SECOND, second), (MASKED, masks)):
        if gone:
            shard.passed[why] = len(gone)
    shard.images = [item for item in shard.images if item[0] not in second | masks]


def _below(member: str, subdir: str | None) -> str | None:
    member = member.removeprefix("./")
    if subdir is None:
        return member
    prefix = subdir.strip("/").split("/")
    parts = member.split("/")
    inside = [as_written(part) for part in parts[: len(prefix)]] == list(map(as_written, prefix))
    return "/".join(parts[len(prefix) :]) if inside and len(parts) > len(prefix) else None


def _key(member: str) -> str:
    """What a webdataset calls the key: the path up to the first dot of the file's name."""
    folder, slash, file = member.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _labels(
    ids: Sequence[str],
    short: Sequence[str],
    shards: Sequence[_Shard],
    source: ImageSource,
    base: Path,
) -> Labels:
    """From the CSV, by ids; else from ``KEY.cls`` members, else by the names in the archives."""
    where = source.source
    if source.labels is not None:
        return label_paths(ids, source, base, where=where)
    if not any(shard.texts for shard in shards):
        folders = [name for shard in shards for name in shard.folders]
        return label_paths(short, source, base, where=where, folders=folders)
    if source.class_map is not None:
        raise ConfigError(
            f"class_map has no effect: the {LABEL_ENDING} members of {where} hold class "
            "indices. Leave it out."
        )
    if len(ids) == len(set(short)):  # labels may lie in a shard of their own
        shards = [_joined(shards, where)]
    missing = [i for shard in shards for i, _ in shard.images if _key(i) not in shard.texts]
    absent = [
        key
        for shard in shards
        for key in sorted(shard.texts.keys() - {_key(i) for i, _ in shard.images})
    ]
    if missing or absent:
        raise LabelError(
            f"{where}: {len(missing)} images have no {LABEL_ENDING} beside them "
            f"({', '.join(missing[:3])}), {len(absent)} {LABEL_ENDING} no image "
            f"({', '.join(absent[:3])}). Complete them, or give a CSV with 'labels:'."
        )
    values: list[int] = []
    for shard in shards:
        read = {key: _index(member, where) for key, member in shard.texts.items()}
        values += [read[_key(name)] for name, _ in shard.images]
    return Labels(whole_labels(values, where=where))


def _joined(shards: Sequence[_Shard], where: str) -> _Shard:
    out = _Shard()
    for shard in shards:
        twice = out.texts.keys() & shard.texts.keys()
        if twice:
            raise LabelError(f"{where} has two labels for '{min(twice)}'. Keep one.")
        out.images += shard.images
        out.texts |= shard.texts
    return out


def _index(member: Member, where: str) -> int:
    if member.size > LONGEST_LABEL:
        raise LabelError(
            f"{where}: a {LABEL_ENDING} member has {member.size} bytes; it is no index."
        )
    text = member.read().decode("ascii", "replace")
    index = whole_number(text)
    if index is None:
        raise LabelError(
            f"{where}: a {LABEL_ENDING} member does not hold a class index ({text.strip()!r})."
        )
    return index
