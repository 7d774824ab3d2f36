"""Stores of features and indexes of archives: how a sound one is made, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz_users import Made, make_picture

STAMP = np.array([10_240, 1_700_000_000])


def make_index(folder: Path) -> Made:
    from samefeatures.images.indexes import write_index
    from samefeatures.images.listing import list_folder

    make_picture("png")(folder)
    write_index(folder / "x.npz", list_folder(folder / "x"), STAMP)
    return [folder / "x.npz"]


def read_kept_index(folder: Path) -> object:
    from samefeatures.images.indexes import read_index

    return read_index(folder / "x.npz", STAMP)


def store_wanted() -> Any:
    from samefeatures.features.key import FeatureKey
    from samefeatures.features.opening import Wanted
    from samefeatures.images.imageset import ImageSet, numbered

    ids = numbered(300)
    images = ImageSet.of("x", name="x", ids=ids, labels=None, read=lambda _: b"")
    key = FeatureKey(
        network="n", preprocessing={}, images=images.fingerprint, views=None, runtime="r 1",
        decoder="d 1", extractor=1,
    )  # fmt: skip
    return Wanted(name="a", dim=4, key=key, images=images)


def make_store(folder: Path) -> Made:
    from samefeatures.features.opening import open_store

    store = open_store(folder, store_wanted())
    rows = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    rows[7] = np.nan
    store.write_chunk(0, rows[:256], {7: "cut short"})
    store.write_chunk(1, rows[256:], {})
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read_store(folder: Path) -> object:
    from samefeatures.features.opening import open_store
    from samefeatures.features.stored import StoredFeatures

    wanted = store_wanted()
    found = StoredFeatures(open_store(folder, wanted), wanted.images)
    if found.store.missing():
        return None
    return found.ids, found.left_out, np.concatenate(list(found.chunks(64)))
