"""The maps of a study on disk: ``maps/LABEL/SOURCE--TARGET.safetensors``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samefeatures.base.border import kept_or_none
from samefeatures.base.digests import digest
from samefeatures.base.errors import MapError
from samefeatures.base.files import writing
from samefeatures.base.kept_records import kept_record
from samefeatures.base.options import check_known
from samefeatures.base.removal import remove
from samefeatures.base.sealed import write_sealed
from samefeatures.features.rows import Identity
from samefeatures.joint.kept import moments_key
from samefeatures.maps import METHODS, AffineMap, LossCurve
from samefeatures.networks.record import Network
from samefeatures.study.config import StudyConfig
from samefeatures.study.methods import MethodConfig

MAPS_VERSION = 1
"""Raised whenever a change in ``maps`` changes a fitted value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    """What ``key.json`` says of the maps beside it."""

    key: str
    method: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MapFiles:
    """Where the maps of one study lie, whether they were fitted or not.

    Attributes:
        folder: ``maps`` in the study's folder.
        labels: Of the methods.
        names: Of the networks.
    """

    folder: Path
    labels: Sequence[str]
    names: Sequence[str]

    def path(self, label: str, source: str, target: str) -> Path:
        """Of one map."""
        return self.folder / label / f"{source}--{target}.safetensors"

    def curve_path(self, label: str, source: str, target: str) -> Path:
        """Where the loss of an iterative fit lies, beside its map."""
        return self.folder / label / f"{source}--{target}.curve.npz"

    def checkpoint_path(self, label: str, source: str) -> Path:
        """Where an iterative fit keeps its state."""
        return self.folder / label / f"{source}.checkpoint.npz"

    def keep(self, label: str, fitted: AffineMap) -> None:
        """Save a map and its curve."""
        path = self.path(label, fitted.source, fitted.target)
        with writing(path):
            if fitted.curve is not None:  # before the map, whose presence means done
                fitted.curve.save(self.curve_path(label, fitted.source, fitted.target))
            fitted.save(path)

    def load(self, label: str, source: str, target: str) -> AffineMap:
        """A saved map.

        Raises:
            MapError: when the study has no such method or network, or it was not fitted.
        """
        self.check_cell(label, source, target)
        return AffineMap.load(self.path(label, source, target))

    def check_cell(self, label: str, source: str, target: str) -> None:
        """Refuse a method or a network that this study does not have.

        Raises:
            MapError: naming those that it has.
        """
        known = {"method": self.labels, "source": self.names, "target": self.names}
        for what, value in {"method": label, "source": source, "target": target}.items():
            check_known(value, known[what], f"This study has no {what}", MapError)
        if source == target:
            raise MapError(
                f"There is no map from {source} to itself: on the diagonal stands the network "
                "unmapped. Name two networks."
            )

    def missing(self, entry: MethodConfig, key: str) -> list[tuple[str, str]]:
        """Pairs of networks without a map, or with a damaged curve; maps of another key are removed
        first."""
        folder = self.folder / entry.label
        manifest = folder / "key.json"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if kept_key(manifest) != key:
                for stale in [*folder.glob("*.safetensors"), *folder.glob("*.npz")]:
                    remove(stale, within=self.folder.parent)
                made = _Manifest(key=key, method=entry.name, options=entry.options)
                write_sealed(manifest, asdict(made))
        pairs = [(a, b) for a in self.names for b in self.names if a != b]
        return [(a, b) for a, b in pairs if not self._is_there(entry.label, a, b)]

    def _is_there(self, label: str, source: str, target: str) -> bool:
        """Whether there is a map; a curve beside it that is damaged is made again with it."""
        curve = self.curve_path(label, source, target)
        damaged = curve.exists() and kept_or_none(LossCurve.kept, curve) is None
        return self.path(label, source, target).exists() and not damaged


def map_keys(
    config: StudyConfig, fit: Mapping[str, Identity], networks: Mapping[str, Network]
) -> dict[str, str]:
    """Everything that decides the maps of each method, by its label.

    Args:
        config: Methods with their options, and the precision of the moments.
        fit: Identities of the fit rows, by network.
        networks: In the order of the study.
    """
    moments = moments_key(list(fit.values()), config.algebra.precision)
    prints = [net.fingerprint for net in networks.values()]
    keys = {}
    for entry in config.methods:
        options = json.dumps(dict(entry.build().options), sort_keys=True)
        name = METHODS.key(entry.name)
        keys[entry.label] = digest(str(MAPS_VERSION), name, options, moments, *prints)
    return keys


def kept_key(manifest: Path) -> str | None:
    """The key of the maps in a folder; None when there is none that can be read."""
    found = kept_record(_Manifest, manifest)
    return None if found is None else found.key
