"""Features of an ``nn.Module`` (needs torch)."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from samefeatures.data.imageset import digest
from samefeatures.data.preprocess import Preprocessing
from samefeatures.errors import ExportError, NetworkError, SamefeaturesError
from samefeatures.networks.arithmetic import PLAIN, Arithmetic, Effect
from samefeatures.networks.network import Float32, Head, SplitProof
from samefeatures.networks.proof import TOLERANCE, probe_images, prove
from samefeatures.networks.torch_arithmetic import (
    Call,
    Feed,
    activation_bytes,
    compiled,
    measure_effect,
    precision_context,
    torch_error,
    weight_bytes,
)
from samefeatures.networks.torch_split import Hybrid, logits_of, split_module

Pixels = npt.NDArray[np.uint8]


class TorchBackend:
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
        check_device(device)
        self.source = source
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
        self.resident = True
        with self._running():
            self.split = split_module(self._model, self._tensor(self._probe), source=source)
        if arithmetic.compile and self.split.trunk is None:
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
            self._plain_features,
            self.split.head,
            self._preprocessing,
            arithmetic=self._arithmetic,
            source=self.source,
        )

    @property
    def weights(self) -> int:
        """Bytes of the weights."""
        return weight_bytes(self._model)

    def activations(self, batch_size: int) -> int:
        """Bytes that a batch takes beside the weights, measured on one."""
        _, height, width = self._preprocessing.input_size
        batch = np.zeros((batch_size, height, width, 3), np.uint8)

        def run() -> object:
            if self._device.type == "cpu":
                return self._plain_features(self._preprocessing.normalise(batch))
            return self.features_of_pixels(batch, batch_size=batch_size)

        self.wake()
        return activation_bytes(run, self.split.trunk or self._model, self._device)

    def free_memory(self) -> int | None:
        """Bytes of the GPU that are free; None on the processor."""
        if self._device.type == "cpu":
            return None
        torch.cuda.empty_cache()
        return int(torch.cuda.mem_get_info(self._device)[0])

    def wake(self) -> None:
        """Put the weights onto the device; features are computed only there.

        Raises:
            OutOfMemoryError: when they do not fit.
        """
        if not self.resident:
            try:
                self._move(self._device)
            except Exception as error:  # torch has its own kinds
                raise torch_error(error, self._tensor_here(), PLAIN, self.source) from None
            self.resident = True

    def rest(self) -> None:
        """Put the weights into the processor's memory, until ``wake`` or the next features."""
        if self.resident:
            self._move(torch.device("cpu"))
            self.resident = self._device.type == "cpu"  # there they never leave it
            if self._device.type == "cuda":
                torch.cuda.empty_cache()

    def _move(self, device: torch.device) -> None:
        self._model.to(device)
        if self.split.trunk is not None:
            self.split.trunk.to(device)

    def _tensor_here(self) -> Tensor:
        return torch.from_numpy(self._probe[:1])

    def _fed(self, pixels: Pixels) -> Tensor:
        try:
            return self._feed(pixels)
        except Exception as error:  # torch has its own kinds
            failed = error
        raise torch_error(failed, self._tensor_here(), PLAIN, self.source) from None

    def _forward(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) on the device to (b, d) float32."""
        self.wake()
        failed: Exception
        try:
            with precision_context(self._arithmetic, self._device):
                return self._call(images).float()
        except SamefeaturesError:
            raise
        except Exception as error:  # the module is foreign code
            failed = error.with_traceback(None)  # its frames would hold on to the memory
        raise torch_error(failed, images, self._arithmetic, self.source) from None

    def _plain_features(self, images: Float32) -> Float32:
        """In float32 and not compiled, whatever the arithmetic."""
        self.wake()
        with self._running():
            return _to_numpy(self.split.features(self._tensor(images)).float())

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
        return prove(
            split.claim, split.head, self._plain_features, network, self._probe, source=self.source
        )

    def with_random_weights(self, *, seed: int) -> TorchBackend:
        """The same module with weights drawn from ``seed``; see ``randomise_module``."""
        from samefeatures.networks.torch_random import randomise_module

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
        if self.split.trunk is None:
            raise ExportError(
                f"{self.source} does not return its features when '{self.split.layer}' is taken "
                "out, so that no module can be made of them. Return the head's output as it is "
                "from the model's forward."
            )
        trunk = copy.deepcopy(self.split.trunk).cpu()
        hybrid = Hybrid(trunk, head).eval()
        with torch.inference_mode():
            logits = hybrid(torch.from_numpy(self._probe)).numpy()
        features = self._plain_features(self._probe)  # (b, d)
        # Rounding grows with what is summed, not with the sum: an ill-conditioned map cancels.
        terms = np.abs(features) @ np.abs(head.weight).T + np.abs(head.bias)  # (b, classes)
        error = float(np.abs(logits - head.logits(features)).max() / terms.max())
        # On a GPU sums run in another order than on the processor.
        allowed = TOLERANCE if self._device.type == "cpu" else 100 * TOLERANCE
        if not error <= allowed:
            raise ExportError(
                f"{self.source}: the hybrid module differs from head(features(x)) by {error:.1e} "
                "of what its logits are summed from. Report this as a bug."
            )
        return hybrid

    def hybrid_model(self, head: Head, preprocessing: Preprocessing) -> onnx.ModelProto:
        """The hybrid as ONNX with a free batch size; one output, ``logits``.

        Raises:
            ExportError: when torch can't export the module.
        """
        from samefeatures.networks.torch_export import export_module

        return export_module(self.hybrid_module(head), preprocessing, source=self.source)

    def _tensor(self, images: Float32) -> Tensor:
        x = torch.from_numpy(np.ascontiguousarray(images))  # (b, 3, h, w)
        return x.to(self._device, memory_format=torch.channels_last)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Inference in full float32; the number of threads is put back afterwards."""
        before = None if self._threads is None else torch.get_num_threads()
        exact = (
            torch.backends.cudnn.flags(
                enabled=True, benchmark=False, deterministic=True, allow_tf32=False
            )
            if self._device.type == "cuda"
            else nullcontext()
        )
        if self._threads is not None:
            torch.set_num_threads(self._threads)
        try:
            with torch.inference_mode(), exact:
                yield
        finally:
            if before is not None:
                torch.set_num_threads(before)


