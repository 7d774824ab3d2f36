"""Checkpoints of one file, as TensorFlow wrote them until 2016."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from samefeatures.networks.tensorflow.checkpoints.table import entries, is_table
from samefeatures.networks.tensorflow.checkpoints.variables import (
    DTYPES,
    Array,
    Reader,
    Variables,
    shape_of,
)
from samefeatures.networks.tensorflow.checkpoints.wire import fields, integer, message, text, varint

PACKED: Mapping[str, int] = {"<f4": 5, "<f8": 6, "<i4": 7, "<i8": 10}
"""Fields of ``TensorProto`` that hold values one after the other."""


def single_file(data: memoryview) -> Variables:
    """The variables in the bytes of such a file.

    Raises:
        ValueError, IndexError: when it is damaged, cut short, or something else.
    """
    if not is_table(data):
        raise ValueError("it does not end as one")
    meta: dict[str, tuple[int, tuple[int, ...]]] = {}
    values: dict[str, memoryview] = {}
    for key, value in entries(data):
        for number, part in fields(value):
            if number == 1 and not key:
                meta = dict(_described(message(part)))
            elif number == 2:
                slice_of = dict(fields(message(part)))
                name = text(slice_of[1])
                if name in values:
                    raise ValueError(f"'{name}' is stored in pieces, which is not supported")
                values[name] = message(slice_of[3])
    missing = [name for name in meta if name not in values]
    if missing:
        raise ValueError(f"{len(missing)} variables have no values, the first is '{missing[0]}'")
    return {
        name: (shape, _packed_reader(values[name], DTYPES[kind], shape))
        for name, (kind, shape) in meta.items()
        if kind in DTYPES
    }


def _described(data: memoryview) -> Iterator[tuple[str, tuple[int, tuple[int, ...]]]]:
    """``SavedTensorSliceMeta``: name to (type, shape)."""
    for number, value in fields(data):
        if number != 1:
            continue
        name, kind = "", 0
        shape: tuple[int, ...] = ()
        for part, given in fields(message(value)):
            if part == 1:
                name = text(given)
            elif part == 2:
                shape = shape_of(message(given))
            elif part == 3:
                kind = integer(given)
        yield name, (kind, shape)


def _packed_reader(data: memoryview, dtype: str, shape: tuple[int, ...]) -> Reader:
    def read() -> Array:
        for number, value in fields(data):
            if number != PACKED.get(dtype):
                continue
            if dtype in ("<f4", "<f8"):
                return np.frombuffer(message(value), dtype).reshape(shape)
            numbers, at, packed = [], 0, message(value)
            while at < len(packed):
                one, at = varint(packed, at)
                numbers.append(one)
            return np.array(numbers, np.uint64).astype(dtype).reshape(shape)
        raise ValueError("a variable without values")

    return read
