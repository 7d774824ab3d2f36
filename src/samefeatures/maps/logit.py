"""The map through the logits (thesis, section 5.5), with the biases it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.compute import Compute
from samefeatures.errors import MapError
from samefeatures.maps.affine import AffineMap, FitNote, Float64
from samefeatures.maps.problem import SourceProblem, as_float64


@dataclass(frozen=True, slots=True)
class Logit:
    """``x̃_B = W_B⁺ (W_A x + b_A − b_B)``: encode to A's logits, decode by B's pseudoinverse.

    No image is used. Where W_B has full row rank (needs classes ≤ d_B), W_B W_B⁺ = I and B's head
    returns exactly A's logits: the hybrid's accuracy is A's own, by algebra. Where it has not, the
    logits are projected and something is lost; the fit says so.
    """

    @property
    def name(self) -> str:
        return "logit"

    @property
    def options(self) -> Mapping[str, object]:
        return {}

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order.

        Raises:
            MapError: when the two heads have different numbers of classes.
        """
        head_a, compute = problem.networks[problem.source].head, problem.compute
        for target in targets:
            head_b = problem.networks[target].head
            if head_a.classes != head_b.classes:
                raise MapError(
                    f"The logit map from {problem.source} to {target} needs heads of the same "
                    f"classes, but they have {head_a.classes} and {head_b.classes}. "
                    "Leave 'logit' out of the methods, or one of the networks."
                )
            inverse, note = _pseudoinverse(as_float64(head_b.weight), compute)  # (d_B, classes)
            weight = compute.product(inverse, as_float64(head_a.weight))  # (d_B, d_A)
            bias = inverse @ (as_float64(head_a.bias) - as_float64(head_b.bias))  # (d_B,)
            yield problem.affine(self.name, target, weight, bias, note)


def _pseudoinverse(weight: Float64, compute: Compute) -> tuple[Float64, FitNote]:
    """W⁺ of a (classes, d) head by SVD, with rank, condition and whether W W⁺ is the identity."""
    u, s, vt = compute.singular_values(weight)
    rank = int((s > max(weight.shape) * np.finfo(np.float64).eps * s[0]).sum())
    classes, dim = weight.shape
    message = ""
    if rank < classes:
        why = f"{dim} features for {classes} classes" if dim < classes else "rows are dependent"
        message = f"not lossless: the head has rank {rank} of {classes} ({why})"
    note = FitNote(
        rank=rank,
        full_rank=classes,
        condition=float(s[0] / s[rank - 1]) if rank else float("inf"),
        message=message,
    )
    return compute.product(vt[:rank].T / s[:rank], u[:, :rank].T), note
