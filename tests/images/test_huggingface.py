"""Hugging Face datasets, made here and read without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pictures import encoded, picture

from samefeatures.base.errors import (
    ConfigError,
    DataError,
    LabelError,
    MissingExtraError,
    UnreadableImageError,
)
from samefeatures.images.huggingface import _reader, open_huggingface
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource

datasets = pytest.importorskip("datasets")

FILES = [encoded(picture(k)) for k in range(6)]


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf-cache")
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def table(**columns: Any) -> Any:
    """A dataset of the six pictures and other columns; a list of names is a ClassLabel's."""
    names = columns.pop("names", None)
    built = datasets.Dataset.from_dict(
        {"image": [{"bytes": raw, "path": None} for raw in FILES], **columns}
    ).cast_column("image", datasets.Image())
    return built.cast_column("label", datasets.ClassLabel(names=names)) if names else built


def saved(folder: Path, built: Any) -> Path:
    built.save_to_disk(str(folder))
    return folder


def opened(
    path: Path,
    *,
    labelled: bool = True,
    split: str | None = None,
    class_map: Any = None,
    **options: Any,
) -> ImageSet:
    source = ImageSource(
        source=f"hf:{path.name}", split=split, options=options, class_map=class_map
    )
    return open_huggingface(source, labelled=labelled, base=path.parent)


def labels(images: ImageSet) -> list[int]:
    assert images.labels is not None
    return images.labels.tolist()


def test_saved_to_disk(tmp_path: Path) -> None:
    path = saved(tmp_path / "set", table(label=[3, 1, 4, 1, 5, 9]))
    images = opened(path)
    assert labels(images) == [3, 1, 4, 1, 5, 9]
    assert list(images.ids) == list("012345")
    assert [images.read(i) for i in range(6)] == FILES, "bytes arrive undecoded"
    assert opened(path, labelled=False).labels is None


def test_other_columns(tmp_path: Path) -> None:
    built = table(y=list(range(6)), key=[f"k{i}" for i in range(6)]).rename_column("image", "img")
    images = opened(
        saved(tmp_path / "set", built), image_column="img", label_column="y", id_column="key"
    )
    assert labels(images) == list(range(6))
    assert list(images.ids) == [f"k{i}" for i in range(6)]
    assert images.read(5) == FILES[5]


def test_classes_that_are_synsets_are_mapped_by_synset(tmp_path: Path) -> None:
    """The dataset numbers its three classes 0 to 2; the networks know them by other numbers."""
    synsets = ["n01443537", "n02123045", "n15075141"]
    built = table(label=[0, 1, 2, 0, 1, 2], names=synsets)
    assert labels(opened(saved(tmp_path / "set", built))) == [1, 281, 999] * 2
    texts = table(label=[synsets[k % 3] for k in range(6)])
    assert labels(opened(saved(tmp_path / "texts", texts))) == [1, 281, 999] * 2


def test_class_names_and_a_class_map(tmp_path: Path) -> None:
    path = saved(tmp_path / "set", table(label=[0, 1] * 3, names=["cat", "dog"]))
    assert labels(opened(path)) == [0, 1] * 3, "without a map the dataset's own numbers stand"
    (tmp_path / "map.json").write_text(json.dumps({"cat": 7, "dog": 5}))
    assert labels(opened(path, class_map=str(tmp_path / "map.json"))) == [7, 5] * 3
    texts = saved(tmp_path / "texts", table(label=["cat", "dog"] * 3))
    assert labels(opened(texts, class_map="sorted")) == [0, 1] * 3
    with pytest.raises(LabelError, match="not ImageNet synsets"):
        opened(texts)
    plain = saved(tmp_path / "plain", table(label=[0, 1] * 3))
    with pytest.raises(ConfigError, match="class_map has no effect"):
        opened(plain, class_map="sorted")


def test_splits(tmp_path: Path) -> None:
    whole = table(label=list(range(6)))
    both = datasets.DatasetDict(
        {"train": whole.select(range(4)), "test": whole.select(range(4, 6))}
    )
    path = saved(tmp_path / "set", both)
    assert labels(opened(path, split="test")) == [4, 5]
    assert opened(path, split="test").read(0) == FILES[4]
    for split in (None, "validation"):
        with pytest.raises(DataError, match=r"splits train, test"):
            opened(path, split=split)
    with pytest.raises(ConfigError, match="'split' has no effect"):
        opened(saved(tmp_path / "single", whole), split="test")


def imagefolder(root: Path) -> Path:
    for k, raw in enumerate(FILES):
        folder = root / ("n02123045" if k % 2 else "n15075141")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{k}.png").write_bytes(raw)
    return root


