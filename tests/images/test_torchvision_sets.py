"""Data set classes of torchvision, on files made here."""

from __future__ import annotations

import gzip
import json
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import MakeFiles
from PIL import Image

from samefeatures.base.errors import (
    ConfigError,
    DataError,
    LabelError,
    MissingExtraError,
    UnreadableImageError,
)
from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource
from samefeatures.images.torchvision_sets import open_torchvision

sets = pytest.importorskip("torchvision.datasets")

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
LABELS = np.arange(9, dtype=np.uint8)[::-1]


def opened(
    kind: str, base: Path, *, labelled: bool = True, class_map: Any = None, **options: Any
) -> ImageSet:
    source = ImageSource(source=f"torchvision:{kind}", options=options, class_map=class_map)
    return open_torchvision(source, labelled=labelled, base=base)


def labels(images: ImageSet) -> list[int]:
    assert images.labels is not None
    return images.labels.tolist()


def write_idx(root: Path, kind: str, pixels: np.ndarray = PIXELS) -> None:
    """The four files of an MNIST-like set, as its makers publish them."""
    raw = root / kind / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        images = struct.pack(">IIII", 2051, *pixels.shape) + pixels.tobytes()
        answers = struct.pack(">II", 2049, len(LABELS)) + LABELS.tobytes()
        for name, data in (("images-idx3", images), ("labels-idx1", answers)):
            (raw / f"{part}-{name}-ubyte").write_bytes(data)
            (raw / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(data))


def test_fashion_mnist_from_its_idx_files(tmp_path: Path) -> None:
    write_idx(tmp_path / "files", "FashionMNIST")
    images = opened("FashionMNIST", tmp_path, root="files", train=False)
    assert labels(images) == LABELS.tolist()
    assert list(images.ids) == list("012345678")
    for i in range(9):
        raw = images.read(i)
        assert isinstance(raw, Image.Image)
        assert np.array_equal(np.asarray(raw), PIXELS[i])
        assert np.array_equal(np.asarray(decode(raw))[:, :, 2], PIXELS[i])
    assert opened("FashionMNIST", tmp_path, labelled=False, root="files").labels is None


def test_the_fingerprint_is_the_pixels(tmp_path: Path) -> None:
    write_idx(tmp_path / "a", "FashionMNIST")
    first = opened("FashionMNIST", tmp_path, root="a").fingerprint
    assert opened("FashionMNIST", tmp_path, root="a").fingerprint == first
    changed = PIXELS.copy()
    changed[4, 4, 4] ^= 1
    write_idx(tmp_path / "a", "FashionMNIST", changed)
    assert opened("FashionMNIST", tmp_path, root="a").fingerprint != first


def test_fake_data_from_many_threads(tmp_path: Path) -> None:
    """This class seeds torch's generator for every image: only one thread may be inside."""
    options = {"size": 40, "image_size": (3, 12, 10), "num_classes": 7}
    images = opened("FakeData", tmp_path, **options)
    reference = sets.FakeData(**options)
    expected = [reference[i] for i in range(40)]
    assert labels(images) == [int(label) for _, label in expected]
    order = list(range(40)) * 5
    with ThreadPoolExecutor(8) as pool:
        for i, image in zip(order, pool.map(images.read, order), strict=True):
            assert np.array_equal(np.asarray(image), np.asarray(expected[i][0]))
    other = opened("FakeData", tmp_path, **options, random_offset=1)
    assert other.fingerprint != images.fingerprint


def test_image_folders_of_synsets_are_mapped_by_synset(make_files: MakeFiles) -> None:
    root = make_files("n15075141/a.png", "n02123045/b.png")
    images = opened("ImageFolder", root.parent, root=root.name)
    assert labels(images) == [281, 999]
    first = images.fingerprint
    (root / "n02123045/b.png").write_bytes((root / "n15075141/a.png").read_bytes() + b" ")
    assert opened("ImageFolder", root.parent, root=root.name).fingerprint != first


def test_image_folders_and_a_class_map(make_files: MakeFiles, tmp_path: Path) -> None:
    root = make_files("cat/a.png", "dog/b.png")
    assert labels(opened("ImageFolder", tmp_path, root=str(root))) == [0, 1]
    (tmp_path / "map.json").write_text(json.dumps({"cat": 6, "dog": 4}))
    mapped = opened("ImageFolder", tmp_path, root=str(root), class_map=tmp_path / "map.json")
    assert labels(mapped) == [6, 4]


def test_an_image_that_torchvision_cant_read(make_files: MakeFiles) -> None:
    root = make_files("cat/a.png", "cat/b.png")
    (root / "cat/b.png").write_bytes((root / "cat/b.png").read_bytes()[:45])
    images = opened("ImageFolder", root.parent, root=root.name)
    assert decode(images.read(0)).mode == "RGB"
    with pytest.raises(UnreadableImageError, match="torchvision can't read it"):
        images.read(1)


@pytest.mark.parametrize(
    ("kind", "options", "error", "says"),
    [
        ("FasionMNIST", {}, DataError, "no 'FasionMNIST'"),
        ("os", {}, DataError, "no 'os'"),
        ("FakeData", {"sise": 3}, ConfigError, "'sise'. Did you mean 'size'"),
        ("FakeData", {"transform": "x"}, ConfigError, "unknown option 'transform'"),
        ("FashionMNIST", {"root": "."}, DataError, "'download: true' fetches it"),
        ("FashionMNIST", {}, DataError, "can't be opened"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, kind: str, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        opened(kind, tmp_path, **options)


def test_labels_that_are_no_indices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(sets.FakeData):  # type: ignore[misc, name-defined]
        targets = tuple(0.5 for _ in range(3))

    monkeypatch.setattr(sets, "FakeData", Odd)
    with pytest.raises(LabelError, match="labels of type float64"):
        opened("FakeData", tmp_path, size=3)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision.datasets")
    with pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[torchvision\]'"):
        opened("FakeData", tmp_path)


def test_postscript_in_a_data_set_of_torchvision_is_not_interpreted(
    make_files: MakeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import EpsImagePlugin

    runs: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: runs.append(args))
    root = make_files("cat/a.png", "cat/b.jpg")
    (root / "cat/b.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    images = opened("ImageFolder", root.parent, labelled=False, root=root.name)
    with pytest.raises(UnreadableImageError, match="cannot identify"):
        images.read(1)
    assert not runs
