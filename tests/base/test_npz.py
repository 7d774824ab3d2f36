"""Files of arrays: whole or not at all, and whatever damage does to them is one kind of error."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import (
    CheckpointError,
    DataError,
    FileError,
    NoFileError,
    StoreDamagedError,
)
from samefeatures.base.npz import load_npz, read_npz, write_npz
from samefeatures.maps.checkpoint import Checkpoint
from samefeatures.maps.curve import LossCurve
from samefeatures.moments.blocks import Blocks
from samefeatures.moments.record import Moments


def test_arrays_come_back_to_the_bit(tmp_path: Path) -> None:
    arrays = {"a b": np.arange(6.0).reshape(2, 3), "text": np.array("ä"), "none": np.zeros((0, 4))}
    write_npz(tmp_path / "x.npz", arrays)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]
    again = load_npz(tmp_path / "x.npz")
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert np.array_equal(again[name], array)
    assert list(load_npz(tmp_path / "x.npz", ["text"])) == ["text"]
    with pytest.raises(FileError, match="no array 'other'"):
        load_npz(tmp_path / "x.npz", ["other"])
    with pytest.raises(NoFileError):
        load_npz(tmp_path / "y.npz")


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        write_npz(tmp_path / "x.npz", {"a": np.array([object()])})
    assert not list(tmp_path.iterdir())
    np.savez(tmp_path / "x.npz", a=np.array([{}]))
    with pytest.raises(FileError, match="pickle"):
        load_npz(tmp_path / "x.npz")


def moments() -> Moments:
    out = Moments(["a", "b"], [2, 3])
    out.update(*(np.random.default_rng(0).normal(size=(9, d)) for d in out.dims))
    return out


def write_moments(path: Path) -> None:
    moments().save(path)


def write_blocks(path: Path) -> None:
    Blocks(n=3, means={"a": np.ones(9)}, products={("a", "a"): np.eye(9)}).save(path)


def write_curve(path: Path) -> None:
    LossCurve(unit="batch", loss=np.arange(30.0)).save(path)


def write_checkpoint(path: Path) -> None:
    Checkpoint(path, "key").save({"weight": np.eye(9)})


def read_checkpoint(path: Path) -> object:
    return Checkpoint(path, "key").load()


@pytest.mark.filterwarnings("ignore")  # NumPy and zipfile warn of some damage before they fail
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("write", "read"),
    [
        (write_moments, Moments.load),
        (write_blocks, Blocks.load),
        (write_curve, LossCurve.load),
        (write_checkpoint, read_checkpoint),
    ],
)
def test_any_flipped_bit_is_found_or_harmless(
    tmp_path: Path, write: Callable[[Path], None], read: Callable[[Path], object], packed: bool
) -> None:
    """Of a file as it is written, and of one that somebody has compressed."""
    path = tmp_path / "x.npz"
    write(path)
    if packed:
        np.savez_compressed(path, **load_npz(path))
    whole, rng, found = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(600):
        damaged = bytearray(whole)
        damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            read(path)
        except StoreDamagedError:
            found += 1
    assert found > 300


# --- files from anywhere --------------------------------------------------------------------------


def from_anywhere(path: Path) -> dict[str, np.ndarray]:
    return read_npz(path, ("a",), optional=("b",), refused=DataError, damaged=CheckpointError)


def test_arrays_by_name(tmp_path: Path) -> None:
    given = {"a": np.arange(6).reshape(2, 3), "b": np.array(["x", "y"])}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **given)
        found = from_anywhere(tmp_path / "x.npz")
        assert list(found) == ["a", "b"]
        for name, array in given.items():
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"b": np.ones(2)}, r"lacks a; it has b\. It needs a\."),
        ({"a": np.ones(2), "bb": np.ones(2)}, r"unknown array 'bb'\. Did you mean 'b'"),
    ],
)
def test_other_names_are_refused(tmp_path: Path, arrays, message: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=message):
        from_anywhere(tmp_path / "x.npz")


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("it was unpickled",))


def test_damage_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.arange(1000))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[100] ^= 0xFF
    with (tmp_path / "single").open("wb") as file:
        np.save(file, np.ones(3))
    cases = [whole[:-30], b"", b"text", bytes(flipped), pickle.dumps(Bomb())]
    for raw in (*cases, (tmp_path / "single").read_bytes()):
        path.write_bytes(raw)
        with pytest.raises(CheckpointError, match=r"x\.npz is cut short or is no \.npz") as caught:
            from_anywhere(path)
        assert "\n" not in str(caught.value)
    np.savez(path, a=np.array([Bomb()], object))
    with pytest.raises(CheckpointError, match=r"'a' holds pickled objects"):
        from_anywhere(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a.npy", b"not an array")
    with pytest.raises(CheckpointError, match="'a': no array"):
        from_anywhere(path)
    with pytest.raises(DataError, match="There is no file at"):
        from_anywhere(tmp_path / "gone.npz")
