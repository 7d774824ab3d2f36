"""Heads that are added up: one linear layer on the vectors that they see (needs torch).

Distilled transformers and others end in Σ aₖ · headₖ(xₖ). Where heads see one vector their weights
are added, a batch norm in front of a head folded in; where they see several, the features are these
side by side. The factors are found from what the layers gave on the probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from samefeatures.networks.proof import TOLERANCE, relative
from samefeatures.networks.record import Head
from samefeatures.networks.torch.calls import Call, LinearLayer, Norm, Place, is_linear, is_norm

MOST = 32
"""As many heads are looked for, the last ones."""
EQUATIONS = 4
"""So many numbers of the output there are at least for each factor: else any sum would fit."""
SIMPLE = 16
"""Factors this near to a fraction are that: their denominator is at most so large."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A head times a factor, and the batch norm in front of it if there is one."""

    factor: float
    call: Call
    norm: Call | None

    @property
    def given(self) -> Tensor:
        """(b, d): what it sees."""
        return (self.norm or self.call).given.flatten(1)

    @property
    def place(self) -> Place:
        return (self.norm or self.call).place

    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (classes, d) and bias (classes,) in float64, the norm and the factor in it."""
        layer = cast(LinearLayer, self.call.layer)
        weight = layer.weight.detach().flatten(1).double()  # (classes, d)
        bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.double()
        if self.norm is not None:
            scale, shift = _affine(cast(Norm, self.norm.layer))
            weight, bias = weight * scale, bias + weight @ shift
        return self.factor * weight, self.factor * bias


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Heads that see one vector."""

    terms: list[Term]

    @property
    def width(self) -> int:
        return self.terms[0].given.shape[1]


def more_of(probe: Tensor) -> Tensor:
    """(4 b, 3, h, w): the probe and its mirror images, since factors need more numbers than b."""
    return torch.cat([probe, probe.flip(2), probe.flip(3), probe.flip(2, 3)])


def find_sum(calls: Sequence[Call], out: Tensor) -> list[Group]:
    """The heads whose sum an output is, by what they see; none where it is no such sum.

    Args:
        calls: Of linear layers and batch norms, in order.
        out: (b, classes).
    """
    heads = [
        call
        for call in calls
        if is_linear(call.layer)
        and call.one_vector_per_image
        and call.returned.flatten(1).shape == out.shape
    ]
    heads = heads[max(0, len(heads) - min(MOST, out.numel() // EQUATIONS)) :]
    while heads:
        factors = _factors([head.returned for head in heads], out)
        used = [head for head, factor in zip(heads, factors, strict=True) if factor]
        if len(used) == len(heads):
            return _grouped(heads, factors, calls) if _makes(heads, factors, out) else []
        heads = used
    return []


def _factors(returned: Sequence[Tensor], out: Tensor) -> list[float]:
    """Least squares; those that change nothing are 0, those next to simple fractions are these."""
    A = torch.stack([each.cpu().double().flatten() for each in returned], dim=1)  # (b classes, k)
    b = out.cpu().double().flatten()
    if not (A.isfinite().all() and b.isfinite().all()):
        return [0.0] * len(returned)
    found = torch.linalg.lstsq(A, b[:, None], driver="gelsd").solution[:, 0]
    share = found.abs() * A.abs().amax(0) / b.abs().max()
    return [
        _simple(float(factor)) if part > TOLERANCE else 0.0
        for factor, part in zip(found, share, strict=True)
    ]


def _simple(factor: float) -> float:
    near = float(Fraction(factor).limit_denominator(SIMPLE))
    return near if near and abs(near - factor) <= TOLERANCE * abs(factor) else factor


def _makes(heads: Sequence[Call], factors: Sequence[float], out: Tensor) -> bool:
    parts = [f * head.returned.flatten(1).double() for f, head in zip(factors, heads, strict=True)]
    ours = torch.stack(parts).sum(0)
    return relative(ours.cpu().numpy(), out.double().cpu().numpy()) <= TOLERANCE


def _grouped(heads: Sequence[Call], factors: Sequence[float], calls: Sequence[Call]) -> list[Group]:
    groups: list[Group] = []
    for call, factor in zip(heads, factors, strict=True):
        term = Term(factor, call, _norm_before(call, calls))
        same = [group for group in groups if torch.equal(group.terms[0].given, term.given)]
        if same:
            same[0].terms.append(term)
        else:
            groups.append(Group([term]))
    return groups


def _norm_before(call: Call, calls: Sequence[Call]) -> Call | None:
    """The batch norm whose output a layer is given."""
    given = call.given.flatten(1)
    return next(
        (
            each
            for each in reversed(calls)
            if is_norm(each.layer)
            and each.one_vector_per_image
            and torch.equal(each.returned.flatten(1), given)
        ),
        None,
    )


def _affine(norm: Norm) -> tuple[Tensor, Tensor]:
    """(d,) and (d,): what a batch norm multiplies with and adds."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.affine:
        scale = scale * norm.weight.detach().double()
    shift = -norm.running_mean.double() * scale
    return scale, shift + norm.bias.detach().double() if norm.affine else shift


def joined_head(groups: Sequence[Group]) -> Head:
    """One linear layer on the vectors side by side: (classes, Σ d)."""
    heads = [[term.head() for term in group.terms] for group in groups]
    weight = torch.cat([torch.stack([w for w, _ in each]).sum(0) for each in heads], dim=1)
    bias = torch.stack([b for each in heads for _, b in each]).sum(0)
    return Head(_float32(weight), _float32(bias))


def _float32(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), np.float32)


def side_by_side(groups: Sequence[Group]) -> Tensor:
    """(b, Σ d): what the heads saw on the probe."""
    return torch.cat([group.terms[0].given for group in groups], dim=1)


def label(groups: Sequence[Group]) -> str:
    """Such as ``0.5 head + 0.5 head_dist``."""
    terms = [term for group in groups for term in group.terms]
    return " + ".join(f"{term.factor:.4g} {term.call.place.name}" for term in terms)


def replacements(groups: Sequence[Group]) -> dict[str, nn.Module]:
    """Layers with which the model returns the features: by the names of those they stand for."""
    total, start = sum(group.width for group in groups), 0
    out: dict[str, nn.Module] = {}
    for group in groups:
        for term in group.terms:
            if term.norm is not None:
                out[term.norm.place.name] = nn.Identity()
            scale = 1 / term.factor if term is group.terms[0] else 0.0
            out[term.call.place.name] = Slot(start, total, scale)
        start += group.width
    return out


class Slot(nn.Module):
    """Puts a vector (b, d, …) times a factor at its place among ``total`` numbers."""

    def __init__(self, start: int, total: int, scale: float) -> None:
        super().__init__()
        self.start, self.total, self.scale = start, total, scale

    def forward(self, x: Tensor) -> Tensor:
        """(b, d, …) to (b, total, …); zeros elsewhere."""
        behind = (0, 0) * (x.ndim - 2)
        room = self.total - self.start - x.shape[1]
        return nn.functional.pad(x * self.scale, (*behind, self.start, room))
