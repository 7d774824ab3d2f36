"""``hf:OWNER/NAME[?revision=REV]`` or ``hf:FOLDER``: transformers and timm models of the Hub."""

from __future__ import annotations

from samefeatures.networks.bounds import memory_bound
from samefeatures.networks.hub.folder import find_folder
from samefeatures.networks.misfits import foreign_errors
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.source import LoadOptions, Source
from samefeatures.networks.torch.source import Built, load_torch


def build_hf(source: Source, options: LoadOptions) -> Built:
    """Build an image classifier as transformers or timm saved it.

    A ``config.json`` with an ``architecture`` is timm's, any other that of transformers. Code that
    comes with a model is never run. What is done about a background class: ``background.py``.

    Raises:
        MissingExtraError: when transformers, timm or huggingface_hub is not installed.
        NetworkError: when it can't be had, or is no image classifier.
        CheckpointError: when the weights are damaged or do not fit.
    """
    source.require("huggingface_hub")
    folder = find_folder(source, options.base)
    if "architecture" in folder.config:
        from samefeatures.networks.hub.timm_folder import build_timm_folder

        timm = source.require("timm")
        return build_timm_folder(timm, source, folder)
    from samefeatures.networks.hub.transformers_folder import build_transformers_folder

    transformers = source.require("transformers")
    return build_transformers_folder(transformers, source, folder)


def load_hf(source: Source, options: LoadOptions) -> ImageNetwork:
    """As ``load_torch``; whatever the libraries say of a damaged ``config.json`` is one line.

    Raises:
        SamefeaturesError: as ``build_hf`` and ``load_torch``.
    """
    with foreign_errors(source.text, "a model of the Hub"), memory_bound(options.device):
        return load_torch(build_hf, source, options)
