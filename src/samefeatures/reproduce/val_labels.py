"""Classes of the flat validation images, from any of the files that tell them.

The development kit numbers classes by ILSVRC2012_ID, which is not the sorted order of synsets that
networks use. So its numbers are read only together with its own table of synsets (``meta.mat``).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.errors import FileError, LabelError
from samefeatures.base.files import write_whole, writing
from samefeatures.images.label_files import read_labels
from samefeatures.images.labels import imagenet_index
from samefeatures.images.taking import is_image
from samefeatures.reproduce.imagenet import CLASSES, DEVKIT

MOST = 64 * MEBIBYTE
"""Bytes of a file with labels."""
NUMBER = re.compile(r"ILSVRC2012_val_(\d{8})\b")


def label_validation(val: Path, labels: Path) -> dict[str, int]:
    """Class index by file name, for every image that lies in ``val``.

    Args:
        val: Folder of images, without class folders.
        labels: A CSV (``id,class`` or ``id,label``), Kaggle's ``LOC_val_solution.csv``, a text file
            with one synset per validation image, or the devkit's ground truth beside ``meta.mat``.

    Raises:
        LabelError: when the file can't be read, or an image of ``val`` is not in it.
    """
    with os.scandir(val) as entries:
        names = sorted(entry.name for entry in entries if is_image(entry.name))
    if labels.suffix.lower() == ".csv":
        by_name = _from_csv(labels)
        found = {n: by_name[k] for n in names if (k := _key(n, by_name)) is not None}
    else:
        by_number = _from_lines(labels)
        numbers = {n: int(m[1]) for n in names if (m := NUMBER.match(n))}
        found = {n: by_number[i] for n, i in numbers.items() if i in by_number}
    missing = [name for name in names if name not in found]
    if missing:
        raise LabelError(
            f"{labels} has no label for {len(missing)} of the {len(names)} images in {val}, among "
            f"them {', '.join(missing[:3])}. Give labels for these images, or move them out."
        )
    return found


def write_labels(found: Mapping[str, int], path: Path) -> Path:
    """Write them as a CSV that every study can read."""
    lines = ["id,label", *(f"{name},{index}" for name, index in sorted(found.items()))]
    with writing(path):
        write_whole(path, ("\n".join(lines) + "\n").encode())
    return path


def _key(name: str, by_name: Mapping[str, int]) -> str | None:
    """Kaggle's file names images without their ending."""
    stem = name.rpartition(".")[0]
    return next((key for key in (name, stem) if key in by_name), None)


def _from_csv(path: Path) -> dict[str, int]:
    try:
        with border():
            file = io.StringIO(bytes_of(path, most=MOST).decode("utf-8-sig"), newline="")
            head = file.readline().strip().split(",")
            table = list(csv.reader(file))
    except FileError as error:
        raise LabelError(f"The labels file {path} can't be read ({error}). Check it.") from None
    if head != ["ImageId", "PredictionString"]:
        return read_labels(path, class_map=None)[0]
    # A prediction is a synset and a box, once per object; the class is the same for all.
    rows = [(row[0], row[1].split()[0]) for row in table if len(row) == 2 and row[1].strip()]
    return {name: _index(synset, path) for name, synset in rows}


def _from_lines(path: Path) -> dict[int, int]:
    """Class index by the number of the validation image, from 1."""
    try:
        with border():
            lines = bytes_of(path, most=MOST).decode("ascii").split()
    except FileError as error:
        raise LabelError(f"The labels file {path} can't be read ({error}). Check it.") from None
    if lines and not all(line.isdigit() for line in lines):
        return {i: _index(synset, path) for i, synset in enumerate(lines, start=1)}
    synsets = _synsets(path)
    unknown = [line for line in lines if int(line) not in synsets]
    if unknown or not lines:
        came = f"the number {unknown[0]}" if unknown else "no line"
        raise LabelError(
            f"{path} has {came}; ILSVRC2012_ID goes from 1 to {CLASSES}. Take the file from "
            f"{DEVKIT} again."
        )
    return {i: _index(synsets[int(line)], path) for i, line in enumerate(lines, start=1)}


def _synsets(ground_truth: Path) -> dict[int, str]:
    """Synset by ILSVRC2012_ID, from the ``meta.mat`` beside the ground truth."""
    meta = ground_truth.with_name("meta.mat")
    if not meta.is_file():
        raise LabelError(
            f"{ground_truth} numbers classes by ILSVRC2012_ID, which is not the order of sorted "
            f"synsets that networks use, and {meta} is not there to tell which synset each number "
            f"is. Put the devkit's meta.mat ({DEVKIT}, folder data) beside it, "
            "or give a labels CSV with the columns id,class by --labels."
        )
    from scipy.io import loadmat

    try:
        with border():
            found = dict(_leaves(loadmat(meta, squeeze_me=True)["synsets"]))
    except FileError as error:
        raise LabelError(
            f"{meta} is not the devkit's table of synsets ({error}). Take it from {DEVKIT} again."
        ) from None
    if sorted(found) != list(range(1, CLASSES + 1)) or set(found.values()) != set(imagenet_index()):
        raise LabelError(
            f"{meta} does not number the {CLASSES} classes of ILSVRC2012. Take it from {DEVKIT} "
            "again."
        )
    return found


def _leaves(synsets: Any) -> Iterator[tuple[int, str]]:
    """The table holds inner nodes of the hierarchy too; classes are those without children."""
    for row in synsets:
        if int(row["num_children"]) == 0:
            yield int(row["ILSVRC2012_ID"]), str(row["WNID"])


def _index(synset: str, path: Path) -> int:
    try:
        return imagenet_index()[synset]
    except KeyError:
        raise LabelError(
            f"{path} names the class {synset!r}, which is not a synset of ILSVRC2012. Check the "
            "file."
        ) from None
