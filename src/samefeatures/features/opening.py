"""Open the store of a network on an image set, or create it empty."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import StoreDamagedError, StoreError, StoreVersionError
from samefeatures.features.key import FeatureKey, find_store, other_digest
from samefeatures.features.place import Place, Root, clear_orphans, place_of
from samefeatures.features.prints import CHANGED, directions, same_prints
from samefeatures.features.store import (
    FORMAT,
    REASON_BYTES,
    VERSION,
    FeatureStore,
    images_per_chunk,
)
from samefeatures.images.imageset import ImageSet
from samefeatures.images.views import Views, rows_per_image
from samefeatures.networks.arithmetic import Effect


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Wanted:
    """The features of a network on an image set.

    Attributes:
        name: Of the network.
        dim: Of its features.
        key: All that decides a value.
        images: The set.
        views: Taken of each image, or None.
        effect: What mixed precision or compilation changes; kept with a new store.
        probe: (b, d) features of the probe images; None where nothing is known of them.
        rounding: By what share of their size random sums of these may differ.
    """

    name: str
    dim: int
    key: FeatureKey
    images: ImageSet
    views: Views | None = None
    effect: Effect | None = None
    probe: Float32 | None = None
    rounding: float = CHANGED

    @property
    def prints(self) -> list[list[float]] | None:
        """(b, 8) of the probe images."""
        return None if self.probe is None else (self.probe @ directions(self.dim)).tolist()


def store_place(root: Root, wanted: Wanted) -> tuple[Place, str]:
    """Where the features lie or are to lie, and the digest under which they do.

    Where the network gives other features of its probe images than it did when a store was made,
    the code behind it has changed in a way that the key does not see: it gets a store of its own.

    Raises:
        StoreVersionError: when a store of them was written in another format.
        StoreDamagedError: when its metadata is not readable.
    """
    first, key = find_store(root, wanted.name, wanted.key, wanted.images)
    for k in count():
        digest = other_digest(key, k)
        place = place_of(root, f"{wanted.name}-{digest[:16]}.zarr") if k else first
        if not place.exists():
            return place, digest
        if same_prints(_opened(place)[1].get("probe"), wanted.prints, wanted.rounding):
            return place, digest
    raise AssertionError("there is always another place")


def open_store(root: Root, wanted: Wanted) -> FeatureStore:
    """Open the store at its ``store_place`` below ``root``, or create it empty.

    Raises:
        StoreVersionError: when it was written in another format.
        StoreDamagedError: when its metadata is not readable.
        StoreError: when the folder can't be written.
    """
    clear_orphans(root)
    place, digest = store_place(root, wanted)
    made = ""
    while not place.exists() and digest != made:  # a folder that lost its metadata stays as it is
        place.create(partial(_fill, wanted=wanted, digest=digest))
        made = digest
        place, digest = store_place(root, wanted)  # another process may have been first
    group, _ = _opened(place)
    try:
        store = FeatureStore(place, group)
        _check_contents(store, wanted, digest)
    except StoreError:
        raise
    except Exception as error:  # damaged metadata surfaces as any kind
        raise StoreDamagedError(
            f"{place} has a missing or damaged part ({type(error).__name__}: {error}). Delete that "
            "folder and run the same command again."
        ) from None
    return store


def _opened(place: Place) -> tuple[zarr.Group, dict[str, Any]]:
    """The group and its attributes, of a format that we read."""
    try:
        group = place.open()
        attributes = dict(group.attrs)
    except Exception as error:  # zarr raises ValueError, KeyError, JSONDecodeError, …
        raise StoreDamagedError(
            f"{place} is not a readable feature store ({error}). Delete that folder and run the "
            "same command again."
        ) from None
    if (attributes.get("format"), attributes.get("version")) != (FORMAT, VERSION):
        raise StoreVersionError(
            f"{place} is in format {attributes.get('format')} version {attributes.get('version')}, "
            f"this samefeatures reads {FORMAT} version {VERSION}. Use the version that wrote it, "
            "or another --out folder."
        )
    return group, attributes


def _check_contents(store: FeatureStore, wanted: Wanted, digest: str) -> None:
    """What is stored beside the features must be what was asked for, to the letter."""
    found = {
        "name": store.name == wanted.name,
        "digest": store.digest == digest,
        "views": store.views == rows_per_image(wanted.views),
        "shape": (store.images, store.dim) == (len(wanted.images), wanted.dim),
        "chunks": store.images_per_chunk == images_per_chunk(wanted.views),
        "layout": store.layout
        == [
            (store.images * store.views, store.dim),
            (store.images_per_chunk * store.views, store.dim),
            (store.images, REASON_BYTES),
            (store.images_per_chunk, REASON_BYTES),
        ],
        "ids": np.array_equal(store.read("ids"), _packed(wanted.images.ids)),
    }
    wrong = [part for part, same in found.items() if not same]
    if wrong:
        raise StoreDamagedError(
            f"{store.place} is damaged: its {', '.join(wrong)} is not what was written. Delete "
            "that folder and run the same command again."
        )


def _fill(group: zarr.Group, wanted: Wanted, digest: str) -> None:
    """Empty features and problems, the ids, and what the store is."""
    n, views = len(wanted.images), rows_per_image(wanted.views)
    per_chunk = images_per_chunk(wanted.views)
    group.create_array(
        "features",
        shape=(n * views, wanted.dim),
        chunks=(per_chunk * views, wanted.dim),
        dtype="float32",
        fill_value=float("nan"),
        compressors=_CODECS,
    )
    group.create_array(
        "problems",
        shape=(n, REASON_BYTES),
        chunks=(per_chunk, REASON_BYTES),
        dtype="uint8",
        fill_value=0,
        compressors=_CODECS,
    )
    ids = _packed(wanted.images.ids)
    group.create_array("ids", data=ids, chunks=ids.shape, compressors=_CODECS)
    attributes: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "name": wanted.name,
        "views": views,
        "digest": digest,
        "key": asdict(wanted.key),
    }
    if wanted.effect is not None:
        attributes["effect"] = asdict(wanted.effect)
    if wanted.prints is not None:
        attributes["probe"] = wanted.prints
    group.attrs.update(attributes)


def _packed(ids: Sequence[str]) -> npt.NDArray[np.uint8]:
    """(bytes,) a JSON list in UTF-8."""
    return np.frombuffer(json.dumps(list(ids)).encode(), np.uint8)


_CODECS = (ZstdCodec(level=1), Crc32cCodec())
