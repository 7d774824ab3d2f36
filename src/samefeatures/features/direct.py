"""Features of several networks side by side, computed as they are asked for and not kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from samefeatures.base.arrays import Bool, Float32
from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError
from samefeatures.features.crops import Work
from samefeatures.features.extract import Computed, ExtractOptions, computed_chunks
from samefeatures.features.key import feature_key, rows_fingerprint
from samefeatures.features.rates import Meter
from samefeatures.features.store import images_per_chunk
from samefeatures.images.imageset import ImageSet
from samefeatures.images.views import Views
from samefeatures.networks.record import FeatureFile, ImageNetwork, Network


class Part(Protocol):
    """One source of images and the views taken of each."""

    @property
    def images(self) -> ImageSet: ...

    @property
    def views(self) -> Views | None: ...

    @property
    def rows(self) -> int:
        """If every image can be read."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """The readable rows of one chunk of images.

    Attributes:
        number: In its part.
        rows: (r, D) of all networks side by side.
        left_out: Why, by id.
    """

    number: int
    rows: Float32
    left_out: Mapping[str, str]


class DirectRows:
    """Rows of several networks on some sources of images, in the chunks of a store.

    Args:
        networks: In the order of the columns.
        parts: Sources of images, one after another.
        options: How features are extracted.
        meter: Keeps rates, and the batch sizes that were found on other sets.

    Attributes:
        names: Of the networks.
        dims: Features of each.
        layout: Chunks of each part, and images in one.
        total: Rows, if every image can be read.
        strict: Whether an image that can't be read is an error.
        meter: As given.

    Raises:
        ConfigError: when a network's features come from a file.
    """

    def __init__(
        self,
        networks: Iterable[Network],
        parts: Sequence[Part],
        options: ExtractOptions,
        meter: Meter,
    ) -> None:
        self._networks: list[ImageNetwork] = []
        for network in networks:
            if isinstance(network, FeatureFile):
                raise ConfigError(
                    f"networks: {network.name} brings its features from a file, so that "
                    "'store: false' would save nothing. Leave 'store' out."
                )
            self._networks.append(network)
        self._parts, self._options, self.meter = parts, options, meter
        self.names = [net.name for net in self._networks]
        self.dims = [net.dim for net in self._networks]
        sizes = [(len(part.images), images_per_chunk(part.views)) for part in parts]
        self.layout = [(-(-images // per_chunk), per_chunk) for images, per_chunk in sizes]
        self.total = sum(part.rows for part in parts)
        self.strict = options.strict

    def fingerprints(self, left_out: Sequence[Mapping[str, str]]) -> list[str]:
        """By which the rows of every network would be known, had they been stored.

        Args:
            left_out: Why, by id, for each part.
        """
        out = []
        for net in self._networks:
            prints = [
                rows_fingerprint(feature_key(net, part.images, part.views).digest, gone)
                for part, gone in zip(self._parts, left_out, strict=True)
            ]
            out.append(prints[0] if len(prints) == 1 else digest(*prints))
        return out

    def chunks(self, number: int, first: int) -> Iterator[Chunk]:
        """Of one part, from a chunk on."""
        part, (count, per_chunk) = self._parts[number], self.layout[number]
        lacking = [set(range(first, count)) for _ in self._networks]
        work = Work(self._networks, lacking, part.images, part.views)
        found: list[Computed] = []
        for done in computed_chunks(work, per_chunk, options=self._options, meter=self.meter):
            found.append(done)
            if len(found) < len(self._networks):
                continue
            ids = part.images.ids[done.chunk * per_chunk : (done.chunk + 1) * per_chunk]
            keep = _readable(done, len(ids))
            rows = np.concatenate([each.features[keep] for each in found], axis=1)
            yield Chunk(done.chunk, rows, {ids[i]: reason for i, reason in done.problems.items()})
            found = []

    def rate(self) -> str:
        """Of the slowest network, in words: the others wait for it."""
        speeds = {name: rate.speed for name, rate in self.meter.rates.items() if rate.speed}
        slowest = min(speeds, key=speeds.__getitem__, default=None)
        return f"{slowest}: {self.meter.words(slowest)}" if slowest else ""


def _readable(done: Computed, images: int) -> Bool:
    """(rows,) False where the image could not be read."""
    keep = np.ones(images, np.bool_)
    keep[list(done.problems)] = False
    return np.repeat(keep, len(done.features) // images)
