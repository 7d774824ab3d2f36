"""Split any ``nn.Module`` at its last linear layer (needs torch)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TypeGuard

from torch import Tensor, nn

from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.proof import TOLERANCE, Claim, activate, relative
from samefeatures.networks.record import Head

LinearLayer = nn.Linear | nn.Conv2d


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a linear layer while the model ran on the probe."""

    name: str
    layer: LinearLayer
    given: Tensor
    returned: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class TorchSplit:
    """A model in two parts; the model itself is left as it was.

    Attributes:
        model: The whole model.
        layer: Name of the head within it.
        call: Which call of that layer is the head's, counted from 0.
        trunk: The model with Identity for the head, sharing its weights; None where that does not
            return the features. Then the model is stopped when it comes to the head.
        head: The linear layer.
        claim: What is claimed, to be proved.
    """

    model: nn.Module
    layer: str
    call: int
    trunk: nn.Module | None
    head: Head
    claim: Claim

    def features(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, d), without computing the head."""
        if self.trunk is not None:
            return logits_of(self.trunk(images)).flatten(1)
        return _stopped_at(self.model, self.layer, self.call, images).flatten(1)


def split_module(model: nn.Module, probe: Tensor, *, source: str) -> TorchSplit:
    """Find the last linear layer that was called and whose output is the model's.

    Heads are ``nn.Linear`` and 1×1 ``nn.Conv2d`` over pooled features.

    Args:
        model: In evaluation mode.
        probe: (b, 3, h, w) images on the model's device.
        source: For messages.

    Raises:
        SplitError: when no linear layer makes the output; those found are listed.
        NetworkError: when the model fails or returns no logits.
    """
    calls, out = _watch(model, probe, source)
    for at in reversed(range(len(calls))):
        call = calls[at]
        if not _one_vector_per_image(call) or call.returned.flatten(1).shape != out.shape:
            continue
        for after in (None, "softmax", "logsoftmax"):
            ours = activate(after, call.returned.flatten(1).cpu().numpy())
            if relative(ours, out.cpu().numpy()) <= TOLERANCE:
                return _split_at(model, calls, at, Claim(call.name, _listed(calls), after), probe)
    raise SplitError(
        f"{source}: no linear layer makes its output {tuple(out.shape)}. Linear layers that were "
        f"called, the last one last: {_listed(calls)}. A network must end in nn.Linear, or in a "
        "1x1 convolution over pooled features."
    )


def _one_vector_per_image(call: Call) -> bool:
    """Whether the layer saw (b, d) or (b, d, 1, 1), not a map of positions."""
    given = call.given
    return given.ndim > 1 and given[0].numel() == call.layer.weight.shape[1]


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
    """Run the model; note every call of a linear layer, in order, and the (b, classes) output."""
    calls: list[Call] = []

    def note(name: str, layer: LinearLayer) -> Callable[..., None]:
        def hook(_: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
            calls.append(Call(name, layer, given[0], returned))

        return hook

    handles = [
        layer.register_forward_hook(note(name, layer))
        for name, layer in model.named_modules()
        if is_linear(layer)
    ]
    try:
        out = logits_of(model(probe))
    except NetworkError as error:
        raise NetworkError(f"{source}: {error}") from None
    except Exception as error:  # the model is foreign code
        raise NetworkError(
            f"{source} fails on images {tuple(probe.shape)}: {type(error).__name__}: {error}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return calls, out.flatten(1)


def is_linear(layer: nn.Module) -> TypeGuard[LinearLayer]:
    """nn.Linear, or a 1×1 convolution that mixes all channels."""
    if isinstance(layer, nn.Conv2d):
        return (
            layer.kernel_size == (1, 1)
            and layer.groups == 1
            and layer.padding in ((0, 0), "valid", "same")
        )
    return isinstance(layer, nn.Linear)


def _listed(calls: Sequence[Call]) -> str:
    shown = [
        f"{call.name or 'the model'} {type(call.layer).__name__}{tuple(call.layer.weight.shape)}"
        f" → {tuple(call.returned.shape)}"
        for call in calls[-4:]
    ]
    return ", ".join(shown) or "none"


def _split_at(
    model: nn.Module, calls: Sequence[Call], at: int, claim: Claim, probe: Tensor
) -> TorchSplit:
    call = calls[at]
    features = call.given.flatten(1)
    trunk = _with_layer(model, call.name, nn.Identity())
    if trunk is not None and not _returns(trunk, probe, features):
        trunk = None
    weight = call.layer.weight.detach().flatten(1).float()
    bias = (
        call.layer.bias.detach().float()
        if call.layer.bias is not None
        else weight.new_zeros(len(weight))
    )
    nth = sum(1 for earlier in calls[:at] if earlier.layer is call.layer)
    head = Head(weight.cpu().numpy().copy(), bias.cpu().numpy().copy())
    return TorchSplit(model, call.name, nth, trunk, head, claim)


def _returns(trunk: nn.Module, probe: Tensor, features: Tensor) -> bool:
    try:
        out = logits_of(trunk(probe)).flatten(1)
    except Exception:  # a model may need its head's shape; it is stopped at the head then
        return False
    return relative(out.cpu().numpy(), features.cpu().numpy()) <= TOLERANCE


def _with_layer(model: nn.Module, name: str, layer: nn.Module) -> nn.Module | None:
    """A copy of the model that shares its tensors, with another layer; None if it can't be."""
    if not name:
        return layer
    tensors = chain(model.parameters(), model.buffers())
    try:
        twin = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})
    except Exception:  # some models hold what can't be copied
        return None
    parent, _, last = name.rpartition(".")
    setattr(twin.get_submodule(parent), last, layer)
    return twin


class _Reached(Exception):
    """Carries the head's input out of the model."""

    def __init__(self, given: Tensor) -> None:
        super().__init__()
        self.given = given


def _stopped_at(model: nn.Module, layer: str, nth: int, images: Tensor) -> Tensor:
    """What the ``nth`` call of a layer is given; the model stops there."""
    with _stop(model.get_submodule(layer), nth):
        try:
            model(images)
        except _Reached as reached:
            return reached.given
    raise NetworkError(f"The model did not come to its head '{layer}', as it did on the probe.")


@contextmanager
def _stop(layer: nn.Module, nth: int) -> Iterator[None]:
    seen = 0

    def hook(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal seen
        if seen == nth:
            raise _Reached(given[0])
        seen += 1

    handle = layer.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()
