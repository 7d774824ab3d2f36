"""Features of a Keras model, on whichever backend Keras has."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.image_layout import ImageLayout, as_rows
from samefeatures.networks.keras.importing import on_device, to_numpy
from samefeatures.networks.keras.split import split_keras
from samefeatures.networks.memory import run_error
from samefeatures.networks.proof import probe_images, prove
from samefeatures.networks.record import SplitProof


class KerasBackend:
    """Runs a model up to its head, in inference mode.

    Args:
        keras: The package.
        model: The whole network, on its device.
        images: Its input.
        bgr: Whether it takes the channels in the order blue, green, red. Preprocessing is always
            in the order red, green, blue; the order is turned here.
        threads: Threads of torch while it runs, where that is Keras's backend.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        source: For messages.

    Raises:
        SplitError: when it has no linear head.
    """

    def __init__(
        self,
        keras: ModuleType,
        model: Any,
        images: ImageLayout,
        *,
        bgr: bool,
        threads: int | None,
        device: str,
        source: str,
    ) -> None:
        self.source = source
        name = keras.backend.backend()
        library = __import__(name)
        self.runtime = f"keras {keras.__version__}, {name} {library.__version__}"
        if device != "cpu":
            self.runtime += ", cuda"
        self._keras, self._images, self._bgr = keras, images, bgr
        self._threads, self._device = threads, device
        self._model = model
        with on_device(keras, device, threads=threads):
            self.split = split_keras(keras, model, source=source)
        self._features = _caller(keras, self.split.features)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features.

        Raises:
            NetworkError: when the backend fails.
            SplitError: when the head's input is not one vector per image.
        """
        claim = self.split.claim
        return as_rows(
            self._run(self._features, images),
            len(images),
            self.split.head.dim,
            layer=claim.layer,
            found=claim.found,
            source=self.source,
        )

    def prove(self, preprocessing: Preprocessing) -> SplitProof:
        """Hold the parts against the whole model on probe images.

        Raises:
            SplitError: when they differ.
        """
        whole = _caller(self._keras, self._model)

        def network(images: Float32) -> Float32:
            return self._run(whole, images).reshape(len(images), -1)

        return prove(
            self.split.claim,
            self.split.head,
            self.features,
            network,
            probe_images(preprocessing),
            source=self.source,
        )

    def _run(self, network: Callable[[Float32], Any], images: Float32) -> Float32:
        if self._bgr:
            images = images[:, ::-1]

        def call(batch: Float32) -> Float32:
            return np.asarray(to_numpy(self._keras, network(batch)), np.float32)

        try:
            with on_device(self._keras, self._device, threads=self._threads):
                return self._images.run(call, images)
        except Exception as error:  # each backend has errors of its own
            raise run_error(error, images.shape, source=self.source) from None


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
