"""Networks of Keras, TensorFlow and the Hub: how a sound one is made, and how it is read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.fuzz_users import Made

SIZE, CLASSES = 8, 3
INPUT = {"mean": [0.5] * 3, "std": [0.25] * 3}
SECONDS = 10.0


def read_source(text: str) -> Any:
    """A reader of a whole network, by its source."""

    def read(folder: Path) -> object:
        from samefeatures.networks.load import load

        found = load(text, base=folder, preprocessing=INPUT if "hf:" not in text else None)
        head = found.head
        return found.fingerprint, head.weight, head.bias, found.preprocessing, found.class_names

    return read


# --- Keras ---------------------------------------------------------------------------------------


@cache
def keras_model() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    from samefeatures.networks.keras.importing import import_keras

    keras = import_keras(purpose="Damage")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES),
    ])  # fmt: skip


def make_keras(name: str) -> Any:
    """A maker of a model, or of its weights, by the ending of the name."""

    def make(folder: Path) -> Made:
        save = "save_weights" if ".weights." in name else "save"
        getattr(keras_model(), save)(folder / name)
        return [folder / name]

    return make


def read_keras(name: str) -> Any:
    """A reader of a model, or of weights into one that is there."""

    def read(folder: Path) -> object:
        from samefeatures.networks.keras import files
        from samefeatures.networks.misfits import foreign_errors

        with forked():
            if ".weights." not in name:
                return read_source(f"keras:{name}")(folder)
            with foreign_errors("keras:x", "a Keras model"):
                files.load_weights(keras_model(), folder / name, source="keras:x")
        return keras_model().get_weights()

    return read


@contextmanager
def forked() -> Iterator[None]:
    """HDF5 files are read in a fork of this process rather than in a new one, which is slow."""

    def apart(_: str, path: str, *, data: bytes, seconds: float) -> bytes:
        from samefeatures.base.errors import FileError
        from samefeatures.networks.keras.hdf5 import main

        del data, seconds
        child = os.fork()
        if not child:
            try:
                main(Path(path))
            except BaseException:
                os._exit(1)
            os._exit(0)
        until = time.monotonic() + SECONDS
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > until:
                os.kill(child, 9)
            time.sleep(0.002)
        if ended[1]:
            raise FileError("reading it failed")
        return b""

    with mock.patch("samefeatures.networks.keras.files.check_hdf5", lambda path: apart(
        "", str(path), data=b"", seconds=0
    )):  # fmt: skip
        yield


# --- TensorFlow ----------------------------------------------------------------------------------


@cache
def tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow

    return tensorflow


def make_savedmodel(folder: Path) -> Made:
    tf = tensorflow()
    rng = np.random.default_rng(0)

    class Net(tf.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            shapes = {"kernel": (3, 3, 3, 4), "weight": (4, CLASSES), "bias": (CLASSES,)}
            for name, shape in shapes.items():
                setattr(self, name, tf.Variable(rng.normal(size=shape).astype(np.float32)))

        def logits(self, images: Any) -> Any:
            y = tf.nn.relu(tf.nn.conv2d(images, self.kernel, 1, "SAME"))
            return {"logits": tf.matmul(tf.reduce_mean(y, [1, 2]), self.weight) + self.bias}

    net, spec = Net(), tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, "images")
    signature = tf.function(net.logits, input_signature=[spec])
    tf.saved_model.save(net, str(folder / "net"), signatures={"serving_default": signature})
    variables = sorted((folder / "net" / "variables").iterdir())
    return [folder / "net" / "saved_model.pb", *variables]


def make_bundle(folder: Path) -> Made:
    return make_savedmodel(folder)[1:]


def make_single(folder: Path) -> Made:
    """A checkpoint in one file, as TensorFlow wrote them until 2016."""
    v1 = tensorflow().compat.v1
    graph = v1.Graph()
    with graph.as_default():
        v1.get_variable("a/weights", initializer=np.arange(12, dtype=np.float32).reshape(3, 4))
        v1.get_variable("global_step", initializer=np.int64(7))
        saver = v1.train.Saver(write_version=v1.train.SaverDef.V1)
        with v1.Session(graph=graph) as session:
            session.run(v1.global_variables_initializer())
            saver.save(session, str(folder / "x.ckpt"), write_meta_graph=False)
    return [folder / "x.ckpt"]


def read_variables(name: str) -> Any:
    def read(folder: Path) -> object:
        from samefeatures.networks.tensorflow.checkpoints import TensorFlowCheckpoint

        found = TensorFlowCheckpoint.open(folder / name)
        return {each: found.read(each) for each in found.shapes}

    return read


# --- the Hub -------------------------------------------------------------------------------------


def make_transformers(folder: Path) -> Made:
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        image_size=16, patch_size=8, num_labels=3, id2label={0: "cat", 1: "dog", 2: "cow"},
    )  # fmt: skip
    model = ViTForImageClassification(config)
    torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(folder / "net")
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder / "net")
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    return [folder / "net" / name for name in names]


def make_timm(folder: Path) -> Made:
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet", pretrained=False, num_classes=CLASSES)
    timm.models.save_for_hf(
        model, folder / "net", safe_serialization=True,
        model_config={"label_names": ["cat", "dog", "cow"]},
    )  # fmt: skip
    return [folder / "net" / "config.json"]


def make_parts(folder: Path) -> Made:
    """The index of weights in two files."""
    net = folder / "net"
    net.mkdir()
    (net / "config.json").write_text('{"model_type": "vit"}')
    parts = [f"model-0000{k}-of-00002.safetensors" for k in (1, 2)]
    for part in parts:
        (net / part).write_bytes(b"")
    index = net / "model.safetensors.index.json"
    listed = {"a.weight": parts[0], "a.bias": parts[0], "b.weight": parts[1]}
    index.write_text(json.dumps({"metadata": {"total_size": 80}, "weight_map": listed}))
    return [index, net / "config.json"]


def read_parts(folder: Path) -> object:
    from samefeatures.networks.hub.folder import find_folder
    from samefeatures.networks.source import parse_source

    found = find_folder(parse_source("hf:net"), folder)
    return found.config, [path.relative_to(folder) for path in found.weights]
