"""Heads that were put in another's place before training, told from a file's names (needs torch).

Names and shapes do not say which layers without weights a head has. One linear layer, alone or
behind one other layer (which is taken for dropout, and said), is a linear head; of more the file
does not say what stands between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from torch import nn

from samefeatures.networks.torch.checkpoints import Weights
from samefeatures.networks.torch.choosing import renamed

LINEAR = (nn.Linear, nn.Conv2d)
COUNTER = "num_batches_tracked"
"""Of batch norm: how many batches it was trained on."""
BETWEEN = (
    *(nn.Dropout, nn.Identity, nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish, nn.LeakyReLU),
    *(nn.Tanh, nn.Linear),
)
"""What a head of a library may consist of, to be one that can be replaced as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Replaced:
    """A head of a network, and what a file has in its place.

    Attributes:
        name: Of the head in the network.
        layers: In the file, of those layers of it that have weights.
    """

    name: str
    layers: tuple[str, ...]

    @property
    def is_linear(self) -> bool:
        """Whether the one layer is the first or the second of the head, or all of it."""
        return self.layers in [(self.name,), (f"{self.name}.0",), (f"{self.name}.1",)]

    @property
    def remedy(self) -> str:
        """What to do where it is not."""
        return (
            f"Its head '{self.name}' was replaced by layers ({', '.join(self.layers)}), and the "
            "file does not say what stands between them. Build the network with that head yourself "
            "and use python:module:callable."
        )

    @property
    def said(self) -> str:
        """What was done with it, for people."""
        (layer,) = self.layers
        taken = ", and what stands before it is taken for dropout" if layer.endswith(".1") else ""
        return f"'{layer}' for '{self.name}': one linear layer{taken}"


def replaced_head(weights: Weights, model: nn.Module) -> Replaced | None:
    """The head that a file has other layers for; None where it is the network's own, or missing."""
    own, buffers = model.state_dict(), dict(model.named_buffers())
    missing = [name for name, _ in model.named_parameters() if name not in weights]
    extra = [n for n in weights if n not in own and n not in buffers and COUNTER not in n]
    if not missing and not extra:
        return None
    other = [name for name in weights if name in own and weights[name].shape != own[name].shape]
    name = _common([_module(each) for each in missing + extra + other])
    layers = {_module(each): None for each in weights if f"{_module(each)}.".startswith(f"{name}.")}
    if not name or not layers or not _is_last(name, model):
        return None
    if tuple(layers) == (name,) and type(model.get_submodule(name)) is nn.Linear:
        return None  # the same layer, of which something is missing
    return Replaced(name, tuple(layers))


def _module(tensor: str) -> str:
    return tensor.rpartition(".")[0]


def _common(modules: Sequence[str]) -> str:
    """The module that all of these are, or are within."""
    levels = zip(*(name.split(".") for name in modules), strict=False)  # as deep as the shortest
    return ".".join(level[0] for level in takewhile(lambda each: len(set(each)) == 1, levels))


def _is_last(name: str, model: nn.Module) -> bool:
    """Whether a module is, or is a plain row of layers with, the network's last linear layer."""
    try:
        module = model.get_submodule(name)
    except AttributeError:
        return False
    plain = isinstance(module, nn.Sequential) and all(type(each) in BETWEEN for each in module)
    last = [each for each in model.modules() if isinstance(each, LINEAR)][-1:]
    return (plain or type(module) is nn.Linear) and any(last[0] is m for m in module.modules())


def put_linear(head: Replaced, weights: Weights, model: nn.Module) -> Weights | None:
    """Give a network a linear layer for its head, and a file's weights that layer's names.

    None, and nothing is done, where the layer takes another number of features.
    """
    (layer,) = head.layers
    weight = weights.get(f"{layer}.weight")
    others = {f"{layer}.bias", f"{layer}.weight"}
    beside = [name for name in weights if _module(name) == layer and name not in others]
    first = next(m for m in model.get_submodule(head.name).modules() if isinstance(m, nn.Linear))
    if weight is None or weight.ndim != 2 or beside or weight.shape[1] != first.in_features:
        return None
    classes, width = weight.shape
    linear = nn.Linear(width, classes, bias=f"{layer}.bias" in weights)
    parent, _, last = head.name.rpartition(".")
    setattr(model.get_submodule(parent), last, linear)
    cut = f"{layer}."
    return renamed(
        weights, lambda n: f"{head.name}.{n.removeprefix(cut)}" if n.startswith(cut) else n
    )


NO_CLASSIFIER = (
    "All but the classifier is there: the file is that of a network without one (num_classes=0), "
    "which gives features and no classes. Take one that was fine-tuned for labels."
)


def are_heads(names: Sequence[str], model: nn.Module) -> bool:
    """Whether these are all weights of linear layers with as many rows as the last one."""
    layers = [layer for layer in model.modules() if isinstance(layer, LINEAR)]
    named: Iterable[nn.Module] = [model.get_submodule(_module(name)) for name in names]
    weights = {_module(name) for name in names if name.endswith(".weight")}
    return all(
        layer in layers
        and len(layer.weight) == len(layers[-1].weight)
        and _module(name) in weights  # a bias alone is missing where a head was trained without
        for name, layer in zip(names, named, strict=True)
    )
