"""``onnx:PATH``: a classifier as ONNX, its preprocessing in a ``meta.json`` beside it."""

from __future__ import annotations

from samefeatures.networks.onnx.backend import OnnxBackend
from samefeatures.networks.onnx.files import read_onnx
from samefeatures.networks.onnx.graph import Graph
from samefeatures.networks.onnx.run import image_input
from samefeatures.networks.onnx.split import split_onnx
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing, fields_of_meta, read_json
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
    file = read_onnx(path)
    beside = path.with_name("meta.json")
    meta = read_json(beside, remedy="Mend or remove it") if beside.exists() else {}
    graph = Graph(file.model)
    images = _, layout = image_input(graph.inputs, source=text)
    split = split_onnx(
        file.model, source=text, output=source.query.get("output"), folder=file.folder
    )
    found = fields_of_meta(meta, source=text)
    preprocessing = build_preprocessing(found, options.overrides, source=text)
    layout.check_size(*preprocessing.input_size[1:], source=text)
    backend = OnnxBackend.open(split, images, threads=threads, device=device, source=text)
    counted = meta.get("parameters")
    return backend.proved(
        backend.open_whole(file.model, split.output),
        name=options.name,
        preprocessing=preprocessing,
        fingerprint=file.fingerprint,
        parameters=counted if isinstance(counted, int) else graph.parameters(),
    )
