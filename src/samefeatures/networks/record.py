"""The record of a network: features, linear head, preprocessing, fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.brief import brief
from samefeatures.base.errors import NetworkError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.arithmetic import Effect


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The final linear classifier C: ``logits = features @ weight.T + bias``.

    Attributes:
        weight: (classes, d) float32.
        bias: (classes,) float32.
    """

    weight: Float32
    bias: Float32

    def __repr__(self) -> str:
        return brief(self, classes=self.classes, dim=self.dim)

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise NetworkError(
                f"A head has weight {self.weight.shape} and bias {self.bias.shape}; they must be "
                "(classes, d) and (classes,)."
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise NetworkError("A head has weights that are NaN or infinite; check the checkpoint.")

    @property
    def classes(self) -> int:
        return int(self.weight.shape[0])

    @property
    def dim(self) -> int:
        return int(self.weight.shape[1])

    def logits(self, features: Float32) -> Float32:
        """(n, d) features to (n, classes) logits."""
        return features @ self.weight.T + self.bias


class Backend(Protocol):
    """Runs the part of a network before its head."""

    @property
    def runtime(self) -> str:
        """Library and version that compute the features, e.g. ``onnxruntime 1.22.0``."""
        ...

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features."""
        ...


@dataclass(frozen=True, slots=True)
class SplitProof:
    """How a network was split, and how well the parts agree with the whole.

    Attributes:
        layer: The linear layer that became the head.
        error: Largest ``|head(features(x)) - network(x)|`` on the probe images, relative to the
            largest ``|network(x)|``, and behind a softmax to how far rounding of logits moves it.
        after: ``softmax``, ``logsoftmax`` or ``sigmoid`` when one stood behind the head. The logits
            leave it out; it does not change which class is largest.
        probe: (b, d) features of the probe images, by which a change of what computes them is
            noticed; None where they were not kept.
    """

    layer: str
    error: float
    after: str | None = None
    probe: Float32 | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImageNetwork:
    """A classifier that was split, and proved to be ``head(features(x))``.

    Attributes:
        name: Short name, unique in a study.
        source: The string it was loaded from, e.g. ``timm:resnet18``.
        head: Its own classifier, never changed.
        preprocessing: How its input is made.
        fingerprint: Hex digest over weights and structure.
        parameters: Number of trained numbers, the head included.
        backend: Computes the features.
        split: Layer and error of the split; None when it was put together by hand.
        notes: What a person should know about it, e.g. a class that is left out.
        effect: What mixed precision or compilation changes; None in plain float32.
        loading: What was done to fit a checkpoint's weights in, by what it was done to.
        class_names: Of the head's classes, as the source has them; empty where it has none.
    """

    name: str
    source: str
    head: Head
    preprocessing: Preprocessing
    fingerprint: str
    parameters: int
    backend: Backend
    split: SplitProof | None = None
    notes: tuple[str, ...] = ()
    effect: Effect | None = None
    loading: Mapping[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return brief(
            self,
            name=self.name,
            source=self.source,
            dim=self.dim,
            classes=self.head.classes,
            parameters=self.parameters,
            input_size=self.preprocessing.input_size,
        )

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.head.classes:
            raise NetworkError(
                f"{self.source} names {len(self.class_names)} classes, and its head has "
                f"{self.head.classes}. Mend the names."
            )

    @property
    def dim(self) -> int:
        return self.head.dim


def with_note(network: ImageNetwork, note: str) -> ImageNetwork:
    """The same network with one note more."""
    return replace(network, notes=(*network.notes, note))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FeatureFile:
    """A network known only by features that were computed elsewhere (``npz:``).

    Without a head it is a source of maps, and what maps into it explain is measured; no hybrid ends
    in it.

    Attributes:
        head: Its own classifier, or None.
        fit_features: (n, d) float32, row i the i-th fit image.
        eval_features: (m, d) float32.
        eval_labels: (m,) int64, or None when the file has none.
        fit_ids: Ids of the fit rows, or None when the file has none.
        eval_ids: Ids of the eval rows, or None.
    """

    name: str
    source: str
    head: Head | None
    fingerprint: str
    fit_features: Float32
    eval_features: Float32
    eval_labels: Int64 | None
    fit_ids: tuple[str, ...] | None = None
    eval_ids: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return brief(
            self,
            name=self.name,
            source=self.source,
            dim=self.dim,
            classes=self.head and self.head.classes,
            fit_rows=len(self.fit_features),
            eval_rows=len(self.eval_features),
        )

    @property
    def dim(self) -> int:
        return int(self.fit_features.shape[1])


Network = ImageNetwork | FeatureFile


class Headed(Protocol):
    """What may have a head."""

    @property
    def name(self) -> str: ...

    @property
    def head(self) -> Head | None: ...


def head_of(network: Headed) -> Head:
    """The head of a network.

    Raises:
        NetworkError: when it has none, or something else in its place.
    """
    head = getattr(network, "head", None)
    if isinstance(head, Head):
        return head
    if head is not None:
        raise NetworkError(
            f"The head of {network.name} is {type(head).__name__}; it must be a Head(weight, bias)."
        )
    raise NetworkError(
        f"{network.name} has no head: only features of it are known. Maps start there and end "
        "there, but nothing is classified. Give its head_weight and head_bias."
    )
