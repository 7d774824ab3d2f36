"""Features of a Keras model, on whichever backend Keras has."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.networks.graph_backend import GraphBackend, ImageLayout, Run
from samefeatures.networks.keras.importing import on_device, to_numpy
from samefeatures.networks.keras.split import KerasSplit


def keras_backend(
    keras: ModuleType,
    split: KerasSplit,
    layout: ImageLayout,
    *,
    threads: int | None,
    device: str,
    source: str,
) -> GraphBackend:
    """Runs a model up to its head, in inference mode.

    Args:
        keras: The package.
        split: Of the model, which is on its device.
        layout: Of its input.
        threads: Threads of torch while it runs, where that is Keras's backend.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        source: For messages.
    """
    name = keras.backend.backend()
    library = f"{name} {importlib.import_module(name).__version__}"
    return GraphBackend(
        runtime=f"keras {keras.__version__}, {library}{'' if device == 'cpu' else ', cuda'}",
        source=source,
        layout=layout,
        head=split.head,
        claim=split.claim,
        run=run_on(keras, split.features, device, threads=threads),
    )


def run_on(keras: ModuleType, model: Any, device: str, *, threads: int | None) -> Run:
    """A model on a device, in full float32."""
    call = _caller(keras, model)

    def run(images: Float32) -> Float32:
        with on_device(keras, device, threads=threads):
            return np.asarray(to_numpy(keras, call(images)), np.float32)

    return run


def _caller(keras: ModuleType, model: Any) -> Callable[[Float32], Any]:
    """The model as a function of one batch, compiled where the backend compiles.

    Not ``model.predict``: it would import TensorFlow, where that is installed, on every backend.
    """
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        function = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
        return lambda batch: function(tf.constant(batch))
    if name == "jax":
        import jax

        trained = [v.value for v in model.trainable_variables]
        other = [v.value for v in model.non_trainable_variables]
        jitted = jax.jit(lambda t, o, x: model.stateless_call(t, o, x, training=False)[0])
        return lambda batch: jitted(trained, other, batch)
    return lambda batch: model(batch, training=False)


def fingerprint_keras(keras: ModuleType, model: Any, *, bgr: bool) -> str:
    """A digest over the configuration, and over types, shapes and bytes of all weights.

    Names of layers are left out, since Keras counts them up in a process.
    """
    layers = list(model._flatten_layers())
    names = {layer.name: f"layer {i}" for i, layer in enumerate(layers)}
    structure = json.dumps(_renamed(model.get_config(), names), sort_keys=True, default=str)
    parts: list[str | bytes] = [type(model).__name__, structure, "bgr" if bgr else "rgb"]
    for variable in model.weights:
        value = np.ascontiguousarray(to_numpy(keras, variable))
        parts += [str(value.dtype), str(value.shape), value.tobytes()]
    return digest(*parts)


def _renamed(config: object, names: dict[str, str]) -> object:
    if isinstance(config, dict):
        return {str(key): _renamed(value, names) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [_renamed(value, names) for value in config]
    return names.get(config, config) if isinstance(config, str) else config


def count_trained(model: Any) -> int:
    """Number of trained numbers: all weights but running statistics, frozen ones included."""
    model.trainable = True
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)
