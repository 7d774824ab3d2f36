"""Read a SavedModel, and freeze one of its signatures into a graph with constant weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from samefeatures.base.digests import digest
from samefeatures.base.errors import CheckpointError, NetworkError, first_line
from samefeatures.networks.tensorflow.refusing import Refused, check_loops, check_operations

DEFAULTS = ("serving_default", "image_classification", "default")
"""Signatures that are taken when none is named, the first that is there."""
HIDDEN = ("__saved_model_init_op", "__saved_model_train_op")


@dataclass(frozen=True, slots=True, eq=False)
class Frozen:
    """A signature of a SavedModel, its weights turned into constants.

    Attributes:
        function: A TensorFlow function that can be pruned; its graph is flat.
        input: The image's tensor.
        outputs: Tensors by their names in the signature.
        parameters: Number of trained numbers.
        fingerprint: Hex digest over the files and the name of the signature.
    """

    function: Any
    input: Any
    outputs: dict[str, Any]
    parameters: int
    fingerprint: str


def read_savedmodel(path: Path, *, signature: str | None, source: str) -> Frozen:
    """Load one signature of a SavedModel of TensorFlow 1 or 2, and freeze it.

    Raises:
        CheckpointError: when files are missing or damaged, or do what a classifier need not.
        NetworkError: when there is no such signature, or its input is not one float32 image.
    """
    proto = _read_proto(path)
    tags = _tags(proto, source)
    try:
        loaded = tf.saved_model.load(str(path), tags=tags)
    except Exception as error:  # TensorFlow's errors share no base class but this
        raise CheckpointError(
            f"{path} is cut short or can't be loaded by TensorFlow {tf.__version__} "
            f"({first_line(error)}). Copy or download the folder again."
        ) from None
    name = _choose(list(loaded.signatures), signature, source)
    function = loaded.signatures[name]
    given = function.structured_input_signature[1]
    if len(given) != 1:
        raise NetworkError(
            f"{source}: the signature '{name}' has {len(given)} inputs "
            f"({', '.join(sorted(given)) or 'none'}); one image is needed."
        )
    (spec,) = given.values()
    if spec.dtype != tf.float32:
        raise NetworkError(
            f"{source}: the signature '{name}' takes {spec.dtype.name}; only float32 images are "
            "supported."
        )
    try:
        check_loops(function.graph.as_graph_def())
    except Refused as error:
        raise _refused(f"{source}: the signature '{name}'", error) from None
    try:
        frozen = convert_variables_to_constants_v2(function)
    except Exception as error:
        raise NetworkError(
            f"{source}: the weights of the signature '{name}' can't be turned into constants "
            f"({first_line(error)})."
        ) from None
    if len(frozen.inputs) != 1:
        raise NetworkError(
            f"{source}: the signature '{name}' has inputs that are no weights "
            f"({', '.join(tensor.name for tensor in frozen.inputs)}); one image is needed."
        )
    names = sorted(function.structured_outputs)  # TensorFlow flattens them in this order
    outputs = dict(zip(names, frozen.outputs, strict=True))
    return Frozen(frozen, frozen.inputs[0], outputs, _count(function), _fingerprint(path, name))


def _read_proto(path: Path) -> Any:
    """``saved_model.pb``, if it is whole and holds only what a classifier needs."""
    file = path / "saved_model.pb"
    if not path.is_dir() or not file.is_file():
        what = "is a file" if path.is_file() else "has no saved_model.pb"
        raise CheckpointError(
            f"There is no SavedModel at {path}: it {what if path.exists() else 'does not exist'}. "
            "Give the folder that holds saved_model.pb and variables; unpack archives first."
        )
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise CheckpointError(
            f"{file} is cut short or is not a SavedModel ({first_line(error)}). Copy or download "
            "the folder again."
        ) from None
    try:
        for meta in proto.meta_graphs:
            check_operations(meta)
    except Refused as error:
        raise _refused(str(path), error) from None
    return proto


def _refused(what: str, error: Refused) -> CheckpointError:
    return CheckpointError(f"{what} {error}. It is not loaded; export the network alone.")


def _tags(proto: Any, source: str) -> Sequence[str]:
    """Which of the graphs to load: for serving, else the one without tags, else the only one."""
    there = [sorted(meta.meta_info_def.tags) for meta in proto.meta_graphs]
    for wanted in (["serve"], []):
        if wanted in there:
            return wanted
    if len(there) != 1:
        raise NetworkError(
            f"{source} has {len(there)} graphs ({', '.join(map('+'.join, there)) or 'none'}), and "
            "none of them is for serving. Export it for serving."
        )
    return there[0]


def _choose(names: Sequence[str], wanted: str | None, source: str) -> str:
    """The signature to use."""
    there = [name for name in names if name not in HIDDEN]
    if wanted is None:
        usual = [name for name in DEFAULTS if name in there]
        if usual or len(there) == 1:
            return (usual or there)[0]
    elif wanted in there:
        return wanted
    came = "no signature that is the usual one" if wanted is None else f"no signature '{wanted}'"
    raise NetworkError(
        f"{source} has {came}. There are: {', '.join(there) or 'none at all'}. "
        + ("Say which: savedmodel:PATH?signature=NAME" if there else "Export it with one.")
    )


def _count(function: Any) -> int:
    """Number of trained numbers: variables of the signature that were trainable."""
    graph = function.graph
    variables = list(graph.variables) or graph.get_collection(
        tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES
    )
    return sum(int(np.prod(v.shape)) for v in variables if v.trainable)


def _fingerprint(path: Path, signature: str) -> str:
    """Over the graph, weights and assets; files that say when it was written are left out."""
    files = [path / "saved_model.pb"]
    for folder in ("variables", "assets"):
        files += sorted(file for file in (path / folder).rglob("*") if file.is_file())
    parts: list[str | bytes] = ["savedmodel", signature]
    for file in files:
        parts += [file.relative_to(path).as_posix(), file.read_bytes()]
    return digest(*parts)
