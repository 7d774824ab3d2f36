"""Google's own definitions, in the environment that can still run them (see scripts/slim-env).

Run by the tests with that environment's Python, never imported by them:

    .venv-slim/bin/python tests/networks/slim/originals.py NAME IMAGES.npy OUT FORMAT… CLASSES

Builds the network NAME from TF-Slim's source, draws its weights and batch-norm statistics at
random, writes them in the formats in which Google published weights, and its features and logits
on the images: ``single.ckpt`` (2016), ``bundle.ckpt.*`` (2017), ``hub1/`` and ``hub2/``
(SavedModels of TensorFlow 1 and 2), ``averages.ckpt.*`` and ``outputs.npz``.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_slim as slim

sys.path.insert(0, str(Path(sys.prefix) / "slim"))

from nets import inception, resnet_v1, resnet_v2
from nets.mobilenet import mobilenet_v2

v1 = tf.compat.v1


def build(name: str, images: tf.Tensor, classes: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Features (b, d) and logits (b, classes) of a network in evaluation mode."""
    given = {"num_classes": classes, "is_training": False}
    if name.startswith("inception"):
        function = getattr(inception, name)
        pooled = {} if name in ("inception_v4", "inception_resnet_v2") else {"global_pool": True}
        with slim.arg_scope(inception.inception_v3_arg_scope()):
            logits, points = function(images, **given, **pooled)
        features = points.get("global_pool", points.get("PreLogitsFlatten"))
    elif name.startswith("resnet_v"):
        module = resnet_v1 if name.startswith("resnet_v1") else resnet_v2
        with slim.arg_scope(module.resnet_arg_scope()):
            logits, points = getattr(module, name)(images, **given)
        features = points["global_pool"]
    else:
        width = int(name.removeprefix("mobilenet_v2_")) / 100
        with slim.arg_scope(mobilenet_v2.training_scope(is_training=False)):
            logits, points = mobilenet_v2.mobilenet(
                images,
                num_classes=classes,
                depth_multiplier=width,
                finegrain_classification_mode=width < 1,
            )
        features = points["global_pool"]
    rows = tf.shape(images)[0]
    return tf.reshape(features, [rows, -1]), tf.reshape(logits, [rows, classes])


def draw(variable: tf.Variable, rng: np.random.Generator) -> np.ndarray:
    """Random values that keep activations within a few orders of magnitude."""
    kind, shape = variable.op.name.rpartition("/")[2], variable.shape.as_list()
    if kind in ("moving_variance", "gamma"):
        return rng.uniform(0.5, 1.5, shape)
    if kind in ("moving_mean", "beta", "biases"):
        return rng.normal(0, 0.1, shape)
    fan_in = np.prod(shape[:-1]) if kind != "depthwise_weights" else np.prod(shape[:2])
    return rng.normal(0, np.sqrt(1.5 / fan_in), shape)


def main(name: str, images: str, out: str, *formats: str, classes: int = 1001) -> None:
    """Write ``outputs.npz`` and the named formats.

    A format may also be ``averages``: a bundle in which the network's values are the moving
    averages, and the variables of the same names without the suffix are zeros, as they would be
    other values in a checkpoint of a training run.
    """
    pixels, folder = np.load(images), Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, *pixels.shape[1:]], name="images")
        features, logits = build(name, x, classes)
        variables = v1.global_variables()
        drawn = {variable.initial_value: draw(variable, rng) for variable in variables}
        session.run([variable.initializer for variable in variables], drawn)
        got = session.run({"features": features, "logits": logits}, {x: pixels})
        np.savez(folder / "outputs.npz", **got)
        step = v1.train.get_or_create_global_step()
        session.run(step.initializer)
        plain = {v.op.name: v for v in variables} | {"global_step": step}
        for kind, version in {
            "single": v1.train.SaverDef.V1,
            "bundle": v1.train.SaverDef.V2,
        }.items():
            if kind in formats:
                saver = v1.train.Saver(plain, write_version=version)
                saver.save(session, str(folder / f"{kind}.ckpt"), write_meta_graph=False)
        if "hub1" in formats:
            v1.saved_model.simple_save(
                session, str(folder / "hub1"), {"images": x}, {"default": logits}
            )
        if "averages" in formats:
            zeros = {
                v.op.name: v1.Variable(tf.zeros(v.shape), name=f"zeros/{v.op.name}")
                for v in variables
            }
            session.run([v.initializer for v in zeros.values()])
            averages = {f"{v.op.name}/ExponentialMovingAverage": v for v in variables}
            saver = v1.train.Saver(averages | zeros)
            saver.save(session, str(folder / "averages.ckpt"), write_meta_graph=False)
    if "hub2" in formats:
        first = tf.saved_model.load(str(folder / "hub1"))
        tf.saved_model.save(first, str(folder / "hub2"), signatures=first.signatures)


if __name__ == "__main__":
    *given, classes = sys.argv[1:]
    main(*given, classes=int(classes))
