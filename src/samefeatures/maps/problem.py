"""What a method is given: one source, the moments, and the networks by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.maps.affine import AffineMap, FitNote, Space
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.heads import HeadInverses
from samefeatures.maps.inverse import Inverse, pseudoinverse
from samefeatures.moments.record import Moments


class SourceProblem:
    """All maps out of one source, which is factorised once, whatever asks for it.

    Args:
        source: Name.
        networks: By name, all that the moments were taken of.
        moments: Of the fit rows.
        algebra: Where factorisations and products run.
        heads: Pseudoinverses of the networks' heads, where other sources share them.
    """

    def __init__(
        self,
        source: str,
        networks: Mapping[str, Space],
        moments: Moments,
        *,
        algebra: Algebra = HOST,
        heads: HeadInverses | None = None,
    ) -> None:
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
        self.algebra = algebra
        self.heads = heads or HeadInverses(networks, algebra=algebra)

    @cached_property
    def inverse(self) -> Inverse:
        """S_AA⁺, with its rank and condition number."""
        return pseudoinverse(
            self.moments.block(self.source, self.source),
            precision=self.moments.precision,
            algebra=self.algebra,
        )

    def regression(self, target: str, inverse: Inverse) -> Float64:
        """(d_B, d_A) weights ``S_BA S⁻¹`` for an inverse of the source's moments."""
        return self.algebra.product(self.moments.block(target, self.source), inverse.matrix)

    def affine(
        self,
        method: str,
        target: str,
        weight: Float64,
        bias: Float64,
        fit: FitNote,
        *,
        curve: LossCurve | None = None,
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
            curve=curve,
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


@runtime_checkable
class RowMethod(Protocol):
    """A way to make maps that moments are not enough for: it sees the fit rows, again and again."""

    @property
    def name(self) -> str:
        """Name in results, e.g. ``cosine``."""
        ...

    @property
    def options(self) -> Mapping[str, object]:
        """Options by name, for reports and cache keys."""
        ...

    def fit_rows(
        self,
        problem: SourceProblem,
        rows: Mapping[str, FeatureRows],
        targets: Sequence[str],
        *,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
    ) -> Iterator[AffineMap]:
        """One map per target, in order, each with its curve.

        Args:
            problem: The source, and the moments of the same rows.
            rows: Fit rows by network, of the source and all targets.
            targets: Names.
            checkpoint: File for the state of a fit that was stopped; removed at the end.
            progress: Shows how far it is.
        """
        ...


def as_float64(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Float64:
    """A head's float32 weights for algebra in float64."""
    return array.astype(np.float64)
