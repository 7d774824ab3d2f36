"""Split a Keras model at its last linear layer, by walking back through its graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.keras.importing import to_numpy
from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head
from samefeatures.networks.walk import NotLinear, Step, find_head, refuse_kernel, walk

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
ACTIVATIONS = {"softmax": "softmax", "log_softmax": "logsoftmax", "sigmoid": "sigmoid"}


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
    layers = last_layers(model)
    if len(model.outputs) != 1:
        raise SplitError(
            f"{source} has {len(model.outputs)} outputs; a classifier has one. The last layers "
            f"are: {layers}."
        )
    _, found = find_head(
        {"output": model.outputs[0]},
        lambda tensor: _step(keras, tensor),
        last=lambda _: layers,
        must="Dense, or in a 1x1 Conv2D over pooled features",
        source=source,
        output=None,
        usual=(),
    )
    features = keras.Model(model.inputs[0], _pooled(keras, found))
    return KerasSplit(features, found.head, Claim(found.label, layers, found.after))


def _pooled(keras: ModuleType, found: Step) -> Any:
    """The head's input, averaged over the image where its output was."""
    if found.over is None:
        return found.tensor
    return keras.layers.GlobalAveragePooling2D(data_format=found.over)(found.tensor)


def _step(keras: ModuleType, tensor: Any) -> Step:
    """What makes a tensor."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or type(history.operation).__name__ == "InputLayer":
        raise NotLinear("is an input")
    layer = history.operation
    kind, label = type(layer).__name__, f"{type(layer).__name__} '{layer.name}'"
    came = layer._inbound_nodes[history.node_index].input_tensors
    if kind in ("Functional", "Sequential"):
        return _inner(keras, layer, layer.outputs[history.tensor_index], came)
    if kind in SAME_VALUES or (kind == "Activation" and _activation(keras, layer) == "linear"):
        return Step(came[0])
    if after := _softmax(keras, layer):
        return Step(came[0], label, after=after)
    if kind == "Rescaling" and np.ndim(layer.scale) == np.ndim(layer.offset) == 0:
        scale, offset = (np.full(1, each, np.float32) for each in (layer.scale, layer.offset))
        return Step(came[0], label, scale=scale, constant=offset)
    if kind == "GlobalAveragePooling2D":
        return Step(came[0], label, over=layer.data_format)
    if kind in ("Dense", "Conv2D"):
        return _linear(keras, layer, came[0], label)
    raise NotLinear(f"ends in {label}")


def _inner(keras: ModuleType, model: Any, output: Any, came: Sequence[Any]) -> Step:
    """A model inside the model: the head in it, on features of the images that it is given."""
    found = walk(output, lambda tensor: _step(keras, tensor))
    if len(model.inputs) != 1:
        raise NotLinear(f"comes from '{model.name}', which has several inputs")
    features = keras.Model(model.inputs[0], _pooled(keras, found))
    return replace(found, tensor=features(came[0]), over=None, is_map=False)


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


def _linear(keras: ModuleType, layer: Any, came: Any, label: str) -> Step:
    """Dense, or a 1×1 Conv2D."""
    own = _activation(keras, layer)
    if own not in ("linear", *ACTIVATIONS):
        raise NotLinear(f"ends in {label} with the activation {own}")
    if type(layer).__name__ == "Conv2D" and (
        layer.kernel_size != (1, 1)
        or layer.strides != (1, 1)
        or layer.dilation_rate != (1, 1)
        or layer.groups != 1
    ):
        raise refuse_kernel(label, layer.kernel_size)
    kernel = np.asarray(to_numpy(keras, layer.kernel), np.float32)  # ([1, 1,] d, classes)
    return Step(
        came,
        label,
        after=ACTIVATIONS.get(own),
        constant=np.asarray(to_numpy(keras, layer.bias), np.float32) if layer.use_bias else None,
        weight=kernel.reshape(kernel.shape[-2:]).T,
        is_map=type(layer).__name__ == "Conv2D",
    )


def last_layers(model: Any, count: int = 5) -> str:
    """The last layers of a model, for messages."""
    return ", ".join(f"{type(layer).__name__} '{layer.name}'" for layer in model.layers[-count:])
