"""``torchvision:NAME[?checkpoint=PATH][&weights=NAME|ema|raw]``: weights and transforms of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samefeatures.base.errors import NetworkError, did_you_mean
from samefeatures.networks.source import LoadOptions, Source, look_up, resolve_path
from samefeatures.networks.torch.source import WISHES, Built, load_torch, no_download


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
    said: Mapping[str, str] | None = None
    if "checkpoint" in source.query:
        loaded = _from_checkpoint(
            models, source, resolve_path(source.query["checkpoint"], options.base)
        )
        model, said = loaded.model, loaded.said
    else:
        try:
            model = models.get_model(name, weights=entry)
        except Exception as error:  # URLError, HTTPError, RuntimeError for a bad hash, …
            raise NetworkError(no_download(source, error)) from None
    library = f"torchvision {torchvision.__version__}"
    notes = (INPUT,) if said is not None and name in HEADS_BESIDE else ()
    return Built(
        model, _preprocessing(entry.transforms()), library, loading=said or {}, notes=notes
    )


if TYPE_CHECKING:
    from torch import nn

    from samefeatures.networks.torch.checkpoints import Weights
    from samefeatures.networks.torch.weights import Loaded

HEADS_BESIDE = ("googlenet", "inception_v3")
"""Those with further heads, for training alone; and with a transform of their input."""
INPUT = (
    "a checkpoint does not say whether it was trained with torchvision's transform_input; here it "
    "is off. torchvision's own weights, and what was fine-tuned from them, have it on: for these "
    "give mean and std of [0.5, 0.5, 0.5]"
)

load_torchvision = partial(load_torch, build_torchvision)


def _entry(entries: Any, source: Source) -> Any:
    wanted = source.query.get("weights", "DEFAULT")
    if wanted in WISHES and "checkpoint" in source.query:
        wanted = "DEFAULT"
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


def _from_checkpoint(models: Any, source: Source, path: Path) -> Loaded:
    from samefeatures.networks.torch.checkpoints import read_checkpoint
    from samefeatures.networks.torch.weights import Recipe, load_weights

    states = read_checkpoint(path)
    name, options = source.rest, {}
    if name in HEADS_BESIDE:
        # They draw their first weights so slowly that they have an option against it.
        options = {"init_weights": False, "aux_logits": any(map(_beside, chain(*states.values())))}

    def build(classes: int | None) -> nn.Module:
        more = {} if classes is None else {"num_classes": classes}
        model: nn.Module = models.get_model(name, weights=None, **options, **more)
        return model

    wish = source.query.get("weights")
    recipe = Recipe(build=build, rename=_rename)
    return load_weights(
        states, recipe, wish=wish if wish in WISHES else None, path=path, source=source.text
    )


def _beside(name: str) -> bool:
    """Whether a tensor is that of a head which is there for training alone."""
    return ".aux" in f".{name.lower()}"


class _Passed:
    """Stands for weights and model where torchvision renames tensors between them."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def get_state_dict(self, **_: object) -> Weights:
        return self.weights

    def load_state_dict(self, weights: Weights) -> None:
        self.weights = weights


def _rename(weights: Weights, model: nn.Module) -> Weights:
    """Names of old DenseNets; heads for training that were left at another number of classes."""
    from samefeatures.networks.torch.choosing import renamed

    beside = {name: own.shape for name, own in model.state_dict().items() if _beside(name)}
    if any(name in weights and weights[name].shape != shape for name, shape in beside.items()):
        for part in {name.partition(".")[0] for name in beside}:
            delattr(model, part)
            setattr(model, part, None)  # as torchvision does to its own
        weights = renamed(weights, lambda name: None if _beside(name) else name)
    loader = getattr(sys.modules[type(model).__module__], "_load_state_dict", None)
    if loader is None:
        return weights
    passed = _Passed(weights)
    loader(model=passed, weights=passed, progress=False)
    return passed.weights
