"""Find ILSVRC2012 below a folder, in the layouts that people have, and say what is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from samefeatures.images.labels import imagenet_index
from samefeatures.images.taking import is_image

CLASSES = 1_000
ARCHIVE_BYTES = {"train": 147_897_477_120, "val": 6_744_924_160}
"""Sizes of the archives as ImageNet publishes them; unpacked they take as much again."""

TRAIN = ("train", "ILSVRC2012_img_train", "Data/CLS-LOC/train", "ILSVRC/Data/CLS-LOC/train")
VAL = ("val", "ILSVRC2012_img_val", "Data/CLS-LOC/val", "ILSVRC/Data/CLS-LOC/val")
"""Where the images are looked for: the usual layout, unpacked archives, and Kaggle's."""

LABELS = ("val_labels.csv", "LOC_val_solution.csv", "imagenet_2012_validation_synset_labels.txt")
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
DEVKITS = ("", "data", "ILSVRC2012_devkit_t12/data", "devkit/data")
"""Where the development kit's files are looked for."""

DEVKIT = "ILSVRC2012_devkit_t12.tar.gz"
PAGE = "https://image-net.org/download.php"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNet:
    """What was found below a folder.

    Attributes:
        data: The folder.
        train: Folder with one folder of training images per class, or None.
        val: Folder with the validation images, flat or in class folders, or None.
        labels: For a flat ``val``: the file that tells the classes; None for class folders.
        absent: ``train`` and ``val``, as far as they are not there or still packed.
        problems: What is missing or can't be used, each with what to do.
    """

    data: Path
    train: Path | None
    val: Path | None
    labels: Path | None
    absent: tuple[str, ...]
    problems: tuple[str, ...]


def find_imagenet(data: Path, *, labels: Path | None = None) -> ImageNet:
    """Look for the training and validation images and the latter's labels.

    Args:
        data: The folder.
        labels: The file with the labels of a flat validation folder, if it is not found by name.
    """
    problems: list[str] = []
    absent = []
    if not data.is_dir():
        problems.append(f"There is no folder at {data}. Give the one with ImageNet by --data.")
    train, val = _folder(data, TRAIN), _folder(data, VAL)
    if train is None:
        absent.append("train")
        problems.append(_no_images(data, "train"))
    elif not class_folders(train):
        problems.append(_no_classes(data, train))
        train = None
    if val is None:
        absent.append("val")
        problems.append(_no_images(data, "val"))
    elif class_folders(val):
        if labels is not None:
            problems.append(
                f"--labels {labels} has no effect: {val} has class folders. Leave it out."
            )
        labels = None
    else:
        labels, problem = _labels(data, val, labels)
        problems += [problem] if problem else []
        val = None if problem else val
    return ImageNet(
        data=data,
        train=train,
        val=val,
        labels=labels,
        absent=tuple(absent),
        problems=tuple(problems),
    )


def class_folders(folder: Path) -> list[str]:
    """Folders directly below that are named by an ImageNet synset, sorted."""
    known = imagenet_index()
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.name in known and e.is_dir())


def unpack_command(data: Path, part: str) -> str:
    """One command that unpacks ImageNet's archive into class folders, for train and val alike."""
    return f"python -c \"from torchvision.datasets import ImageNet; ImageNet('{data}', '{part}')\""


def archive_of(part: str) -> str:
    """Name of ImageNet's archive of the training or validation images."""
    return f"ILSVRC2012_img_{part}.tar"


def _folder(data: Path, places: tuple[str, ...]) -> Path | None:
    return next((data / place for place in places if (data / place).is_dir()), None)


def _no_images(data: Path, part: str) -> str:
    archive = archive_of(part)
    what = "training" if part == "train" else "validation"
    if (data / archive).is_file():
        return (
            f"The {what} images are still packed in {data / archive}. Unpack them with: "
            f"{unpack_command(data, part)} (needs {DEVKIT} beside it, and "
            "pip install 'samefeatures[torchvision]')."
        )
    places = ", ".join(TRAIN if part == "train" else VAL)
    return (
        f"There are no {what} images below {data} (looked for the folders {places}). Register at "
        f"{PAGE}, put {archive} ({ARCHIVE_BYTES[part] / 1e9:.1f} GB) and {DEVKIT} there, and "
        f"unpack with: {unpack_command(data, part)}"
    )


def _no_classes(data: Path, train: Path) -> str:
    packed = sum(1 for _ in train.glob("*.tar"))
    if packed:
        return (
            f"{train} holds {packed} .tar files of classes, not yet unpacked. Unpack each into a "
            f"folder of its name: cd {train} && for f in *.tar; do mkdir ${{f%.tar}} && "
            "tar -xf $f -C ${f%.tar} && rm $f; done"
        )
    return (
        f"{train} has no folder named by an ImageNet synset, such as n01440764. Training images "
        "lie in one folder per class; from ImageNet's archive: "
        f"{unpack_command(data, 'train')}"
    )


def _labels(data: Path, val: Path, given: Path | None) -> tuple[Path | None, str]:
    """The file that labels a flat validation folder, or why there is none."""
    with os.scandir(val) as entries:
        if not any(is_image(entry.name) for entry in entries):
            return None, f"There is no image in {val}. Put the validation images there."
    if given is not None:
        return (given, "") if given.is_file() else (None, f"There is no labels file at {given}.")
    places = [data / name for name in LABELS] + [val / name for name in LABELS]
    places += [data / kit / GROUND_TRUTH for kit in DEVKITS]
    for place in places:
        if place.is_file():
            return place, ""
    return None, (
        f"{val} has images in no class folders, and their labels are not below {data}. Put one of "
        f"these there: {', '.join(LABELS)}, {GROUND_TRUTH} with the devkit's meta.mat; or give a "
        f"CSV with the columns id,class by --labels; or unpack anew with: "
        f"{unpack_command(data, 'val')}"
    )
