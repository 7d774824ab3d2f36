"""The wire format of protocol buffers, and Snappy: just enough to read checkpoints."""

from __future__ import annotations

from collections.abc import Iterator

Field = tuple[int, int | memoryview]
"""Number of a field, and its value: an integer, or the bytes of a fixed or delimited field."""


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """A base-128 number and the position behind it.

    Raises:
        IndexError: when the data ends within it.
        ValueError: when it is longer than 64 bits.
    """
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def fields(data: memoryview) -> Iterator[Field]:
    """The fields of one message, in order.

    Raises:
        IndexError: when the message ends within a field.
        ValueError: when it is not a message.
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            number, at = varint(data, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            size, at = varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if at + size > len(data):
            raise IndexError("a field runs past the end")
        yield tag >> 3, data[at : at + size]
        at += size


def integer(value: int | memoryview) -> int:
    """The value of a number field.

    Raises:
        ValueError: when the field holds bytes.
    """
    if not isinstance(value, int):
        raise ValueError("bytes where a number belongs")
    return value


def message(value: int | memoryview) -> memoryview:
    """The bytes of a delimited or fixed field.

    Raises:
        ValueError: when the field holds a number.
    """
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")
    return value


def text(value: int | memoryview) -> str:
    """The value of a string field.

    Raises:
        ValueError: when it is not UTF-8.
    """
    return bytes(message(value)).decode()


def unsnap(data: memoryview) -> memoryview:
    """Decompress one block of Snappy's raw format.

    Raises:
        IndexError: when the data ends too early.
        ValueError: when it is not such a block.
    """
    size, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag, at = data[at], at + 1
        kind = tag & 3
        if kind == 0:  # literal bytes
            length = (tag >> 2) + 1
            if length > 60:
                extra, at = _take(data, at, length - 60)
                length = int.from_bytes(extra, "little") + 1
            piece, at = _take(data, at, length)
            out += piece
            continue
        place, at = _take(data, at, (1, 2, 4)[kind - 1])
        offset = int.from_bytes(place, "little")
        length = (tag >> 2) + 1
        if kind == 1:
            length = ((tag >> 2) & 7) + 4
            offset |= (tag >> 5) << 8
        if not 0 < offset <= len(out):
            raise ValueError("a copy from before the start")
        start = len(out) - offset
        copied = out[start : start + length]
        while len(copied) < length:  # a copy may overlap what it writes
            copied += copied[: length - len(copied)]
        out += copied
    if len(out) != size:
        raise IndexError("fewer bytes than were promised")
    return memoryview(bytes(out))


def _take(data: memoryview, at: int, count: int) -> tuple[memoryview, int]:
    if at + count > len(data):
        raise IndexError("compressed data ends too early")
    return data[at : at + count], at + count
