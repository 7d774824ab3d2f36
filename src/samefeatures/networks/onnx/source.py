"""``onnx:PATH``: a classifier as ONNX, its preprocessing in a ``meta.json`` beside it."""

from __future__ import annotations

from samefeatures.networks.onnx.backend import OnnxBackend
from samefeatures.networks.onnx.graph import Graph, read_onnx
from samefeatures.networks.onnx.run import ImageInput
from samefeatures.networks.onnx.split import split_onnx
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing, fields_of_meta, read_meta
from samefeatures.networks.source import LoadOptions, Source, resolve_path


def load_onnx(source: Source, options: LoadOptions) -> ImageNetwork:
    """Read, split and prove an ONNX classifier.

    Raises:
        NetworkError: when the file, its input or its preprocessing is unusable.
        CheckpointError: when the file is damaged.
        SplitError: when it has no linear head.
    """
    text, device, threads = source.text, options.device, options.threads
    path = resolve_path(source.rest, options.base)
    model, fingerprint = read_onnx(path)
    meta = read_meta(path.with_name("meta.json"))
    graph = Graph(model)
    images = ImageInput.of(graph.inputs, source=text)
    split = split_onnx(model, source=text, output=source.query.get("output"))
    found = fields_of_meta(meta, source=text)
    preprocessing = build_preprocessing(found, options.overrides, source=text)
    images.check_size(*preprocessing.input_size[1:], source=text)
    backend = OnnxBackend(split, images, threads=threads, device=device, source=text)
    proof = backend.prove(model, preprocessing, threads=threads, device=device)
    counted = meta.get("parameters")
    return ImageNetwork(
        name=options.name,
        source=text,
        head=split.head,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=counted if isinstance(counted, int) else graph.parameters(),
        backend=backend,
        split=proof,
    )
