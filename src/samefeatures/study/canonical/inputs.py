"""What the canonical space of a study is taken of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from samefeatures.algebra import Algebra, Precision
from samefeatures.base.arrays import Int64
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.record import Moments
from samefeatures.networks.record import Head, Network
from samefeatures.study.canonical.config import CanonicalConfig


@dataclass(frozen=True, eq=False, kw_only=True)
class CanonicalInputs:
    """All of it.

    Attributes:
        networks: By name, in the order of the study.
        fit: (n, d) rows of each.
        evaluation: (m, d) rows of each.
        labels: (m,) of these, or None.
        own: Right predictions of each network with its own head on these; None without labels.
        take_fit: Moments of the fit rows, when something has to be made.
        take_eval: Moments of the eval rows.
        chosen: The key of the study file.
        folder: Of the study.
        precision: Of the moments' products.
        algebra: Where products and factorisations run.
        progress: Shows how far it is.
    """

    networks: Mapping[str, Network]
    fit: Mapping[str, FeatureRows]
    evaluation: Mapping[str, FeatureRows]
    labels: Int64 | None
    own: Mapping[str, int] | None
    take_fit: Callable[[], Moments]
    take_eval: Callable[[], Moments]
    chosen: CanonicalConfig
    folder: Path
    precision: Precision
    algebra: Algebra
    progress: Progress

    @cached_property
    def fit_moments(self) -> Moments:
        """Of the fit rows."""
        return self.take_fit()

    @cached_property
    def eval_moments(self) -> Moments:
        """Of the eval rows."""
        return self.take_eval()

    @property
    def prints(self) -> dict[str, str]:
        """Fingerprints of the networks, by name."""
        return {name: network.fingerprint for name, network in self.networks.items()}

    @property
    def heads(self) -> dict[str, Head]:
        """Of the networks that have one."""
        return {name: net.head for name, net in self.networks.items() if net.head is not None}
