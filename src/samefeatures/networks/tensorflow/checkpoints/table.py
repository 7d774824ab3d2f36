"""Sorted string tables, the container of TensorFlow's checkpoint files (LevelDB's format)."""

from __future__ import annotations

from collections.abc import Iterator

import google_crc32c

from samefeatures.networks.tensorflow.checkpoints.wire import unsnap, varint

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5
"""Behind each block: one byte for the compression, four for the checksum."""


def is_table(data: memoryview) -> bool:
    """Whether the bytes end as a table does."""
    return len(data) >= FOOTER and int.from_bytes(data[-8:], "little") == MAGIC


def entries(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Keys and values of a table, in order of the keys; every block's checksum is held.

    Args:
        data: The whole file. Values are views into it where the block is not compressed.

    Raises:
        ValueError: when a checksum is wrong, blocks overlap, or the file is no table.
        IndexError: when it is cut short.
    """
    if not is_table(data):
        raise ValueError("no table: its last bytes are not those of one")
    footer = data[-FOOTER:]
    _, at = varint(footer, 0)
    _, at = varint(footer, at)
    offset, at = varint(footer, at)
    size, _ = varint(footer, at)
    end = 0
    for _, handle in _pairs(_block(data, offset, size)):
        offset, at = varint(handle, 0)
        size, _ = varint(handle, at)
        if offset < end:  # else a small file could be read for ever
            raise ValueError("its blocks overlap")
        end = offset + size + TRAILER
        yield from _pairs(_block(data, offset, size))


def masked_crc(data: memoryview) -> int:
    """CRC-32C as these files store it: rotated, with a constant added."""
    crc: int = google_crc32c.value(bytes(data))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _block(data: memoryview, offset: int, size: int) -> memoryview:
    end = offset + size
    if end + TRAILER > len(data):
        raise IndexError("a block runs past the end")
    if masked_crc(data[offset : end + 1]) != int.from_bytes(data[end + 1 : end + 5], "little"):
        raise ValueError(f"the checksum of the block at byte {offset} is wrong")
    compression = data[end]
    if compression not in (0, 1):
        raise ValueError(f"compression {compression} is unknown")
    return unsnap(data[offset:end]) if compression else data[offset:end]


def _pairs(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Entries of a block; each key shares a prefix with the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (restarts + 1)
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at)
        rest, at = varint(block, at)
        size, at = varint(block, at)
        key = key[:shared] + bytes(block[at : at + rest])
        at += rest
        yield key, block[at : at + size]
        at += size
