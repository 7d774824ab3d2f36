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
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
import zarr.errors
from zarr.codecs import Crc32cCodec, ZstdCodec

from samefeatures.data.imageset import ImageSet, digest
from samefeatures.data.views import Views
from samefeatures.errors import StoreDamagedError, StoreVersionError
from samefeatures.features.partial import building, remove_orphans
from samefeatures.features.rows import regroup
from samefeatures.files import writing
from samefeatures.networks.network import Float32

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

    def __init__(self, path: Path, group: zarr.Group) -> None:
        self.path = path
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

    def missing(self) -> list[int]:
        """Numbers of the chunks that are not there yet."""
        folder = self.path / "features" / "c"
        return [k for k in range(self.chunk_count) if not (folder / str(k) / "0").exists()]

    def write_chunk(self, k: int, features: Float32, reasons: Mapping[int, str]) -> None:
        """Write chunk ``k``: (images in chunk · views, d) features, and why images are missing.

        Args:
            k: Number of the chunk.
            features: Rows of left-out images hold NaN.
            reasons: By index of the image within the chunk.
        """
        with writing(self.path):
            start = k * self.images_per_chunk
            count = len(features) // self.views
            problems = np.zeros((count, REASON_BYTES), np.uint8)
            for i, reason in reasons.items():
                text = (reason.encode() or b"?")[:REASON_BYTES]
                problems[i, : len(text)] = np.frombuffer(text, np.uint8)
            self._problems[start : start + count] = problems
            rows = slice(start * self.views, (start + count) * self.views)
            self._features[rows] = features

    @cached_property
    def image_ids(self) -> list[str]:
        """Ids of all images, those left out included."""
        ids: list[str] = json.loads(bytes(self._read("ids", slice(None))))
        return ids

    @cached_property
    def image_labels(self) -> npt.NDArray[np.int64] | None:
        """(images,) labels of all images, or None."""
        if "labels" not in self._group:
            return None
        return self._read("labels", slice(None)).astype(np.int64)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why, by id, for every image that could not be read."""
        problems = self._read("problems", slice(None))
        bad = np.flatnonzero(problems[:, 0])
        return {
            self.image_ids[i]: bytes(problems[i]).rstrip(b"\0").decode(errors="replace")
            for i in bad
        }

    @cached_property
    def _keep(self) -> npt.NDArray[np.bool_]:
        """(rows,) True where the image could be read."""
        readable = self._read("problems", slice(None))[:, 0] == 0
        out: npt.NDArray[np.bool_] = np.repeat(readable, self.views)
        return out

    @cached_property
    def _places(self) -> npt.NDArray[np.int64]:
        """(readable rows,) where each lies in the array."""
        return np.flatnonzero(self._keep)

    @cached_property
    def ids(self) -> Sequence[str]:
        ids = self.image_ids
        if self._has_views:
            ids = [f"{name}#{view}" for name in ids for view in range(self.views)]
        return [name for name, keep in zip(ids, self._keep, strict=True) if keep]

    @cached_property
    def labels(self) -> npt.NDArray[np.int64] | None:
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
                f"{self.path} lacks {len(missing)} of {self.chunk_count} chunks, the first is "
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
            raise StoreDamagedError(
                f"{self.path} has a damaged chunk in '{name}', rows {rows.start or 0} and on "
                f"({type(error).__name__}: {error}). Delete that folder and run the same command "
                "again; the other networks' features are kept."
            ) from None


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise StoreDamagedError(f"{group.path}/{name} is not an array. Delete the folder.")
    return array


def open_features(
    root: Path,
    name: str,
    key: FeatureKey,
    images: ImageSet,
    *,
    dim: int,
    views: Views | None,
) -> StoredFeatures:
    """Open the store of a network on an image set, or create it empty.

    Raises:
        StoreVersionError: when it was written in another format.
        StoreDamagedError: when its metadata is not readable.
        StoreError: when the folder can't be written.
    """
    path = root / f"{name}-{key.digest[:16]}.zarr"
    remove_orphans(root)
    if not (path / "zarr.json").exists():
        _create(path, name, key, images, dim=dim, views=views)
    try:
        group = zarr.open_group(path, mode="r+", zarr_format=3)
        attributes = dict(group.attrs)
    except Exception as error:  # zarr raises ValueError, KeyError, JSONDecodeError, …
        raise StoreDamagedError(
            f"{path} is not a readable feature store ({error}). Delete that folder and run the "
            "same command again."
        ) from None
    if (attributes.get("format"), attributes.get("version")) != (FORMAT, VERSION):
        raise StoreVersionError(
            f"{path} is in format {attributes.get('format')} version {attributes.get('version')}, "
            f"this samefeatures reads {FORMAT} version {VERSION}. Use the version that wrote it, "
            "or another --out folder."
        )
    try:
        store = StoredFeatures(path, group)
        _check_contents(store, name, key, images, dim=dim, views=views)
    except StoreDamagedError:
        raise
    except Exception as error:  # damaged metadata surfaces as any kind
        raise StoreDamagedError(
            f"{path} has a missing or damaged part ({type(error).__name__}: {error}). Delete that "
            "folder and run the same command again."
        ) from None
    return store


def _check_contents(
    store: StoredFeatures,
    name: str,
    key: FeatureKey,
    images: ImageSet,
    *,
    dim: int,
    views: Views | None,
) -> None:
    """What is stored beside the features must be what was asked for, to the letter."""
    labels = store.image_labels
    found = {
        "name": store.name == name,
        "digest": store.fingerprint == key.digest,
        "views": store.views == (views.count if views else 1),
        "shape": (store.images, store.dim) == (len(images), dim),
        "ids": store.image_ids == list(images.ids),
        "labels": (labels is None) == (images.labels is None)
        and (labels is None or np.array_equal(labels, images.labels)),  # type: ignore[arg-type]
    }
    wrong = [part for part, same in found.items() if not same]
    if wrong:
        raise StoreDamagedError(
            f"{store.path} is damaged: its {', '.join(wrong)} is not what was written. Delete that "
            "folder and run the same command again."
        )


def _create(
    path: Path, name: str, key: FeatureKey, images: ImageSet, *, dim: int, views: Views | None
) -> None:
    """Build the empty store beside its place, then move it there in one step."""
    count = views.count if views else 1
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with building(path) as partial:
            group = zarr.open_group(partial, mode="w", zarr_format=3)
            _create_arrays(group, images, dim=dim, views=count)
            attributes: dict[str, Any] = {
                "format": FORMAT,
                "version": VERSION,
                "name": name,
                "views": count,
                "digest": key.digest,
                "key": asdict(key),
            }
            group.attrs.update(attributes)


def _create_arrays(group: zarr.Group, images: ImageSet, *, dim: int, views: int) -> None:
    """Empty features and problems; ids and labels with their values."""
    n = len(images)
    per_chunk = max(1, CHUNK_ROWS // views)
    arrays: dict[str, tuple[tuple[int, ...], tuple[int, ...], str, float]] = {
        "features": ((n * views, dim), (per_chunk * views, dim), "float32", float("nan")),
        "problems": ((n, REASON_BYTES), (per_chunk, REASON_BYTES), "uint8", 0),
    }
    for array, (shape, chunks, dtype, fill) in arrays.items():
        group.create_array(
            array,
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            fill_value=fill,
            compressors=_CODECS,
        )
    encoded = np.frombuffer(json.dumps(list(images.ids)).encode(), np.uint8)
    constants: dict[str, npt.NDArray[Any]] = {"ids": encoded}
    if images.labels is not None:
        constants["labels"] = images.labels
    for array, data in constants.items():
        group.create_array(array, data=data, chunks=data.shape, compressors=_CODECS)


_CODECS = (ZstdCodec(level=1), Crc32cCodec())
