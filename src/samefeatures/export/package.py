"""A hybrid (features of A, a map folded into the head of B) as ONNX or as an ``nn.Module``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ExportError, NetworkError
from samefeatures.base.files import write_whole, writing
from samefeatures.base.paths import PathLike, as_path
from samefeatures.export.class_names import names_entry
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.record import Head, ImageNetwork, Network

if TYPE_CHECKING:
    import onnx
    from torch import nn

TIE = 1e-4
"""Two logits closer than this share of the largest are equal up to float32 rounding."""


@runtime_checkable
class OnnxExportable(Protocol):
    """A backend that can become an ONNX model with another head."""

    def hybrid_model(self, head: Head, preprocessing: Preprocessing) -> onnx.ModelProto: ...


@runtime_checkable
class ModuleExportable(Protocol):
    """A backend that can become an ``nn.Module`` with another head."""

    def hybrid_module(self, head: Head) -> nn.Module: ...


def export_onnx(
    network: Network,
    head: Head,
    path: PathLike,
    *,
    metadata: Mapping[str, str] | None = None,
    class_names: Sequence[str] = (),
) -> Path:
    """Write ``head(features(images))`` of a network as one ONNX file.

    Its output is ``logits`` (b, classes); its input takes images preprocessed as the network's.
    How is written into the metadata as JSON (``samefeatures.preprocessing``), with the network's
    source and fingerprint.

    Args:
        network: Whose features are used.
        head: On these features, e.g. from ``AffineMap.fold``.
        path: File to write; its folder is created.
        metadata: More entries, e.g. the target and the method.
        class_names: Of the head's classes, in their order; ``samefeatures.class_names`` holds them
            as a JSON list of at most 1 MiB.

    Returns:
        The path.

    Raises:
        ExportError: when the network can't be exported, the head or the names do not fit, or the
            file can't be written.
        MissingExtraError: when torch's exporter is needed and not installed.
    """
    place = as_path(path)
    network = exportable(network, head)
    backend: object = network.backend
    if not isinstance(backend, OnnxExportable):
        raise ExportError(
            f"{network.name} ({network.source}) runs in a backend that can't be written as ONNX. "
            "Load it from timm:, torchvision:, python:, onnx: or mini:."
        )
    named = names_entry(class_names, classes=head.classes)
    model = backend.hybrid_model(head, network.preprocessing)
    _describe(model, network, {**named, **(metadata or {})})
    _write(model, place)
    return place


def hybrid_module(network: Network, head: Head) -> nn.Module:
    """``head(features(images))`` as an ``nn.Module`` of its own, in evaluation mode on the CPU.

    Args:
        network: Whose features are used: ``timm:``, ``torchvision:`` or ``python:``.
        head: On these features, e.g. from ``AffineMap.fold``.

    Raises:
        ExportError: when the network is no ``nn.Module``, or the head does not fit.
    """
    backend: object = exportable(network, head).backend
    if not isinstance(backend, ModuleExportable):
        raise ExportError(
            f"{network.name} ({network.source}) does not run as an nn.Module. Write it as ONNX "
            "with export_onnx, or load the network from timm:, torchvision: or python:."
        )
    return backend.hybrid_module(head)


def exportable(network: Network, head: Head) -> ImageNetwork:
    """The same network, if it sees images, and the head takes its features.

    Raises:
        ExportError: when it does not.
    """
    if not isinstance(network, ImageNetwork):
        raise ExportError(
            f"{network.name} is known by its features alone ({network.source}); there is nothing "
            "to run on images. Use the map itself: samefeatures.AffineMap."
        )
    if head.dim != network.dim:
        raise ExportError(
            f"The head takes {head.dim} features, but {network.name} has {network.dim}. Fold the "
            "map from this network into the target's head first: AffineMap.fold."
        )
    return network


def _describe(model: onnx.ModelProto, network: ImageNetwork, metadata: Mapping[str, str]) -> None:
    """Set the metadata; take off what exporters leave of their own (paths, stack traces)."""
    from samefeatures.base.version import __version__

    _strip(model.graph)
    for function in model.functions:
        for node in function.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
        function.ClearField("metadata_props")
        function.ClearField("doc_string")
    model.producer_name, model.producer_version = "samefeatures", __version__
    model.doc_string = ""
    entries = {
        "samefeatures.preprocessing": json.dumps(network.preprocessing.as_dict()),
        "samefeatures.source": network.source,
        "samefeatures.source_fingerprint": network.fingerprint,
        **metadata,
    }
    del model.metadata_props[:]
    for key, value in entries.items():
        model.metadata_props.add(key=key, value=value)


def _strip(graph: onnx.GraphProto) -> None:
    graph.doc_string = ""
    del graph.metadata_props[:]
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    for node in graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                _strip(inner)


def _write(model: onnx.ModelProto, path: Path) -> None:
    """Check, write beside, move into place: what stands at ``path`` is whole."""
    import onnx

    try:
        onnx.checker.check_model(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, model.SerializeToString())
    except OSError as error:
        raise ExportError(
            f"Can't write {path}: {error.strerror or error}. Choose another place, or free some "
            "space."
        ) from None
    except (onnx.checker.ValidationError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(f"The hybrid is no valid ONNX model ({said}).") from None


def run_onnx(path: Path, *, threads: int | None = None) -> Callable[[Float32], Float32]:
    """Open a written hybrid: (b, 3, h, w) preprocessed images to (b, classes) logits.

    Raises:
        ExportError: when the file can't be read or run.
    """
    from samefeatures.networks.onnx.backend import open_exported
    from samefeatures.networks.onnx.files import read_onnx

    try:
        return open_exported(read_onnx(path).model, threads=threads)
    except NetworkError as error:
        raise ExportError(f"The exported file {path} does not run: {error}") from None


def check_predictions(
    run: Callable[[Float32], Float32], batches: Iterable[Float32], expected: npt.NDArray[np.integer]
) -> int:
    """Compare the classes that ``run`` predicts with those of a study.

    Args:
        run: (b, 3, h, w) preprocessed images to (b, classes) logits.
        batches: The images, in the order of ``expected``.
        expected: (n,) predicted classes of the study.

    Returns:
        Images where the class differs, but both have the same logit up to float32 rounding.

    Raises:
        ExportError: when any other class differs, or the numbers of images do.
    """
    at, ties, wrong = 0, 0, list[int]()
    for images in batches:
        logits = run(images)  # (b, classes)
        wanted = expected[at : at + len(logits)]
        if len(wanted) != len(logits):
            raise ExportError(
                f"More images came than the {len(expected)} predictions of the study. Give the "
                "same images in the same order."
            )
        finite = np.isfinite(logits).min(axis=1)
        for i in np.flatnonzero((logits.argmax(axis=1) != wanted) | ~finite):
            gap = logits[i].max() - logits[i, wanted[i]]
            tie = bool(finite[i] and gap <= TIE * np.abs(logits[i]).max())
            ties += tie
            wrong += [] if tie else [at + int(i)]
        at += len(logits)
    if at != len(expected):
        raise ExportError(
            f"{at} images came, but the study has {len(expected)} predictions. Give the same "
            "images in the same order."
        )
    if wrong:
        raise ExportError(
            f"The exported hybrid predicts another class than the study for {len(wrong)} of {at} "
            f"images, the first of them number {wrong[0]}. The file and the study do not belong "
            "together, or the images were preprocessed in another way."
        )
    return ties


def export_module_file(
    network: Network, head: Head, path: Path
) -> tuple[Path, Callable[[Float32], Float32]]:
    """Write a hybrid of a torch network as a ``.pt2`` file (``torch.export``), free batch size.

    ``torch.export.load(path).module()`` gives the ``nn.Module`` back, without this package.

    Args:
        network: Whose features are used.
        head: The target's head with the map folded in.
        path: File to write.

    Returns:
        The path, and a function that runs what was written: pixels (n, 3, h, w) to logits
        (n, classes).

    Raises:
        ExportError: when the network is not a torch module, or torch can't export it.
        StoreError: when the file can't be written.
    """
    import io

    module, size = hybrid_module(network, head), exportable(network, head).preprocessing.input_size
    import torch

    # Saved as whole contiguous tensors; channels last is a matter of the machine that runs it.
    module = module.to(memory_format=torch.contiguous_format)
    example = torch.zeros(2, *size)
    try:
        batch = torch.export.Dim("batch")
        program = torch.export.export(module, (example,), dynamic_shapes=({0: batch},))
        packed = io.BytesIO()
        torch.export.save(program, packed)
    except Exception as error:  # torch's exporter raises many kinds
        raise ExportError(
            f"torch.export can't write the hybrid on {network.name} "
            f"({' '.join(str(error).split())[:300]}). Use hybrid_module in Python, or .onnx."
        ) from None
    with writing(path):
        write_whole(path, packed.getvalue())
    loaded = torch.export.load(path).module()

    def run(images: Float32) -> Float32:
        with torch.inference_mode():
            logits = loaded(torch.from_numpy(images))
        return np.asarray(logits.numpy(), np.float32)

    return path, run
