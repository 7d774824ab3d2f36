"""The record of an affine map between two networks' features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError, MapError, NoFileError
from samefeatures.base.files import write_whole
from samefeatures.base.records import record
from samefeatures.maps.curve import LossCurve
from samefeatures.networks.record import Head


class Space(Protocol):
    """A feature space that a map can start or end in: any loaded network is one."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def head(self) -> Head: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FitNote:
    """What the solver has to say about a fit.

    Attributes:
        rank: Rank of the matrix that was inverted.
        full_rank: Its rank had nothing been deficient.
        condition: Condition number of that matrix: in the 1-norm for S_AA, with deficient rank
            the ratio of its kept eigenvalues; the ratio of singular values for W_B.
        message: One sentence where the reader must know more; else empty.
        steps: Passes or batches of an iterative fit.
        loss: What an iterative fit ended with, in the unit of its loss.
    """

    rank: int | None = None
    full_rank: int | None = None
    condition: float | None = None
    message: str = ""
    steps: int | None = None
    loss: float | None = None


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
        source_fingerprint: Of the source network.
        target_fingerprint: Of the target network.
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

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise MapError(
                f"A map has weight {self.weight.shape} and bias {self.bias.shape}; they must be "
                "(d_target, d_source) and (d_target,)."
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise MapError(f"The map {self} has values that are NaN or infinite.")

    def __str__(self) -> str:
        return f"{self.method}: {self.source} → {self.target}"

    def apply(self, features: npt.NDArray[np.floating], *, of: Space) -> Float64:
        """Map (n, d_source) features of the network ``of``; returns (n, d_target).

        Raises:
            MapError: when ``of`` is not this map's source, or the shape is another.
        """
        self._check(of, self.source, self.source_fingerprint, "takes features of")
        if features.ndim != 2 or features.shape[1] != self.weight.shape[1]:
            raise MapError(
                f"The map {self} takes features (n, {self.weight.shape[1]}), "
                f"but {features.shape} came."
            )
        out: Float64 = features @ self.weight.T + self.bias  # (n, d_target)
        return out

    def compose(self, then: AffineMap) -> AffineMap:
        """This map followed by ``then``: source → target → ``then.target``.

        Raises:
            MapError: when ``then`` does not start where this map ends.
        """
        if (then.source, then.source_fingerprint) != (self.target, self.target_fingerprint):
            raise MapError(
                f"Can't follow {self} by {then}: the second must start at {self.target}, where the "
                "first ends. Swap them, or fit the map that is missing."
            )
        return AffineMap(
            weight=then.weight @ self.weight,
            bias=then.weight @ self.bias + then.bias,
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
        """
        self._check(target, self.target, self.target_fingerprint, "folds into the head of")
        weight = target.head.weight.astype(np.float64)  # (classes, d_target)
        return Head(
            algebra.product(weight, self.weight).astype(np.float32),
            (weight @ self.bias + target.head.bias).astype(np.float32),
        )

    def _check(self, space: Space, name: str, fingerprint: str, does: str) -> None:
        if space.name != name:
            raise MapError(
                f"The map {self} {does} {name}, but {space.name} came. "
                "Maps have a direction: use or fit the one that starts (or ends) there."
            )
        if space.fingerprint != fingerprint:
            raise MapError(
                f"The map {self} {does} {name} with fingerprint {fingerprint[:12]}, but this "
                f"{space.name} has {space.fingerprint[:12]}: other weights. Fit the map again."
            )

    def save(self, path: Path) -> None:
        """Write as safetensors: ``weight``, ``bias``, the rest as JSON in the metadata.

        Raises:
            OSError: as the system says.
        """
        from safetensors.numpy import save

        said = {
            "source": self.source,
            "target": self.target,
            "method": self.method,
            "source_fingerprint": self.source_fingerprint,
            "target_fingerprint": self.target_fingerprint,
            "fit": asdict(self.fit),
            "sha256": _digest(self.weight, self.bias),
            "shape": list(self.weight.shape),
        }
        tensors = {
            "weight": np.ascontiguousarray(self.weight),
            "bias": np.ascontiguousarray(self.bias),
        }
        # One entry: safetensors writes several in any order, and the same map is the same bytes.
        metadata = {"samefeatures.map": json.dumps({**said, "seal": _seal(said)})}
        write_whole(path, save(tensors, metadata=metadata))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            MapError: when the file is missing, damaged, or not a map.
        """
        try:
            with border():
                return cls._read(path)
        except NoFileError:
            raise MapError(f"There is no map at {path}. Fit it first: samefeatures fit") from None
        except FileError as error:
            raise MapError(
                f"{path} is not a saved map ({error}). Delete it and fit again."
            ) from None

    @classmethod
    def _read(cls, path: Path) -> Self:
        from safetensors import safe_open

        open_regular(path).close()
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            raw = parse_json(metadata["samefeatures.map"], finite=False)
            weight, bias = file.get_tensor("weight"), file.get_tensor("bias")
        seal = raw.pop("seal", None)  # maps of earlier versions have none
        said = record(_Said, raw)
        if seal is not None and (seal != _seal(raw) or said.shape != weight.shape):
            raise FileError("what it says of itself is not what was written")
        if said.sha256 != _digest(weight, bias) or weight.dtype != np.float64:
            raise FileError("its numbers are not those that were written")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a file says of the map in it; ``shape`` is of the weight."""

    source: str
    target: str
    method: str
    source_fingerprint: str
    target_fingerprint: str
    fit: FitNote
    sha256: str
    shape: tuple[int, ...] | None = None


def _seal(said: Mapping[str, Any]) -> str:
    return digest(json.dumps(said, sort_keys=True))


def _digest(weight: Float64, bias: Float64) -> str:
    state = hashlib.sha256(np.ascontiguousarray(weight).tobytes())
    state.update(np.ascontiguousarray(bias).tobytes())
    return state.hexdigest()
