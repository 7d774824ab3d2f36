"""Everything that changes a feature's value, and the place of the store that follows from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import PIL

from samefeatures.base.digests import digest
from samefeatures.features.place import Place, Root, place_of
from samefeatures.images.imageset import ImageSet
from samefeatures.images.views import Views
from samefeatures.networks.record import ImageNetwork

EXTRACTOR_VERSION = 1
"""Raised whenever a change of the code between decoder and network changes a feature's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureKey:
    """Everything that changes a feature's value, beside the image itself.

    Attributes:
        network: Fingerprint of weights and structure.
        preprocessing: All its fields.
        images: Fingerprint of the image set, in which labels have no part.
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


def feature_key(network: ImageNetwork, images: ImageSet, views: Views | None) -> FeatureKey:
    """Everything that decides the features of a network on an image set."""
    return FeatureKey(
        network=network.fingerprint,
        preprocessing=network.preprocessing.as_dict(),
        images=images.fingerprint,
        views=views.as_dict() if views else None,
        runtime=network.backend.runtime,
        decoder=f"Pillow {PIL.__version__}",
        extractor=EXTRACTOR_VERSION,
    )


def rows_fingerprint(key: str, left_out: Collection[str]) -> str:
    """Of the rows of a store: the digest of its key, unless images are left out of it.

    Args:
        key: Digest of the key.
        left_out: Ids of images that could not be read.
    """
    return digest(key, *sorted(left_out)) if left_out else key


def other_digest(key: str, k: int) -> str:
    """Of the same key, for the ``k``-th store whose features are none of those before it.

    Args:
        key: Digest of the key.
        k: 0 is the key's own.
    """
    return digest(key, "other values", str(k)) if k else key


def find_store(root: Root, name: str, key: FeatureKey, images: ImageSet) -> tuple[Place, str]:
    """Where the features of a key lie or are to lie, and the digest under which they do.

    Labels were part of the key once. A store of then is used where it is there.
    """
    digests = [key.digest]
    if images.labelled_fingerprint is not None:
        digests.insert(0, replace(key, images=images.labelled_fingerprint).digest)
    places = [(place_of(root, f"{name}-{each[:16]}.zarr"), each) for each in digests]
    return next((found for found in places[:-1] if found[0].exists()), places[-1])
