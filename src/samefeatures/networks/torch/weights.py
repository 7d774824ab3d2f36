"""A checkpoint into the network of a library, by the library's own means (needs torch).

Torch's ``load_state_dict`` puts tensors in place and runs what modules do for old versions; the
library renames before. What these do not take is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from samefeatures.base.errors import CheckpointError, NetworkError, first_line
from samefeatures.networks.misfits import misfit
from samefeatures.networks.torch.checkpoints import Weights
from samefeatures.networks.torch.choosing import choose, counted, first_names, renamed
from samefeatures.networks.torch.replaced import (
    COUNTER,
    LINEAR,
    NO_CLASSIFIER,
    are_heads,
    put_linear,
    replaced_head,
)
from samefeatures.networks.torch.source import WISHES


def changed_rows(weights: Weights, model: nn.Module) -> int | None:
    """The classes of a file, where its rows are others than the model's classes.

    Where a model does not say them they are the rows of its last layer.
    """
    layers = [len(layer.weight) for layer in model.modules() if isinstance(layer, LINEAR)]
    rows = [getattr(model, "num_classes", None) or layers[-1]] if layers else []
    found = {
        len(weights[name])
        for name, own in model.state_dict().items()
        if name in weights
        and own.shape != weights[name].shape
        and own.shape[:1] == tuple(rows)
        and own.shape[1:] == weights[name].shape[1:]
    }
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recipe:
    """How a library makes a network and takes weights for it.

    Attributes:
        build: The network with random weights, with a number of classes; None for the library's.
        rename: What the library does to the weights of other versions of the network.
        classes: The number of classes of weights, where it is another than the model's.
    """

    build: Callable[[int | None], nn.Module]
    rename: Callable[[Weights, nn.Module], Weights]
    classes: Callable[[Weights, nn.Module], int | None] = changed_rows


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A network with the weights of a file; ``said`` is what the loader did, for people."""

    model: nn.Module
    said: Mapping[str, str]


def load_weights(
    states: Mapping[str, Weights], recipe: Recipe, *, wish: str | None, path: Path, source: str
) -> Loaded:
    """Build a network and fill it.

    Args:
        states: The state dicts of a file.
        recipe: Of the library.
        wish: ``ema`` or ``raw`` where both are there; None takes the running average.
        path: Of the file, for messages.
        source: For messages.

    Raises:
        CheckpointError: when they are those of another network, or there is nothing of that wish.
    """
    if wish not in (*WISHES, None):
        raise NetworkError(f"'{source}': weights is '{wish}'; use 'ema' or 'raw'.")
    model = recipe.build(None)
    chosen = choose(states, model, wish=wish, path=path)
    weights = _renamed(recipe, chosen.weights, model)
    head, classes = replaced_head(weights, model), None
    headed = put_linear(head, weights, model) if head and head.is_linear else None
    if headed is None:
        classes = recipe.classes(weights, model)
    if classes is not None:
        del model  # two of a large network may be too much
        model = recipe.build(classes)
        weights = _renamed(recipe, chosen.weights, model)
    said = {**chosen.said, **_renamings(chosen.weights, weights)}
    if head and headed is not None:
        weights, said["head"] = headed, head.said
    try:
        remedy = head.remedy if head and headed is None else None
        again = partial(recipe.build, classes)
        said |= _put(weights, model, again, path=path, source=source, remedy=remedy)
    except CheckpointError as error:
        taken = said.get("weights", "")
        if "?weights=" not in taken:
            raise
        raise CheckpointError(f"{error} Taken was {taken}.") from None
    return Loaded(model, said)


def _renamed(recipe: Recipe, weights: Weights, model: nn.Module) -> Weights:
    try:
        return recipe.rename(_copied(weights), model)
    except Exception:  # a library's renaming fails on tensors of another network: these are listed
        return weights


def _copied(weights: Weights, *, without: Collection[str] = ()) -> Weights:
    """Libraries change what they are given."""
    return renamed(weights, lambda name: None if name in without else name)


def _renamings(before: Weights, after: Weights) -> dict[str, str]:
    """What the library did to weights."""
    gone, new = ([n for n in a if n not in b] for a, b in ((before, after), (after, before)))
    said = {}
    if new:
        said["renamed"] = f"{counted(gone)}, from {first_names(gone)} to {first_names(new)}"
    elif gone:
        said["passed over"] = f"{counted(gone)}, as the library does: {first_names(gone)}"
    resized = [
        f"{name} {tuple(tensor.shape)} to {tuple(after[name].shape)}"
        for name, tensor in before.items()
        if name in after and tensor.numel() != after[name].numel()
    ]
    if resized:
        said["resampled"] = f"by the library: {first_names(resized)}"
    return said


