"""Features on disk: one zarr v3 group per network and image set.

    ROOT/NAME-DIGEST.zarr/
        zarr.json   attributes: format, version, key (all that decides a value), name
        features    (rows, d) float32, chunked by rows, NaN where an image could not be read
        problems    (images, 160) bytes: why an image was left out; zeros where it was not
        ids         UTF-8 JSON list of image ids, as bytes
        labels      (images,) int64, when the image set has labels

A chunk of ``features`` appears whole or not at all, after its ``problems``; its presence is what
makes it done. Every chunk carries a checksum. Two processes may write the same store: they write
the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
import zarr.errors

from samefeatures.base.arrays import Bool, Float32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import StoreDamagedError, StoreError, first_line
from samefeatures.features.place import Place
from samefeatures.features.rows import regroup
from samefeatures.images.imageset import image_id

FORMAT, VERSION = "samefeatures-features", 1
REASON_BYTES = 160
CHUNK_ROWS = 256
READ_CHUNKS = 8
"""Chunks read in one call: zarr fetches and decodes them side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureKey:
    """Everything that changes a feature's value, beside the image itself.

    Attributes:
        network: Fingerprint of weights and structure.
        preprocessing: All its fields.
        images: Fingerprint of the image set.
        views: All fields of the views, or None.
        runtime: Library and version that ran the network.
        decoder: Library and version that decoded the images.
        extractor: Version of this package's own steps in between.
        dtype: Of the stored features.
    """

    network: str
    preprocessing: Mapping[str, Any]
    images: str
    views: Mapping[str, Any] | None
    runtime: str
    decoder: str
    extractor: int
    dtype: str = "float32"

    @property
    def digest(self) -> str:
        return digest(json.dumps(asdict(self), sort_keys=True))


