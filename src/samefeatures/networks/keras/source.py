"""``keras:NAME[?key=value]`` and ``keras:PATH``: Keras applications and saved Keras models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from samefeatures.base.errors import NetworkError
from samefeatures.networks.device import check_gpu
from samefeatures.networks.graph_backend import ImageLayout
from samefeatures.networks.keras.importing import count_gpus, import_keras, on_device
from samefeatures.networks.keras.split import input_shape, split_keras
from samefeatures.networks.kinds import is_keras_file
from samefeatures.networks.misfits import foreign_errors
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.tensorflow.setup import quiet_tensorflow


@dataclass(frozen=True, slots=True, eq=False)
class KerasBuilt:
    """A Keras model before its split.

    Attributes:
        model: The whole network.
        preprocessing: Fields of ``Preprocessing`` that the source gives.
        bgr: Whether it takes the channels in the order blue, green, red.
    """

    model: Any
    preprocessing: Mapping[str, object]
    bgr: bool = False


def load_keras(source: Source, options: LoadOptions) -> ImageNetwork:
    """Build or read a Keras model, split it, and prove the split.

    Keras runs on the backend that it has in this process, see ``import_keras``.

    Raises:
        MissingExtraError: when Keras or its backend is not installed.
        NetworkError: when there is no such model or device, or its input is unusable.
        CheckpointError: when a file is damaged or belongs to another network.
        SplitError: when it has no linear head.
    """
    keras = import_keras(purpose=f"The network {source.text}")
    runtime = f"{keras.backend.backend()}, which Keras runs on,"
    check_gpu(options.device, lambda: count_gpus(keras), runtime=runtime)

    with foreign_errors(source.text, "a Keras model"):
        with on_device(keras, options.device, threads=options.threads):
            built = _build(keras, source, options)
        with quiet_tensorflow():  # Keras imports it for several things, on every backend
            return _network(keras, built, source, options)


def _network(
    keras: ModuleType, built: KerasBuilt, source: Source, options: LoadOptions
) -> ImageNetwork:
    """Split a model and prove the split."""
    from samefeatures.networks.keras import backend

    model, text = built.model, source.text
    shape = input_shape(model, source=text)
    layout = ImageLayout.of(shape, source=text, last=True, bgr=built.bgr)
    _check_precision(model, text)
    found = {**layout.fields(), **built.preprocessing}
    preprocessing = build_preprocessing(found, options.overrides, source=text)
    layout.check_size(*preprocessing.input_size[1:], source=text)
    fingerprint = backend.fingerprint_keras(keras, model, bgr=built.bgr)
    parameters = backend.count_trained(model)
    device, threads = options.device, options.threads
    with on_device(keras, device, threads=threads):
        split = split_keras(keras, model, source=text)
    cut = backend.keras_backend(keras, split, layout, threads=threads, device=device, source=text)
    return cut.proved(
        backend.run_on(keras, model, device, threads=threads),
        name=options.name,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=parameters,
    )


def _build(keras: ModuleType, source: Source, options: LoadOptions) -> KerasBuilt:
    if is_keras_file(source.rest):
        from samefeatures.networks.keras.files import read_model

        if source.query:
            raise NetworkError(
                f"{source.text}: a file is a whole model and takes no options. Leave out '?' and "
                "the rest."
            )
        path = resolve_path(source.rest, options.base)
        with quiet_tensorflow():
            model = read_model(keras, path, source=source.text)
        return KerasBuilt(model, {})
    from samefeatures.networks.keras.applications import build_application

    model, fields, bgr = build_application(keras, source, options)
    return KerasBuilt(model, fields, bgr)


def _check_precision(model: Any, source: str) -> None:
    for layer in model._flatten_layers():
        kind = str(getattr(layer, "compute_dtype", None) or "float32")
        if kind in ("float16", "bfloat16", "float64"):
            raise NetworkError(
                f"{source} computes in {kind} (layer '{layer.name}'); only float32 is supported. "
                "Build it with the dtype policy float32, and load the weights into that."
            )
