"""``savedmodel:PATH[?signature=NAME][&output=NAME]``: SavedModels of TensorFlow 1 and 2."""

from __future__ import annotations

from samefeatures.base.errors import require
from samefeatures.networks.image_layout import ImageLayout
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.tensorflow.setup import quiet_tensorflow


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
        require("tensorflow", extra="tensorflow", purpose=f"The network {source.text}")
        return _load(source, options)


def _load(source: Source, options: LoadOptions) -> ImageNetwork:
    from samefeatures.networks.tensorflow.backend import TensorFlowBackend, check_device
    from samefeatures.networks.tensorflow.graph import read_savedmodel
    from samefeatures.networks.tensorflow.split import split_tensorflow

    text = source.text
    check_device(options.device)
    frozen = read_savedmodel(
        resolve_path(source.rest, options.base),
        signature=source.query.get("signature"),
        source=text,
    )
    shape = frozen.input.shape
    images = ImageLayout.of(None if shape.rank is None else tuple(shape), source=text)
    preprocessing = build_preprocessing(images.fields(), options.overrides, source=text)
    images.check_size(*preprocessing.input_size[1:], source=text)
    split = split_tensorflow(frozen, source=text, output=source.query.get("output"))
    backend = TensorFlowBackend(frozen, split, images, device=options.device, source=text)
    return ImageNetwork(
        name=options.name,
        source=text,
        head=split.head,
        preprocessing=preprocessing,
        fingerprint=frozen.fingerprint,
        parameters=frozen.parameters,
        backend=backend,
        split=backend.prove(preprocessing),
    )
