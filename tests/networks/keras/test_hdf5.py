"""HDF5 files that would hang, grow or reach beyond themselves are refused by another process."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samefeatures.base.errors import CheckpointError, FileError, NetworkError
from samefeatures.networks.keras import hdf5
from samefeatures.networks.keras.hdf5 import check_hdf5
from samefeatures.networks.load import load

h5py = pytest.importorskip("h5py")
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


def sound(file: Any) -> None:
    group = file.create_group("layers/dense/vars")
    group["0"] = VALUES
    group["1"] = VALUES[0]
    group.create_dataset("2", data=np.zeros(1000, np.float32), compression="gzip")
    file.attrs["layer_names"] = np.array([b"dense", b"pool"])
    file["again"] = group  # a group with two names, one of them within itself
    group["self"] = group


def linked(file: Any) -> None:
    file["other"] = h5py.ExternalLink("other.h5", "/a")


def soft(file: Any) -> None:
    file["other"] = h5py.SoftLink("/layers")


def outside(file: Any) -> None:
    file.create_dataset("a", (4,), "f4", external=[("/etc/hostname", 0, 16)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


def huge(file: Any) -> None:
    file.create_dataset("a", (2**40,), "f4")


def huge_in_pieces(file: Any) -> None:
    file.create_dataset("a", (2**40,), "f4", chunks=(2**20,), compression="gzip")


BAD: dict[Callable[[Any], None], str] = {
    linked: "is a link",
    soft: "is a link",
    outside: "has its values in another file",
    virtual: "has its values in another file",
    huge: "is said to be of 4,398,046,511,104 bytes",
    huge_in_pieces: "is said to be of 4,398,046,511,104 bytes",
}


def write(path: Path, make: Callable[[Any], None]) -> Path:
    """As HDF5, or inside a ``.keras`` archive, by the name."""
    inner = path.with_name("inner.h5")
    with h5py.File(inner, "w") as file:
        make(file)
    if path.suffix != ".keras":
        return inner.rename(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, hdf5.WEIGHTS)
        archive.writestr("config.json", "{}")
    return path


@pytest.mark.parametrize("name", ["a.h5", "a.weights.h5", "a.keras"])
def test_sound_files_pass(tmp_path: Path, name: str) -> None:
    check_hdf5(write(tmp_path / name, sound))


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["a.h5", "a.keras"])
def test_files_that_reach_beyond_themselves(tmp_path: Path, name: str, make) -> None:
    with pytest.raises(FileError, match=BAD[make]):
        check_hdf5(write(tmp_path / name, make))


def test_archives_that_grow(tmp_path: Path) -> None:
    for member, size in (("config.json", hdf5.CONFIG_BYTES + 1), (hdf5.WEIGHTS, 2**26)):
        path = tmp_path / "a.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, bytes(size))
        with pytest.raises(FileError, match=f"'{member}' in it would be of {size:,} bytes"):
            check_hdf5(path)


def test_a_reading_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch) -> None:
    path = write(tmp_path / "a.h5", sound)
    monkeypatch.setattr(hdf5, "SECONDS", 0.01)
    with pytest.raises(FileError, match=r"takes longer than 0\.01"):
        check_hdf5(path)


@pytest.mark.parametrize("name", ["a.h5", "a.keras", "a.weights.h5"])
def test_flipped_bits_end_in_a_line_or_pass(tmp_path: Path, name: str, keras) -> None:
    """A few here; ``benchmarks.fuzz`` flips many."""
    path = write(tmp_path / name, sound)
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    source = f"keras:MobileNet?weights={path}" if ".weights" in name else f"keras:{path}"
    for place in rng.integers(0, min(len(whole), 2000), 4):
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        started = time.monotonic()
        with pytest.raises(NetworkError) as caught:
            load(source, preprocessing={"mean": [0.5] * 3, "std": [0.5] * 3})
        assert "\n" not in str(caught.value)
        assert time.monotonic() - started < 20


def test_a_link_in_weights_is_said_by_the_network(tmp_path: Path, keras) -> None:
    path = write(tmp_path / "a.weights.h5", linked)
    with pytest.raises(CheckpointError, match=r"'/other' is a link.*Copy or download it again"):
        load(f"keras:MobileNet?weights={path}")
