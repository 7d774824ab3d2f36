"""Features of a frozen TensorFlow graph."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import tensorflow as tf

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.image_layout import ImageLayout, as_rows
from samefeatures.networks.memory import run_error
from samefeatures.networks.proof import probe_images, prove
from samefeatures.networks.record import SplitProof
from samefeatures.networks.tensorflow.graph import Frozen
from samefeatures.networks.tensorflow.setup import count_tensorflow_gpus, tensorflow_full_float32
from samefeatures.networks.tensorflow.split import TensorFlowSplit


class TensorFlowBackend:
    """Runs a graph up to its head.

    Args:
        frozen: The whole network.
        split: Where it is cut.
        images: Its input.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        source: For messages.
    """

    def __init__(
        self,
        frozen: Frozen,
        split: TensorFlowSplit,
        images: ImageLayout,
        *,
        device: str,
        source: str,
    ) -> None:
        self.split = split
        self.source = source
        self.runtime = f"tensorflow {tf.__version__}" + ("" if device == "cpu" else " cuda")
        self._images, self._device = images, device
        self._whole = frozen.function.prune([frozen.input], split.output)
        self._features = frozen.function.prune([frozen.input], split.tensor)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features.

        Raises:
            NetworkError: when TensorFlow fails.
            SplitError: when the head's input is not one vector per image.
        """
        out = self._run(self._features, images)
        if self.split.pool:
            out = out.mean(axis=self.split.pool)
        claim = self.split.claim
        return as_rows(
            out,
            len(images),
            self.split.head.dim,
            layer=claim.layer,
            found=claim.found,
            source=self.source,
        )

    def prove(self, preprocessing: Preprocessing) -> SplitProof:
        """Hold the parts against the whole graph on probe images.

        Raises:
            SplitError: when they differ.
        """

        def network(images: Float32) -> Float32:
            return self._run(self._whole, images).reshape(len(images), -1)

        probe = probe_images(preprocessing)
        return prove(
            self.split.claim, self.split.head, self.features, network, probe, source=self.source
        )

    def _run(self, function: Any, images: Float32) -> Float32:
        kind, _, index = self._device.partition(":")
        place = "CPU:0" if kind == "cpu" else f"GPU:{index or 0}"

        def call(batch: Float32) -> Float32:
            return np.asarray(function(tf.constant(batch)).numpy(), np.float32)

        try:
            with tf.device(place), nullcontext() if kind == "cpu" else tensorflow_full_float32():
                return self._images.run(call, images)
        except Exception as error:  # TensorFlow's errors share no base class but this
            raise run_error(error, images.shape, source=self.source) from None


def check_device(device: str) -> None:
    """Raise a NetworkError unless TensorFlow has the device."""
    if device != "cpu" and count_tensorflow_gpus() <= int(device.partition(":")[2] or 0):
        raise NetworkError(
            f"The device '{device}' is not available: TensorFlow finds {count_tensorflow_gpus()} "
            "GPUs. Use 'cpu', or install a TensorFlow for GPUs on a machine that has one."
        )
