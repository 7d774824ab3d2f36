"""The class that a path names: by its first folder, or by a synset in the file's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import MakeFiles

from samefeatures.base.errors import LabelError
from samefeatures.images.label_paths import first_folders, synset_in
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images


@pytest.mark.parametrize(
    ("path", "synset"),
    [
        ("n01440764_10026_n01440764.JPEG", "n01440764"),
        ("n01440764_10026.JPEG", "n01440764"),
        ("a/b/ILSVRC2012_val_00000293_n01440764.JPEG", "n01440764"),
        ("n01440764_to_n01443537.png", ""),
        ("n01440764.JPEG", ""),
        ("xn01440764_1.JPEG", ""),
        ("n014407641_1.JPEG", ""),
        ("n99999999_1.JPEG", ""),
        ("ILSVRC2012_val_00000001.JPEG", ""),
    ],
)
def test_synsets_in_names(path: str, synset: str) -> None:
    assert synset_in(path) == synset


NAMES = {"n01440764_1_n01440764.png": 0, "n01443537_2.png": 1, "v_n02123045.png": 281}


@pytest.mark.parametrize("folder", ["", "train_images_0/"])
def test_labels_from_file_names(make_files: MakeFiles, folder: str) -> None:
    root = make_files(*(folder + name for name in NAMES))
    images = open_images(ImageSource(source=str(root)), labelled=True)
    assert images.labels is not None
    found = dict(zip(images.ids, images.labels.tolist(), strict=True))
    assert found == {folder + name: label for name, label in NAMES.items()}


def test_the_folder_goes_before_the_name(make_files: MakeFiles) -> None:
    root = make_files("n15075141/n01440764_1.png")
    images = open_images(ImageSource(source=str(root)), labelled=True)
    assert images.labels is not None
    assert images.labels.tolist() == [999]


def test_one_name_without_a_synset_is_one_too_many(make_files: MakeFiles) -> None:
    root = make_files(*NAMES, "other.png")
    with pytest.raises(LabelError, match=r"1 of 4 images lie in no class folder.*other\.png"):
        open_images(ImageSource(source=str(root)), labelled=True)


def test_per_class_takes_the_synset_in_the_name_too(make_files: MakeFiles) -> None:
    names = [f"n01440764_{k}.png" for k in range(4)] + [f"v{k}_n01443537.png" for k in range(3)]
    images = open_images(ImageSource(source=str(make_files(*names)), per_class=2), labelled=True)
    assert images.labels is not None
    assert sorted(images.labels.tolist()) == [0, 0, 1, 1]
    assert first_folders(["a/b/c.png", "c.png", names[0]]) == ["a", "", "n01440764"]


CLASSES = ("ant/a.png", "cat/b.png", "dog/c.png")


@pytest.mark.parametrize("what", ["whole", "missing", "empty", "unread", "one level too deep"])
def test_sorted_counts_all_class_folders(make_files: MakeFiles, what: str) -> None:
    """What is missing is told by the count; what is empty, or can't be read, keeps its number."""
    root = make_files(*CLASSES)
    if what != "whole":
        (root / "ant/a.png").unlink()
    if what == "missing":
        (root / "ant").rmdir()
    if what == "unread":
        (root / "ant/a.heic").touch()
    source = root / "dog" if what == "one level too deep" else root
    if what == "one level too deep":
        (source / "deeper").mkdir()
        (source / "c.png").rename(source / "deeper/c.png")
    images = open_images(ImageSource(source=str(source), class_map="sorted"), labelled=True)
    assert images.labels is not None
    expected = {"whole": 3, "missing": 2, "empty": 3, "unread": 3, "one level too deep": 1}
    assert images.in_order == expected[what]
    if images.in_order == 3:
        assert images.labels.tolist()[-2:] == [1, 2]


def test_other_ways_of_numbering_count_nothing(make_files: MakeFiles) -> None:
    root = make_files("n15075141/a.png")
    assert open_images(ImageSource(source=str(root)), labelled=True).in_order is None


@pytest.mark.parametrize("parts", [("train", "val"), ("Training", "test", "VALID")])
def test_parts_of_a_data_set_are_no_classes(make_files: MakeFiles, parts: tuple[str, ...]) -> None:
    root = make_files(*(f"{part}/cat/a.png" for part in parts))
    with pytest.raises(LabelError, match="are parts of a data set and no classes"):
        open_images(ImageSource(source=str(root), class_map="sorted"), labelled=True)
    one = ImageSource(source=str(Path(root, parts[0])), class_map="sorted")
    assert open_images(one, labelled=True).in_order == 1


def test_parts_of_a_data_set_are_not_joined_by_the_names_of_files(make_files: MakeFiles) -> None:
    name = "n01440764/n01440764_1.png"
    root = make_files(f"train/{name}", f"val/{name}")
    with pytest.raises(LabelError, match="are parts of a data set and no classes"):
        open_images(ImageSource(source=str(root)), labelled=True)
    assert len(open_images(ImageSource(source=str(root)), labelled=False)) == 2