class StoredFeatures:
    """Features of one network on one image set, complete or not.

    Implements ``FeatureRows`` once complete.
    """

    def __init__(self, place: Place, group: zarr.Group) -> None:
        self.place = place
        attributes = dict(group.attrs)
        self.name = str(attributes["name"])
        self.fingerprint = str(attributes["digest"])
        self.views = int(str(attributes["views"]))
        self._has_views = attributes["key"]["views"] is not None  # type: ignore[index, call-overload]
        self._group = group
        # Zarr does not keep this setting: chunks of nothing but NaN are to be stored too, since
        # presence means done.
        self._features = _array(group, "features").with_config({"write_empty_chunks": True})
        self._problems = _array(group, "problems")

    @property
    def dim(self) -> int:
        return int(self._features.shape[1])

    @property
    def images(self) -> int:
        """Images of the set, those left out included."""
        return int(self._problems.shape[0])

    @property
    def images_per_chunk(self) -> int:
        return int(self._problems.chunks[0])

    @property
    def chunk_count(self) -> int:
        return -(-self.images // self.images_per_chunk)

    def rows_in(self, k: int) -> int:
        """Rows of chunk ``k``, those of left-out images included."""
        return min(self.images_per_chunk, self.images - k * self.images_per_chunk) * self.views

    def images_in(self, k: int) -> range:
        """Indices in the set of the images of chunk ``k``."""
        start = k * self.images_per_chunk
        return range(start, min(start + self.images_per_chunk, self.images))

    def missing(self) -> list[int]:
        """Numbers of the chunks that are not there yet."""
        there = self.place.stored_chunks("features", self.chunk_count)
        return [k for k in range(self.chunk_count) if k not in there]

    def write_chunk(self, k: int, features: Float32, reasons: Mapping[int, str]) -> None:
        """Write chunk ``k``: (images in chunk · views, d) features, and why images are missing.

        Args:
            k: Number of the chunk.
            features: Rows of left-out images hold NaN.
            reasons: By index of the image within the chunk.
        """
        with self.place.writing():
            start = k * self.images_per_chunk
            count = len(features) // self.views
            problems = np.zeros((count, REASON_BYTES), np.uint8)
            for i, reason in reasons.items():
                text = (reason.encode() or b"?")[:REASON_BYTES]
                problems[i, : len(text)] = np.frombuffer(text, np.uint8)
            self._problems[start : start + count] = problems
            rows = slice(start * self.views, (start + count) * self.views)
            self._features[rows] = features

    def leave_out(self, k: int, reasons: Mapping[int, str]) -> None:
        """Take images out of a chunk that is stored already.

        Args:
            k: Number of the chunk.
            reasons: By index of the image within the chunk.
        """
        images = self.images_in(k)
        rows = slice(images.start * self.views, images.stop * self.views)
        features = self._read("features", rows).copy()
        for i in reasons:
            features[i * self.views : (i + 1) * self.views] = np.nan
        self.write_chunk(k, features, {**self.problems_in(k), **reasons})

    def problems_in(self, k: int) -> dict[int, str]:
        """Why images of a stored chunk are left out, by index within the chunk."""
        images = self.images_in(k)
        found = self.problems_among(images)
        return {i - images.start: reason for i, reason in found.items()}

    def problems_among(self, images: range) -> dict[int, str]:
        """Why images of stored chunks are left out, by index in the set; read at once."""
        kept = self._read("problems", slice(images.start, images.stop))
        return {images.start + int(i): _reason(kept[i]) for i in np.flatnonzero(kept[:, 0])}

    @cached_property
    def image_ids(self) -> list[str]:
        """Ids of all images, those left out included."""
        ids: list[str] = json.loads(bytes(self._read("ids", slice(None))))
        return ids

    @cached_property
    def image_labels(self) -> Int64 | None:
        """(images,) labels of all images, or None."""
        if "labels" not in self._group:
            return None
        return self._read("labels", slice(None)).astype(np.int64)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why, by id, for every image that could not be read."""
        problems = self._read("problems", slice(None))
        bad = np.flatnonzero(problems[:, 0])
        return {self.image_ids[i]: _reason(problems[i]) for i in bad}

    @cached_property
    def _keep(self) -> Bool:
        """(rows,) True where the image could be read."""
        readable = self._read("problems", slice(None))[:, 0] == 0
        out: Bool = np.repeat(readable, self.views)
        return out

    @cached_property
    def _places(self) -> Int64:
        """(readable rows,) where each lies in the array."""
        return np.flatnonzero(self._keep)

    @cached_property
    def ids(self) -> Sequence[str]:
        ids = self.image_ids
        if self._has_views:
            ids = [image_id(name, view=view) for name in ids for view in range(self.views)]
        return [name for name, keep in zip(ids, self._keep, strict=True) if keep]

    @cached_property
    def labels(self) -> Int64 | None:
        if self.image_labels is None:
            return None
        return np.repeat(self.image_labels, self.views)[self._keep]

    def __len__(self) -> int:
        return int(self._keep.sum())

    def chunks(self, rows: int) -> Iterator[Float32]:
        """All readable rows in order, ``rows`` at a time.

        Raises:
            StoreDamagedError: when a chunk is missing or its checksum does not fit.
        """
        self._check_complete()
        yield from regroup(self._readable(), rows)

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) readable rows ``start`` to ``stop``; only their chunks are read.

        Raises:
            StoreDamagedError: when a chunk is missing or its checksum does not fit.
        """
        self._check_complete()
        places = self._places[start:stop]
        if not len(places):
            return np.empty((0, self.dim), np.float32)
        rows = slice(int(places[0]), int(places[-1]) + 1)
        return self._read("features", rows)[self._keep[rows]]

    def _check_complete(self) -> None:
        missing = self.missing()
        if missing:
            raise StoreDamagedError(
                f"{self.place} lacks {len(missing)} of {self.chunk_count} chunks, the first is "
                f"{missing[0]}. Run the same command again: it computes what is missing."
            )

    def _readable(self) -> Iterator[Float32]:
        step = READ_CHUNKS * self.images_per_chunk * self.views
        for start in range(0, self.images * self.views, step):
            rows = slice(start, start + step)
            yield self._read("features", rows)[self._keep[rows]]

    def _read(self, name: str, rows: slice) -> npt.NDArray[Any]:
        try:
            array = self._features if name == "features" else _array(self._group, name)
            return np.asarray(array[rows])
        except Exception as error:  # zarr's codecs raise many kinds for damaged bytes
            if self.place.refused(error):
                raise StoreError(
                    f"{self.place} can't be read ({first_line(error)}). Check the connection and "
                    "run the same command again."
                ) from None
            raise StoreDamagedError(
                f"{self.place} has a damaged chunk in '{name}', rows {rows.start or 0} and on "
                f"({type(error).__name__}: {error}). Delete that folder and run the same command "
                "again; the other networks' features are kept."
            ) from None


def _reason(text: npt.NDArray[np.uint8]) -> str:
    return bytes(text).rstrip(b"\0").decode(errors="replace")


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise StoreDamagedError(f"{group.path}/{name} is not an array. Delete the folder.")
    return array
