"""SavedModels of TensorFlow 1 and 2 with random weights, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

SIZE, CLASSES = 16, 5
Signatures = dict[str, Callable[[Any], dict[str, Any]]]


class Net(tf.Module):
    """Convolution, batch norm with random statistics, pool, and a dense head."""

    def __init__(self, seed: int = 0, *, width: int = 8) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)

        def variable(*shape: int, trainable: bool = True) -> tf.Variable:
            return tf.Variable(rng.normal(size=shape).astype(np.float32), trainable=trainable)

        self.kernel = variable(3, 3, 3, width)
        self.mean = variable(width, trainable=False)
        self.variance = tf.Variable(rng.uniform(0.5, 2, width).astype(np.float32), trainable=False)
        self.weight = variable(width, CLASSES)
        self.bias = variable(CLASSES)

    def body(self, x: Any) -> Any:
        y = tf.nn.conv2d(x, self.kernel, 1, "SAME")
        y = tf.nn.batch_normalization(y, self.mean, self.variance, None, None, 1e-3)
        return tf.nn.relu(y)  # (b, h, w, width)

    def features(self, x: Any) -> Any:
        return tf.reduce_mean(self.body(x), [1, 2])

    def logits(self, x: Any) -> Any:
        return tf.matmul(self.features(x), self.weight) + self.bias


def save(
    net: Net,
    path: Path,
    signatures: Signatures | None = None,
    *,
    shape: tuple[int | None, ...] | None = (None, SIZE, SIZE, 3),
    dtype: Any = tf.float32,
) -> Path:
    """Save with the signatures given, or one with the logits."""
    spec = tf.TensorSpec(shape, dtype, "images")
    made = {
        name: tf.function(function, input_signature=[spec])
        for name, function in (
            signatures or {"serving_default": lambda images: {"logits": net.logits(images)}}
        ).items()
    }
    tf.saved_model.save(net, str(path), signatures=made)
    return path


def save_tf1(path: Path, *, resource: bool, hub: bool, seed: int = 0) -> dict[str, Any]:
    """A network as Slim and TensorFlow Hub saved them; what it computes is returned.

    The head is a 1×1 convolution over pooled features, then squeezed, reshaped and put through
    softmax; batch norm is ``FusedBatchNorm`` with stored statistics. As a Hub module it has a graph
    for training too, and no tag on the other.

    Returns:
        ``images`` (4, SIZE, SIZE, 3), and the ``features`` (4, 8) and ``logits`` of TensorFlow.
    """
    v1 = tf.compat.v1
    rng = np.random.default_rng(seed)
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, SIZE, SIZE, 3], name="images")

        def variable(name: str, *shape: int, trainable: bool = True) -> Any:
            value = rng.uniform(0.5, 1.5, shape).astype(np.float32)
            value *= rng.choice([-1, 1], shape) if name != "variance" else 1
            return v1.get_variable(
                name, initializer=value, trainable=trainable, use_resource=resource
            )

        y = tf.nn.conv2d(x, variable("w", 3, 3, 3, 8), 2, "SAME")
        y, *_ = v1.nn.fused_batch_norm(
            y,
            variable("gamma", 8),
            variable("beta", 8),
            variable("mean", 8, trainable=False),
            variable("variance", 8, trainable=False),
            is_training=False,
        )
        pooled = tf.reduce_mean(tf.nn.relu6(y), [1, 2], keepdims=True)
        conv = tf.nn.conv2d(pooled, variable("k", 1, 1, 8, CLASSES), 1, "SAME")
        logits = tf.squeeze(tf.nn.bias_add(conv, variable("b", CLASSES)), [1, 2])
        flat = tf.nn.softmax(tf.reshape(logits, [-1, CLASSES]))
        probabilities = tf.reshape(flat, tf.shape(logits))
        images = rng.normal(size=(4, SIZE, SIZE, 3)).astype(np.float32)
        with v1.Session(graph=graph) as session:
            session.run(v1.global_variables_initializer())
            outputs = {"logits": logits, "probabilities": probabilities}
            if hub:
                outputs = {"default": logits, "net/pooled": pooled, "net/predictions": flat}
            signature = v1.saved_model.predict_signature_def({"images": x}, outputs)
            vector = v1.saved_model.predict_signature_def({"images": x}, {"default": pooled})
            builder = v1.saved_model.Builder(str(path))
            if hub:
                signatures = {"image_classification": signature, "image_feature_vector": vector}
                builder.add_meta_graph_and_variables(session, [], signatures)
                builder.add_meta_graph(["train"], signatures)
            else:
                builder.add_meta_graph_and_variables(
                    session, ["serve"], {"serving_default": signature}
                )
            builder.save()
            features, said = session.run([pooled, logits], {x: images})
    return {"images": images, "features": features.reshape(4, -1), "logits": said}
