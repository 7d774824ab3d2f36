"""The facts of a loaded network, for ``samefeatures check``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samefeatures.networks.record import ImageNetwork, Network, SplitProof


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """What is known of a network before anything is fitted.

    Attributes:
        name: Short name.
        source: The string it was loaded from.
        dim: Length of its feature vector.
        classes: Rows of its head.
        parameters: Trained numbers, head included; None for features from outside.
        preprocessing: Plain values by field; None for features from outside.
        fingerprint: Hex digest.
        runtime: Library and version that compute the features; None for features from outside.
        split: Layer and error of the split; None for features from outside.
        rows: (fit, eval) rows of features from outside; None for a network that sees images.
        notes: What a person should know about it.
    """

    name: str
    source: str
    dim: int
    classes: int
    parameters: int | None
    preprocessing: Mapping[str, object] | None
    fingerprint: str
    runtime: str | None
    split: SplitProof | None
    rows: tuple[int, int] | None
    notes: tuple[str, ...] = ()


def summarise(network: Network) -> NetworkFacts:
    """Collect the facts of a network."""
    image = network if isinstance(network, ImageNetwork) else None
    rows = None
    if not isinstance(network, ImageNetwork):
        rows = (len(network.fit_features), len(network.eval_features))
    return NetworkFacts(
        name=network.name,
        source=network.source,
        dim=network.dim,
        classes=network.head.classes,
        parameters=image.parameters if image else None,
        preprocessing=image.preprocessing.as_dict() if image else None,
        fingerprint=network.fingerprint,
        runtime=image.backend.runtime if image else None,
        split=image.split if image else None,
        rows=rows,
        notes=image.notes if image else (),
    )
