"""Read an HDF5 file whole, where that may be ended: run as ``python -m`` with a path.

HDF5 is native code, and a damaged file can make it hang, take all memory or end the process. What
has been read here once is then read by Keras.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import h5py

from samefeatures.base.apart import apart
from samefeatures.base.border import border, open_regular
from samefeatures.base.errors import FileError
from samefeatures.networks.bounds import memory_bound

SECONDS = 60
"""That reading a file may take, and one more for each of ``RATE`` bytes."""
RATE = 20 * 2**20
EXPANSION = 100
"""How many times the bytes of its file a compressed data set, or part of an archive, may have."""
OBJECTS = 10**6
CONFIG_BYTES = 64 * 2**20
WEIGHTS = "model.weights.h5"


def check_hdf5(path: Path) -> None:
    """Read a ``.keras`` or HDF5 file in a process of its own.

    Raises:
        FileError: when that fails, dies, or takes too long; or when the file claims more than it
            can hold, or has values in other files.
    """
    with border():
        size = path.stat().st_size
    seconds = SECONDS + size / RATE
    apart("samefeatures.networks.keras.hdf5", str(path), data=b"", seconds=seconds)


def main(path: Path) -> None:
    """Read a file; ends with an error that says what is wrong with it."""
    with border(), memory_bound("cpu"), open_regular(path) as file:
        if path.suffix == ".keras":
            with TemporaryFile() as weights:
                _unpack(file, weights)
                _read(weights)
        else:
            _read(file)


def _unpack(file: IO[bytes], out: IO[bytes]) -> None:
    """The weights of a ``.keras`` file, which is a zip archive."""
    size = file.seek(0, 2)
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            most = CONFIG_BYTES if member.filename.endswith(".json") else EXPANSION * size
            if member.file_size > most:
                raise FileError(f"'{member.filename}' in it would be of {member.file_size:,} bytes")
        with archive.open(WEIGHTS) as weights:
            while piece := weights.read(2**24):
                out.write(piece)


def _read(file: IO[bytes]) -> None:
    size = file.seek(0, 2)
    with h5py.File(file, "r") as root:
        waiting, seen = [root["/"]], set[int]()
        while waiting:
            item = waiting.pop()
            place = h5py.h5o.get_info(item.id).addr
            if place in seen:
                continue
            seen.add(place)
            if len(seen) > OBJECTS:
                raise FileError(f"it has more than {OBJECTS:,} groups and data sets")
            for name in item.attrs:
                item.attrs[name]
            if isinstance(item, h5py.Dataset):
                _read_values(item, size)
            elif isinstance(item, h5py.Group):
                waiting += [_inside(item, name) for name in item]


def _inside(group: Any, name: str) -> Any:
    """What a name in a group stands for; not in another file."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise FileError(f"'{group.name.rstrip('/')}/{name}' is a link, which Keras does not write")
    return group[name]


def _read_values(data: Any, size: int) -> None:
    """All values of a data set, if the file can hold them and does."""
    most = size * (EXPANSION if data.compression or data.chunks else 1)
    if data.external or data.is_virtual:
        raise FileError(f"'{data.name}' has its values in another file")
    if data.nbytes > most:
        raise FileError(f"'{data.name}' is said to be of {data.nbytes:,} bytes, of {size:,}")
    data[()]


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (FileError, MemoryError) as error:
        sys.exit(str(error) or "it takes more memory than is free")
