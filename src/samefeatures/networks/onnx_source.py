"""``onnx:PATH``: a classifier as ONNX, its preprocessing in a ``meta.json`` beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from samefeatures.networks.network import ImageNetwork
from samefeatures.networks.onnx_backend import OnnxBackend
from samefeatures.networks.onnx_graph import Graph, read_onnx
from samefeatures.networks.onnx_run import ImageInput
from samefeatures.networks.onnx_split import split_onnx
from samefeatures.networks.settings import build_preprocessing, fields_of_meta, read_meta


def load_onnx(
    path: Path,
    *,
    name: str,
    source: str,
    overrides: Mapping[str, object],
    output: str | None,
    threads: int | None,
    device: str,
) -> ImageNetwork:
    """Read, split and prove an ONNX classifier.

    Raises:
        NetworkError: when the file, its input or its preprocessing is unusable.
        CheckpointError: when the file is damaged.
        SplitError: when it has no linear head.
    """
    model, fingerprint = read_onnx(path)
    meta = read_meta(path.with_name("meta.json"))
    graph = Graph(model)
    images = ImageInput.of(graph.inputs, source=source)
    split = split_onnx(model, source=source, output=output)
    found = fields_of_meta(meta, source=source)
    preprocessing = build_preprocessing(found, overrides, source=source)
    images.check_size(*preprocessing.input_size[1:], source=source)
    backend = OnnxBackend(split, images, threads=threads, device=device, source=source)
    proof = backend.prove(model, preprocessing, threads=threads, device=device)
    counted = meta.get("parameters")
    return ImageNetwork(
        name=name,
        source=source,
        head=split.head,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=counted if isinstance(counted, int) else graph.parameters(),
        backend=backend,
        split=proof,
    )
