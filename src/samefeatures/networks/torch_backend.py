"""Features of an ``nn.Module`` (needs torch)."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from samefeatures.data.imageset import digest
from samefeatures.data.preprocess import Preprocessing
from samefeatures.errors import ExportError, NetworkError
from samefeatures.networks.network import Float32, Head, SplitProof
from samefeatures.networks.proof import TOLERANCE, probe_images, prove
from samefeatures.networks.torch_split import Hybrid, logits_of, split_module


class TorchBackend:
    """Runs a module up to its head, in evaluation mode and float32.

    Args:
        model: The whole network; its weights keep their values, but it is moved to the device,
            to float32 and to channels last.
        preprocessing: For the probe images.
        runtime: Libraries and versions that define the module.
        threads: Threads of torch while it runs; None leaves them alone.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        source: For messages.

    Raises:
        NetworkError: when there is no such device, or the model fails.
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
    ) -> None:
        if device != "cpu" and not torch.cuda.is_available():
            raise NetworkError(
                f"The device '{device}' is not available: torch finds no CUDA. Use 'cpu', or "
                "install a torch with CUDA on a machine that has a GPU."
            )
        self.source = source
        self.runtime = runtime if device == "cpu" else f"{runtime}, cuda"
        self._preprocessing = preprocessing
        self._threads = threads
        self._device = torch.device(device)
        # Channels last is the layout in which convolutions run fastest, on processors too.
        self._model = model.to(self._device, torch.float32)
        self._model = self._model.to(memory_format=torch.channels_last).eval()
        self._probe = probe_images(preprocessing)
        with self._running():
            self.split = split_module(self._model, self._tensor(self._probe), source=source)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features."""
        with self._running():
            out = self.split.features(self._tensor(images))
            return np.asarray(out.float().cpu().numpy(), np.float32)

    def prove(self) -> SplitProof:
        """Hold the parts against the whole model on probe images.

        Raises:
            SplitError: when they differ.
        """

        def network(images: Float32) -> Float32:
            with self._running():
                out = logits_of(self._model(self._tensor(images))).flatten(1)
                return np.asarray(out.float().cpu().numpy(), np.float32)

        split = self.split
        return prove(
            split.claim, split.head, self.features, network, self._probe, source=self.source
        )

    def with_random_weights(self, *, seed: int) -> TorchBackend:
        """The same module with weights drawn from ``seed``; see ``randomise_module``."""
        from samefeatures.networks.torch_random import randomise_module

        device = str(self._device)
        runtime = self.runtime if device == "cpu" else self.runtime.removesuffix(", cuda")
        return TorchBackend(
            randomise_module(self._model, seed=seed),
            self._preprocessing,
            runtime=runtime,
            threads=self._threads,
            device=device,
            source=self.source,
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
        features = self.features(self._probe)  # (b, d)
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
