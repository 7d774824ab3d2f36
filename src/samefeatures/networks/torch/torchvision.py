"""``torchvision:NAME[?checkpoint=PATH][&weights=NAME]``: weights and transforms as it has them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from samefeatures.base.errors import NetworkError, did_you_mean
from samefeatures.networks.source import LoadOptions, Source, look_up, resolve_path
from samefeatures.networks.torch.source import Built, load_torch, no_download


def build_torchvision(source: Source, options: LoadOptions) -> Built:
    """Create the model with its default (or the named) weights, or with those of a checkpoint.

    Preprocessing comes from the transforms of the weights' entry, also with a checkpoint.

    Raises:
        MissingExtraError: when torchvision is not installed.
        NetworkError: when it has no such model or weights, or they can't be had.
        CheckpointError: when the checkpoint does not fit.
    """
    torchvision = source.require("torchvision")
    models = source.require("torchvision.models")
    name = source.rest
    known = models.list_models(module=models)
    if name not in known:
        raise NetworkError(
            f"torchvision has no classifier '{name}'. {did_you_mean(name, known)}"
            "torchvision.models.list_models() lists all."
        )
    entry = _entry(models.get_model_weights(name), source)
    if "checkpoint" in source.query:
        model = _from_checkpoint(
            models, source, resolve_path(source.query["checkpoint"], options.base)
        )
    else:
        try:
            model = models.get_model(name, weights=entry)
        except Exception as error:  # URLError, HTTPError, RuntimeError for a bad hash, …
            raise NetworkError(no_download(source, error)) from None
    library = f"torchvision {torchvision.__version__}"
    return Built(model, _preprocessing(entry.transforms()), library)


load_torchvision = partial(load_torch, build_torchvision)


def _entry(entries: Any, source: Source) -> Any:
    wanted = source.query.get("weights", "DEFAULT")
    return look_up(wanted, entries.__members__, f"torchvision's {source.rest} has no weights")


def _preprocessing(transforms: Any) -> dict[str, object]:
    """Fields of ``Preprocessing`` from torchvision's ImageClassification transform."""
    crop, resize = transforms.crop_size[0], transforms.resize_size[0]
    return {
        "input_size": (3, crop, crop),
        "crop_pct": crop / resize,
        "interpolation": transforms.interpolation.value,
        "mean": tuple(transforms.mean),
        "std": tuple(transforms.std),
    }


def _from_checkpoint(models: Any, source: Source, path: Path) -> Any:
    from samefeatures.networks.torch.checkpoints import load_into, read_checkpoint

    # These two draw their first weights so slowly that they have an option against it.
    slow = source.rest in ("googlenet", "inception_v3")
    weights = read_checkpoint(path)
    options = {"init_weights": False} if slow else {}
    if slow:
        options["aux_logits"] = any(key.lower().startswith("aux") for key in weights)
    model = models.get_model(source.rest, weights=None, **options)
    load_into(model, weights, path=path, source=source.text)
    return model
