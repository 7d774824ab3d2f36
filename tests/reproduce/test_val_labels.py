"""Labels of the flat validation images, held against torchvision's reading of the devkit."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from torchvision.datasets.imagenet import parse_devkit_archive

from samefeatures.base.errors import LabelError
from samefeatures.images.label_files import read_labels
from samefeatures.images.labels import imagenet_index
from samefeatures.reproduce.val_labels import label_validation, write_labels
from small_imagenet import SYNSETS, write_imagenet

IMAGES = 4 * len(SYNSETS)
RIGHT = [imagenet_index()[SYNSETS[i % len(SYNSETS)]] for i in range(IMAGES)]


@pytest.fixture
def val(tmp_path: Path) -> Path:
    return write_imagenet(tmp_path, train=1, val=4, flat=True) / "val"


def names(val: Path) -> list[str]:
    return sorted(path.name for path in val.iterdir())


def synset_of(index: int) -> str:
    return next(s for s, i in imagenet_index().items() if i == index)


def devkit(folder: Path) -> dict[str, int]:
    """A devkit as ImageNet's: IDs that are not in the order of synsets, inner nodes behind them."""
    synsets = sorted(imagenet_index())
    random.Random(0).shuffle(synsets)
    kind = [
        ("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("gloss", "O"),
        ("num_children", "O"), ("children", "O"), ("wordnet_height", "O"),
        ("num_train_images", "O"),
    ]  # fmt: skip
    rows = [(i, s, f"word {i}", "", 0, [], 0, 1300) for i, s in enumerate(synsets, start=1)]
    rows += [(1001 + i, f"n9{i:07}", "inner", "", 2, [1, 2], 1, 0) for i in range(20)]
    table = np.array(rows, dtype=kind).reshape(-1, 1)
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "meta.mat", {"synsets": table})
    ids = {s: i for i, s in enumerate(synsets, start=1)}
    lines = [str(ids[synset_of(index)]) for index in RIGHT]
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text("\n".join(lines) + "\n")
    return ids


def test_a_list_of_synsets(val: Path) -> None:
    path = val.parent / "imagenet_2012_validation_synset_labels.txt"
    path.write_text("\n".join(synset_of(i) for i in RIGHT) + "\n")
    assert label_validation(val, path) == dict(zip(names(val), RIGHT, strict=True))


def test_kaggles_file(val: Path) -> None:
    path = val.parent / "LOC_val_solution.csv"
    rows = [
        f"{name.removesuffix('.JPEG')},{synset_of(i)} 1 2 3 4 {synset_of(i)} 5 6 7 8"
        for name, i in zip(names(val), RIGHT, strict=True)
    ]
    path.write_text("\n".join(["ImageId,PredictionString", *reversed(rows)]) + "\n")
    assert label_validation(val, path) == dict(zip(names(val), RIGHT, strict=True))


def test_a_csv_of_ones_own(val: Path) -> None:
    path = val.parent / "mine.csv"
    rows = [f"{name},{synset_of(i)}" for name, i in zip(names(val), RIGHT, strict=True)]
    path.write_text("\n".join(["id,class", *rows]) + "\n")
    assert label_validation(val, path) == dict(zip(names(val), RIGHT, strict=True))


def test_the_devkits_numbers_are_read_by_its_own_table(val: Path) -> None:
    folder = val.parent / "ILSVRC2012_devkit_t12" / "data"
    ids = devkit(folder)
    truth = folder / "ILSVRC2012_validation_ground_truth.txt"
    assert label_validation(val, truth) == dict(zip(names(val), RIGHT, strict=True))
    in_order = [sorted(ids)[int(line) - 1] for line in truth.read_text().split()]
    assert in_order != [synset_of(i) for i in RIGHT], "sorted order would be wrong here"


def test_torchvision_reads_the_same_from_that_devkit(val: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import tarfile

    import torchvision.datasets.imagenet as theirs

    folder = val.parent / "ILSVRC2012_devkit_t12" / "data"
    devkit(folder)
    archive = val.parent / "ILSVRC2012_devkit_t12.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(val.parent / "ILSVRC2012_devkit_t12", "ILSVRC2012_devkit_t12")
    monkeypatch.setattr(theirs, "_verify_archive", lambda *_: None)
    parse_devkit_archive(val.parent)
    _, synsets = theirs.load_meta_file(val.parent)
    ours = label_validation(val, folder / "ILSVRC2012_validation_ground_truth.txt")
    assert [synset_of(ours[name]) for name in names(val)] == synsets


def test_numbers_without_the_table_are_refused(val: Path) -> None:
    folder = val.parent / "data"
    devkit(folder)
    (folder / "meta.mat").unlink()
    with pytest.raises(LabelError, match=r"not the order of sorted synsets .* Put the devkit's"):
        label_validation(val, folder / "ILSVRC2012_validation_ground_truth.txt")


@pytest.mark.parametrize(
    ("meta", "says"),
    [(b"no matlab file", "is not the devkit's table"), (None, "does not number the 1000 classes")],
)
def test_another_table_is_refused(val: Path, meta: bytes | None, says: str) -> None:
    folder = val.parent / "data"
    devkit(folder)
    path = folder / "meta.mat"
    if meta is None:
        few = np.array(
            [(1, "n01440764", 0)], [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("num_children", "O")]
        )
        scipy.io.savemat(path, {"synsets": np.array([few[0], few[0]]).reshape(-1, 1)})
    else:
        path.write_bytes(meta)
    with pytest.raises(LabelError, match=says):
        label_validation(val, folder / "ILSVRC2012_validation_ground_truth.txt")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no line"),
        ("1\n2000\n", "the number 2000"),
        ("n01440764\nn00000000\n", "'n00000000', which is not a synset"),
        ("n01440764\n" * 3, r"no label for 21 of the 24 images .*_00000004"),
    ],
)
def test_wrong_lists_are_refused(val: Path, text: str, says: str) -> None:
    devkit(val.parent)
    path = val.parent / "ILSVRC2012_validation_ground_truth.txt"
    path.write_text(text)
    with pytest.raises(LabelError, match=says):
        label_validation(val, path)


def test_images_without_a_label_are_refused(val: Path) -> None:
    path = val.parent / "mine.csv"
    path.write_text("id,label\nILSVRC2012_val_00000001.JPEG,3\n")
    with pytest.raises(LabelError, match="no label for 23 of the 24 images"):
        label_validation(val, path)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    found = {"b.JPEG": 7, "a.JPEG": 3}
    path = write_labels(found, tmp_path / "val_labels.csv")
    assert read_labels(path, class_map=None) == (found, None, {})


def test_a_labels_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    (tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG").write_bytes(b"")
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(LabelError, match="can't be read"):
        label_validation(tmp_path / "val", tmp_path / "labels.csv")
