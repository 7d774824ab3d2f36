"""Files of arrays: whole or not at all, and whatever damage does to them is one kind of error."""

from __future__ import annotations

import os
import pickle
import warnings
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
from samefeatures.base.npz import check_kinds, load_npz, read_npz, write_npz
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps.checkpoint import Checkpoint
from samefeatures.maps.curve import LossCurve


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
    with pytest.raises(CheckpointError, match="packed in a way that NumPy does not write"):
        from_anywhere(path)
    with pytest.raises(DataError, match="There is no file at"):
        from_anywhere(tmp_path / "gone.npz")


def header(
    descr: str = "'<f8'", shape: str = "(3,)", order: str = "False", extra: str = ""
) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, {extra}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


THREE = np.arange(3.0).tobytes()
MEMBERS = {
    "huge shape": header(shape="(1000000000000,)") + THREE,
    "huge and empty": header(shape="(1000000000000, 0)"),
    "no bytes": header("'<U0'", "(1000000000000,)"),
    "negative": header(shape="(-1, -3)") + THREE,
    "one byte less": header() + THREE[:-1],
    "one byte more": header() + THREE + b"x",
    "object": header("'|O'") + pickle.dumps([1, 2, 3]),
    "object inside": header("[('a', '|O')]", "(1,)") + pickle.dumps([1]),
    "no type": header("'zz'") + THREE,
    "shape of floats": header(shape="(3.0,)") + THREE,
    "shape of nothing": header(shape="None") + THREE,
    "another key": header(extra="'more': 1") + THREE,
    "code": header(shape="__import__('os').abort()") + THREE,
    "brackets": header(shape="(" * 3000 + ")" * 3000) + THREE,
    "signs": header(shape="-" * 5000 + "1") + THREE,
    "digits": header(shape="(" + "9" * 5000 + ",)") + THREE,
    "no header": b"\x93NUMPY\x01\x00\xff\xff",
    "version": b"\x93NUMPY\x07\x00" + header()[8:] + THREE,
    "empty": b"",
    "text": b"no array at all",
}


@pytest.mark.parametrize("what", MEMBERS)
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_an_array_claims_is_checked_first(tmp_path: Path, what: str, packing: int) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", packing) as file:
        file.writestr("a.npy", MEMBERS[what])
    with pytest.raises(FileError) as caught:
        load_npz(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match=r"is no \.npz of plain arrays"):
        from_anywhere(path)


def test_a_sound_array_made_by_hand_is_read(tmp_path: Path) -> None:
    """Or the cases above would prove nothing."""
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("a.npy", header() + THREE)
    np.testing.assert_array_equal(load_npz(tmp_path / "x.npz")["a"], np.arange(3.0))


def test_archives_that_are_no_arrays(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    whole = path.read_bytes()
    at = whole.index(b"PK\x01\x02") + 8
    path.write_bytes(whole[:at] + bytes([whole[at] | 1]) + whole[at + 1 :])
    with pytest.raises(FileError, match="encrypted"):
        load_npz(path)
    bomb = whole.replace((128 + 24).to_bytes(4, "little"), (2**31).to_bytes(4, "little"))
    path.write_bytes(bomb)
    with pytest.raises(FileError):
        load_npz(path)
    for names in (["a.npy", "a.npy"], ["a.txt"], ["a.npy", "b"]):
        with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings(action="ignore"):
            for name in names:
                file.writestr(name, header() + THREE)
        with pytest.raises(FileError, match=r"twice|no array"):
            load_npz(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="no regular file"):
        load_npz(tmp_path / "pipe")


@pytest.mark.parametrize(
    "array",
    [np.ones(3), np.ones((2, 3), np.float32), np.array(3), np.array(["a"]), np.ones((1, 2, 3))],
)
def test_kinds_and_axes(array: np.ndarray) -> None:
    check_kinds({"a": np.ones((2, 2), np.int8)}, {"a": ("iu", 2)})
    with pytest.raises(FileError, match=r"'a' is .*; it must be whole numbers with 2 axes"):
        check_kinds({"a": array}, {"a": ("i", 2)})
    with pytest.raises(FileError, match="no array 'b'"):
        check_kinds({"a": array}, {"b": ("i", 2)})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", ["b", "eighteen-letters-x"])
def test_no_bit_of_the_table_of_contents_hides_an_array(
    tmp_path: Path, save: Callable[..., None], name: str
) -> None:
    """A comment that is not there may swallow the entries behind it."""
    path = tmp_path / "x.npz"
    save(path, **{"a": np.arange(3), name: np.arange(5), "c": np.ones(2)})
    whole = path.read_bytes()
    sound = load_npz(path)
    for bit in range(8 * whole.index(b"PK\x01\x02"), 8 * len(whole)):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        path.write_bytes(altered)
        try:
            found = load_npz(path)
        except FileError:
            continue
        assert list(found) == list(sound), f"bit {bit}"
        assert all(np.array_equal(found[key], sound[key]) for key in sound)
