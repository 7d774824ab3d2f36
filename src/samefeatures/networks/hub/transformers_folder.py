"""An image classifier of transformers from a folder of ``save_pretrained`` (needs transformers)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from samefeatures.base.errors import CheckpointError, NetworkError, first_line
from samefeatures.networks.background import background_rows
from samefeatures.networks.hub.folder import PROCESSORS, ModelFolder, class_names_of, label_zero
from samefeatures.networks.hub.processor import (
    Unclear,
    fields_of_processor,
    proved,
    swaps_red_and_blue,
)
from samefeatures.networks.source import Source
from samefeatures.networks.torch.checkpoints import read_checkpoint
from samefeatures.networks.torch.source import Built


def build_transformers_folder(transformers: Any, source: Source, folder: ModelFolder) -> Built:
    """The classifier with its weights, every one of which must be there and fit.

    Raises:
        NetworkError: when it is no image classifier, or would need code of its own.
        CheckpointError: when the weights are damaged, missing, or of other shapes.
    """
    _check_kind(transformers, source, folder.config)
    with _quiet(transformers):
        model, notes = _load(transformers, source, folder)
        processor, unclear = _processor(transformers, folder)
    preprocessing: Mapping[str, object] = {}
    if processor is not None:
        try:
            preprocessing = proved(fields_of_processor(processor), processor)
        except Unclear as error:
            unclear = str(error)
    labels = dict(model.config.id2label or {})
    skip, note = background_rows(source, label_zero(labels), int(model.config.num_labels))
    swaps = processor is not None and swaps_red_and_blue(processor)
    return Built(
        RedBlueSwapped(model) if swaps else model,
        preprocessing,
        f"transformers {transformers.__version__}",
        code=(folder.path / "config.json",),
        skip_rows=skip,
        notes=(*notes, *([note] if note else [])),
        class_names=class_names_of(labels, int(model.config.num_labels)),
        unclear=unclear,
    )


def _check_kind(transformers: Any, source: Source, config: Mapping[str, Any]) -> None:
    """Refuse what is no image classifier, saying what it is."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES as KNOWN,
    )

    kind = config.get("model_type")
    kind = None if kind is None else str(kind)
    own_code = config.get("auto_map") or {}
    saved = [str(name) for name in config.get("architectures") or []]
    classes: set[str] = set()
    for names in KNOWN.values():
        classes.update([names] if isinstance(names, str) else names)
    if kind in KNOWN and (not saved or classes & set(saved)):
        return
    known = kind in transformers.CONFIG_MAPPING
    if "AutoModelForImageClassification" in own_code or (own_code and not known):
        raise NetworkError(
            f"{source.text} needs code that comes with it ({_listed(saved) or kind}), and such "
            "code is never run. Build it where you trust it, with python:package.module:callable."
        )
    if kind is None:
        raise NetworkError(
            f"{source.text}: its config.json says neither 'model_type' (transformers) nor "
            "'architecture' (timm). It is no image classifier of either library."
        )
    if not known:
        raise NetworkError(
            f"{source.text} is a '{kind}', which transformers {transformers.__version__} does not "
            "know. Upgrade transformers."
        )
    what = _listed(saved) or f"a model of the kind '{kind}'"
    raise NetworkError(
        f"{source.text} holds {what}, not an image classifier with its head. Give a model whose "
        "config.json names a …ForImageClassification."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3])


def _load(transformers: Any, source: Source, folder: ModelFolder) -> tuple[Any, list[str]]:
    try:
        model, found = transformers.AutoModelForImageClassification.from_pretrained(
            folder.path,
            trust_remote_code=False,
            local_files_only=True,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # not to ignore them, but to have all of them listed
        )
    except Exception as error:  # of safetensors, torch, transformers, of bad values in the config
        for path in folder.weights:  # whether the weights are to blame
            read_checkpoint(path)
        raise NetworkError(
            f"transformers can't load {source.text} ({first_line(error)})."
        ) from None
    problems = [f"{name} is missing" for name in sorted(found["missing_keys"])]
    problems += [
        f"{name} is {tuple(came)}, the model has {tuple(own)}"
        for name, came, own in sorted(found["mismatched_keys"])
    ]
    problems += [str(text) for text in found.get("error_msgs", ())]
    if problems:
        raise CheckpointError(
            f"{folder.weights[0]} does not fit its config.json: {len(problems)} tensors. "
            f"{'; '.join(problems[:5])}{'; …' if len(problems) > 5 else ''}. They belong to "
            "another model, or to another number of classes."
        )
    spare = sorted(found["unexpected_keys"])
    notes = [f"{len(spare)} tensors of the weights have no place in the model: {_listed(spare)}"]
    return model, notes if spare else []


def _processor(transformers: Any, folder: ModelFolder) -> tuple[Any, str | None]:
    """The image processor that works on Pillow's images; or None, and why."""
    if not any((folder.path / name).is_file() for name in PROCESSORS):
        return None, "it has no preprocessor_config.json, so that its preprocessing is not known"
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            folder.path, backend="pil", trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # a damaged file, a processor with code of its own, …
        return None, f"its image processor can't be loaded ({first_line(error)})"
    return processor, None


class RedBlueSwapped(nn.Module):
    """A model that wants blue, green, red; it is given (b, 3, h, w) red, green, blue."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        """(b, 3, h, w) images to what the model gives."""
        return self.model(images.flip(1))


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without the library's reports and bars; its settings are put back afterwards."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
