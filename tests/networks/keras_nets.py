"""Keras networks with random weights, saved and computed by Keras on TensorFlow.

Run as a program of its own, since Keras has one backend per process:
``KERAS_BACKEND=tensorflow python keras_nets.py FOLDER``. FOLDER holds ``pixels.npz``; what Keras
computes goes to ``theirs.npz``, what the sources give in the same process to ``ours.npz``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Net:
    """An application, the files it is saved as, and the layer whose output are its features."""

    application: str
    module: str
    options: dict[str, Any]
    size: int
    features: str
    files: tuple[str, ...]

    @property
    def source(self) -> str:
        query = "".join(f"{key}={str(value).lower()}&" for key, value in self.options.items())
        return f"keras:{self.application}?{query}"

    def sources(self, name: str, folder: Path) -> dict[str, tuple[str, dict[str, object]]]:
        """Source strings and preprocessing for the files of this network."""
        size = {"input_size": [3, self.size, self.size]}
        half = {"mean": [0.5] * 3, "std": [0.5] * 3}
        made: dict[str, tuple[str, dict[str, object]]] = {}
        for file in self.files:
            path = folder / f"{name}{file}"
            if file in (".weights.h5", ".h5"):
                made[file] = (f"{self.source}weights={path}", size)
            elif file == "-saved":
                made[file] = (f"savedmodel:{path}", half)
            else:
                made[file] = (f"keras:{path}", half)
        return made


NETS = {
    # The thesis's MobileNet: preprocessing "tf", a Dense head behind a pool.
    "mobilenet_v2_140": Net(
        "MobileNetV2",
        "mobilenet_v2",
        {"alpha": 1.4},
        224,
        "global_average_pooling2d",
        (".weights.h5", ".h5", ".keras", "-saved"),
    ),
    # Preprocessing "caffe": blue, green, red.
    "resnet50": Net("ResNet50", "resnet", {"classes": 20}, 64, "avg_pool", (".weights.h5",)),
    # Heads that are 1x1 convolutions: behind dropout, and with the preprocessing in the network.
    "mobilenet": Net(
        "MobileNet", "mobilenet", {"alpha": 0.25, "classes": 20}, 128, "dropout", (".weights.h5",)
    ),
    "mobilenet_v3": Net(
        "MobileNetV3Small",
        "mobilenet_v3",
        {"minimalistic": True, "classes": 20},
        96,
        "dropout",
        (".weights.h5",),
    ),
}


def randomise(model: Any, seed: int) -> None:
    """Random weights everywhere, the statistics of batch norm among them."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            shape, name = tuple(variable.shape), variable.name
            if name in ("gamma", "moving_variance"):
                values.append(rng.uniform(0.5, 1.5, shape))
            elif name in ("beta", "moving_mean", "bias"):
                values.append(rng.normal(0, 0.1, shape))
            else:
                fan = int(np.prod(shape[:-1]))
                if type(layer).__name__ == "DepthwiseConv2D":
                    fan = shape[0] * shape[1]
                values.append(rng.normal(0, np.sqrt(2 / fan), shape))
        layer.set_weights([value.astype(np.float32) for value in values])


def save_legacy(model: Any, path: Path) -> None:
    """Weights alone in the format of Keras 2, as its ImageNet files are."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def build(keras: Any, name: str) -> Any:
    net = NETS[name]
    function = getattr(keras.applications, net.application)
    shape = (net.size, net.size, 3)
    model = function(weights=None, input_shape=shape, **net.options)
    randomise(model, seed=len(name))
    return model


def compute(keras: Any, name: str, model: Any, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Features, logits and probabilities as Keras itself has them."""
    net = NETS[name]
    module = getattr(keras.applications, net.module)
    x = module.preprocess_input(pixels.astype(np.float32))
    layer = next(layer for layer in model.layers if layer.name.startswith(net.features))
    features = keras.Model(model.inputs[0], layer.output)(x, training=False)
    features = np.asarray(features).reshape(len(x), -1)
    head = [layer for layer in model.layers if layer.weights][-1]
    kernel, bias = (np.asarray(weight) for weight in head.get_weights())
    logits = features.astype(np.float64) @ kernel.reshape(kernel.shape[-2:]) + bias
    return {
        f"{name}/features": features,
        f"{name}/logits": logits,
        f"{name}/probabilities": np.asarray(model(x, training=False)),
    }


def main(folder: Path) -> None:
    import samefeatures as sf
    from samefeatures.networks.keras.importing import import_keras

    keras = import_keras(purpose="A test")

    pixels = np.load(folder / "pixels.npz")
    theirs: dict[str, np.ndarray] = {}
    ours: dict[str, np.ndarray] = {}
    for name, net in NETS.items():
        model = build(keras, name)
        theirs |= compute(keras, name, model, pixels[str(net.size)])
        theirs[f"{name}/parameters"] = np.array(
            sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        )
        for file in net.files:
            path = folder / f"{name}{file}"
            if file == "-saved":
                model.export(path, verbose=False)
            elif file == ".h5":
                save_legacy(model, path)
            elif file == ".keras":
                model.save(path)
            else:
                model.save_weights(path)
        for file, (source, preprocessing) in net.sources(name, folder).items():
            network = sf.load(source, preprocessing=preprocessing)
            assert isinstance(network, sf.ImageNetwork)
            images = network.preprocessing.normalise(pixels[str(net.size)])
            features = network.backend.features(images)
            ours[f"{name}{file}/features"] = features
            ours[f"{name}{file}/logits"] = network.head.logits(features)
            ours[f"{name}{file}/fingerprint"] = np.array(network.fingerprint)
            ours[f"{name}{file}/runtime"] = np.array(network.backend.runtime)
    np.savez(folder / "theirs.npz", **theirs)
    np.savez(folder / "ours.npz", **ours)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
