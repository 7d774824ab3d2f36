"""Folders of images: classes by folder or by CSV, and files that change meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pictures import MakeFiles

from samefeatures.base.errors import DataError, LabelError, UnreadableImageError
from samefeatures.images.folder import open_folder
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource

SYNSETS = ("n15075141/a.png", "n02123045/b.png", "n02123045/c.png")


def opened(root: Path, *, labelled: bool = False, **settings: Any) -> ImageSet:
    source = ImageSource(source=str(root), **settings)
    return open_folder(source, labelled=labelled, base=Path())


def test_class_folders_by_synset(make_files: MakeFiles) -> None:
    root = make_files(*SYNSETS)
    images = opened(root, labelled=True)
    assert list(images.ids) == sorted(SYNSETS)
    assert images.labels is not None
    assert images.labels.tolist() == [281, 281, 999]
    for i, image in enumerate(images.ids):
        assert images.read(i) == (root / image).read_bytes()


def test_the_class_is_the_first_part_of_the_path(make_files: MakeFiles) -> None:
    root = make_files("n15075141/deep/er/a.png")
    images = opened(root, labelled=True)
    assert images.labels is not None
    assert images.labels.tolist() == [999]


def test_unlabelled_images_may_lie_anywhere(make_files: MakeFiles) -> None:
    images = opened(make_files("x.png", "no synset/y.png"))
    assert images.labels is None
    assert list(images.ids) == ["no synset/y.png", "x.png"]


def test_labels_that_are_not_known(make_files: MakeFiles) -> None:
    root = make_files("cat/a.png", "dog/b.png", "c.png")
    with pytest.raises(LabelError, match=r"1 of 3 images lie in no class folder.*c\.png"):
        opened(root, labelled=True)
    (root / "c.png").unlink()
    with pytest.raises(LabelError, match="2 of 2 class names are not ImageNet synsets"):
        opened(root, labelled=True)
    images = opened(root, labelled=True, class_map="sorted")
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1]


def test_a_flat_folder_with_a_csv(make_files: MakeFiles, tmp_path: Path) -> None:
    root = make_files("x.png", "y.png", "z.png")
    csv = tmp_path / "labels.csv"
    csv.write_text("file,label\nz.png,9\nx.png,7\ny.png,8\n")
    images = opened(root, labelled=True, labels=str(csv))
    assert images.labels is not None
    assert dict(zip(images.ids, images.labels.tolist(), strict=True)) == {
        "x.png": 7,
        "y.png": 8,
        "z.png": 9,
    }


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("x.png,0\n", r"1 images have no label \(y\.png\), 0 labelled"),
        ("x.png,0\ny.png,1\ngone.png,1\n", r"0 images have no label \(\), 1 labelled .*gone\.png"),
        ("x,0\ny,1\n", r"2 images have no label .*2 labelled .*Ids are paths"),
    ],
)
def test_a_csv_that_does_not_fit(
    make_files: MakeFiles, tmp_path: Path, rows: str, says: str
) -> None:
    root = make_files("x.png", "y.png")
    (tmp_path / "labels.csv").write_text(f"id,label\n{rows}")
    with pytest.raises(LabelError, match=says):
        opened(root, labelled=True, labels=str(tmp_path / "labels.csv"))


def test_no_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match="no image below"):
        opened(tmp_path, labelled=False)


def test_the_fingerprint_names_all_that_counts(make_files: MakeFiles) -> None:
    root = make_files(*SYNSETS)
    first = opened(root).fingerprint
    assert opened(root).fingerprint == first
    assert opened(root, labelled=True).fingerprint == first, "labels are no part of it"
    assert opened(root, labelled=True).labelled_fingerprint not in (first, None)
    file = root / SYNSETS[0]
    state = file.stat()
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    touched = opened(root).fingerprint
    assert touched != first
    file.write_bytes(file.read_bytes() + b"\0")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    longer = opened(root).fingerprint
    assert longer not in (first, touched)
    file.rename(file.with_name("other.png"))
    assert opened(root).fingerprint not in (first, touched, longer)


def test_the_place_of_a_folder_does_not_count(make_files: MakeFiles, tmp_path: Path) -> None:
    root = make_files(*SYNSETS)
    first = opened(root, labelled=True).fingerprint
    root.rename(tmp_path / "moved")
    assert opened(tmp_path / "moved", labelled=True).fingerprint == first


def test_a_file_that_changes_after_listing(make_files: MakeFiles) -> None:
    root = make_files("a.png", "b.png", "c.png")
    images = opened(root)
    (root / "a.png").write_bytes(b"another size")
    state = (root / "b.png").stat()
    os.utime(root / "b.png", ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    (root / "c.png").unlink()
    for i in (0, 1):
        with pytest.raises(DataError, match=r"rewritten after it was listed.*Run again"):
            images.read(i)
    with pytest.raises(DataError, match=r"c\.png is gone since it was listed"):
        images.read(2)


def test_a_file_that_cant_be_opened(make_files: MakeFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    images = opened(make_files("a.png"))

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UnreadableImageError, match="Permission denied"):
        images.read(0)
