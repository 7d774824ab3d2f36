"""Every network of keras.applications, and the files in which Keras keeps them.

``KERAS_BACKEND`` says what Keras runs on; without it that is what ``import_keras`` finds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.coverage import Case, Made
from samefeatures.base.arrays import Float32
from samefeatures.networks.keras.applications import applications, normalisation
from samefeatures.networks.keras.importing import import_keras, to_numpy

PACKAGES = ("keras",)
SIZE, CLASSES = 96, 10
FILES = (".keras", ".h5")
IN_ALL_FILES = ("MobileNetV2", "ResNet50")


def cases() -> Iterator[Case]:
    """All applications as weights of their own; two of them as whole models too."""
    keras = import_keras(purpose="The sweep over Keras")
    for name in applications(keras):
        yield Case(name, partial(_make, keras, name, ".weights.h5"))
    for name in IN_ALL_FILES:
        for ending in FILES:
            yield Case(f"{name}, {ending}", partial(_make, keras, name, ending))


def _make(keras: ModuleType, name: str, ending: str, folder: Path) -> Made:
    function = getattr(keras.applications, name)
    keras.utils.set_random_seed(0)
    build = partial(function, weights=None, input_shape=(SIZE, SIZE, 3), classes=CLASSES)
    model = build()
    _spread(keras, model)
    path = folder / f"net{ending}"
    if ending == ".weights.h5":
        model.save_weights(path)
        source = f"keras:{name}?classes={CLASSES}&weights={path}"
    else:
        model.save(path)
        source = f"keras:{path}"
    bare = build(classifier_activation=None)
    bare.set_weights(model.get_weights())
    mean, std, bgr = normalisation(sys.modules[function.__module__].preprocess_input)
    given: dict[str, object] = {"input_size": [3, SIZE, SIZE]}
    if ending != ".weights.h5":  # a file says nothing of its preprocessing
        given |= {"mean": mean, "std": std}
        bgr = False
    return Made(source=source, logits=_logits(keras, bare, bgr=bgr), preprocessing=given)


def _spread(keras: ModuleType, model: Any) -> None:
    """Biases and statistics are moved off where they do nothing."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            value = to_numpy(keras, variable)
            moved = 0.05 * rng.normal(size=value.shape)
            if variable.name in ("bias", "beta", "moving_mean"):
                value = value + moved
            elif variable.name == "moving_variance":
                value = value * rng.uniform(0.8, 1.2, value.shape)
            values.append(np.asarray(value, np.float32))
        if values:
            layer.set_weights(values)


def _logits(keras: ModuleType, model: Any, *, bgr: bool) -> Callable[[Float32], Float32]:
    """(b, 3, h, w) images to (b, classes), by Keras's own model without its softmax."""

    def logits(images: Float32) -> Float32:
        came = images[:, ::-1] if bgr else images
        batch = keras.ops.convert_to_tensor(np.ascontiguousarray(came.transpose(0, 2, 3, 1)))
        out = to_numpy(keras, model(batch, training=False))
        return np.asarray(out.reshape(len(images), -1), np.float32)

    return logits
