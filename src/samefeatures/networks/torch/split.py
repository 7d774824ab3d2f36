"""Split any ``nn.Module`` at its last linear layer, or at several (needs torch)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from samefeatures.base.errors import NetworkError, SplitError, first_line
from samefeatures.networks.proof import TOLERANCE, Claim, deviation, relative
from samefeatures.networks.record import Head
from samefeatures.networks.torch.calls import Call, Place, given_at, is_linear, listed, watched
from samefeatures.networks.torch.sums import (
    Group,
    Term,
    find_sum,
    joined_head,
    label,
    more_of,
    replacements,
    side_by_side,
)


@dataclass(frozen=True, slots=True, eq=False)
class TorchSplit:
    """A model in two parts; the model itself is left as it was.

    Attributes:
        model: The whole model.
        layer: Name of the head within it, or of several that are added up.
        places: The calls of layers that are given the features: one, or several side by side.
        trunk: The model with other layers for the head, sharing its weights, which returns the
            features; None where there is none. Then the model is stopped when it comes to the head.
        head: The linear layer.
        claim: What is claimed, to be proved.
    """

    model: nn.Module
    layer: str
    places: tuple[Place, ...]
    trunk: nn.Module | None
    head: Head
    claim: Claim

    def features(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, d), without computing the head."""
        if self.trunk is not None:
            return logits_of(self.trunk(images)).flatten(1)
        given = given_at(self.model, self.places, images)
        return torch.cat([each.flatten(1) for each in given], dim=1)


def split_module(model: nn.Module, probe: Tensor, *, source: str) -> TorchSplit:
    """Find the last linear layer that was called and whose output is the model's.

    Heads are ``nn.Linear`` and 1×1 ``nn.Conv2d`` over pooled features; or several of them, whose
    sum with factors is the output.

    Args:
        model: In evaluation mode.
        probe: (b, 3, h, w) images on the model's device.
        source: For messages.

    Raises:
        SplitError: when no linear layers make the output; those found are listed.
        NetworkError: when the model fails or returns no logits.
    """
    calls, out = _watch(model, probe, source)
    for call in reversed([call for call in calls if is_linear(call.layer)]):
        if not call.one_vector_per_image or call.returned.flatten(1).shape != out.shape:
            continue
        logits = call.returned.flatten(1).cpu().numpy()
        for after in (None, "softmax", "logsoftmax", "sigmoid"):
            if deviation(after, logits, out.cpu().numpy()) <= TOLERANCE:
                groups, layers = [Group([Term(1.0, call, None)])], {call.place.name: nn.Identity()}
                return _split_at(model, groups, layers, calls, probe, after=after)
    more = more_of(probe)
    groups = find_sum(*_watch(model, more, source))
    if groups:
        return _split_at(model, groups, replacements(groups), calls, more)
    raise SplitError(
        f"{source}: no linear layer makes its output {tuple(out.shape)}, nor does a sum of them. "
        f"Linear layers that were called, the last one last: {listed(calls)}. A network must end "
        "in nn.Linear, or in a 1x1 convolution over pooled features, or in several added up."
    )


def logits_of(out: object) -> Tensor:
    """The logits (b, classes) in what a model returns: that, ``.logits``, or the first of several.

    Raises:
        NetworkError: when there is no tensor.
    """
    if isinstance(out, Tensor):
        return out
    named = getattr(out, "logits", None)
    if isinstance(out, Mapping) and named is None:
        named = out.get("logits", next(iter(out.values()), None))
    elif isinstance(out, Sequence) and named is None and len(out):
        named = out[0]
    if isinstance(named, Tensor):
        return named
    raise NetworkError(
        f"The model returns {type(out).__name__} without logits. It must return a tensor (b, "
        "classes), an object with .logits, or a tuple that starts with the tensor."
    )


def _watch(model: nn.Module, probe: Tensor, source: str) -> tuple[list[Call], Tensor]:
    """Run the model; every call of a layer, in order, and the (b, classes) output."""
    with watched(model) as calls:
        try:
            out = logits_of(model(probe))
        except NetworkError as error:
            raise NetworkError(f"{source}: {error}") from None
        except Exception as error:  # the model is foreign code
            raise NetworkError(
                f"{source} fails on images {tuple(probe.shape)} ({first_line(error)}). Check that "
                "its input is (b, 3, height, width) of that size."
            ) from error
    return calls, out.flatten(1)


def _split_at(
    model: nn.Module,
    groups: Sequence[Group],
    layers: Mapping[str, nn.Module],
    calls: Sequence[Call],
    probe: Tensor,
    *,
    after: str | None = None,
) -> TorchSplit:
    single = len(groups) == len(groups[0].terms) == 1 and groups[0].terms[0].factor == 1
    name = groups[0].terms[0].place.name if single else label(groups)
    trunk = _with_layers(model, layers)
    if trunk is not None and not _returns(trunk, probe, side_by_side(groups)):
        trunk = None
    places = tuple(group.terms[0].place for group in groups)
    return TorchSplit(
        model, name, places, trunk, joined_head(groups), Claim(name, listed(calls), after)
    )


def _returns(trunk: nn.Module, probe: Tensor, features: Tensor) -> bool:
    try:
        out = logits_of(trunk(probe)).flatten(1)
    except Exception:  # a model may need its head's shape; it is stopped at the head then
        return False
    return relative(out.cpu().numpy(), features.cpu().numpy()) <= TOLERANCE


def _with_layers(model: nn.Module, layers: Mapping[str, nn.Module]) -> nn.Module | None:
    """A copy of the model that shares its tensors, with other layers; None if it can't be."""
    if "" in layers:
        return layers[""]
    tensors = chain(model.parameters(), model.buffers())
    try:
        twin = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    except Exception:  # some models hold what can't be copied
        return None
    for name, layer in layers.items():
        parent, _, last = name.rpartition(".")
        setattr(twin.get_submodule(parent), last, layer)
    return twin
