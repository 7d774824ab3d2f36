"""A Slim network with its head, and the weights of a checkpoint in it (needs torch)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.misfits import differences, misfit
from samefeatures.networks.slim.catalogue import Definition
from samefeatures.networks.slim.layers import Variable
from samefeatures.networks.tensorflow.checkpoints import TensorFlowCheckpoint

VERSION = 1
"""Raised whenever a change in ``slim`` changes a computed value."""
AVERAGE = "/ExponentialMovingAverage"
TRAINING = ("AuxLogits/", "global_step", AVERAGE, "/Momentum", "/RMSProp", "/Adam")
"""Parts of the names of variables that only training uses."""


class SlimNetwork(nn.Module):
    """Convolutions, mean over all positions, one linear layer.

    Args:
        definition: Which network.
        classes: Rows of the head.
    """

    def __init__(self, definition: Definition, classes: int) -> None:
        super().__init__()
        self.base = definition.build()
        self.head = nn.Linear(definition.dim, classes)
        self.trained_classes = classes

    def forward(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, classes) logits."""
        pooled = self.base(images).mean((2, 3))  # (b, d)
        logits: Tensor = self.head(pooled)
        return logits

    def variables(self) -> Iterator[Variable]:
        """The variables before the head, by their names below the network's scope."""
        for scope, layer in self.base.named_modules():
            own = getattr(layer, "variables", None)
            for variable in own() if own is not None else ():
                name = "/".join([*scope.split("."), variable.name])
                yield Variable(name, variable.tensor, variable.layout, variable.inputs)


def read_network(definition: Definition, path: Path, *, source: str) -> SlimNetwork:
    """Build a network and fill it from a checkpoint.

    Where the checkpoint holds moving averages of the weights, those are taken: Google's own
    evaluation takes them. Variables that only training uses are left out.

    Args:
        definition: Which network.
        path: A checkpoint or SavedModel.
        source: For messages.

    Raises:
        CheckpointError: when the checkpoint is damaged or is that of another network, naming the
            first five variables that do not fit, and their number.
    """
    checkpoint = TensorFlowCheckpoint.open(path)
    names = _below(checkpoint, definition.scope, source=source)
    head = {part: f"{definition.head}/{part}" for part in ("weights", "biases")}
    shape = checkpoint.shapes.get(names.get(head["weights"], ""), ())
    classes = shape[-1] if shape else 1001
    model = SlimNetwork(definition, classes)
    wanted = {variable.name: variable for variable in _unique(model.variables())}
    stored = {name: variable.stored_shape for name, variable in wanted.items()}
    stored[head["weights"]] = (1, 1, definition.dim, classes)
    stored[head["biases"]] = (classes,)
    there = {
        name: checkpoint.shapes[full]
        for name, full in names.items()
        if name in stored or not any(part in name for part in TRAINING)
    }
    problems = differences(stored, there)
    if problems:
        raise misfit(problems, path, source=source)

    def read(name: str) -> Tensor:
        return torch.from_numpy(checkpoint.read(names[name]).astype("float32"))

    for name, variable in wanted.items():
        variable.put(read(name))
    weight = read(head["weights"]).reshape(definition.dim, classes).T
    with torch.no_grad():
        model.head.weight.copy_(weight)
        model.head.bias.copy_(read(head["biases"]))
    return model.eval()


def drop_background(model: SlimNetwork) -> None:
    """Leave class 0 out of the head."""
    full = model.head
    model.head = nn.Linear(full.in_features, full.out_features - 1)
    with torch.no_grad():
        model.head.weight.copy_(full.weight[1:])
        model.head.bias.copy_(full.bias[1:])


def _unique(variables: Iterator[Variable]) -> Iterator[Variable]:
    """Leave out the inner layers of those that name all their variables themselves."""
    seen: set[int] = set()
    for variable in variables:
        if id(variable.tensor) not in seen:
            seen.add(id(variable.tensor))
            yield variable


def _below(checkpoint: TensorFlowCheckpoint, scope: str, *, source: str) -> dict[str, str]:
    """Names below a scope to full names; averages stand for what they are the average of.

    The scope may itself stand below another, as in ``module/InceptionV1``, but below one only.
    """
    found: dict[str, dict[str, str]] = {}
    for full in sorted(checkpoint.shapes, key=lambda name: name.endswith(AVERAGE)):
        above, inside, name = f"/{full.removesuffix(AVERAGE)}".partition(f"/{scope}/")
        if inside:
            found.setdefault(above, {})[name] = full
    if "" in found or len(found) == 1:
        return found.get("") or next(iter(found.values()))
    if found:
        raise CheckpointError(
            f"{checkpoint.path} holds several networks of the scope '{scope}', below "
            f"{', '.join(sorted(found)[:5])}: which of them is {source} is not said. Save the one "
            "that is meant alone."
        )
    first = ", ".join(list(checkpoint.shapes)[:3]) or "none"
    raise CheckpointError(
        f"{checkpoint.path} is not a checkpoint of {source}: no variable stands below '{scope}'. "
        f"Its first variables are: {first}."
    )
