"""Bundles made by hand: what their bytes may claim is held against the bytes that are there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.tensorflow.checkpoints import TensorFlowCheckpoint
from samefeatures.networks.tensorflow.checkpoints.bundle import GRAPH
from samefeatures.networks.tensorflow.checkpoints.table import MAGIC, entries, masked_crc

VALUES = np.arange(6, dtype="<f4").reshape(2, 3)


def number(value: int) -> bytes:
    """As protocol buffers write it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(at: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return number(at << 3) + number(value)
    return number(at << 3 | 2) + number(len(value)) + value


def fixed(at: int, value: int) -> bytes:
    return number(at << 3 | 5) + value.to_bytes(4, "little")


def block(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    out = b"".join(number(0) + number(len(k)) + number(len(v)) + k + v for k, v in pairs)
    return out + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def closed(content: bytes) -> bytes:
    """A block with its trailer."""
    whole = content + b"\0"
    return whole + masked_crc(memoryview(whole)).to_bytes(4, "little")


def table(pairs: Sequence[tuple[bytes, bytes]], *, times: int = 1) -> bytes:
    """One block of entries, which the index names so many times."""
    data = block(pairs)
    first = closed(data)
    handle = number(0) + number(len(data))
    index = block([(b"k", handle)] * times)
    footer = number(0) * 2 + number(len(first)) + number(len(index))
    return first + closed(index) + footer.ljust(40, b"\0") + MAGIC.to_bytes(8, "little")


def entry(kind: int, raw: bytes, *, offset: int = 0, shape: Sequence[int] = (), crc: int) -> bytes:
    dims = b"".join(field(2, field(1, size)) for size in shape)
    return field(1, kind) + field(2, dims) + field(4, offset) + field(5, len(raw)) + fixed(6, crc)


def write(folder: Path, *, shards: int = 1, name: bytes = b"the/name", crc: int = 0) -> Path:
    """A bundle of one variable, whose name stands in a string, as TensorFlow 2 writes it."""
    raw = VALUES.tobytes()
    attribute = field(2, name) + field(3, b"stored/here")
    graph = field(1, field(2, attribute))
    lengths = masked_crc(memoryview(len(graph).to_bytes(4, "little"))).to_bytes(4, "little")
    said = number(len(graph)) + lengths + graph
    summed = masked_crc(memoryview(len(graph).to_bytes(4, "little") + lengths + graph))
    pairs = [
        (b"", field(1, shards)),
        (GRAPH.encode(), entry(7, said, offset=len(raw), crc=summed ^ crc)),
        (b"stored/here", entry(1, raw, shape=(2, 3), crc=masked_crc(memoryview(raw)))),
    ]
    (folder / "x.index").write_bytes(table(pairs))
    (folder / "x.data-00000-of-00001").write_bytes(raw + said)
    return folder / "x"


def test_a_sound_one(tmp_path: Path) -> None:
    found = TensorFlowCheckpoint.open(write(tmp_path))
    assert found.shapes == {"the/name": (2, 3)}
    np.testing.assert_array_equal(found.read("the/name"), VALUES)


def test_names_have_a_checksum_too(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"a checksum in x\.data-00000-of-00001 is wrong"):
        TensorFlowCheckpoint.open(write(tmp_path, crc=1))


def test_a_huge_number_of_data_files_ends_at_the_first_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"x\.data-00000-of-1099511627776 is missing"):
        TensorFlowCheckpoint.open(write(tmp_path, shards=2**40))


def test_a_table_that_names_one_block_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "x.index"
    path.write_bytes(table([(b"", field(1, 1))], times=2))
    with pytest.raises(CheckpointError, match="its blocks overlap"):
        TensorFlowCheckpoint.open(path)
    assert [key for key, _ in entries(memoryview(table([(b"a", b"1"), (b"b", b"2")])))] == [
        b"a",
        b"b",
    ]


@pytest.mark.parametrize("content", [b"", b"x"])
def test_what_is_no_table(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a TensorFlow checkpoint"):
        TensorFlowCheckpoint.open(tmp_path / "x.ckpt")


def test_a_pipe_is_no_data_file(tmp_path: Path) -> None:
    prefix = write(tmp_path)
    data = tmp_path / "x.data-00000-of-00001"
    data.unlink()
    os.mkfifo(data)
    with pytest.raises(CheckpointError, match="is missing beside it"):
        TensorFlowCheckpoint.open(prefix)


@pytest.mark.parametrize("name", ["/", "."])
def test_a_folder_without_a_checkpoint(name: str) -> None:
    with pytest.raises(CheckpointError, match="holds no TensorFlow checkpoint"):
        TensorFlowCheckpoint.open(Path(name))
