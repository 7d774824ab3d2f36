"""Read an ONNX file and the files beside it that hold its weights."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.inliner
from google.protobuf.message import Message  # type: ignore[import-untyped]

from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.errors import CheckpointError, FileError, NetworkError
from samefeatures.networks.onnx.unfolding import MOST, Endless, check_functions, check_loops

MESSAGE_LIMIT = 2**31 - 1
"""Bytes of one protobuf message."""
IN_MEMORY = 2**30
"""Bytes of weights beside the file that are read; of more, ONNX Runtime maps the files."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OnnxFile:
    """A model as it was read.

    Attributes:
        model: Without functions of its own, and with its weights, unless ``folder`` says otherwise.
        fingerprint: A digest over the bytes of all its files.
        folder: Where large weights lie that stay in their files; None where there are none.
        outside: Bytes of the weights that are named outside.
    """

    model: onnx.ModelProto
    fingerprint: str
    folder: Path | None
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Where the values of a tensor lie: ``length`` bytes of a file, from ``offset`` on."""

    file: Path
    offset: int
    length: int

    def read(self) -> bytes:
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.length)


def read_onnx(path: Path) -> OnnxFile:
    """The model with its external data, wherever in it tensors stand.

    Raises:
        NetworkError: when there is no such file, or it may run without end.
        CheckpointError: when it is cut short, not ONNX, lacks its external data, or names any
            outside its folder.
    """
    data = _bytes_of(path)
    try:
        with border():
            model = onnx.load_model_from_string(data)
    except FileError:  # it says how protobuf reads, which helps nobody
        raise CheckpointError(
            f"{path} is cut short or is not an ONNX file ({len(data)} bytes). Fetch it again."
        ) from None
    if not model.graph.node or not model.graph.output:
        raise CheckpointError(f"{path} holds no network. Is it an ONNX file, and complete?")
    tensors = list(tensors_in(model))
    outside = [t for t in tensors if t.data_location == onnx.TensorProto.EXTERNAL]
    places = [_place(tensor, path) for tensor in outside]
    files = {_location(t): place.file for t, place in zip(outside, places, strict=True)}
    _check_claims(tensors, len(data) + sum(place.file.stat().st_size for place in places), path)
    fingerprint = digest(data, *(files[name] for name in sorted(files)))
    folder = _load(model, list(zip(outside, places, strict=True)), path)
    try:
        check_functions(model)
        model = _inlined(model, path)
        check_loops(model.graph)
    except Endless as error:
        raise NetworkError(
            f"{path} {error}. Such a network may never end; loops and functions of at most "
            f"{MOST:,} operations in all are loaded."
        ) from None
    total = sum(place.length for place in places)
    return OnnxFile(model=model, fingerprint=fingerprint, folder=folder, outside=total)


def _bytes_of(path: Path) -> bytes:
    try:
        with border(), open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= MESSAGE_LIMIT else None
    except FileError as error:
        raise NetworkError(f"{path} can't be read ({error}). Name the .onnx file itself.") from None
    if data is None:
        raise CheckpointError(
            f"{path} has {size:,} bytes; ONNX files end at 2 GiB. Save it with its weights "
            "beside it: onnx.save(model, path, save_as_external_data=True)"
        )
    return data


def tensors_in(message: Message) -> Iterator[onnx.TensorProto]:
    """All tensors of a message, whatever holds them: weights, attributes, functions, training."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for _, value in message.ListFields():
        if isinstance(value, Message):
            yield from tensors_in(value)
        elif not isinstance(value, str | bytes | int | float):
            for each in value:
                if not isinstance(each, Message):
                    break
                yield from tensors_in(each)


def _location(tensor: onnx.TensorProto) -> str:
    return _external(tensor).get("location", "")


def _external(tensor: onnx.TensorProto) -> Mapping[str, str]:
    return {entry.key: entry.value for entry in tensor.external_data}


def _place(tensor: onnx.TensorProto, path: Path) -> Outside:
    """Where the values of a tensor lie; in the folder of the model, and whole."""
    given, name = _external(tensor), _location(tensor)
    try:
        with border():
            file = (path.parent / name).resolve()
            home = path.resolve().parent  # a model of a cache is a link, and so are its weights
            inside = bool(name) and not Path(name).is_absolute() and file.is_relative_to(home)
            size = _size_of(file) if inside else 0
            offset = int(given.get("offset", 0))
            length = int(given.get("length", size - offset))
    except FileError as error:
        raise _unreadable(path, name, error) from None
    if not inside:
        raise CheckpointError(
            f"{path} keeps weights in '{name}', which is not inside its folder. Such files are not "
            "read; put them beside the model, and save it with their names alone."
        )
    if offset < 0 or length < 0 or offset + length > size:
        why = f"'{tensor.name}' is said to be bytes {offset} to {offset + length} of {size}"
        raise _unreadable(path, name, FileError(why))
    return Outside(file=file, offset=offset, length=length)


def _size_of(file: Path) -> int:
    """Of a regular file; inside ``border``."""
    with open_regular(file) as opened:
        return os.fstat(opened.fileno()).st_size


def _check_claims(tensors: list[onnx.TensorProto], size: int, path: Path) -> None:
    """Refuse tensors whose shapes claim more numbers than the files have bits."""
    for tensor in tensors:
        count = math.prod(tensor.dims)
        if min(tensor.dims, default=0) < 0 or count > 8 * size:
            raise CheckpointError(
                f"{path} is damaged: '{tensor.name}' is said to be {tuple(tensor.dims)}, which its "
                f"{size:,} bytes can't hold. Fetch it again."
            )


def _load(
    model: onnx.ModelProto, outside: list[tuple[onnx.TensorProto, Outside]], path: Path
) -> Path | None:
    """Read values into their tensors; the folder of those that stay outside, if they are large."""
    home = path.resolve().parent
    large = sum(place.length for _, place in outside) > IN_MEMORY
    weights = {id(tensor) for tensor in model.graph.initializer} if large else set()
    inside = sum(place.length for tensor, place in outside if id(tensor) not in weights)
    if inside > IN_MEMORY:
        raise CheckpointError(
            f"{path} keeps {inside:,} bytes outside that are no weights of the network itself; at "
            f"most {IN_MEMORY:,} are read. Save its weights as initializers of its graph."
        )
    for tensor, place in outside:
        del tensor.external_data[:]
        if id(tensor) in weights:
            tensor.external_data.add(key="location", value=str(place.file.relative_to(home)))
            tensor.external_data.add(key="offset", value=str(place.offset))
            tensor.external_data.add(key="length", value=str(place.length))
            continue
        try:
            with border():
                tensor.raw_data = place.read()
        except FileError as error:
            raise _unreadable(path, place.file.name, error) from None
        tensor.data_location = onnx.TensorProto.DEFAULT
    return home if large else None


def _inlined(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """The model without functions of its own."""
    if not model.functions:
        return model
    try:
        with border():
            return onnx.inliner.inline_local_functions(model)
    except FileError as error:
        raise NetworkError(
            f"{path} has functions of its own that can't be put into its graph ({error}). Save it "
            "without them: onnx.inliner.inline_local_functions."
        ) from None


def _unreadable(path: Path, name: str, error: FileError) -> CheckpointError:
    return CheckpointError(
        f"{path} keeps weights in {name} beside it, which can't be read ({error}). Put the "
        "files into the same folder."
    )
