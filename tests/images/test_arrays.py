"""Images in a NumPy file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import DataError, DuplicateIdError, LabelError
from samefeatures.images.arrays import open_arrays
from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 5, 4, 3), dtype=np.uint8)


def opened(path: Path, *, labelled: bool = False, **arrays: Any) -> ImageSet:
    np.savez(path / "a.npz", **arrays)
    return read(path / "a.npz", labelled=labelled)


def read(path: Path, *, labelled: bool = False) -> ImageSet:
    return open_arrays(ImageSource(source=str(path)), labelled=labelled, base=Path())


def test_colour_and_grey(tmp_path: Path) -> None:
    for pixels in (PIXELS, PIXELS[..., 0]):
        images = opened(tmp_path, images=pixels)
        assert list(images.ids) == [f"{i:02d}" for i in range(12)]
        assert images.labels is None
        for i in range(12):
            raw = images.read(i)
            assert isinstance(raw, Image.Image)
            assert np.array_equal(np.asarray(raw), pixels[i])
            assert decode(raw).size == (4, 5)


def test_labels_and_ids(tmp_path: Path) -> None:
    given = np.arange(12, dtype=np.uint8)[::-1]
    ids = np.array([f"x/{i}é" for i in range(12)])
    images = opened(tmp_path, labelled=True, images=PIXELS, labels=given, ids=ids)
    assert images.labels is not None
    assert images.labels.dtype == np.int64
    assert images.labels.tolist() == given.tolist()
    assert list(images.ids) == ids.tolist()


def test_the_fingerprint_is_the_content(tmp_path: Path) -> None:
    first = opened(tmp_path, images=PIXELS).fingerprint
    assert opened(tmp_path, images=PIXELS).fingerprint == first
    assert opened(tmp_path, images=PIXELS, labels=np.arange(12)).fingerprint == first
    labelled = [
        opened(tmp_path, images=PIXELS, labels=np.arange(12) + i, labelled=True) for i in (0, 1)
    ]
    assert [images.fingerprint for images in labelled] == [first, first]
    assert len({first, *(images.labelled_fingerprint for images in labelled)}) == 3
    changed = PIXELS.copy()
    changed[-1, -1, -1, -1] ^= 1
    others = [
        opened(tmp_path, images=changed),
        opened(tmp_path, images=PIXELS.reshape(12, 4, 5, 3)),
        opened(tmp_path, images=PIXELS, ids=np.array([f"{i}" for i in range(12)])),
    ]
    prints = {images.fingerprint for images in others}
    assert len(prints) == 3
    assert first not in prints


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"pictures": PIXELS}, "unknown array 'pictures'"),
        ({"images": PIXELS, "label": np.arange(12)}, r"'label'\. Did you mean 'labels'"),
        ({"labels": np.arange(12)}, "lacks images; it has labels"),
        ({"images": PIXELS.astype(np.float32)}, r"'images' float32 \(12, 5, 4, 3\)"),
        ({"images": PIXELS[0, 0]}, r"'images' uint8 \(4, 3\)"),
        ({"images": PIXELS.transpose(0, 3, 1, 2)}, "the last axis must be RGB"),
        ({"images": PIXELS, "labels": np.arange(11)}, r"12 images but 'labels' \(11,\)"),
        ({"images": PIXELS, "ids": np.array(["a"])}, r"12 images but 'ids' \(1,\)"),
        ({"images": PIXELS, "ids": np.arange(12)}, "ids are strings"),
        ({"images": PIXELS[:0]}, "empty"),
    ],
)
def test_arrays_that_are_wrong(tmp_path: Path, arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        opened(tmp_path, **arrays)


@pytest.mark.parametrize(
    "labels", [np.full(12, -1), np.zeros(12), np.zeros(12, bool), np.array(["a"] * 12)]
)
def test_labels_that_are_wrong(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(LabelError, match=r"a\.npz has"):
        opened(tmp_path, labelled=True, images=PIXELS, labels=labels)


def test_labels_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="no 'labels'"):
        opened(tmp_path, labelled=True, images=PIXELS)


def test_duplicate_ids(tmp_path: Path) -> None:
    with pytest.raises(DuplicateIdError, match="a"):
        opened(tmp_path, images=PIXELS[:2], ids=np.array(["a", "a"]))


class Bomb:
    """Unpickled, it would be noticed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it was unpickled",))


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    for arrays in (
        {"images": np.array([Bomb()], object)},
        {"images": PIXELS, "labels": np.array([Bomb()] * 12, object)},
    ):
        np.savez(tmp_path / "a.npz", allow_pickle=True, **arrays)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="pickled objects are not loaded"):
            read(tmp_path / "a.npz", labelled=True)


def test_files_that_are_no_npz(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "whole.npz", images=PIXELS)
    whole = (tmp_path / "whole.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[200] ^= 0xFF
    with (tmp_path / "single.npz").open("wb") as file:
        np.save(file, PIXELS)
    cases = {"cut": whole[:-50], "flipped": bytes(flipped), "empty": b"", "text": b"hello"}
    for name, raw in cases.items():
        (tmp_path / f"{name}.npz").write_bytes(raw)
    for name in (*cases, "single"):
        with pytest.raises(DataError, match=rf"{name}\.npz is cut short or is no \.npz"):
            read(tmp_path / f"{name}.npz")
    with pytest.raises(DataError, match="no file at"):
        read(tmp_path / "nothing.npz")
