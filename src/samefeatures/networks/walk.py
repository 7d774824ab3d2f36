"""From the output of a graph back to the linear layer that makes it: what all runtimes share.

A runtime says of each tensor what made it: a ``Step``. The walk adds up what stands behind the head
(a softmax, constants that are added or multiplied, an average over the image), and refuses what is
not linear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import SplitError
from samefeatures.networks.record import Head

Array = npt.NDArray[Any]
T = TypeVar("T")


class NotLinear(Exception):
    """Why the walk from an output ended; it reads on from there, e.g. ``ends in Relu 'a'``."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What an operation does to its input, the last first; alone it changes no more than shapes.

    Attributes:
        tensor: The input.
        label: The operation, for messages.
        after: ``softmax``, ``logsoftmax`` or ``sigmoid``: none changes which class is largest.
        scale: (classes,) or (1,), what each image is multiplied by.
        constant: (classes,) or (1,), what is then added to it.
        over: Set where it averages over the image: what the runtime needs to do so elsewhere.
        weight: (classes, d) float32 of a linear operation: the head.
        is_map: Whether that is a 1×1 convolution, which commutes with an average over the image.
    """

    tensor: Any
    label: str = ""
    after: str | None = None
    scale: Array | None = None
    constant: Array | None = None
    over: Any = None
    weight: Array | None = None
    is_map: bool = False

    @property
    def head(self) -> Head:
        """The head, of a step that ``walk`` gave."""
        assert self.weight is not None
        assert self.constant is not None
        weight = np.ascontiguousarray(self.weight, np.float32)
        return Head(weight, np.broadcast_to(self.constant, weight.shape[:1]).astype(np.float32))


def walk(tensor: T, step: Callable[[T], Step]) -> Step:
    """Follow a graph from an output to the linear operation that makes it.

    Args:
        tensor: The output.
        step: What made a tensor.

    Returns:
        All operations as one: of the linear one ``tensor``, ``label`` and ``weight``, and what
        stands behind it. An average there belongs in front of it.

    Raises:
        NotLinear: when something else makes it.
    """
    bias: Array = np.zeros(1, np.float32)  # (1,) or (classes,)
    scale: Array = np.ones(1, np.float32)  # (1,) or (classes,)
    after, over = None, None
    while True:
        made = step(tensor)
        behind = after or over is not None or bias.any() or (scale != 1).any()
        if (made.after and behind) or (made.over is not None and over is not None):
            raise NotLinear(f"ends in {made.label}")
        after, over = made.after or after, made.over if over is None else over
        bias = bias if made.constant is None else bias + scale * made.constant
        scale = scale if made.scale is None else scale * made.scale
        if made.weight is None:
            tensor = made.tensor
        elif over is not None and not made.is_map:
            raise NotLinear(f"averages {made.label}")
        else:
            weight = scale[:, None] * made.weight
            return replace(made, after=after, over=over, scale=None, constant=bias, weight=weight)


def find_head(
    outputs: Mapping[str, T],
    step: Callable[[T], Step],
    *,
    last: Callable[[T], str],
    must: str,
    source: str,
    output: str | None,
    usual: Sequence[str],
) -> tuple[str, Step]:
    """The output that holds the logits, and its head.

    Args:
        outputs: By name.
        step: What made a tensor.
        last: The last operations before an output, for messages.
        must: What a classifier must end in, for messages.
        source: For messages.
        output: Which output holds the logits; None takes the first of ``usual`` that is there, else
            the only one that a head makes.
        usual: Names of outputs that hold logits.

    Raises:
        SplitError: when there is no such head, or it is not clear which.
    """
    if output is not None and output not in outputs:
        raise SplitError(f"{source} has no output '{output}'. It has: {', '.join(outputs)}.")
    if output is None:
        output = next((name for name in usual if name in outputs), None)
    found: dict[str, Step] = {}
    reasons: list[str] = []
    for name in outputs if output is None else [output]:
        try:
            found[name] = walk(outputs[name], step)
        except NotLinear as error:
            reasons.append(f"'{name}' {error}")
    if not found:
        some = next(iter(outputs)) if output is None else output
        raise SplitError(
            f"{source} has no linear head: {'; '.join(reasons[:5])}. The last layers are: "
            f"{last(outputs[some])}. A classifier must end in {must}."
        )
    # Logits and their softmax come from one head: take the one with less behind it.
    heads: dict[str, str] = {}
    for name, each in sorted(found.items(), key=lambda item: item[1].after is not None):
        heads.setdefault(each.label, name)
    if len(heads) > 1:
        raise SplitError(
            f"{source} has several outputs that a linear layer makes: {', '.join(found)}. Say "
            f"which holds the logits: ?output={next(iter(found))}"
        )
    (name,) = heads.values()
    return name, found[name]


def arithmetic(
    sign: str, operands: Sequence[T], constant: Callable[[T], Array | None], label: str
) -> Step:
    """A sum, difference, product or quotient of what depends on the image and of a constant.

    Args:
        sign: ``+``, ``-``, ``*`` or ``/``.
        operands: The two.
        constant: The value (…) of an operand that does not depend on the image, else None.
        label: The operation, for messages.

    Raises:
        NotLinear: when both depend on it, the constant is not one number per class, or the image
            is what is divided by.
    """
    for place, (tensor, other) in enumerate((operands, (operands[1], operands[0]))):
        value = constant(other)
        if value is None:
            continue
        if sum(side > 1 for side in value.shape) > 1:
            does = "adds" if sign in "+-" else "multiplies by"
            raise NotLinear(f"{does} a constant of shape {value.shape}, not one per class")
        flat = value.reshape(-1)
        if sign == "+":
            return Step(tensor, label, constant=flat)
        if sign == "-":  # x - c, or c - x
            turned = Step(tensor, label, scale=-np.ones(1, np.float32), constant=flat)
            return turned if place else Step(tensor, label, constant=-flat)
        if sign == "*":
            return Step(tensor, label, scale=flat)
        if not place and flat.all():
            return Step(tensor, label, scale=1 / flat)
        break
    else:
        raise NotLinear(f"ends in {label} of two activations")
    raise NotLinear(f"ends in {label}, which divides by the activations or by 0")


def refuse_kernel(label: str, kernel: Sequence[int]) -> NotLinear:
    """For a convolution that is no plain 1×1."""
    return NotLinear(
        f"ends in {label} with a kernel {tuple(kernel)}; only a plain 1x1 convolution is linear in "
        "the features"
    )
