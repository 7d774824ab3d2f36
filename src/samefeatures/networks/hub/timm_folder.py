"""A timm model from a folder in the layout that timm pushes to the Hub (needs timm)."""

from __future__ import annotations

from typing import Any

from samefeatures.base.errors import CheckpointError, NetworkError, did_you_mean, first_line
from samefeatures.networks.background import background_rows
from samefeatures.networks.hub.folder import ModelFolder, label_zero
from samefeatures.networks.source import Source
from samefeatures.networks.torch.checkpoints import load_into, read_checkpoint
from samefeatures.networks.torch.source import Built


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
    weights = {
        name: tensor for path in folder.weights for name, tensor in read_checkpoint(path).items()
    }
    try:
        model = timm.create_model(f"local-dir:{folder.path}", pretrained=True)
    except Exception as error:
        raise _misfit(timm, source, folder, weights, error) from None
    said = model.pretrained_cfg["num_classes"]
    if said != model.num_classes:
        # timm then leaves the head's random numbers as they are, and says nothing.
        raise CheckpointError(
            f"{source.text}: its config.json says {said} classes and {model.num_classes} in "
            "'model_args'. Mend the one that is not that of the weights."
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
    )


def _label_names(folder: ModelFolder) -> list[str]:
    found = folder.config.get("label_names") or folder.config.get("pretrained_cfg", {}).get(
        "label_names"
    )
    return list(found) if isinstance(found, list | tuple) else []


def _misfit(
    timm: Any, source: Source, folder: ModelFolder, weights: Any, error: Exception
) -> NetworkError:
    """Which tensors do not fit, where it is that; otherwise what timm said."""
    said = first_line(error)
    try:
        model = timm.create_model(f"local-dir:{folder.path}", pretrained=False)
        load_into(model, weights, path=folder.weights[0], source=source.text)
    except CheckpointError as misfit:
        return misfit
    except Exception:  # the architecture itself can't be built
        return NetworkError(f"timm can't build {source.text} ({said}).")
    return NetworkError(f"timm can't load {source.text} ({said}).")
