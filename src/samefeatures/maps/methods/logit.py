"""The map through the logits (thesis, section 5.5), with the biases it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.errors import MapError
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.method import Method
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes
from samefeatures.networks.record import head_of


@dataclass(frozen=True, slots=True)
class Logit(Method):
    """``x̃_B = W_B⁺ (W_A x + b_A − b_B)``: encode to A's logits, decode by B's pseudoinverse.

    No image is used. Where W_B has full row rank (needs classes ≤ d_B), W_B W_B⁺ = I and B's head
    returns exactly A's logits: the hybrid's accuracy is A's own, by algebra. Where it has not, the
    logits are projected and something is lost; the fit says so.
    """

    name = "logit"
    place = 3
    uses = "heads"

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order.

        Raises:
            MapError: when the two heads have different numbers of classes.
            NetworkError: when a network has no head.
        """
        head_a, algebra = head_of(problem.networks[problem.source]), problem.algebra
        for target in targets:
            head_b = head_of(problem.networks[target])
            if head_a.classes != head_b.classes:
                raise MapError(
                    f"The logit map from {problem.source} to {target} needs heads of the same "
                    f"classes, but they have {head_a.classes} and {head_b.classes}. "
                    "Leave 'logit' out of the methods, or one of the networks."
                )
            inverse, note = problem.heads.of(target)  # (d_B, classes)
            weight = algebra.product(inverse, head_a.weight.astype(np.float64))  # (d_B, d_A)
            bias = inverse @ (head_a.bias.astype(np.float64) - head_b.bias)  # (d_B,)
            yield problem.affine(self.name, target, weight, bias, note)

    def work(self, sizes: Sizes) -> float:
        """One decomposition a head, one product a pair."""
        return float(sizes.classes * (sizes.pairs + sum(d * d for d in sizes.dims)))
