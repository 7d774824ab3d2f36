"""Features of an ``nn.Module`` (needs torch)."""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.arithmetic import PLAIN, Arithmetic, Effect
from samefeatures.networks.device import check_gpu
from samefeatures.networks.proof import probe_images, prove
from samefeatures.networks.record import Head, SplitProof
from samefeatures.networks.torch.arithmetic import (
    Call,
    Feed,
    compiled,
    measure_effect,
    precision_context,
)
from samefeatures.networks.torch.device import count_gpus, inference
from samefeatures.networks.torch.hybrid import export_module, make_hybrid
from samefeatures.networks.torch.residency import Resident, activation_bytes
from samefeatures.networks.torch.split import logits_of, split_module

Pixels = npt.NDArray[np.uint8]


class TorchBackend(Resident):
    """Runs a module up to its head, in evaluation mode; in float32 unless asked otherwise.

    The split, its proof, and everything that is exported are of plain float32.

    Args:
        model: The whole network; its weights keep their values, but it is moved to the device,
            to float32 and to channels last.
        preprocessing: For the probe images.
        runtime: Libraries and versions that define the module.
        threads: Threads of torch while it runs; None leaves them alone.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        source: For messages.
        arithmetic: Precision and compilation of the features.

    Raises:
        NetworkError: when there is no such device, or the model fails or can't be compiled.
        SplitError: when it has no linear head.
    """

    def __init__(
        self,
        model: nn.Module,
        preprocessing: Preprocessing,
        *,
        runtime: str,
        threads: int | None,
        device: str,
        source: str,
        arithmetic: Arithmetic = PLAIN,
    ) -> None:
        check_gpu(device, count_gpus, runtime="torch")
        self._library = runtime
        self._arithmetic = arithmetic
        self.runtime = (runtime if device == "cpu" else f"{runtime}, cuda") + arithmetic.suffix
        self._preprocessing = preprocessing
        self._threads = threads
        self._device = torch.device(device)
        # Channels last is the layout in which convolutions run fastest, on processors too.
        self._model = model.to(self._device, torch.float32)
        self._model = self._model.to(memory_format=torch.channels_last).eval()
        self._probe = probe_images(preprocessing)
        self._feed = Feed(preprocessing, self._device)
        with self._running():
            self.split = split_module(self._model, self._tensor(self._probe), source=source)
        trunk = self.split.trunk
        super().__init__(self._device, self._model, *filter(None, [trunk]), source=source)
        if arithmetic.compile and trunk is None:
            raise NetworkError(
                f"{source} does not return its features when '{self.split.layer}' is taken out, so "
                "that there is nothing to compile. Leave 'compile' out for it."
            )
        self._call: Call = compiled(self.split.features, arithmetic)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features.

        Raises:
            OutOfMemoryError: when the batch does not fit into memory.
            NetworkError: when the module fails.
        """
        with self._running():
            return _to_numpy(self._forward(self._tensor(images)))

    def features_of_pixels(self, pixels: Pixels, *, batch_size: int) -> Float32:
        """(n, h, w, 3) bytes to (n, d) features, in batches that are copied back as one.

        On a GPU the next batch is on its way while one is computed; on the processor, where there
        is nothing to copy, it is ``features`` of every batch.

        Raises:
            OutOfMemoryError: when a batch does not fit into memory.
            NetworkError: when the module fails.
        """
        starts = range(0, len(pixels), batch_size)
        batches = (pixels[start : start + batch_size] for start in starts)
        if self._device.type == "cpu":
            return np.concatenate(
                [self.features(self._preprocessing.normalise(batch)) for batch in batches]
            )
        with self._running():
            # Nothing here waits for the GPU before the copy at the end.
            return _to_numpy(torch.cat([self._forward(self._fed(batch)) for batch in batches]))

    def effect(self) -> Effect | None:
        """What the arithmetic changes on probe images; None for plain float32.

        Raises:
            NetworkError: when it can't be compiled, or its features are NaN or infinite.
        """
        if self._arithmetic.is_plain:
            return None
        return measure_effect(
            self.features,
            self.plain_features,
            self.split.head,
            self._preprocessing,
            arithmetic=self._arithmetic,
            source=self.source,
        )

    def activations(self, batch_size: int) -> int:
        """Bytes that a batch takes beside the weights, measured on one."""
        _, height, width = self._preprocessing.input_size
        batch = np.zeros((batch_size, height, width, 3), np.uint8)

        def run() -> object:
            if self._device.type == "cpu":
                return self.plain_features(self._preprocessing.normalise(batch))
            return self.features_of_pixels(batch, batch_size=batch_size)

        self.wake()
        return activation_bytes(run, self.split.trunk or self._model, self._device)

    def _fed(self, pixels: Pixels) -> Tensor:
        return self._guarded(lambda: self._feed(pixels), shape=pixels.shape)

    def _forward(self, images: Tensor) -> Tensor:
        return self._computed(images, self._call, self._arithmetic)

    def _computed(self, images: Tensor, call: Call, arithmetic: Arithmetic) -> Tensor:
        """(b, 3, h, w) on the device to (b, d) float32."""
        self.wake()
        compiled = arithmetic.compile
        with precision_context(arithmetic, self._device):
            out = self._guarded(lambda: call(images), shape=images.shape, compiled=compiled)
        return out.float()

    def plain_features(self, images: Float32) -> Float32:
        """(b, 3, h, w) to (b, d) as ``features``, but in float32 and not compiled."""
        with self._running():
            return _to_numpy(self._computed(self._tensor(images), self.split.features, PLAIN))

    def prove(self) -> SplitProof:
        """Hold the parts against the whole model on probe images.

        Raises:
            SplitError: when they differ.
        """

        def network(images: Float32) -> Float32:
            with self._running():
                out = logits_of(self._model(self._tensor(images))).flatten(1)
                return _to_numpy(out.float())

        split = self.split
        # The factors of several heads were found on the probe: others must agree.
        several = len(split.places) > 1 or split.layer != split.places[0].name
        probe = probe_images(self._preprocessing, seed=1) if several else self._probe
        return prove(
            split.claim, split.head, self.plain_features, network, probe, source=self.source
        )

    def with_random_weights(self, *, seed: int) -> TorchBackend:
        """The same module with weights drawn from ``seed``; see ``randomise_module``."""
        from samefeatures.networks.torch.random import randomise_module

        return TorchBackend(
            randomise_module(self._model, seed=seed),
            self._preprocessing,
            runtime=self._library,
            threads=self._threads,
            device=str(self._device),
            source=self.source,
            arithmetic=self._arithmetic,
        )

    def hybrid_module(self, head: Head) -> nn.Module:
        """A module of its own: these features, then ``head``.

        Raises:
            ExportError: when the module can't be taken apart.
        """
        return make_hybrid(
            self.split, head, self._probe, self.plain_features(self._probe), source=self.source,
            exact=self._device.type == "cpu",
        )  # fmt: skip

    def hybrid_model(self, head: Head, preprocessing: Preprocessing) -> onnx.ModelProto:
        """The hybrid as ONNX with a free batch size; one output, ``logits``.

        Raises:
            ExportError: when torch can't export the module.
        """
        return export_module(self.hybrid_module(head), preprocessing, source=self.source)

    def _running(self) -> AbstractContextManager[None]:
        return inference(self._device, threads=self._threads)

    def _tensor(self, images: Float32) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(images))  # (b, 3, h, w)
        return x.to(self._device, memory_format=torch.channels_last)


def _to_numpy(out: Tensor) -> Float32:
    return np.asarray(out.cpu().numpy(), np.float32)
