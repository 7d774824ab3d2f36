"""What layers were given and returned while a model ran (needs torch)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeGuard

from torch import Tensor, nn

from samefeatures.base.errors import NetworkError

LinearLayer = nn.Linear | nn.Conv2d
Norm = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass(frozen=True, slots=True)
class Place:
    """A call of a layer: its name, and how many calls of it came before."""

    name: str
    nth: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a layer while the model ran on the probe."""

    place: Place
    layer: LinearLayer | Norm
    given: Tensor
    returned: Tensor

    @property
    def one_vector_per_image(self) -> bool:
        """Whether the layer saw (b, d) or (b, d, 1, 1), not a map of positions."""
        given, layer = self.given, self.layer
        width = layer.num_features if isinstance(layer, Norm) else layer.weight.shape[1]
        return given.ndim > 1 and given[0].numel() == width


@contextmanager
def watched(model: nn.Module) -> Iterator[list[Call]]:
    """Note calls of linear layers, and of batch norms that saw one vector per image, in order."""
    calls: list[Call] = []
    seen: Counter[str] = Counter()

    def note(name: str, layer: LinearLayer | Norm) -> Callable[..., None]:
        def hook(_: nn.Module, given: tuple[Tensor, ...], returned: Tensor) -> None:
            call = Call(Place(name, seen[name]), layer, given[0], returned)
            seen[name] += 1
            if is_linear(layer) or call.one_vector_per_image:  # maps of all norms are much memory
                calls.append(call)

        return hook

    handles = [
        layer.register_forward_hook(note(name, layer))
        for name, layer in model.named_modules()
        if is_linear(layer) or is_norm(layer)
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def is_linear(layer: nn.Module) -> TypeGuard[LinearLayer]:
    """nn.Linear, or a 1×1 convolution that mixes all channels."""
    if isinstance(layer, nn.Conv2d):
        return (
            layer.kernel_size == (1, 1)
            and layer.groups == 1
            and layer.padding in ((0, 0), "valid", "same")
        )
    return isinstance(layer, nn.Linear)


def is_norm(layer: nn.Module) -> TypeGuard[Norm]:
    """A batch norm alone, with statistics of its training; subclasses may do more."""
    return type(layer) in (nn.BatchNorm1d, nn.BatchNorm2d) and layer.running_mean is not None


def listed(calls: Sequence[Call]) -> str:
    """The last four linear layers, for messages."""
    shown = [
        f"{call.place.name or 'the model'} {type(call.layer).__name__}"
        f"{tuple(call.layer.weight.shape)} → {tuple(call.returned.shape)}"
        for call in [call for call in calls if is_linear(call.layer)][-4:]
    ]
    return ", ".join(shown) or "none"


class _Reached(Exception):
    """All that was waited for has been given."""


def given_at(model: nn.Module, places: Sequence[Place], images: Tensor) -> list[Tensor]:
    """What calls of layers are given; the model stops at the last of them.

    Raises:
        NetworkError: when the model does not come to all of them.
    """
    found: dict[Place, Tensor] = {}
    seen: Counter[str] = Counter()

    def note(name: str) -> Callable[..., None]:
        def hook(_: nn.Module, given: tuple[Tensor, ...]) -> None:
            place = Place(name, seen[name])
            seen[name] += 1
            if place in places:
                found[place] = given[0]
            if len(found) == len(places):
                raise _Reached

        return hook

    names = {place.name for place in places}
    handles = [model.get_submodule(n).register_forward_pre_hook(note(n)) for n in names]
    try:
        model(images)
    except _Reached:
        return [found[place] for place in places]
    finally:
        for handle in handles:
            handle.remove()
    missed = next(place.name for place in places if place not in found)
    raise NetworkError(f"The model did not come to its head '{missed}', as it did on the probe.")
