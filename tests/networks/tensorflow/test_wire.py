"""Numbers, messages and compressed blocks against independent ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from onnx import TensorProto, helper

from samefeatures.networks.tensorflow.checkpoints.wire import fields, integer, text, unsnap, varint


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63])
def test_varint_is_that_of_protobuf(number: int) -> None:
    proto = TensorProto(uint64_data=[number])
    (_, packed), *_ = list(fields(memoryview(proto.SerializeToString())))
    assert not isinstance(packed, int)
    assert varint(packed, 0) == (number, len(packed))


def test_fields_are_those_of_protobuf() -> None:
    proto = helper.make_tensor("a name", TensorProto.FLOAT, [2, 3], np.arange(6.0))
    found = list(fields(memoryview(proto.SerializeToString())))
    numbers = {field.name: field.number for field in TensorProto.DESCRIPTOR.fields}
    assert [text(v) for n, v in found if n == numbers["name"]] == ["a name"]
    assert [integer(v) for n, v in found if n == numbers["data_type"]] == [TensorProto.FLOAT]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a",
        b"ab" * 5000,
        bytes(100_000),
        np.random.default_rng(0).bytes(70_000),
        np.random.default_rng(1).integers(0, 4, 200_000, dtype=np.uint8).tobytes(),
    ],
)
def test_unsnap_against_arrows_snappy(data: bytes) -> None:
    packed = pa.compress(data, codec="snappy", asbytes=True)
    assert bytes(unsnap(memoryview(packed))) == data


def test_damaged_bytes_are_errors_not_values() -> None:
    with pytest.raises(IndexError):
        varint(memoryview(b"\x80\x80"), 0)
    with pytest.raises(ValueError, match="64 bits"):
        varint(memoryview(b"\xff" * 11), 0)
    with pytest.raises(IndexError):
        list(fields(memoryview(b"\x0a\x05abc")))
    with pytest.raises(ValueError, match="wire type"):
        list(fields(memoryview(b"\x0b")))
    packed = pa.compress(b"hello hello hello hello", codec="snappy", asbytes=True)
    with pytest.raises(IndexError):
        unsnap(memoryview(packed[:-1]))
    with pytest.raises(ValueError, match="before the start"):
        unsnap(memoryview(b"\x04\x01\x09"))