def _put(
    weights: Weights,
    model: nn.Module,
    again: Callable[[], nn.Module],
    *,
    path: Path,
    source: str,
    remedy: str | None,
) -> dict[str, str]:
    """Put all weights in place.

    Raises:
        CheckpointError: naming the first five tensors that do not fit, and their number.
    """
    wrong = _wrong_types(weights, model)
    missing, extra, shapes = _load(model, weights, path=path, source=source)
    # Torch fills them in itself in files that say no version.
    counters = [name for name in model.state_dict() if name not in weights and COUNTER in name]
    buffers = dict(model.named_buffers())
    computed = _computed([name for name in missing if name not in counters], buffers, again)
    computed += [name for name in extra if name in buffers and _same(weights[name], buffers[name])]
    lacking = [name for name in missing if name not in {*counters, *computed}]
    spare = [name for name in extra if name not in computed]
    wrong += [f"{name} is missing" for name in lacking]
    wrong += [
        f"{name} is not {'what the model computes' if name in buffers else 'in the model'}"
        for name in spare
    ]
    if wrong or shapes:
        if len(wrong + shapes) == len(lacking) and are_heads(lacking, model):
            remedy = NO_CLASSIFIER
        raise misfit([*wrong, *shapes], path, source=source, remedy=remedy)
    said = {}
    if counters:
        said["filled in"] = f"{counted(counters, 'counter')} ({COUNTER}), without effect"
    if computed:
        said["computed"] = (
            f"{counted(computed, 'buffer')}, by the model itself: {first_names(computed)}"
        )
    return said


def _same(theirs: Tensor, ours: Tensor) -> bool:
    return torch.equal(theirs.to(ours.dtype), ours)


def _wrong_types(weights: Weights, model: nn.Module) -> list[str]:
    """Whole numbers where the model has others would be taken for quantised weights' values."""
    return [
        f"{name} is {str(weights[name].dtype).removeprefix('torch.')}, not floating-point"
        for name, own in model.state_dict().items()
        if name in weights and own.is_floating_point() and not weights[name].is_floating_point()
    ]


def _load(
    model: nn.Module, weights: Weights, *, path: Path, source: str
) -> tuple[list[str], list[str], list[str]]:
    """Names that are missing, names too many, and sentences on shapes that differ."""
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    shapes = {
        name: f"{name} is {tuple(tensor.shape)}, the model has {own[name]}"
        for name, tensor in weights.items()
        if name in own and own[name] != tuple(tensor.shape)
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a file is old
            try:
                found, shapes = _load_versioned(model, weights), {}
            except RuntimeError:  # shapes differ, also to torch
                found = _load_versioned(model, _copied(weights, without=shapes))
    except Exception as error:  # what modules do for old versions is foreign code
        said = first_line(error)
        raise CheckpointError(f"{path} can't be put into {source} ({said}).") from None
    missing = [name for name in found.missing_keys if name not in shapes]
    return missing, list(found.unexpected_keys), list(shapes.values())


def _load_versioned(model: nn.Module, weights: Weights) -> Any:
    try:
        return model.load_state_dict(weights, strict=False)
    except ValueError:  # MNASNet wants its version said, which not every file can do
        said = _copied(weights)
        said._metadata = getattr(model.state_dict(), "_metadata", None)  # type: ignore[attr-defined]
        return model.load_state_dict(said, strict=False)


def _computed(
    missing: Sequence[str], own: Mapping[str, Tensor], again: Callable[[], nn.Module]
) -> list[str]:
    """Of buffers that a file lacks, those that follow from the network's sizes.

    That is: whole numbers (position indices), and tables that another build makes the same. Running
    statistics, which start as one number, are not.
    """
    fine = [name for name in missing if name in own and not own[name].is_floating_point()]
    tables = [name for name in missing if name in own and name not in fine]
    tables = [name for name in tables if bool((own[name] != own[name].flatten()[:1]).any())]
    if tables:
        twin = dict(again().named_buffers())
        fine += [name for name in tables if torch.equal(own[name], twin[name])]
    return fine
