"""From source strings to image sets; a setting without effect is refused."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import MakeFiles, picture
from PIL import ExifTags, Image

from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.images.decode import decoded
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images


@pytest.fixture
def base(make_files: MakeFiles) -> Path:
    """A folder, a tar, an npz, a class map and a CSV, all of the same two images."""
    root = make_files("cat/a.png", "dog/b.png")
    here = root.parent
    with tarfile.open(here / "packed.tar", "w") as archive:
        archive.add(root, "inside")
    pixels = np.stack([np.asarray(Image.open(p)) for p in sorted(root.rglob("*.png"))])
    np.savez(here / "arrays.npz", images=pixels, labels=np.array([3, 8]))
    (here / "map.json").write_text('{"cat": 3, "dog": 8}')
    (here / "labels.csv").write_text("id,label\ncat/a.png,3\ndog/b.png,8\n")
    return here


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "images", "class_map": "map.json"},
        {"source": "images/", "class_map": "map.json", "relist": True},
        {"source": "images", "labels": "labels.csv"},
        {"source": "packed.tar", "subdir": "inside", "class_map": "map.json"},
        {"source": "packed.tar", "subdir": "inside", "labels": "labels.csv"},
        {"source": "pack*.tar", "subdir": "inside", "labels": "labels.csv"},
        {"source": "arrays.npz"},
    ],
)
def test_paths_start_at_the_base(base: Path, settings: dict[str, Any]) -> None:
    images = open_images(ImageSource(**settings), labelled=True, base=base)
    assert images.labels is not None
    assert images.labels.tolist() == [3, 8]
    assert len(images) == 2
    assert images.read(0)
    assert images.name == Path(settings["source"]).stem.rstrip("*")


def test_paths_without_a_base_and_whole_paths(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base)
    here = open_images(ImageSource(source="images"), labelled=False)
    whole = open_images(ImageSource(source=str(base / "images")), labelled=False, base=Path("/"))
    assert here.fingerprint == whole.fingerprint
    monkeypatch.setenv("HOME", str(base))
    home = open_images(ImageSource(source="~/images"), labelled=False, base=Path("/"))
    assert home.fingerprint == whole.fingerprint


def test_the_word_sorted_is_no_path(base: Path) -> None:
    source = ImageSource(source="images", class_map="sorted")
    images = open_images(source, labelled=True, base=base)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/imagenette-4000.tar", "imagenette-4000"),
        ("cifar10.tar.gz", "cifar10"),
        ("x.tgz", "x"),
        ("shards/train-{000..127}.tar", "train"),
        ("shards/train-*.tar", "train"),
        ("{00..12}.tar", "images"),
        ("arrays.npz", "arrays"),
        ("images/val/", "val"),
        ("v1.2", "v1.2"),
        ("fashion-mnist:fit", "fashion-mnist-fit"),
        ("hf:user/set", "hf-user-set"),
        ("torchvision:CIFAR10", "torchvision-CIFAR10"),
    ],
)
def test_default_names(source: str, name: str) -> None:
    assert ImageSource(source=source).set_name == name


def test_a_name_of_ones_own(base: Path) -> None:
    source = ImageSource(source="images", name="mine")
    assert open_images(source, labelled=False, base=base).name == "mine"


def test_the_packaged_images() -> None:
    fit = open_images(ImageSource(source="fashion-mnist:fit"), labelled=False)
    held_out = open_images(ImageSource(source="fashion-mnist:eval"), labelled=True)
    assert len(fit) == len(held_out) == 10_000
    assert fit.fingerprint != held_out.fingerprint
    assert held_out.labels is not None
    assert np.bincount(held_out.labels).tolist() == [1000] * 10, "the test set is balanced"
    image = held_out.read(0)
    assert isinstance(image, Image.Image)
    assert image.size == (28, 28)
    # The first test image is an ankle boot (class 9), dark above and bright at its sole.
    assert held_out.labels[0] == 9
    assert np.asarray(image)[20:, :].mean() > np.asarray(image)[:8, :].mean()
    with pytest.raises(LabelError, match="no 'labels'"):
        open_images(ImageSource(source="fashion-mnist:fit"), labelled=True)
    with pytest.raises(DataError, match="fashion-mnist:train does not exist"):
        open_images(ImageSource(source="fashion-mnist:train"), labelled=False)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"source": "images", "subdir": "x"}, "'subdir' has no effect.*'folder'"),
        ({"source": "images", "split": "x"}, "'split' has no effect"),
        ({"source": "images", "options": {"a": 1}}, "'options' has no effect"),
        ({"source": "packed.tar", "split": "x"}, "It takes labels, class_map, subdir, relist"),
        ({"source": "arrays.npz", "labels": "labels.csv"}, "It takes none"),
        ({"source": "arrays.npz", "relist": True}, "'relist' has no effect"),
        ({"source": "hf:x", "labels": "labels.csv"}, "It takes class_map, split, options"),
        ({"source": "torchvision:FakeData", "split": "x"}, "It takes class_map, options"),
        ({"source": "fashion-mnist:eval", "class_map": "sorted"}, "It takes none"),
    ],
)
def test_settings_without_effect(base: Path, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        open_images(ImageSource(**settings), labelled=True, base=base)


@pytest.mark.parametrize("setting", [{"labels": "labels.csv"}, {"class_map": "map.json"}])
def test_labels_have_no_effect_where_none_are_read(base: Path, setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no effect where labels are not read"):
        open_images(ImageSource(source="images", **setting), labelled=False, base=base)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nothing", r"no folder at .*nothing\. An image source is"),
        ("nothing.tar", "no archive at"),
        ("nothing.npz", "no file at"),
        ("huggingface:x", "hf:NAME"),
        ("labels.csv", "no folder at"),
    ],
)
def test_what_is_not_there(base: Path, source: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        open_images(ImageSource(source=source), labelled=False, base=base)


def test_limit_is_spread_evenly_over_the_ordered_set(tmp_path: Path) -> None:
    pixels = np.arange(100, dtype=np.uint8)[:, None, None] * np.ones((100, 2, 2), np.uint8)
    np.savez(tmp_path / "a.npz", images=pixels, labels=np.arange(100))

    def limited(limit: int | None) -> Any:
        source = ImageSource(source="a.npz", limit=limit)
        return open_images(source, labelled=True, base=tmp_path)

    whole = limited(None)
    for limit in (1, 3, 7, 50, 99):
        images = limited(limit)
        assert len(images) == limit
        steps = np.diff(images.labels)
        assert limit == 1 or set(steps) <= {100 // limit, -(-100 // limit)}
        assert [np.asarray(images.read(i))[0, 0] for i in range(limit)] == images.labels.tolist()
        assert [int(i) for i in images.ids] == images.labels.tolist()
        assert images.fingerprint != whole.fingerprint
    assert limited(7).fingerprint == limited(7).fingerprint != limited(50).fingerprint
    assert limited(100).fingerprint == limited(1000).fingerprint == whole.fingerprint
    with pytest.raises(ConfigError, match="limit is 0"):
        limited(0)


def test_per_class_takes_as_many_of_each_folder(make_files: MakeFiles) -> None:
    names = [f"{kind}/{i:02}.png" for kind, n in (("a", 10), ("b", 2), ("c", 5)) for i in range(n)]
    root = make_files(*names)

    def chosen(source: str = "images", **settings: Any) -> list[str]:
        spec = ImageSource(source=source, **settings)
        images = open_images(spec, labelled=False, base=root.parent)
        assert [images.read(i) for i in range(len(images))] == [
            (root / name).read_bytes() for name in images.ids
        ]
        return list(images.ids)

    assert chosen(per_class=1) == ["a/00.png", "b/00.png", "c/00.png"]
    three = ["a/00.png", "a/03.png", "a/06.png", "b/00.png", "b/01.png"]
    assert chosen(per_class=3) == [*three, "c/00.png", "c/01.png", "c/03.png"]
    assert chosen(per_class=10) == chosen() == names
    assert len(chosen(per_class=3, limit=4)) == 4
    with tarfile.open(root.parent / "all.tar", "w") as archive:
        archive.add(root, ".")
    packed = ImageSource(source="all.tar", per_class=3)
    assert list(open_images(packed, labelled=False, base=root.parent).ids) == chosen(per_class=3)


def test_per_class_changes_the_fingerprint_only_where_it_leaves_images_out(
    make_files: MakeFiles,
) -> None:
    root = make_files("a/0.png", "a/1.png", "a/2.png", "b/0.png")

    def fingerprint(per_class: int | None) -> str:
        source = ImageSource(source="images", per_class=per_class)
        return open_images(source, labelled=False, base=root.parent).fingerprint

    assert len({fingerprint(n) for n in (None, 1, 2, 3, 4)}) == 3


def test_per_class_needs_class_folders(make_files: MakeFiles) -> None:
    root = make_files("a/0.png", "1.png")
    with pytest.raises(DataError, match=r"1\.png lies in none"):
        open_images(ImageSource(source="images", per_class=1), labelled=False, base=root.parent)
    with pytest.raises(ConfigError, match="per_class is 0"):
        ImageSource(source="images", per_class=0)
    with pytest.raises(ConfigError, match="'per_class' has no effect"):
        open_images(ImageSource(source="hf:x", per_class=1), labelled=False)


@pytest.mark.parametrize("packed", [False, True])
def test_exif_orientations_are_applied_or_ignored(tmp_path: Path, packed: bool) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / "set").mkdir()
    picture(size=(6, 4)).save(tmp_path / "set/a.jpg", exif=exif)
    if packed:
        with tarfile.open(tmp_path / "set.tar", "w") as archive:
            archive.add(tmp_path / "set/a.jpg", "a.jpg")
    source = "set.tar" if packed else "set"
    found = {}
    for exif_is in (None, "apply", "ignore"):
        spec = ImageSource(source=source, exif=exif_is)
        found[exif_is] = open_images(spec, labelled=False, base=tmp_path)
    assert [decoded(images, 0).size for images in found.values()] == [(4, 6), (4, 6), (6, 4)]
    plain, applied, ignored = (images.fingerprint for images in found.values())
    assert plain == applied != ignored


def test_exif_is_one_of_two_words() -> None:
    with pytest.raises(ConfigError, match=r"exif is 'ignor'\. Did you mean 'ignore'"):
        ImageSource(source="x", exif="ignor")
    with pytest.raises(ConfigError, match="'exif' has no effect"):
        open_images(ImageSource(source="fashion-mnist:fit", exif="ignore"), labelled=False)
