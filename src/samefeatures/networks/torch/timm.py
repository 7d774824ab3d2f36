"""``timm:NAME[?checkpoint=PATH]``: weights and preprocessing as timm has them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samefeatures.base.errors import NetworkError, did_you_mean
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.torch.source import Built, load_torch, no_download

if TYPE_CHECKING:
    from torch import Tensor


def build_timm(source: Source, options: LoadOptions) -> Built:
    """Create the model: pretrained, or with the weights of a checkpoint.

    The number of classes is that of the checkpoint. Preprocessing is timm's configuration for
    evaluation, without its optional larger test size.

    Raises:
        MissingExtraError: when timm is not installed.
        NetworkError: when timm has no such model, or its weights can't be had.
        CheckpointError: when the checkpoint does not fit.
    """
    timm = source.require("timm")
    name = source.rest
    on_the_hub = ":" in name and "checkpoint" not in source.query
    if not on_the_hub and not timm.is_model(name):
        raise NetworkError(
            f"timm {timm.__version__} has no model '{name}'. "
            f"{did_you_mean(name, timm.list_models())}timm.list_models() lists all."
        )
    if "checkpoint" in source.query:
        model = _from_checkpoint(
            timm, source, resolve_path(source.query["checkpoint"], options.base)
        )
    else:
        _check_reachable(timm, source)
        try:
            model = timm.create_model(name, pretrained=True)
        except Exception as error:  # the hub's and the network's errors are of many kinds
            raise NetworkError(no_download(source, error)) from None
    config = timm.data.resolve_data_config({}, model=model)
    return Built(model, config, f"timm {timm.__version__}")


load_timm = partial(load_torch, build_timm)


def _check_reachable(timm: Any, source: Source) -> None:
    """Give up now where weights are neither in the Hub's cache nor to be had.

    Left alone, the Hub's library tries every file of weights for half a minute.
    """
    from samefeatures.networks.hub.client import WEIGHTS, in_cache, unreachable

    kind, colon, repo = source.rest.partition(":")
    names: tuple[str, ...] = WEIGHTS
    if not colon:
        config = timm.models.get_pretrained_cfg(source.rest)
        repo = getattr(config, "hf_hub_id", None) or ""
        names = (getattr(config, "hf_hub_filename", None) or names[0], *names)
    elif kind.replace("_", "-").lower() != "hf-hub":
        return
    repo, _, revision = repo.partition("@")
    if not repo or in_cache(repo, names, revision=revision or None):
        return
    why = unreachable(repo, revision=revision or None)
    if why is not None:
        raise NetworkError(no_download(source, OSError(f"{repo}: {why}")))


def _from_checkpoint(timm: Any, source: Source, path: Path) -> Any:
    from samefeatures.networks.torch.checkpoints import load_into, read_checkpoint

    weights = read_checkpoint(path)
    options: dict[str, int] = {}
    classes = _classes(timm.models.get_pretrained_cfg(source.rest), weights)
    if classes is not None:
        options["num_classes"] = classes
    model = timm.create_model(source.rest, pretrained=False, **options)
    load_into(model, weights, path=path, source=source.text)
    return model


def _classes(config: Any, weights: Mapping[str, Tensor]) -> int | None:
    """Rows of the classifier in a checkpoint."""
    classifier = getattr(config, "classifier", None)
    if not isinstance(classifier, str):
        return None
    weight = weights.get(f"{classifier}.weight")
    return None if weight is None else int(weight.shape[0])
