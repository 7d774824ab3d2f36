"""What a method is given: one source, the moments, and the networks by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from samefeatures.errors import MapError
from samefeatures.maps.affine import AffineMap, FitNote, Float64, Space
from samefeatures.maps.inverse import Inverse, pseudoinverse
from samefeatures.moments import Moments


class SourceProblem:
    """All maps out of one source, which is factorised once, whatever asks for it."""

    def __init__(self, source: str, networks: Mapping[str, Space], moments: Moments) -> None:
        missing = [name for name in moments.names if name not in networks]
        if missing or source not in networks:
            raise MapError(
                f"There is no network for {', '.join(missing) or source}. Give every network that "
                "the moments were taken of."
            )
        if moments.n < 2:
            raise MapError(
                f"Maps need at least 2 fit images, but the moments hold {moments.n}. "
                "Extract features of more images."
            )
        self.source = source
        self.networks = networks
        self.moments = moments

    @cached_property
    def inverse(self) -> Inverse:
        """S_AA⁺, with its rank and condition number."""
        return pseudoinverse(self.moments.block(self.source, self.source))

    def affine(
        self, method: str, target: str, weight: Float64, bias: Float64, fit: FitNote
    ) -> AffineMap:
        """Wrap a solution with the names and fingerprints of this problem."""
        return AffineMap(
            weight=weight,
            bias=bias,
            source=self.source,
            target=target,
            method=method,
            source_fingerprint=self.networks[self.source].fingerprint,
            target_fingerprint=self.networks[target].fingerprint,
            fit=fit,
        )

    def centred_bias(self, target: str, weight: Float64) -> Float64:
        """The bias that sends the source's mean to the target's."""
        moments = self.moments
        out: Float64 = moments.mean_of(target) - weight @ moments.mean_of(self.source)
        return out


class Method(Protocol):
    """A way to make maps. Options are fields; they show in ``repr`` and in the report."""

    @property
    def name(self) -> str:
        """Name in results, e.g. ``ols``."""
        ...

    @property
    def options(self) -> Mapping[str, object]:
        """Options by name, for reports and cache keys."""
        ...

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order."""
        ...


def as_float64(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Float64:
    """A head's float32 weights for algebra in float64."""
    return array.astype(np.float64)
