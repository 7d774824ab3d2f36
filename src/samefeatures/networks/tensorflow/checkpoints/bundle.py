"""Checkpoints of ``.index`` and ``.data-*`` files, as TensorFlow writes them since 2017."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from samefeatures.networks.tensorflow.checkpoints.table import entries, masked_crc
from samefeatures.networks.tensorflow.checkpoints.variables import (
    DTYPES,
    Reader,
    Variables,
    map_file,
    shape_of,
)
from samefeatures.networks.tensorflow.checkpoints.wire import fields, integer, message, text, varint

STRING = 7
"""Number of the string type."""
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""Under this key stand the names of variables that are stored by their place in an object."""
Raw = Callable[[], memoryview]
Message = Mapping[int, int | memoryview]
"""A message by field number, for those of which none is repeated."""


def bundle(index: Path) -> Variables:
    """The variables of an ``.index`` file and the data files beside it.

    Raises:
        ValueError, IndexError: when they are damaged, cut short, or something else.
        OSError: when they can't be read.
    """
    found: dict[str, Message] = {}
    shards = 0
    for name, value in entries(map_file(index)):
        if name:
            found[name.decode()] = dict(fields(value))
        else:
            shards = next((integer(v) for n, v in fields(value) if n == 1), 1)
    files, mapped = list[Path](), list[memoryview]()
    for at in range(shards):  # a damaged file may say 2⁴⁰; the first that is missing ends it
        files.append(index.with_name(f"{index.stem}.data-{at:05d}-of-{shards:05d}"))
        if not files[at].is_file():
            raise ValueError(f"its data file {files[at].name} is missing beside it")
        mapped.append(map_file(files[at]))

    def reader(entry: Message) -> Raw:
        shard, offset, size = (integer(entry.get(n, 0)) for n in (3, 4, 5))
        crc = int.from_bytes(message(entry[6]), "little") if 6 in entry else None

        def read() -> memoryview:
            raw = mapped[shard][offset : offset + size]
            if len(raw) < size:
                raise IndexError(f"{files[shard].name} ends too early")
            if crc is not None and masked_crc(_summed(raw, entry)) != crc:
                raise ValueError(f"a checksum in {files[shard].name} is wrong")
            return raw

        return read

    names = _true_names(found, reader)
    variables: Variables = {}
    for key, entry in found.items():
        kind = integer(entry.get(1, 0))
        if kind not in DTYPES:
            continue
        if 7 in entry:
            raise ValueError(f"'{key}' is stored in pieces, which is not supported")
        shape = shape_of(message(entry[2])) if 2 in entry else ()
        size, needed = integer(entry.get(5, 0)), math.prod(shape)
        if size != needed * np.dtype(DTYPES[kind]).itemsize:
            raise ValueError(f"'{key}' has {size} bytes, not those of {shape}")
        end = integer(entry.get(4, 0)) + size
        if end > len(mapped[integer(entry.get(3, 0))]):
            raise IndexError(f"'{key}' lies behind the end of its data file")
        variables[names.get(key, key)] = (shape, _array_reader(reader(entry), kind, shape))
    return variables


def _summed(raw: memoryview, entry: Message) -> memoryview:
    """What a checksum is taken over: of one string its length is a number of four bytes."""
    if entry.get(1) != STRING:
        return raw
    length, at = varint(raw, 0)
    return memoryview(length.to_bytes(4, "little") + raw[at:])


def _array_reader(raw: Raw, kind: int, shape: tuple[int, ...]) -> Reader:
    return lambda: np.frombuffer(raw(), DTYPES[kind]).reshape(shape)


def _true_names(found: Mapping[str, Message], reader: Callable[[Message], Raw]) -> dict[str, str]:
    """Keys of an object-based checkpoint to the names of its variables; else nothing."""
    if GRAPH not in found:
        return {}
    raw = reader(found[GRAPH])()
    _, at = varint(raw, 0)  # one string: its length, a checksum, its bytes
    names: dict[str, str] = {}
    for number, node in fields(raw[at + 4 :]):
        if number != 1:
            continue
        for part, attribute in fields(message(node)):
            if part == 2:
                said = {n: text(v) for n, v in fields(message(attribute)) if n in (2, 3)}
                if said.get(2):  # the name; 3 is the key it is stored under
                    names[said[3]] = said[2]
    return names
