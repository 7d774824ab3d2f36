"""Split any ``nn.Module`` at its last linear layer, or at several (needs torch)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, SplitError, first_line
from samefeatures.networks.proof import TOLERANCE, Claim, check_finite, deviation, relative
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
        beside: What the model returns beside its logits, where it does not say which they are.
    """

    model: nn.Module
    layer: str
    places: tuple[Place, ...]
    trunk: nn.Module | None
    head: Head
    claim: Claim
    beside: str | None = None

    def features(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, d), without computing the head."""
        if self.trunk is not None:
            return logits_of(self.trunk(images)).flatten(1)
        given = given_at(self.model, self.places, images)
        return torch.cat([each.flatten(1) for each in given], dim=1)


EMBEDDING = " Features without classes are given as a file (npz:PATH), or as arrays to compare()."


def split_module(model: nn.Module, probe: Tensor, *, source: str) -> TorchSplit:
    """Find the last linear layer that was called and whose output is the model's.

    Heads are ``nn.Linear`` and 1×1 ``nn.Conv2d`` over pooled features; or several of them, whose
    sum with factors is the output.

    Args:
        model: In evaluation mode.
        probe: (b, 3, h, w) images on the model's device.
        source: For messages.

    Raises:
        SplitError: when no linear layers make the output, or it is not finite; those found are
            listed.
        NetworkError: when the model fails or returns no logits.
    """
    calls, out, beside = _watch(model, probe, source)
    check_finite(_numbers(out), source)
    for call in reversed([call for call in calls if is_linear(call.layer)]):
        if not call.one_vector_per_image or call.returned.flatten(1).shape != out.shape:
            continue
        logits = _numbers(call.returned.flatten(1))
        for after in (None, "softmax", "logsoftmax", "sigmoid"):
            if deviation(after, logits, _numbers(out)) <= TOLERANCE:
                groups, layers = [Group([Term(1.0, call, None)])], {call.place.name: nn.Identity()}
                return _split_at(model, groups, layers, calls, probe, after=after, beside=beside)
    more = more_of(probe)
    more_calls, more_out, _ = _watch(model, more, source)
    groups = find_sum(more_calls, more_out)
    if groups:
        return _split_at(model, groups, replacements(groups), more_calls, more, beside=beside)
    as_wide = [call for call in calls if call.returned.flatten(1).shape == out.shape]
    raise SplitError(
        f"{source}: no linear layer makes its output {tuple(out.shape)}, nor does a sum of them. "
        f"Linear layers that were called, the last one last: {listed(calls)}. A network must end "
        "in nn.Linear, or in a 1x1 convolution over pooled features, or in several added up."
        f"{f' It {beside}.' if beside else ''}{'' if as_wide else EMBEDDING}"
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
    keys = f" of {', '.join(map(repr, list(out)[:5]))}" if isinstance(out, Mapping) else ""
    raise NetworkError(
        f"The model returns {type(out).__name__}{keys} without logits. It must return a tensor (b, "
        "classes), an object with .logits, a dict with 'logits', or a tuple that starts with the "
        "tensor."
    )


def _several(out: object) -> str | None:
    """Which of several tensors the logits are, where nothing in an output calls them so."""
    named = isinstance(out, Mapping) and "logits" in out
    if isinstance(out, Tensor) or named or hasattr(out, "logits"):
        return None
    parts = out.items() if isinstance(out, Mapping) else enumerate(cast(Sequence[object], out))
    found = [
        f"{f'{key!r} ' if isinstance(key, str) else ''}(b, {', '.join(map(str, part.shape[1:]))})"
        for key, part in parts
        if isinstance(part, Tensor) and part.ndim > 1
    ]
    if len(found) < 2:
        return None
    return (
        f"returns {', '.join(found)}, and the first is taken for the logits; return those first, "
        "or alone, if they are others"
    )


def _watch(model: nn.Module, probe: Tensor, source: str) -> tuple[list[Call], Tensor, str | None]:
    """Run the model; every call of a layer, in order, the (b, classes) output, what is beside it.

    Raises:
        NetworkError: when it fails, or what it returns are no logits.
    """
    with watched(model) as calls:
        try:
            returned = model(probe)
            out = logits_of(returned)
        except NetworkError as error:
            raise NetworkError(f"{source}: {error}") from None
        except Exception as error:  # the model is foreign code
            raise NetworkError(
                f"{source} fails on images {tuple(probe.shape)} ({first_line(error)}). Check that "
                "its input is (b, 3, height, width) of that size."
            ) from error
    if out.ndim < 2 or len(out) != len(probe) or not out.is_floating_point():
        kind = str(out.dtype).removeprefix("torch.")
        raise NetworkError(
            f"{source} returns {tuple(out.shape)} of {kind} for {len(probe)} images; it must "
            "return logits (b, classes): a number for every class, before argmax, and (b, 1) where "
            "there is one."
        )
    return calls, out.flatten(1), _several(returned)


def _numbers(tensor: Tensor) -> Float32:
    """On the host; NumPy has no bfloat16, which networks that cast by themselves give."""
    return np.asarray(tensor.float().cpu().numpy(), np.float32)


def _split_at(
    model: nn.Module,
    groups: Sequence[Group],
    layers: Mapping[str, nn.Module],
    calls: Sequence[Call],
    probe: Tensor,
    *,
    after: str | None = None,
    beside: str | None = None,
) -> TorchSplit:
    single = len(groups) == len(groups[0].terms) == 1 and groups[0].terms[0].factor == 1
    name = groups[0].terms[0].place.name if single else label(groups)
    trunk = _with_layers(model, layers)
    if trunk is not None and not _returns(trunk, probe, side_by_side(groups)):
        trunk = None
    places = tuple(group.terms[0].place for group in groups)
    return TorchSplit(
        model, name, places, trunk, joined_head(groups), Claim(name, listed(calls), after), beside
    )


def _returns(trunk: nn.Module, probe: Tensor, features: Tensor) -> bool:
    try:
        out = logits_of(trunk(probe)).flatten(1)
    except Exception:  # a model may need its head's shape; it is stopped at the head then
        return False
    return relative(_numbers(out), _numbers(features)) <= TOLERANCE


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
