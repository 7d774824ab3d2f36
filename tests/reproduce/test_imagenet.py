"""ImageNet is found in the layouts that people have; what can't be used is said with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.reproduce.imagenet import class_folders, find_imagenet
from small_imagenet import SYNSETS, write_imagenet


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_class_folders_need_no_labels(imagenet: Path) -> None:
    found = find_imagenet(imagenet)
    assert (found.train, found.val) == (imagenet / "train", imagenet / "val")
    assert (found.labels, found.problems, found.absent) == (None, (), ())
    assert class_folders(imagenet / "train") == list(SYNSETS)


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("train", "val"),
        ("ILSVRC2012_img_train", "ILSVRC2012_img_val"),
        ("Data/CLS-LOC/train", "Data/CLS-LOC/val"),
        ("ILSVRC/Data/CLS-LOC/train", "ILSVRC/Data/CLS-LOC/val"),
    ],
)
def test_layouts(tmp_path: Path, train: str, val: str) -> None:
    touch(tmp_path / train / SYNSETS[0] / "a.JPEG")
    touch(tmp_path / val / "ILSVRC2012_val_00000001.JPEG")
    touch(tmp_path / "LOC_val_solution.csv")
    found = find_imagenet(tmp_path)
    assert (found.train, found.val) == (tmp_path / train, tmp_path / val)
    assert found.labels == tmp_path / "LOC_val_solution.csv"
    assert found.problems == ()


@pytest.mark.parametrize(
    "name",
    [
        "val_labels.csv",
        "imagenet_2012_validation_synset_labels.txt",
        "ILSVRC2012_validation_ground_truth.txt",
        "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt",
        "val/val_labels.csv",
    ],
)
def test_labels_of_a_flat_val_are_found_by_name(tmp_path: Path, name: str) -> None:
    write_imagenet(tmp_path, train=1, val=1, flat=True)
    assert "their labels are not below" in find_imagenet(tmp_path).problems[0]
    touch(tmp_path / name)
    assert find_imagenet(tmp_path).labels == tmp_path / name
    assert find_imagenet(tmp_path).problems == ()


def test_labels_may_be_given(tmp_path: Path, imagenet: Path) -> None:
    write_imagenet(tmp_path, train=1, val=1, flat=True)
    given = touch(tmp_path / "mine.csv")
    assert find_imagenet(tmp_path, labels=given).labels == given
    assert "no labels file" in find_imagenet(tmp_path, labels=tmp_path / "no.csv").problems[0]
    assert "has no effect" in find_imagenet(imagenet, labels=given).problems[0]


def test_nothing_there(tmp_path: Path) -> None:
    found = find_imagenet(tmp_path / "nowhere")
    assert (found.train, found.val, found.absent) == (None, None, ("train", "val"))
    place, train, val = found.problems
    assert "no folder at" in place
    assert "image-net.org" in train
    assert "ILSVRC2012_img_train.tar (147.9 GB)" in train
    assert "ILSVRC2012_img_val.tar (6.7 GB)" in val


def test_packed_archives_are_told_how_to_unpack(tmp_path: Path) -> None:
    touch(tmp_path / "ILSVRC2012_img_train.tar")
    (tmp_path / "val").mkdir()
    train, val = find_imagenet(tmp_path).problems
    assert "still packed" in train
    assert f"ImageNet('{tmp_path}', 'train')" in train
    assert "There is no image in" in val
    touch(tmp_path / "train" / "n01440764.tar")
    (train, _) = find_imagenet(tmp_path).problems
    assert "1 .tar files of classes" in train
    assert "mkdir ${f%.tar}" in train


def test_folders_of_other_names_are_no_classes(tmp_path: Path) -> None:
    touch(tmp_path / "train" / "cats" / "a.JPEG")
    touch(tmp_path / "val" / SYNSETS[0] / "a.JPEG")
    (problem,) = find_imagenet(tmp_path).problems
    assert "no folder named by an ImageNet synset" in problem
    assert find_imagenet(tmp_path).train is None
