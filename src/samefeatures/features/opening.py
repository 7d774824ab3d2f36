"""Open the store of a network on an image set, or create it empty."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from samefeatures.base.errors import StoreDamagedError, StoreError, StoreVersionError
from samefeatures.features.place import Place, Root, clear_orphans, place_of
from samefeatures.features.store import (
    CHUNK_ROWS,
    FORMAT,
    REASON_BYTES,
    VERSION,
    FeatureKey,
    StoredFeatures,
)
from samefeatures.images.imageset import ImageSet
from samefeatures.images.views import Views
from samefeatures.networks.arithmetic import Effect


def open_features(
    root: Root,
    name: str,
    key: FeatureKey,
    images: ImageSet,
    *,
    dim: int,
    views: Views | None,
    effect: Effect | None = None,
) -> StoredFeatures:
    """Open the store of a network on an image set, or create it empty.

    ``effect``, what mixed precision or compilation changes, is kept in its attributes.

    Raises:
        StoreVersionError: when it was written in another format.
        StoreDamagedError: when its metadata is not readable.
        StoreError: when the folder can't be written.
    """
    place = place_of(root, f"{name}-{key.digest[:16]}.zarr")
    clear_orphans(root)
    if not place.exists():
        _create(place, name, key, images, dim=dim, views=views, effect=effect)
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
    try:
        store = StoredFeatures(place, group)
        _check_contents(store, name, key, images, dim=dim, views=views)
    except StoreError:
        raise
    except Exception as error:  # damaged metadata surfaces as any kind
        raise StoreDamagedError(
            f"{place} has a missing or damaged part ({type(error).__name__}: {error}). Delete that "
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
            f"{store.place} is damaged: its {', '.join(wrong)} is not what was written. Delete "
            "that folder and run the same command again."
        )


def _create(
    place: Place,
    name: str,
    key: FeatureKey,
    images: ImageSet,
    *,
    dim: int,
    views: Views | None,
    effect: Effect | None,
) -> None:
    """The empty store, in one step."""
    count = views.count if views else 1

    def build(group: zarr.Group) -> None:
        _create_arrays(group, images, dim=dim, views=count)
        attributes: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "name": name,
            "views": count,
            "digest": key.digest,
            "key": asdict(key),
        }
        if effect is not None:
            attributes["effect"] = asdict(effect)
        group.attrs.update(attributes)

    place.create(build)


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