def _to_numpy(out: Tensor) -> Float32:
    return np.asarray(out.cpu().numpy(), np.float32)


def check_device(device: str) -> None:
    """Raise a NetworkError unless torch has the device."""
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise NetworkError(
            f"The device '{device}' is not available: torch finds no CUDA. Use 'cpu', or "
            "install a torch with CUDA on a machine that has a GPU."
        )
    if torch.cuda.device_count() <= int(device.partition(":")[2] or 0):
        raise NetworkError(
            f"The device '{device}' is not available: torch finds {torch.cuda.device_count()} "
            "GPUs, counted from 0. Name one of them."
        )


def fingerprint_module(model: nn.Module, *code: Path) -> str:
    """A digest over names, types, shapes and bytes of all weights, the structure, and code files.

    Args:
        model: On any device.
        code: Python files that define it, where no version of a library stands for them.
    """
    kind = type(model)
    structure = re.sub(r" at 0x[0-9a-f]+", "", str(model))  # addresses differ from run to run
    parts: list[str | bytes] = [f"{kind.__module__}.{kind.__qualname__}", structure]
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            parts += [name, repr(value)]
            continue
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        parts += [name, str(value.dtype), str(tuple(value.shape)), raw.numpy().tobytes()]
    return digest(*parts, *(path.read_bytes() for path in code))


def code_of(thing: object) -> list[Path]:
    """The Python file that defines a callable or a class, if there is one."""
    try:
        found = inspect.getsourcefile(thing)  # type: ignore[arg-type]
    except TypeError:
        return []
    return [Path(found)] if found and Path(found).is_file() else []
