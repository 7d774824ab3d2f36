"""``onnx:PATH``: a classifier as ONNX, its preprocessing in a ``meta.json`` beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from samefeatures.base.errors import NetworkError
from samefeatures.networks.bounds import memory_bound
from samefeatures.networks.graph_backend import ImageLayout
from samefeatures.networks.misfits import foreign_errors
from samefeatures.networks.onnx.backend import OnnxBackend
from samefeatures.networks.onnx.files import OnnxFile, read_onnx
from samefeatures.networks.onnx.graph import Graph
from samefeatures.networks.onnx.run import image_input
from samefeatures.networks.onnx.split import split_onnx
from samefeatures.networks.proof import HALF_TOLERANCE, MixedImages
from samefeatures.networks.record import ImageNetwork, with_note
from samefeatures.networks.settings import (
    build_preprocessing,
    class_names_of_meta,
    fields_of_meta,
    read_json,
)
from samefeatures.networks.source import LoadOptions, Source, resolve_path


def load_onnx(source: Source, options: LoadOptions) -> ImageNetwork:
    """Read, split and prove an ONNX classifier.

    Raises:
        NetworkError: when the file, its input or its preprocessing is unusable.
        CheckpointError: when the file is damaged.
        SplitError: when it has no linear head.
    """
    path = resolve_path(source.rest, options.base)
    with foreign_errors(source.text, "an ONNX file"):
        with memory_bound(options.device):
            file = read_onnx(path)
        mapped = 0 if file.folder is None else 4 * file.outside  # two sessions, one being opened
        with memory_bound(options.device, mapped=mapped):
            return _network(source, options, path, file)


def _network(source: Source, options: LoadOptions, path: Path, file: OnnxFile) -> ImageNetwork:
    """Split and prove what was read."""
    text = source.text
    beside = path.with_name("meta.json")
    meta = read_json(beside, remedy="Mend or remove it") if beside.exists() else {}
    graph = Graph(file.model, file.folder)
    given, layout = image_input(graph.inputs, source=text)
    split = split_onnx(
        file.model, source=text, output=source.query.get("output"), folder=file.folder
    )
    found = fields_of_meta(meta, source=text)
    preprocessing = build_preprocessing(found, options.overrides, source=text)
    layout.check_size(*preprocessing.input_size[1:], source=text)
    counted = meta.get("parameters")
    parameters = counted if isinstance(counted, int) else graph.parameters()
    names = class_names_of_meta(meta, source=text)

    def network(layout: ImageLayout) -> ImageNetwork:
        backend = OnnxBackend.open(
            split, (given, layout), threads=options.threads, device=options.device, source=text
        )
        return backend.proved(
            backend.open_whole(file.model, split.output),
            name=options.name,
            preprocessing=preprocessing,
            fingerprint=file.fingerprint,
            parameters=parameters,
        )

    try:
        proved = network(layout)
    except NetworkError as error:
        fixed = layout.batch is not None or isinstance(error, MixedImages)
        batches = [] if fixed else graph.batches_inside()
        proved = _in_batches(network, layout, batches, error)
    if split.claim.tolerance == HALF_TOLERANCE:
        proved = with_note(
            proved,
            f"computes in float16; {HALF_TOLERANCE:.0e} is allowed between "
            "head(features(x)) and the network",
        )
    return replace(proved, class_names=names)


def _in_batches(
    network: Callable[[ImageLayout], ImageNetwork],
    layout: ImageLayout,
    batches: Sequence[int],
    error: NetworkError,
) -> ImageNetwork:
    """The network in batches of a size that its graph fixes inside, if it runs so."""
    for batch in batches:
        try:
            found = network(replace(layout, batch=batch))
        except NetworkError:
            continue
        images = "one image" if batch == 1 else f"{batch} images"
        return with_note(found, f"its graph fixes {images} inside, and is given so many at a time")
    raise error
