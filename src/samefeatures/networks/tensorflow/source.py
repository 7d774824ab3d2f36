"""``savedmodel:PATH[?signature=NAME][&output=NAME]``: SavedModels of TensorFlow 1 and 2."""

from __future__ import annotations

from samefeatures.networks.bounds import memory_bound
from samefeatures.networks.device import check_gpu
from samefeatures.networks.graph_backend import ImageLayout
from samefeatures.networks.misfits import foreign_errors
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.tensorflow.setup import count_tensorflow_gpus, quiet_tensorflow


def load_savedmodel(source: Source, options: LoadOptions) -> ImageNetwork:
    """Freeze a signature of a SavedModel, split it, and prove the split.

    A SavedModel says nothing of its preprocessing but the size, where that is fixed: mean and std
    come from the study.

    Raises:
        MissingExtraError: when TensorFlow is not installed.
        NetworkError: when there is no such device or signature, or the input is unusable.
        CheckpointError: when files are missing or damaged.
        SplitError: when it has no linear head.
    """
    with quiet_tensorflow():
        source.require("tensorflow")
        # A TensorFlow that finds a GPU reserves its addresses, whatever it runs on.
        place = "cuda" if count_tensorflow_gpus() else options.device
        with foreign_errors(source.text, "a SavedModel"), memory_bound(place):
            return _load(source, options)


def _load(source: Source, options: LoadOptions) -> ImageNetwork:
    from samefeatures.networks.tensorflow.backend import run_on, tensorflow_backend
    from samefeatures.networks.tensorflow.graph import read_savedmodel
    from samefeatures.networks.tensorflow.split import split_tensorflow

    text, device = source.text, options.device
    check_gpu(device, count_tensorflow_gpus, runtime="TensorFlow")
    path = resolve_path(source.rest, options.base)
    frozen = read_savedmodel(path, signature=source.query.get("signature"), source=text)
    shape = frozen.input.shape
    dims = None if shape.rank is None else tuple(shape)
    layout = ImageLayout.of(dims, source=text, last=True)
    preprocessing = build_preprocessing(layout.fields(), options.overrides, source=text)
    layout.check_size(*preprocessing.input_size[1:], source=text)
    split = split_tensorflow(frozen, source=text, output=source.query.get("output"))
    backend = tensorflow_backend(frozen, split, layout, device=device, source=text)
    return backend.proved(
        run_on(frozen.function.prune([frozen.input], split.output), device),
        name=options.name,
        preprocessing=preprocessing,
        fingerprint=frozen.fingerprint,
        parameters=frozen.parameters,
    )
