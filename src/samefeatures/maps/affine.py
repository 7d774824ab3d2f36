"""The record of an affine map between two networks' features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.blas import times_vector
from samefeatures.base.arrays import Float64
from samefeatures.base.brief import brief
from samefeatures.base.errors import MapError
from samefeatures.base.options import check_text
from samefeatures.base.paths import PathLike, as_path
from samefeatures.features.given import Rows, own_name
from samefeatures.maps.applying import mapped_rows
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.note import FitNote
from samefeatures.maps.saved import check_said, read_map, write_map
from samefeatures.networks.record import Head, head_of


class Named(Protocol):
    """Whose features: a network, or rows of one."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...


class Space(Named, Protocol):
    """A feature space that a map can start or end in: any loaded network is one."""

    @property
    def head(self) -> Head | None: ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AffineMap:
    """``y ≈ weight @ x + bias`` from the source's features to the target's; rows are samples.

    The direction belongs to the map: it takes features of ``source`` alone, and folds into the
    head of ``target`` alone.

    Attributes:
        weight: (d_target, d_source) float64.
        bias: (d_target,) float64.
        source: Name of the network whose features come in.
        target: Name of the network whose features come out.
        method: How it was fitted.
        source_fingerprint: Of the source network; empty where the map is of arrays, whose weights
            nobody knows: then the name alone is checked.
        target_fingerprint: Of the target network, in the same way.
        fit: Rank, condition and remarks of the solver.
        curve: The loss of an iterative fit at every step. Not saved with the map; a study keeps it
            in a file beside it.
    """

    weight: Float64
    bias: Float64
    source: str
    target: str
    method: str
    source_fingerprint: str
    target_fingerprint: str
    fit: FitNote = field(default_factory=FitNote)
    curve: LossCurve | None = None

    def __repr__(self) -> str:
        return brief(
            self,
            method=self.method,
            source=self.source,
            target=self.target,
            shape=self.weight.shape,
            rank=self.fit.rank,
        )

    def __post_init__(self) -> None:
        for what in ("source", "target", "method", "source_fingerprint", "target_fingerprint"):
            check_text(f"The {what} of a map", getattr(self, what), MapError)
        check_said(self.weight, self.bias, self.fit)
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise MapError(f"The map {self} has values that are NaN or infinite.")

    def __str__(self) -> str:
        return f"{self.method}: {self.source} → {self.target}"

    def apply(
        self,
        features: Rows,
        *,
        of: Named | None = None,
        out: Any = None,
        dtype: npt.DTypeLike | None = None,
    ) -> npt.NDArray[np.floating]:
        """Map (n, d_source) features; returns (n, d_target), an array of NumPy or ``out``.

        Products run in float64, block by block: beside what comes out, memory does not grow with n.

        Args:
            features: Rows of the source, as ``given_rows`` takes them: arrays of any library, files
                in memory, blocks one after another. Those that say themselves that they are of the
                target are refused.
            of: Whose features these are: a network, or whatever has its name. A map between
                networks must be told, so that its direction and their weights are checked; a map
                between arrays may be.
            out: (n, d_target) to write into instead: an array, a file in memory, or anything that
                takes rows by ``out[start:stop] = block``. It is what is returned. An error on the
                way leaves the blocks before it written.
            dtype: Of what comes out: ``float16``, ``float32`` or ``float64``. By default that of
                ``out``, else float64 for features of float64 and float32 for all others.

        Raises:
            MapError: when ``of`` is not this map's source or is missing, or widths do not fit, or
                ``out`` does not.
            FeatureError: when the features are no floats, or NaN or infinite.
        """
        if of is not None:
            self._check(of, self.source, self.source_fingerprint, "takes features of")
        elif self.source_fingerprint:
            raise MapError(
                f"The map {self} is of networks. Say whose features these are, so that they are "
                f"checked: apply(features, of=…), a network with the weights of {self.source}."
            )
        if own_name(features) == self.target != self.source:
            raise MapError(
                f"The map {self} takes features of {self.source}, but these are of {self.target}. "
                "Maps have a direction: give rows of the source."
            )
        return mapped_rows(self.weight, self.bias, features, str(self), out=out, dtype=dtype)

    def compose(self, then: AffineMap) -> AffineMap:
        """This map followed by ``then``: source → target → ``then.target``.

        Raises:
            MapError: when ``then`` is no map, or does not start where this map ends.
        """
        check_map(then, "compose takes", "the one that follows: compose(then)")
        if (then.source, then.source_fingerprint) != (self.target, self.target_fingerprint):
            raise MapError(
                f"Can't follow {self} by {then}: the second must start at {self.target}, where the "
                "first ends. Swap them, or fit the map that is missing."
            )
        if then.weight.shape[1] != len(self.weight):
            raise MapError(
                f"Can't follow {self} by {then}: the first gives {len(self.weight)} features, the "
                f"second takes {then.weight.shape[1]}."
            )
        return AffineMap(
            weight=HOST.product(then.weight, self.weight),
            bias=times_vector(then.weight, self.bias) + then.bias,
            source=self.source,
            target=then.target,
            method=f"{self.method}, {then.method}",
            source_fingerprint=self.source_fingerprint,
            target_fingerprint=then.target_fingerprint,
        )

    def fold(self, target: Space, *, algebra: Algebra = HOST) -> Head:
        """The target's head with this map in front, as one head on the source's features.

        ``C_B(M x + m) = (W_B M) x + (W_B m + b_B)``, computed in float64, returned in float32.

        Raises:
            MapError: when ``target`` is not this map's target.
            NetworkError: when it has no head.
        """
        self._check(target, self.target, self.target_fingerprint, "folds into the head of")
        head = head_of(target)
        weight = head.weight.astype(np.float64)  # (classes, d_target)
        if weight.shape[1] != len(self.weight):
            raise MapError(
                f"The map {self} gives {len(self.weight)} features, but the head of {target.name} "
                f"takes {weight.shape[1]}."
            )
        return Head(
            algebra.product(weight, self.weight).astype(np.float32),
            (times_vector(weight, self.bias) + head.bias).astype(np.float32),
        )

    def _check(self, space: Named, name: str, fingerprint: str, does: str) -> None:
        if not isinstance(getattr(space, "name", None), str):
            raise MapError(
                f"The map {self} {does} {name}, but {type(space).__name__} came, which has no "
                "name. Give the network itself."
            )
        if space.name != name:
            raise MapError(
                f"The map {self} {does} {name}, but {space.name} came. "
                "Maps have a direction: use or fit the one that starts (or ends) there."
            )
        if fingerprint and hasattr(space, "span"):
            raise MapError(
                f"The map {self} {does} {name}, and rows of it came. What they are of is told by "
                "the network: give that."
            )
        if fingerprint and getattr(space, "fingerprint", "") != fingerprint:
            raise MapError(
                f"The map {self} {does} {name} with fingerprint {fingerprint[:12]}, but this "
                f"{space.name} has {getattr(space, 'fingerprint', '')[:12] or 'none'}: other "
                "weights. Fit the map again."
            )

    def save(self, path: PathLike) -> None:
        """Write as safetensors: ``weight``, ``bias``, the rest as JSON in the metadata.

        Raises:
            OSError: as the system says.
        """
        said = {
            "source": self.source,
            "target": self.target,
            "method": self.method,
            "source_fingerprint": self.source_fingerprint,
            "target_fingerprint": self.target_fingerprint,
            "fit": asdict(self.fit),
        }
        write_map(as_path(path), said, self.weight, self.bias)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            MapError: when the file is missing, damaged, or not a map.
        """
        said, weight, bias = read_map(as_path(path))
        return cls(
            weight=weight,
            bias=bias,
            source=said.source,
            target=said.target,
            method=said.method,
            source_fingerprint=said.source_fingerprint,
            target_fingerprint=said.target_fingerprint,
            fit=said.fit,
        )


def check_map(given: object, judge: str, remedy: str) -> None:
    """Refuse what is no map: ``JUDGE a map, not KIND. Fit one, and give REMEDY.``

    Raises:
        MapError: when it is something else.
    """
    if not isinstance(given, AffineMap):
        kind = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
        raise MapError(f"{judge} a map, not {kind}. Fit one, and give {remedy}.")