def test_a_folder_that_load_dataset_reads(tmp_path: Path) -> None:
    """``imagefolder`` numbers classes in sorted order; the true indices are 281 and 999."""
    path = imagefolder(tmp_path / "pictures")
    images = opened(path, split="train")
    assert sorted(labels(images)) == [281] * 3 + [999] * 3
    for i, label in enumerate(labels(images)):
        k = FILES.index(images.read(i))  # type: ignore[arg-type]
        assert label == (281 if k % 2 else 999)
    by_option = opened(tmp_path / "imagefolder", split="train", data_dir="pictures")
    assert labels(by_option) == labels(images)


def test_slices_of_a_split_differ(tmp_path: Path) -> None:
    path = imagefolder(tmp_path / "pictures")
    front, back = (opened(path, labelled=False, split=s) for s in ("train[:3]", "train[3:]"))
    assert len(front) == len(back) == 3
    assert list(front.ids) == list(back.ids)
    assert front.fingerprint != back.fingerprint


def test_the_fingerprint_is_the_same_in_the_next_process(tmp_path: Path) -> None:
    saved(tmp_path / "set", table(label=list(range(6))))
    imagefolder(tmp_path / "pictures")
    code = """
import sys
from pathlib import Path
from samefeatures.images.sources import ImageSource, open_images
for path, split in (("set", None), ("pictures", "train")):
    source = ImageSource(source=f"hf:{path}", split=split)
    images = open_images(source, labelled=True, base=Path(sys.argv[1]))
    print(images.fingerprint)
"""
    environment = {
        **os.environ,
        **{"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"},
        "HF_DATASETS_CACHE": str(tmp_path / "hf-cache"),
    }
    command = [sys.executable, "-c", code, str(tmp_path)]
    runs = [
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0].split())) == 2


def test_the_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    base = opened(saved(tmp_path / "a", table(label=[0] * 6))).fingerprint
    other = table(label=[0] * 6).select([1, 0, 2, 3, 4, 5])
    assert opened(saved(tmp_path / "b", other)).fingerprint != base
    assert opened(saved(tmp_path / "c", table(label=[0] * 5 + [1]))).fingerprint != base
    arrow = next((tmp_path / "a").glob("*.arrow"))
    state = arrow.stat()
    os.utime(arrow, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert opened(tmp_path / "a").fingerprint != base


@pytest.mark.parametrize(
    ("columns", "settings", "error", "says"),
    [
        ({}, {"image_colunm": "x"}, ConfigError, r"'image_colunm'. Did you mean 'image_column'"),
        ({}, {"config": "x"}, ConfigError, "'config' has no effect"),
        ({}, {"image_column": "x"}, DataError, "no column 'x'; it has image, label"),
        ({}, {"image_column": "label"}, DataError, "not images"),
        ({}, {"id_column": "x"}, DataError, "no column 'x'"),
        ({}, {"label_column": "x"}, LabelError, "no column 'x'"),
        ({"label": [0.5] * 6}, {}, LabelError, "labels of type float64"),
        ({"label": [0, None, 1, 2, 3, 4]}, {}, LabelError, "1 images without a label"),
        ({"label": [0, -1, 1, 2, 3, 4]}, {}, LabelError, "the label -1"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path,
    columns: dict[str, Any],
    settings: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    path = saved(tmp_path / "set", table(**{"label": list(range(6)), **columns}))
    with pytest.raises(error, match=says):
        opened(path, **settings)


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="hf:empty can't be loaded"):
        opened(tmp_path / "empty", split="train")


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[hf\]'"):
        opened(tmp_path)


def test_a_row_without_an_image_is_left_out(tmp_path: Path) -> None:
    built = datasets.Dataset.from_dict({"image": [{"bytes": FILES[0], "path": None}, None]})
    built = built.cast_column("image", datasets.Image())
    images = opened(saved(tmp_path / "set", built), labelled=False)
    assert images.read(0) == FILES[0]
    with pytest.raises(UnreadableImageError, match="the row holds no image"):
        images.read(1)


@pytest.mark.parametrize("kind", ["pipe", "device", "gone"])
def test_a_row_that_names_no_regular_file_is_left_out(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.png"
    if kind == "pipe":
        os.mkfifo(path)
    place = "/dev/zero" if kind == "device" else str(path)
    read = _reader([{"image": {"bytes": None, "path": place}}], "image")
    with pytest.raises(UnreadableImageError, match="can't be opened"):
        read(0)
