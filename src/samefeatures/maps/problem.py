"""What a method is given: one source, the moments, and the networks by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path

from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.blas import times_vector
from samefeatures.base.arrays import Float64
from samefeatures.base.brief import brief
from samefeatures.base.errors import MapError
from samefeatures.base.paths import PathLike, as_path
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps.affine import AffineMap, Space
from samefeatures.maps.canonical.solve import CanonicalSpaces
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.heads import HeadInverses
from samefeatures.maps.inverse import Inverse, pseudoinverse
from samefeatures.maps.note import FitNote


class SourceProblem:
    """All maps out of one source, which is factorised once, whatever asks for it.

    Args:
        source: Name.
        networks: By name, all that the moments were taken of.
        moments: Of the fit rows; for maps to few targets, blocks S_AA and S_BA will do.
        rows: The fit rows themselves, by network, for methods that moments are not enough for.
        folds: Moments of each fold of the fit rows, for methods that hold rows out.
        algebra: Where factorisations and products run.
        heads: Pseudoinverses of the networks' heads, where other sources share them.
        canonical: Canonical spaces of the same moments, where other sources share them.
        progress: Shows how far a long fit is; of a block of ``samefeatures.progress``.

    Raises:
        MapError: when a network is missing, or there are too few rows to fit anything.
    """

    def __repr__(self) -> str:
        return brief(self, source=self.source, networks=self.dims, n=self.moments.n)

    def __init__(
        self,
        source: str,
        networks: Mapping[str, Space],
        moments: Moments | Blocks,
        *,
        rows: Mapping[str, FeatureRows] | None = None,
        folds: Sequence[Moments | Blocks] = (),
        algebra: Algebra = HOST,
        heads: HeadInverses | None = None,
        canonical: CanonicalSpaces | None = None,
        progress: Progress | None = None,
    ) -> None:
        missing = [name for name in moments.names if name not in networks]
        if missing or source not in networks:
            raise MapError(
                f"There is no network for {', '.join(missing) or source}. Give every network that "
                "the moments were taken of."
            )
        if moments.n < 2:
            raise MapError(
                f"Maps need at least 2 rows to be fitted on, but the moments hold {moments.n}. "
                "Take features of more samples."
            )
        self.source = source
        self.networks = networks
        self.moments = moments
        self.dims = dict(zip(moments.names, moments.dims, strict=True))
        self.rows = rows or {}
        self.folds = tuple(folds)
        self.algebra = algebra
        self.heads = heads or HeadInverses(networks, algebra=algebra)
        prints = {name: networks[name].fingerprint for name in moments.names}
        self.canonical = canonical or CanonicalSpaces(moments, prints, algebra=algebra)
        self.progress = progress or Silent()
        self.checkpoint: Path | None = None
        self._inverses: dict[str, Inverse] = {}  # shared by all copies

    def keeping(self, checkpoint: PathLike) -> SourceProblem:
        """The same problem, where a long fit keeps its state in a file until it is done."""
        out = copy(self)
        out.checkpoint = as_path(checkpoint)
        return out

    def with_folds(self, folds: Sequence[Moments | Blocks]) -> SourceProblem:
        """The same problem, with moments of these folds of its rows."""
        out = copy(self)
        out.folds = tuple(folds)
        return out

    @property
    def inverse(self) -> Inverse:
        """S_AA⁺, (d_A, d_A), with its rank and condition number."""
        if self.source not in self._inverses:
            self._inverses[self.source] = pseudoinverse(
                self.moments.block(self.source, self.source),
                precision=self.moments.precision,
                algebra=self.algebra,
            )
        return self._inverses[self.source]

    def regressions(
        self, method: str, targets: Sequence[str], inverse: Inverse, message: str
    ) -> Iterator[AffineMap]:
        """One map per target: ``S_BA S⁻¹``, for an inverse (d_A, d_A) of the source's moments."""
        note = FitNote(
            rank=inverse.rank, full_rank=inverse.dim, condition=inverse.condition, message=message
        )
        for target in targets:
            across = self.moments.block(target, self.source)  # (d_B, d_A)
            weight = self.algebra.product(across, inverse.matrix)  # (d_B, d_A)
            yield self.affine(method, target, weight, self.centred_bias(target, weight), note)

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
        """Wrap a solution with the names and fingerprints of this problem.

        Args:
            method: Name.
            target: Name.
            weight: (d_B, d_A).
            bias: (d_B,).
            fit: What the solver has to say.
            curve: Of an iterative fit.
        """
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
        """(d_B,): with it a (d_B, d_A) weight sends the source's mean to the target's."""
        moments = self.moments
        return moments.mean_of(target) - times_vector(weight, moments.mean_of(self.source))
