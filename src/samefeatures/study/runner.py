"""Where the two stages run that see every row: extraction and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from samefeatures.algebra import open_algebra
from samefeatures.base.progress import Progress
from samefeatures.features.extract import ExtractOptions, extract, open_stores
from samefeatures.features.place import Root, parse_root
from samefeatures.features.rates import Meter, keep_rates
from samefeatures.features.rows import FeatureRows
from samefeatures.features.stored import StoredFeatures
from samefeatures.joint.kept import accumulate
from samefeatures.joint.record import Moments
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import Part


class Extractor(Protocol):
    """Gives features, wherever they are computed."""

    def extract(
        self, networks: Sequence[ImageNetwork], part: Part, *, kind: str
    ) -> list[StoredFeatures]:
        """Features of every network on one part of an image set, in the order of the networks.

        What is stored already is not computed again.

        Args:
            networks: That see images.
            part: The images, and the views taken of each.
            kind: ``fit`` or ``eval``, for the display.
        """


class Runner(Extractor, Protocol):
    """Extraction and moments, in this process or over many."""

    def moments(self, parts: Sequence[FeatureRows], *, kind: str) -> Moments:
        """Joint moments of the rows of every network; ``kind`` as above."""


def feature_root(config: StudyConfig, *, folder: Path, base: Path) -> Root:
    """Where the feature stores of a study lie: in its folder, or where ``store`` says."""
    if isinstance(config.store, str):
        return parse_root(config.store, base)
    return folder / "features"


def extract_options(config: StudyConfig) -> ExtractOptions:
    """How a study wants its features extracted."""
    return ExtractOptions(
        batch_size=config.batch_size,
        workers=config.workers,
        strict=config.strict,
        resident=config.resident,
    )


@dataclass(frozen=True)
class Finished:
    """Gives features of stores that are whole already, and computes nothing."""

    root: Root

    def extract(
        self,
        networks: Sequence[ImageNetwork],
        part: Part,
        *,
        kind: str,  # noqa: ARG002
    ) -> list[StoredFeatures]:
        """In the order of the networks."""
        stores = open_stores(networks, part.images, self.root, views=part.views)
        return [StoredFeatures(store, part.images) for store in stores]


class LocalRunner:
    """Both stages in this process.

    Args:
        config: Batch size, threads, strictness.
        folder: Of the study.
        base: Where relative paths of the config start.
        progress: Shows how far it is.

    Attributes:
        meter: Rates and batch sizes of every network so far.
    """

    def __init__(
        self, config: StudyConfig, *, folder: Path, base: Path, progress: Progress
    ) -> None:
        self._config = config
        self._folder = folder
        self._root = feature_root(config, folder=folder, base=base)
        self._progress = progress
        # Batch sizes that were found on one set hold for the next.
        self.meter = Meter(measure_bare=progress.visible, on_halved=progress.note)

    def extract(
        self, networks: Sequence[ImageNetwork], part: Part, *, kind: str
    ) -> list[StoredFeatures]:
        """Decode once, run every network, store chunk by chunk."""
        bars = {
            net.name: self._progress.task(
                f"{kind}: {part.images.name}: {net.name}",
                part.rows,
                rate=partial(self.meter.words, net.name),
            )
            for net in networks
        }
        stores = extract(
            networks,
            part.images,
            self._root,
            views=part.views,
            options=extract_options(self._config),
            on_rows=lambda name, rows: bars[name](rows),
            meter=self.meter,
        )
        keep_rates(self.meter, self._folder)
        return stores

    def moments(self, parts: Sequence[FeatureRows], *, kind: str) -> Moments:
        """One pass over the rows, checkpointed in the study's folder."""
        return accumulate(
            parts,
            self._folder / "moments",
            kind=kind,
            progress=self._progress,
            precision=self._config.algebra.precision,
            algebra=open_algebra(self._config.algebra_device),
        )
