"""``timm:NAME[?checkpoint=PATH[&weights=ema|raw]]``: weights and preprocessing as timm has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any

from samefeatures.base.errors import NetworkError, SplitError, did_you_mean
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.torch.source import Built, load_torch, no_download

if TYPE_CHECKING:
    from samefeatures.networks.torch.checkpoints import Weights
    from samefeatures.networks.torch.weights import Loaded


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
    said: Mapping[str, str] = {}
    names: tuple[str, ...] = ()
    if "checkpoint" in source.query:
        from samefeatures.networks.torch.checkpoints import read_checkpoint

        path = resolve_path(source.query["checkpoint"], options.base)
        wish = source.query.get("weights")
        states = read_checkpoint(path)
        loaded = load_into_timm(states, name, wish=wish, path=path, source=source.text)
        model, said = loaded.model, loaded.said
    else:
        if "weights" in source.query:
            raise NetworkError(
                f"'{source.text}': 'weights' chooses among those of a file, and has no effect "
                "without 'checkpoint'. Leave it out."
            )
        _check_reachable(timm, source)
        try:
            model = timm.create_model(name, pretrained=True)
        except Exception as error:  # the hub's and the network's errors are of many kinds
            raise NetworkError(no_download(source, error)) from None
        check_classifier(model, source.text)
        names = _class_names(timm, model)
    config = timm.data.resolve_data_config({}, model=model)
    return Built(model, config, f"timm {timm.__version__}", loading=said, class_names=names)


load_timm = partial(load_torch, build_timm)

_ONE_AT_A_TIME = Lock()


def _class_names(timm: Any, model: Any) -> tuple[str, ...]:
    """Those of timm's own weights: what their configuration says, else ImageNet's synsets."""
    said = model.pretrained_cfg.get("label_names")
    if not said:
        subset = timm.data.infer_imagenet_subset(model)
        said = timm.data.ImageNetInfo(subset).label_names() if subset else ()
    return tuple(map(str, said)) if len(said) == model.num_classes else ()


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


def load_into_timm(
    states: Mapping[str, Weights],
    name: str,
    *,
    wish: str | None,
    path: Path,
    source: str,
    options: Mapping[str, Any] | None = None,
) -> Loaded:
    """A timm model with weights from a file, renamed and resampled as timm does with its own.

    The number of classes is that of the file.

    Args:
        states: The state dicts of the file.
        name: Of the model, as timm's ``create_model`` takes it.
        wish: ``ema`` or ``raw``, where a file has both.
        path: Of the file, for messages.
        source: For messages.
        options: Of ``create_model``.

    Raises:
        CheckpointError: when the file is of another model.
    """
    from samefeatures.networks.torch.weights import Recipe, load_weights

    recipe = _Recipe(name, options or {})
    loaded = load_weights(
        states,
        Recipe(build=recipe.build, rename=recipe.rename, classes=recipe.classes),
        wish=wish,
        path=path,
        source=source,
    )
    check_classifier(loaded.model, source)
    return loaded


class _Recipe:
    """Builds a timm model, and knows the filter that timm has for its weights."""

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        self._name, self._options = name, options
        self._filter: Callable[..., Weights] | None = None

    def build(self, classes: int | None) -> Any:
        import timm

        options = dict(self._options)
        if classes is not None:
            options["num_classes"] = classes
        # Which filter it is, timm says only to its own loader.
        with _in_place_of_loading(self._note):
            return timm.create_model(self._name, pretrained=True, **options)

    def _note(self, *_: Any, filter_fn: Any = None, **__: Any) -> None:
        self._filter = filter_fn

    def rename(self, weights: Weights, model: Any) -> Weights:
        if self._filter is None:
            return weights
        try:
            return self._filter(weights, model)
        except TypeError:  # some take the weights alone
            return self._filter(weights)

    def classes(self, weights: Weights, model: Any) -> int | None:
        """Of the head; also where timm's model has none but the file has one."""
        from samefeatures.networks.torch.weights import changed_rows

        names = model.pretrained_cfg.get("classifier") or ()
        names = [names] if isinstance(names, str) else names
        rows = [len(weights[f"{name}.weight"]) for name in names if f"{name}.weight" in weights]
        if rows and not model.num_classes:
            return rows[0]
        return changed_rows(weights, model)


@contextmanager
def _in_place_of_loading(note: Callable[..., None]) -> Iterator[None]:
    """While this thread creates a model, timm's loader is another function."""
    from timm.models import _builder

    def loader(*args: Any, **options: Any) -> None:
        (note if get_ident() == thread else theirs)(*args, **options)

    with _ONE_AT_A_TIME:
        theirs, thread = _builder.load_pretrained, get_ident()
        _builder.load_pretrained = loader
        try:
            yield
        finally:
            _builder.load_pretrained = theirs


def check_classifier(model: Any, source: str) -> None:
    """Refuse models that end in features: without a classifier, or with CLIP's projection.

    Raises:
        SplitError: saying which it is.
    """
    from timm.data.imagenet_info import infer_imagenet_subset

    if not getattr(model, "num_classes", 1):
        raise SplitError(
            f"{source} has no classifier (num_classes=0): it gives features, and no class for an "
            "image. Train a linear layer on them, or take a checkpoint that was fine-tuned."
        )
    config = model.pretrained_cfg
    named = f"{config.get('architecture')}.{config.get('tag')}"
    head = model.get_classifier()
    bias = getattr(head, "bias", None)
    if (
        "clip" in named
        and model.num_classes == config.get("num_classes")
        and infer_imagenet_subset(config) is None
        and (bias is None or not bias.any())
    ):
        raise SplitError(
            f"{source} ends in CLIP's projection onto {model.num_classes} numbers that are compared"
            " with texts, and in no classes. Take a checkpoint that was fine-tuned for labels."
        )
