"""A timm model from a folder in the layout that timm pushes to the Hub (needs timm)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from samefeatures.base.errors import (
    CheckpointError,
    NetworkError,
    SamefeaturesError,
    did_you_mean,
    first_line,
)
from samefeatures.networks.background import background_rows
from samefeatures.networks.hub.folder import ModelFolder, class_names_of, label_zero
from samefeatures.networks.source import Source
from samefeatures.networks.torch.checkpoints import read_checkpoint
from samefeatures.networks.torch.source import Built
from samefeatures.networks.torch.timm import load_into_timm


def build_timm_folder(timm: Any, source: Source, folder: ModelFolder) -> Built:
    """Create the architecture that ``config.json`` names, with the weights beside it.

    Preprocessing is timm's configuration for evaluation, as ``timm:`` has it.

    Raises:
        NetworkError: when this timm has no such architecture.
        CheckpointError: when the weights are damaged or do not fit.
    """
    name = str(folder.config["architecture"])
    if not timm.is_model(name):
        raise NetworkError(
            f"{source.text} is a '{name}' of timm, which timm {timm.__version__} does not have. "
            f"{did_you_mean(name, timm.list_models())}Upgrade timm."
        )
    states, *parts = map(read_checkpoint, folder.weights)
    if parts:  # of one state dict
        every = [state for part in (states, *parts) for state in part.values()]
        states = {"": dict(chain.from_iterable(state.items() for state in every))}
    try:
        with _named(folder) as (called, more):
            loaded = load_into_timm(
                states, called, wish=None, path=folder.weights[0], source=source.text, options=more
            )
    except SamefeaturesError:
        raise
    except Exception as error:
        raise NetworkError(f"timm can't build {source.text} ({first_line(error)}).") from None
    model: Any = loaded.model
    said = folder.config.get("num_classes", model.pretrained_cfg["num_classes"])
    if said != model.num_classes:
        raise CheckpointError(
            f"{source.text}: its config.json says {said} classes and its weights have "
            f"{model.num_classes}. Mend the one that is wrong."
        )
    preprocessing = timm.data.resolve_data_config({}, model=model)
    labels = getattr(model.pretrained_cfg, "label_names", None) or _label_names(folder)
    skip, note = background_rows(source, label_zero(dict(enumerate(labels))), model.num_classes)
    return Built(
        model,
        preprocessing,
        f"timm {timm.__version__}",
        code=(folder.path / "config.json",),
        skip_rows=skip,
        notes=() if note is None else (note,),
        class_names=class_names_of(dict(enumerate(labels)), model.num_classes),
        loading=loaded.said,
    )


def _label_names(folder: ModelFolder) -> list[str]:
    found = folder.config.get("label_names") or folder.config.get("pretrained_cfg", {}).get(
        "label_names"
    )
    return list(found) if isinstance(found, list | tuple) else []


@contextmanager
def _named(folder: ModelFolder) -> Iterator[tuple[str, dict[str, Any]]]:
    """What timm's ``create_model`` is told: a name, and options.

    transformers writes ``"model_args": null``, at which timm fails, and no ``pretrained_cfg`` where
    it has none; it then means timm's own.
    """
    config = {key: value for key, value in folder.config.items() if value is not None}
    if config.get("model_type") == "timm_wrapper" and "pretrained_cfg" not in config:
        yield str(config["architecture"]), dict(config.get("model_args", {}))
    elif "model_args" not in folder.config or "model_args" in config:
        yield f"local-dir:{folder.path}", {}
    else:
        with TemporaryDirectory() as place:
            Path(place, "config.json").write_text(json.dumps(config), encoding="utf-8")
            yield f"local-dir:{place}", {}
