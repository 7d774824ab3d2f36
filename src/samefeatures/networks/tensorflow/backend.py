"""Features of a frozen TensorFlow graph."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import tensorflow as tf

from samefeatures.base.arrays import Float32
from samefeatures.networks.graph_backend import GraphBackend, ImageLayout, Run
from samefeatures.networks.tensorflow.graph import Frozen
from samefeatures.networks.tensorflow.setup import tensorflow_full_float32
from samefeatures.networks.tensorflow.split import TensorFlowSplit


def tensorflow_backend(
    frozen: Frozen, split: TensorFlowSplit, layout: ImageLayout, *, device: str, source: str
) -> GraphBackend:
    """Runs a graph up to its head."""
    features = run_on(frozen.function.prune([frozen.input], split.tensor), device)

    def pooled(images: Float32) -> Float32:
        return np.asarray(features(images).mean(axis=split.pool), np.float32)

    return GraphBackend(
        runtime=f"tensorflow {tf.__version__}" + ("" if device == "cpu" else " cuda"),
        source=source,
        layout=layout,
        head=split.head,
        claim=split.claim,
        run=pooled if split.pool else features,
    )


def run_on(function: Any, device: str) -> Run:
    """A function of TensorFlow on a device, in full float32."""
    kind, _, index = device.partition(":")
    place = "CPU:0" if kind == "cpu" else f"GPU:{index or 0}"

    def run(images: Float32) -> Float32:
        with tf.device(place), nullcontext() if kind == "cpu" else tensorflow_full_float32():
            return np.asarray(function(tf.constant(images)).numpy(), np.float32)

    return run
