"""Features on disk: one zarr v3 group per network and image set, filled chunk by chunk.

    ROOT/NAME-DIGEST.zarr/
        zarr.json   attributes: format, version, key (all that decides a value), name
        features    (rows, d) float32, chunked by rows, NaN where an image could not be read
        problems    (images, 160) bytes: why an image was left out; zeros where it was not
        ids         UTF-8 JSON list of image ids, as bytes

A chunk of ``features`` appears whole or not at all, after its ``problems``; its presence is what
makes it done. Every chunk carries a checksum. Two processes may write the same store: they write
the same bytes. Labels are no part of it (older stores have them in ``labels``, where nothing reads
them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import StoreDamagedError, StoreError, first_line
from samefeatures.features.place import Place
from samefeatures.images.views import Views, rows_per_image

FORMAT, VERSION = "samefeatures-features", 1
REASON_BYTES = 160
CHUNK_ROWS = 256


def images_per_chunk(views: Views | None) -> int:
    """Images whose rows make a chunk."""
    return max(1, CHUNK_ROWS // rows_per_image(views))


class FeatureStore:
    """The store of one network on one image set, complete or not.

    Nothing is remembered of what it holds: others may write to it.
    """

    def __init__(self, place: Place, group: zarr.Group) -> None:
        self.place = place
        attributes = dict(group.attrs)
        self.name = str(attributes["name"])
        self.digest = str(attributes["digest"])
        self.views = int(str(attributes["views"]))
        self.has_views = attributes["key"]["views"] is not None  # type: ignore[index, call-overload]
        self._group = group
        # Zarr does not keep this setting: chunks of nothing but NaN are to be stored too, since
        # presence means done.
        self._features = _array(group, "features").with_config({"write_empty_chunks": True})
        self._problems = _array(group, "problems")
        self.dim = int(self._features.shape[1])
        self.images = int(self._problems.shape[0])
        self.images_per_chunk = int(self._problems.chunks[0])
        arrays = (self._features, self._problems)
        self.layout = [tuple(each) for array in arrays for each in (array.shape, array.chunks)]

    @property
    def chunk_count(self) -> int:
        return -(-self.images // self.images_per_chunk)

    def images_in(self, k: int) -> range:
        """Indices in the set of the images of chunk ``k``."""
        start = k * self.images_per_chunk
        return range(start, min(start + self.images_per_chunk, self.images))

    def missing(self) -> set[int]:
        """Numbers of the chunks that are not there yet."""
        return set(range(self.chunk_count)) - self._stored("features")

    def rows_but(self, missing: AbstractSet[int]) -> int:
        """Rows of all chunks but the missing ones, those of left-out images included."""
        return self.views * (self.images - sum(len(self.images_in(k)) for k in missing))

    def _stored(self, array: str) -> set[int]:
        return self.place.stored_chunks(array, self.chunk_count)

    def write_chunk(self, k: int, features: Float32, reasons: Mapping[int, str]) -> None:
        """Write chunk ``k``.

        Args:
            k: Number of the chunk.
            features: (images in chunk · views, d); rows of left-out images hold NaN.
            reasons: Why images are left out, by index within the chunk.
        """
        images = self.images_in(k)
        problems = np.zeros((len(images), REASON_BYTES), np.uint8)
        for i, reason in reasons.items():
            text = (reason.encode() or b"?")[:REASON_BYTES]
            problems[i, : len(text)] = np.frombuffer(text, np.uint8)
        with self.place.writing():
            self._problems[images.start : images.stop] = problems
            self._features[images.start * self.views : images.stop * self.views] = features

    def leave_out(self, k: int, reasons: Mapping[int, str]) -> None:
        """Take images out of chunk ``k``, which is stored already, where they are in.

        Args:
            k: Number of the chunk.
            reasons: By index of the image within the chunk.
        """
        images = self.images_in(k)
        known = {i - images.start: r for i, r in self._problems_among(images).items()}
        fresh = reasons.keys() - known.keys()
        if not fresh:
            return
        features = self.read("features", images.start * self.views, images.stop * self.views).copy()
        for i in fresh:
            features[i * self.views : (i + 1) * self.views] = np.nan
        self.write_chunk(k, features, {**reasons, **known})

    def problems(self, missing: AbstractSet[int] = frozenset()) -> dict[int, str]:
        """Why images are left out, by index in the set.

        Only where some are is anything read, neighbouring chunks at once: one by one would be
        slow far away.

        Args:
            missing: Chunks that are not there, of which nothing is known.
        """
        found: dict[int, str] = {}
        for first, last in _runs(sorted(self._stored("problems") - missing)):
            images = range(self.images_in(first).start, self.images_in(last).stop)
            found |= self._problems_among(images)
        return found

    def _problems_among(self, images: range) -> dict[int, str]:
        kept = self.read("problems", images.start, images.stop)
        return {
            images.start + int(i): bytes(kept[i]).rstrip(b"\0").decode(errors="replace")
            for i in np.flatnonzero(kept[:, 0])
        }

    def read(self, name: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """(stop - start, …) of an array, along its first axis; by default all of it.

        Raises:
            StoreDamagedError: when bytes are not those that were written.
            StoreError: when the place does not answer.
        """
        try:
            array = self._features if name == "features" else _array(self._group, name)
            return np.asarray(array[start:stop])
        except Exception as error:  # zarr's codecs raise many kinds for damaged bytes
            if self.place.refused(error):
                raise StoreError(
                    f"{self.place} can't be read ({first_line(error)}). Check the connection and "
                    "run the same command again."
                ) from None
            raise StoreDamagedError(
                f"{self.place} has a damaged chunk in '{name}', rows {start} and on "
                f"({type(error).__name__}: {error}). Delete that folder and run the same command "
                "again; the other networks' features are kept."
            ) from None


def _runs(chunks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours."""
    for _, run in groupby(enumerate(chunks), key=lambda pair: pair[1] - pair[0]):
        numbers = [k for _, k in run]
        yield numbers[0], numbers[-1]


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise StoreDamagedError(f"{group.path}/{name} is not an array. Delete the folder.")
    return array
