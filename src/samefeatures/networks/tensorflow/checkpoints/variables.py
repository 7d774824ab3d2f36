"""What both formats of checkpoints share: types, shapes, and bytes from a file."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from samefeatures.base.border import open_regular
from samefeatures.networks.tensorflow.checkpoints.wire import fields, integer, message

Array = npt.NDArray[Any]
DTYPES: Mapping[int, str] = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "|u1", 5: "<i2", 6: "|i1", 9: "<i8", 10: "|b1", 19: "<f2",
}  # fmt: skip
"""Numbers of TensorFlow's ``DataType`` to NumPy's names; variables of other types are left out."""
Reader = Callable[[], Array]
Variables = dict[str, tuple[tuple[int, ...], Reader]]
"""By name: the shape, and a function that reads the values."""


def map_file(path: Path) -> memoryview:
    """The bytes of a file, read as they are needed."""
    with open_regular(path) as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def shape_of(data: memoryview) -> tuple[int, ...]:
    """``TensorShapeProto``: the sizes of its dimensions."""
    sizes = []
    for number, value in fields(data):
        if number == 2:
            size = [integer(v) for n, v in fields(message(value)) if n == 1]
            sizes.append(size[0] if size else 0)
    return tuple(sizes)
