"""Split a Keras model at its last linear layer, by walking back through its graph."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.keras.importing import to_numpy
from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head

SAME_VALUES = (
    "Dropout",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "Flatten",
    "Reshape",
    "Identity",
    "Squeeze",
    "ActivityRegularization",
)
"""Behind a head these change no value in inference, apart from the shape."""
ACTIVATIONS = {"softmax": "softmax", "log_softmax": "logsoftmax"}
"""Behind a head these do not change which class is largest."""


@dataclass(frozen=True, slots=True, eq=False)
class KerasSplit:
    """A Keras classifier in two parts.

    Attributes:
        features: A model on the same input whose output is the head's input: (b, d), or with
            sides of 1.
        head: The linear layer.
        claim: What is claimed, to be proved.
    """

    features: Any
    head: Head
    claim: Claim


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """A linear layer found on the way back from an output."""

    layer: Any
    tensor: Any
    after: str | None = None


class _NotLinearError(Exception):
    """Why the walk from an output ended."""


def input_shape(model: Any, *, source: str) -> tuple[int | None, ...]:
    """The shape of a model's only input.

    Raises:
        SplitError: when the model has no graph of layers, so that it can't be split.
        NetworkError: when it has several inputs.
    """
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):  # a class of its own, or not built yet
        inputs = None
    if not inputs:
        raise SplitError(
            f"{source} is a {type(model).__name__} without a graph of layers. Only Sequential and "
            "Functional models with a known input shape can be split; export it with "
            "model.export(PATH) and load savedmodel:PATH."
        )
    if len(inputs) > 1:
        raise NetworkError(f"{source} has {len(inputs)} inputs; one image is needed.")
    return tuple(inputs[0].shape)


def split_keras(keras: ModuleType, model: Any, *, source: str) -> KerasSplit:
    """Find the head of a classifier, and cut it off.

    Dense and 1×1 Conv2D layers over pooled features are heads; so is a 1×1 Conv2D that is averaged
    over the image right afterwards, since the two commute. Models inside the model are entered.
    Softmax behind a head is left out.

    Raises:
        SplitError: when there is no such head, or several outputs.
    """
    found = last_layers(model)
    if len(model.outputs) != 1:
        raise SplitError(
            f"{source} has {len(model.outputs)} outputs; a classifier has one. The last layers "
            f"are: {found}."
        )
    try:
        linear = _walk(keras, model.outputs[0])
    except _NotLinearError as error:
        raise SplitError(
            f"{source} has no linear head: its output {error}. The last layers are: {found}. A "
            "classifier must end in Dense, or in a 1x1 Conv2D over pooled features."
        ) from None
    layer = f"{type(linear.layer).__name__} '{linear.layer.name}'"
    claim = Claim(layer, found, linear.after)
    return KerasSplit(
        keras.Model(model.inputs[0], linear.tensor), _head(keras, linear.layer), claim
    )


def _walk(keras: ModuleType, tensor: Any) -> _Linear:
    """From an output back to the linear layer that makes it."""
    after, pool = None, None
    while True:
        history = getattr(tensor, "_keras_history", None)
        if history is None or type(history.operation).__name__ == "InputLayer":
            raise _NotLinearError("is an input")
        layer = history.operation
        node = layer._inbound_nodes[history.node_index]
        kind = type(layer).__name__
        if kind in ("Functional", "Sequential"):
            inner = _walk(keras, layer.outputs[history.tensor_index])
            if (after and inner.after) or pool is not None:
                raise _NotLinearError(f"changes what the model '{layer.name}' makes")
            if len(layer.inputs) != 1:
                raise _NotLinearError(f"comes from '{layer.name}', which has several inputs")
            features = keras.Model(layer.inputs[0], inner.tensor)
            return _Linear(inner.layer, features(node.input_tensors[0]), after or inner.after)
        if kind in SAME_VALUES or (kind == "Activation" and _activation(keras, layer) == "linear"):
            pass
        elif (softmax := _softmax(keras, layer)) and after is None and pool is None:
            after = softmax
        elif kind == "GlobalAveragePooling2D" and pool is None:
            pool = layer
        elif kind in ("Dense", "Conv2D"):
            after = _check_linear(keras, layer, after, pooled=pool is not None)
            (came,) = node.input_tensors
            if pool is not None:
                came = keras.layers.GlobalAveragePooling2D(data_format=pool.data_format)(came)
            return _Linear(layer, came, after)
        else:
            raise _NotLinearError(f"ends in {kind} '{layer.name}'")
        tensor = node.input_tensors[0]


def _softmax(keras: ModuleType, layer: Any) -> str | None:
    """The name of a softmax over the classes, if the layer is one."""
    kind = type(layer).__name__
    if kind in ("Softmax", "LogSoftmax"):
        name = "softmax" if kind == "Softmax" else "logsoftmax"
        return name if getattr(layer, "axis", -1) in (-1, len(layer.output.shape) - 1) else None
    return ACTIVATIONS.get(_activation(keras, layer)) if kind == "Activation" else None


def _activation(keras: ModuleType, layer: Any) -> str:
    """The name of a layer's activation, ``linear`` if it has none."""
    given = getattr(layer, "activation", None) or keras.activations.linear
    for name in ("linear", *ACTIVATIONS):
        if given is getattr(keras.activations, name):
            return name
    return getattr(given, "__name__", type(given).__name__)


def _check_linear(keras: ModuleType, layer: Any, after: str | None, *, pooled: bool) -> str | None:
    """The activation behind a head, its own one counted; refuses what is not linear."""
    said = f"ends in {type(layer).__name__} '{layer.name}'"
    own = _activation(keras, layer)
    if own not in ("linear", *ACTIVATIONS) or (own != "linear" and (after or pooled)):
        raise _NotLinearError(f"{said} with the activation {own}")
    if type(layer).__name__ == "Dense":
        if pooled:
            raise _NotLinearError(f"averages {said.removeprefix('ends in ')}")
    elif (
        layer.kernel_size != (1, 1)
        or layer.strides != (1, 1)
        or layer.dilation_rate != (1, 1)
        or layer.groups != 1
    ):
        raise _NotLinearError(
            f"{said} with a kernel {layer.kernel_size}; only a plain 1x1 convolution is linear in "
            "the features"
        )
    return ACTIVATIONS.get(own, after)


def _head(keras: ModuleType, layer: Any) -> Head:
    def array(value: Any) -> Float32:
        return np.asarray(to_numpy(keras, value), np.float32)

    kernel = array(layer.kernel)
    weight = np.ascontiguousarray(kernel.reshape(kernel.shape[-2:]).T)  # (classes, d)
    bias = array(layer.bias) if layer.use_bias else np.zeros(len(weight), np.float32)
    return Head(weight, bias)


def last_layers(model: Any, count: int = 5) -> str:
    """The last layers of a model, for messages."""
    return ", ".join(f"{type(layer).__name__} '{layer.name}'" for layer in model.layers[-count:])
