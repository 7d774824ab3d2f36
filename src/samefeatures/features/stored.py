"""Rows of a finished store: what moments and scores read of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from samefeatures.base.arrays import Bool, Float32, Int64
from samefeatures.base.brief import brief
from samefeatures.base.errors import StoreDamagedError, StoreError
from samefeatures.features.key import rows_fingerprint
from samefeatures.features.rows import regroup
from samefeatures.features.store import FeatureStore
from samefeatures.images.imageset import ImageSet, image_id

READ_CHUNKS = 8
"""Chunks read in one call: zarr fetches and decodes them side by side."""
HOLD_BYTES = 1 << 24
"""Rows of at most so many bytes are read once: to open a chunk takes longer than to copy it."""


class StoredFeatures:
    """Features of one network on one image set; implements ``FeatureRows``.

    Ids and labels are those of the image set, whose ids the store was opened with.
    """

    def __repr__(self) -> str:
        return brief(
            self,
            name=self.name,
            images=self.store.images,
            views=self.store.views,
            dim=self.dim,
            place=str(self.store.place),
        )

    def __init__(self, store: FeatureStore, images: ImageSet) -> None:
        self.store = store
        self._images = images
        self.name, self.dim = store.name, store.dim
        self._held: Float32 | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the key, and with the images that are left out."""
        return rows_fingerprint(self.store.digest, self.left_out)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why, by id, for every image that could not be read."""
        return {self._images.ids[i]: reason for i, reason in self._problems.items()}

    @cached_property
    def _problems(self) -> dict[int, str]:
        return self.store.problems()

    @cached_property
    def _keep(self) -> Bool:
        """(rows,) True where the image could be read."""
        readable = np.ones(self.store.images, np.bool_)
        readable[list(self._problems)] = False
        return np.repeat(readable, self.store.views)

    @cached_property
    def _places(self) -> Int64:
        """(readable rows,) where each lies in the array."""
        return np.flatnonzero(self._keep)

    @cached_property
    def ids(self) -> Sequence[str]:
        """One per readable row."""
        views = range(self.store.views) if self.store.has_views else [None]
        ids = (image_id(name, view=view) for name in self._images.ids for view in views)
        return [name for name, keep in zip(ids, self._keep, strict=True) if keep]

    @cached_property
    def labels(self) -> Int64 | None:
        """(readable rows,) labels, or None."""
        if self._images.labels is None:
            return None
        return np.repeat(self._images.labels, self.store.views)[self._keep]

    def __len__(self) -> int:
        return len(self._places)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(``rows``, d) readable rows in order, the last chunk maybe shorter.

        Raises:
            StoreDamagedError: when a chunk is missing or its checksum does not fit.
            StoreError: when another run has left images out meanwhile.
        """
        if self._held is None:
            self._check_complete()
        whole, step = len(self._keep), READ_CHUNKS * self.store.images_per_chunk * self.store.views
        if 4 * whole * self.dim <= HOLD_BYTES:
            yield from regroup([self._all()], rows)
            return
        parts = (self._readable(at, min(at + step, whole)) for at in range(0, whole, step))
        yield from regroup(parts, rows)

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) readable rows ``start`` to ``stop``; only their chunks are read.

        Raises:
            StoreDamagedError: when a chunk is missing or its checksum does not fit.
            StoreError: when another run has left images out meanwhile.
        """
        if self._held is not None:
            return self._held[start:stop]
        self._check_complete()
        places = self._places[start:stop]
        if not len(places):
            return np.empty((0, self.dim), np.float32)
        return self._readable(int(places[0]), int(places[-1]) + 1)

    def _all(self) -> Float32:
        """(readable rows, d) to be read and never written to."""
        if self._held is None:
            self._held = self._readable(0, len(self._keep))
            self._held.flags.writeable = False
        return self._held

    def _check_complete(self) -> None:
        missing = self.store.missing()
        if missing:
            raise StoreDamagedError(
                f"{self.store.place} lacks {len(missing)} of {self.store.chunk_count} chunks, the "
                f"first is {min(missing)}. Run the same command again: it computes what is missing."
            )

    def _readable(self, start: int, stop: int) -> Float32:
        """(r, d) readable rows among those from ``start`` to ``stop`` of the array."""
        block: Float32 = self.store.read("features", start, stop)[self._keep[start:stop]]
        if np.isnan(block[:, 0]).any():
            raise StoreError(
                f"{self.store.place} has lost rows since it was opened: another run has left "
                "images out. Run the same command again; if it says the same, delete that folder."
            )
        return block
